//! What the compiler says of each mistake, one file a mistake; and programs that must compile,
//! whatever they forbid and whatever they have in scope.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use cconn_tests::programs::example;
use cconn_tests::with_watchdog;

/// How often a long work says that it goes on.
const TELLING: Duration = Duration::from_secs(5);

/// Does a work that compiles, and tells meanwhile on the standard error, which no test captures,
/// how long it has taken.
fn telling<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (done, waiting) = mpsc::channel::<()>();
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(move || {
            while waiting.recv_timeout(TELLING) == Err(RecvTimeoutError::Timeout) {
                let seconds = start.elapsed().as_secs();
                // Where nobody reads it there is nobody to tell.
                let _ = writeln!(std::io::stderr(), "ui: {what} for {seconds} s");
            }
        });
        // Dropped where the work panics too.
        let _done = done;
        work()
    })
}

/// Without a program that passes among them all are checked by one run of cargo, side by side.
#[test]
fn each_mistake_has_one_error() {
    telling("compiling the mistakes", || {
        let cases = trybuild::TestCases::new();
        cases.compile_fail("ui/*.rs");
        drop(cases);
    });
}

#[test]
fn programs_compile_and_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs/examples");
    let programs = std::fs::read_dir(folder).expect("the programs are there");
    let programs: Vec<String> = programs
        .map(|entry| entry.expect("a program").path())
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert!(!programs.is_empty());
    let first = telling("building the programs", || example(&programs[0]));
    assert!(first.is_file());
    with_watchdog("programs_compile_and_run", Duration::from_secs(20), || {
        for name in programs {
            let status = Command::new(example(&name)).status().expect("it can be started");
            assert!(status.success(), "{name} ended with {status}");
        }
    });
}
