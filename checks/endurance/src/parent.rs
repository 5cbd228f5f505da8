//! The parent's side: starts a child for each test, watches it, reports.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::catalogue::{TESTS, Test};
use crate::options::Options;
use crate::report::{Outcome, Report};
use crate::{child, evidence};

/// How often a child is looked at.
const TICK: Duration = Duration::from_millis(20);

/// Bytes of a child's standard error that are kept.
const MOST_STDERR: usize = 16 << 10;

pub(crate) fn run(options: &Options) -> ExitCode {
    if options.list {
        for test in TESTS {
            println!("{}  {}", test.id, test.name);
        }
        return ExitCode::SUCCESS;
    }
    let start = Instant::now();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for test in options.tests() {
        let report = run_test(test, options.short);
        println!("{}", if options.json { report.json() } else { report.text() });
        *(match (report.is_ok(), report.is_skipped()) {
            (_, true) => &mut skipped,
            (true, false) => &mut passed,
            (false, false) => &mut failed,
        }) += 1;
    }
    if !options.json {
        println!("{:.1} s in all", start.elapsed().as_secs_f64());
        println!("{passed} passed, {failed} failed, {skipped} skipped");
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_test(test: &'static Test, short: bool) -> Report {
    let start = Instant::now();
    let limit = Duration::from_secs(if short { test.limits.0 } else { test.limits.1 });
    let mut report = Report::new(test);
    match start_child(test, short) {
        Ok(mut child) => {
            let lines = collect_lines(&mut child);
            let stderr = collect_stderr(&mut child);
            let ended = watch(&mut child, start + limit);
            report.outcome = match ended {
                Some(status) => outcome(status),
                None => Outcome::Hung { limit, evidence: kill(&mut child) },
            };
            report.stderr = stderr.join().unwrap_or_default();
            lines.join().unwrap_or_default().iter().for_each(|line| report.take_line(line));
        }
        Err(error) => report.outcome = Outcome::Broken(format!("can't be started: {error}")),
    }
    report.time = start.elapsed();
    report
}

fn start_child(test: &Test, short: bool) -> std::io::Result<Child> {
    let scale = if short { child::SHORT } else { "full" };
    Command::new(std::env::current_exe()?)
        .args([child::WORD, test.id, scale])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

fn outcome(status: ExitStatus) -> Outcome {
    if status.success() { Outcome::Ended } else { Outcome::Broken(status.to_string()) }
}

/// Waits for the child's end; `None` if it has not ended in time.
fn watch(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    while Instant::now() < until {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(TICK);
    }
    None
}

/// Ends the child and all that it started, after a look at their threads.
fn kill(child: &mut Child) -> String {
    let family = evidence::family(child.id());
    let evidence = evidence::threads(&family);
    evidence::kill(&family);
    // It is dead already; this only takes its status.
    let _dead = child.wait();
    evidence
}

fn collect_lines(child: &mut Child) -> JoinHandle<Vec<String>> {
    let stdout = child.stdout.take();
    thread::spawn(move || {
        let lines = stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines());
        lines.map_while(Result::ok).collect()
    })
}

/// Keeps the end of what the child says there.
fn collect_stderr(child: &mut Child) -> JoinHandle<String> {
    let stderr = child.stderr.take();
    thread::spawn(move || {
        let Some(mut stderr) = stderr else { return String::new() };
        let (mut kept, mut buf) = (Vec::new(), [0; 4096]);
        while let Ok(n @ 1..) = stderr.read(&mut buf) {
            kept.extend_from_slice(&buf[..n]);
            if kept.len() > 2 * MOST_STDERR {
                kept.drain(..MOST_STDERR);
            }
        }
        String::from_utf8_lossy(&kept).into_owned()
    })
}
