//! The child's side: one test in this process.

use std::process::ExitCode;

use crate::catalogue::TESTS;
use crate::run::{FAULT, Run, say};

/// First argument of a child; a person may give it too, to run one test under a debugger.
pub(crate) const WORD: &str = "--child";

/// Second argument of a child that runs the short test.
pub(crate) const SHORT: &str = "short";

/// Runs the test that the arguments name: an id, and whether it is the short one.
pub(crate) fn run(args: &[String]) -> ExitCode {
    let [id, scale] = args else { return ExitCode::from(2) };
    let Some(test) = TESTS.iter().find(|test| test.id == id) else { return ExitCode::from(2) };
    end_on_panic();
    raise_descriptor_limit();
    let run = Run::new(scale == SHORT);
    (test.body)(&run);
    if run.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A panic in any thread fails the test at once: others might wait for that thread for ever.
fn end_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("without a name");
        say(&[FAULT, &format!("thread {name}: {panic}")]);
        std::process::exit(101);
    }));
}

/// From here on panics are part of the test, and not worth a word.
pub(crate) fn expect_panics() {
    std::panic::set_hook(Box::new(|_| ()));
}

pub(crate) fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // A test that needs more than it gets says so itself.
    let _refused = setrlimit(Resource::Nofile, limit);
}

/// Allows this process so many descriptors, from now on.
pub(crate) fn limit_descriptors(most: u64) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(most);
    setrlimit(Resource::Nofile, limit).expect("a lower limit is always allowed");
}
