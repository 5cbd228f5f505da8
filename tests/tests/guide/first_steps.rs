//! The first chapter, followed word for word in an empty directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cconn_tests::programs::Running;
use cconn_tests::with_watchdog;

use super::{page, root};

/// On a fresh clone cconn has to be built once more, for a package of its own.
const BUILD: Duration = Duration::from_secs(500);
const RUN: Duration = Duration::from_secs(30);

/// The blocks of Rust on the page, in order: a server and a client, then what they share, and
/// both again.
fn blocks() -> Vec<String> {
    let page = page("docs/guide/src/first-steps.md");
    let blocks = page.split("\n```rust").skip(1);
    blocks.filter_map(|block| Some(code(block)?.to_owned())).collect()
}

fn code(block: &str) -> Option<&str> {
    Some(block.split_once('\n')?.1.split_once("\n```")?.0)
}

/// The package that the page has the reader make, with that text in that file.
struct Package(PathBuf);

impl Package {
    fn new() -> Package {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first-steps");
        let package = Package(folder);
        let cconn = root().join("cconn").canonicalize().unwrap();
        let cconn = cconn.display();
        package.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"bonjour\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                 [dependencies]\ncconn = {{ path = \"{cconn}\" }}\n\n[workspace]\n"
            ),
        );
        // The versions of this repository are at hand without a network.
        package.write("Cargo.lock", &page("Cargo.lock"));
        package.write("src/lib.rs", "");
        package
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// As the page has it, but on any free port: the server takes one, and the client is told
    /// which.
    fn write_program(&self, name: &str, text: &str) {
        let free = text
            .replace("Serveur::new(12800)", "Serveur::new(0)")
            .replace("Serveur::options(12800)", "Serveur::options(0)")
            .replace("\"127.0.0.1:12800\"", "std::env::args().nth(1).unwrap()");
        assert_ne!(free, text, "the port is not where it was");
        self.write(&format!("src/bin/{name}.rs"), &free);
    }

    fn build(&self) {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(&self.0).args(["build", "--offline", "--quiet"]);
        let target = self.0.join("target");
        // Nobody debugs what is built here, or builds it again.
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0");
        // A warning would be the first thing that a newcomer sees.
        let output = cargo.env("CARGO_TARGET_DIR", target).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{}\n{said}", output.status);
    }

    fn start(&self, name: &str, arguments: &[&str]) -> Running {
        Running::of(Command::new(self.0.join("target/debug").join(name)).args(arguments))
    }
}

#[test]
fn the_first_steps_lead_to_two_programs_that_call_each_other() {
    let blocks = blocks();
    let [server, client, shared, shared_server, shared_client] = &blocks[..] else {
        panic!("{} blocks", blocks.len())
    };
    let package = with_watchdog("building the first pair", BUILD, || {
        let package = Package::new();
        package.write_program("serveur", server);
        package.write_program("client", client);
        package.build();
        package
    });
    with_watchdog("the first pair", RUN, || {
        let server = package.start("serveur", &[]);
        let address = server.expect("listening on ");
        let client = package.start("client", &[&address]);
        client.expect("12 + 34 = 46");
        client.expect_success();
    });
    with_watchdog("building the second pair", BUILD, || {
        package.write("src/lib.rs", shared);
        package.write_program("serveur", shared_server);
        package.write_program("client", shared_client);
        package.build();
    });
    with_watchdog("the second pair", RUN, || {
        let server = package.start("serveur", &[]);
        let address = server.expect("listening on ");
        let clients: Vec<Running> = (0..3).map(|_| package.start("client", &[&address])).collect();
        let shown = page("docs/guide/src/first-steps.md");
        let (_, shown) = shown.split_once("```text\n").unwrap();
        let (shown, _) = shown.split_once("\n```").unwrap();
        for client in clients {
            shown.lines().for_each(|line| drop(client.expect(line)));
            client.expect_success();
        }
    });
}
