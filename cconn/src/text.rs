//! Texts for people: numbers with their nouns and verbs, and texts of others made harmless.

pub(crate) mod harmless;

use std::fmt::Display;

pub(crate) use harmless::{Harmless, is_harmless};

/// A number with its noun: "1 client", "2 clients". The plural of `noun` must end in a plain s.
pub(crate) fn counted(n: impl Copy + Display + PartialEq + From<u8>, noun: &str) -> String {
    let plural = if n == 1.into() { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

/// The verb that fits `n` things: `one` for a single thing, `more` for any other number.
pub(crate) fn verb<'a>(
    n: impl Copy + PartialEq + From<u8>,
    one: &'a str,
    more: &'a str,
) -> &'a str {
    if n == 1.into() { one } else { more }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_one_are_singular_and_of_zero_plural() {
        assert_eq!(counted(0_u32, "byte"), "0 bytes");
        assert_eq!(counted(1_usize, "client"), "1 client");
        assert_eq!(counted(2_u64, "thread"), "2 threads");
        assert_eq!(verb(0_u64, "is", "are"), "are");
        assert_eq!(verb(1_usize, "is", "are"), "is");
    }
}
