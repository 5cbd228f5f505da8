//! Ends a test that hangs, with its name and what each of its threads was doing.
//!
//! A hang that only a runner's own limit ends leaves no evidence behind.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// One folder for each thread of this process.
const TASKS: &str = "/proc/self/task";

/// Of how many slices a limit consists. A stop of the whole process, however long, takes one.
const SLICES: u32 = 100;

/// Runs the body of a test; if it takes longer than `limit`, aborts the whole process.
///
/// Time in which the process was stopped counts as a hundredth of the limit at most, each time.
///
/// The body runs on the calling thread, so a panic in it fails the test as usual.
/// Before the abort, standard error gets the test's name and, where the system tells, each
/// thread's name, state, and the place in the kernel where it waits.
///
/// # Panics
/// If the body panics, or if no thread can be started.
///
/// # Blocking
/// For as long as the body runs, at most `limit`.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// let total = testkit::with_watchdog("adds", Duration::from_secs(10), || 1 + 2);
/// assert_eq!(total, 3);
/// ```
pub fn with_watchdog<T>(name: &str, limit: Duration, body: impl FnOnce() -> T) -> T {
    let _watchdog = Watchdog::start(name, limit);
    body()
}

/// Watches until it is dropped.
struct Watchdog {
    /// Nothing is ever sent: dropping it is the sign that the test is over.
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    fn start(name: &str, limit: Duration) -> Watchdog {
        let (alive, over) = mpsc::channel();
        let name = name.to_owned();
        let watch = move || {
            let timeout = Err(RecvTimeoutError::Timeout);
            if (0..SLICES).all(|_| over.recv_timeout(limit / SLICES) == timeout) {
                abort(&name, limit);
            }
        };
        let thread = thread::Builder::new().name("watchdog".to_owned()).spawn(watch);
        let thread = thread.expect("the watchdog's thread starts");
        Watchdog { alive: Some(alive), thread: Some(thread) }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.alive = None;
        if let Some(thread) = self.thread.take() {
            // It never panics, and while this thread unwinds a second panic would hide the first.
            let _ = thread.join();
        }
    }
}

fn abort(name: &str, limit: Duration) -> ! {
    let report = format!("watchdog: `{name}` has not ended within {limit:?}\n{}", threads());
    // `eprint!` would write into the test runner's capture, which an abort throws away. Nobody is
    // left to hear of a failed write.
    let _ = std::io::stderr().write_all(report.as_bytes());
    std::process::abort()
}

/// A line for each thread of this process.
fn threads() -> String {
    let Ok(tasks) = fs::read_dir(TASKS) else {
        return format!("{TASKS} cannot be read: nothing is known of the threads\n");
    };
    let mut report = String::new();
    for task in tasks.flatten() {
        let folder = task.path();
        let _ = writeln!(
            report,
            "  thread {} {:?}: state {}, waits in {}, system call {}",
            task.file_name().display(),
            read(&folder, "comm"),
            state(&read(&folder, "status")),
            read(&folder, "wchan"),
            read(&folder, "syscall"),
        );
    }
    report
}

/// A file of a thread's folder, or a mark that it cannot be read.
fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).map_or("?".to_owned(), |text| text.trim().to_owned())
}

/// The state in a thread's `status`, such as `S (sleeping)`.
fn state(status: &str) -> &str {
    status.lines().find_map(|line| line.strip_prefix("State:")).map_or("?", str::trim)
}

#[cfg(test)]
mod tests {
    use std::panic;
    use std::process::{Command, ExitStatus};

    use super::*;

    /// Set in the child that is to hang.
    const HANG: &str = "CCONN_TESTS_HANG";
    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn a_body_that_ends_gives_its_value() {
        assert_eq!(with_watchdog("ends", LONG, || 7), 7);
    }

    #[test]
    fn a_panic_passes_through() {
        let caught = panic::catch_unwind(|| with_watchdog("panics", LONG, || panic!("as usual")));
        let text = caught.expect_err("the body panics");
        assert_eq!(text.downcast_ref::<&str>(), Some(&"as usual"));
    }

    /// Passes on its own: it hangs only in the child of the test below.
    #[test]
    fn hangs_in_a_child() {
        if std::env::var_os(HANG).is_none() {
            return;
        }
        let stuck = || {
            loop {
                thread::park();
            }
        };
        let spawned = thread::Builder::new().name("stuck-beside".to_owned()).spawn(stuck);
        with_watchdog("the stuck one", Duration::from_millis(50), || spawned.map(JoinHandle::join))
            .expect("a thread starts")
            .expect("it never ends");
    }

    #[test]
    fn a_body_that_hangs_is_named_with_its_threads() {
        let program = std::env::current_exe().expect("the test knows its own program");
        let mut child = Command::new(program);
        child.args(["--exact", "watchdog::tests::hangs_in_a_child"]).env(HANG, "1");
        let output = with_watchdog("the child", LONG, || child.output()).expect("the child runs");
        let report = String::from_utf8_lossy(&output.stderr);
        assert!(is_abort(output.status), "{}: {report}", output.status);
        assert!(report.contains("`the stuck one` has not ended within 50ms"), "{report}");
        if cfg!(target_os = "linux") {
            assert!(report.contains("\"stuck-beside\": state "), "{report}");
            assert!(report.contains("\"watchdog\": state R"), "{report}");
        }
    }

    #[cfg(unix)]
    fn is_abort(status: ExitStatus) -> bool {
        const SIGABRT: i32 = 6;
        std::os::unix::process::ExitStatusExt::signal(&status) == Some(SIGABRT)
    }

    /// How an abort looks differs from Windows to Windows; a panic ends a test with 101.
    #[cfg(not(unix))]
    fn is_abort(status: ExitStatus) -> bool {
        !matches!(status.code(), Some(0 | 101))
    }

    #[test]
    fn unreadable_facts_of_a_thread_are_marked() {
        assert_eq!(read(Path::new("/no/such/folder"), "comm"), "?");
        assert_eq!(state("Name: x\nState:\tS (sleeping)\n"), "S (sleeping)");
        assert_eq!(state(""), "?");
    }
}
