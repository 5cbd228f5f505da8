//! Helper processes: this program again, in a role. They end with the one that started them.

use std::io::{BufRead as _, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use rustix::process::{Pid, Signal, kill_process};
use testkit::Program;

use crate::catalogue::ROLES;

/// First argument of a helper.
pub(crate) const WORD: &str = "--helper";

/// What a helper does; it ends when its standard input does.
pub(crate) type Role = fn(&[String]);

/// Runs the role that the arguments name.
pub(crate) fn run(args: &[String]) -> ExitCode {
    let Some((name, args)) = args.split_first() else { return ExitCode::from(2) };
    let Some((_, role)) = ROLES.iter().find(|(role, _)| role == name) else {
        return ExitCode::from(2);
    };
    crate::child::raise_descriptor_limit();
    role(args);
    ExitCode::SUCCESS
}

/// Says a line to the one that started this helper.
pub(crate) fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    let _gone = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// The next line from the one that started this helper; `None` once it is gone.
pub(crate) fn hear() -> Option<String> {
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim_end().to_owned()),
    }
}

/// Waits for the end of the one that started this helper.
pub(crate) fn stay() {
    let _end = std::io::stdin().lock().read_to_end(&mut Vec::new());
}

/// Ends this helper with the one that started it, whatever its threads do.
pub(crate) fn end_with_parent() {
    std::thread::spawn(|| {
        stay();
        std::process::exit(0);
    });
}

/// A helper that runs; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Helper(Program);

impl Helper {
    pub(crate) fn start(role: &str, args: &[String]) -> Helper {
        Helper::start_under(&[], role, args)
    }

    /// The same, run by another program: its words stand in front of the command.
    pub(crate) fn start_under(front: &[&str], role: &str, args: &[String]) -> Helper {
        let program = std::env::current_exe().expect("this program has a path");
        let mut command = match front.split_first() {
            None => Command::new(program),
            Some((front, words)) => {
                let mut command = Command::new(front);
                command.args(words).arg(program);
                command
            }
        };
        Helper(Program::of(command.args([WORD, role]).args(args)))
    }

    /// The same as another user and group of that number, which may run this copy of the program.
    pub(crate) fn start_as(user: u32, program: &Path, role: &str, args: &[String]) -> Helper {
        let mut command = Command::new(program);
        command.uid(user).gid(user).current_dir("/");
        Helper(Program::of(command.args([WORD, role]).args(args)))
    }

    /// The next line that it tells.
    pub(crate) fn hear(&mut self) -> String {
        match self.0.hear() {
            Some(line) => line,
            None => panic!("the helper ended: {:?}", self.0.wait()),
        }
    }

    /// The next line that it tells; `None` once it has ended.
    pub(crate) fn try_hear(&mut self) -> Option<String> {
        self.0.hear()
    }

    /// Passes on all that it tells, until it ends; says how, where that is not well.
    pub(crate) fn relay(&mut self) -> Result<(), String> {
        while let Some(line) = self.0.hear() {
            tell(&line);
        }
        self.wait()
    }

    /// Waits for its end; says how it was, where that is not well.
    pub(crate) fn wait(&mut self) -> Result<(), String> {
        self.0.wait()
    }

    pub(crate) fn tell(&mut self, line: &str) {
        self.0.say(line);
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.0.is_alive()
    }

    /// Ends it at once: SIGKILL, and its status taken.
    pub(crate) fn kill(&mut self) {
        self.0.kill();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), signal).expect("the helper is ours");
    }

    /// Waits until every thread of a helper that was told to stop stands still: a signal takes
    /// its time on a busy machine.
    pub(crate) fn wait_until_stopped(&self) {
        let soon = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while !self.stands_still() && std::time::Instant::now() < soon {
            std::thread::yield_now();
        }
    }

    fn stands_still(&self) -> bool {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", self.0.id())) else {
            return false;
        };
        // The state stands behind the name, which may hold anything and ends with a bracket.
        threads.flatten().all(|thread| {
            std::fs::read_to_string(thread.path().join("stat")).is_ok_and(|stat| {
                stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
            })
        })
    }
}
