//! The guide keeps its word: its first steps lead there, its tables are whole, and the tests that
//! it and the security page name exist.
//!
//! The Rust on its pages is compiled and run as documentation tests, in `src/guide.rs`.

#![allow(clippy::needless_pass_by_value, reason = "a command owns what it is handed")]

mod guide {
    mod deployment;
    mod evolution;
    mod examples;
    mod first_steps;
    mod tables;

    use std::fs;
    use std::path::{Path, PathBuf};

    /// The root of the repository.
    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    /// A page of the repository.
    fn page(path: &str) -> String {
        fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}
