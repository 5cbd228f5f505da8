//! Runs what was asked for, on all processors, and prints how it went.

use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::rules::{self, Broken};
use crate::runner;
use crate::scenarios::{self, Scenario};

/// A broken twin that was not found after so many schedules is as good as whole. The one that is
/// hardest to find takes 65 on average.
const MOST_FOR_A_TWIN: u64 = 20_000;

/// Something to run.
enum Job {
    /// A scenario and its schedules.
    Scenario(Scenario, u64),
    Twin(Broken),
}

/// What is printed of a job.
struct Line {
    name: String,
    schedules: u64,
    took: Duration,
    /// What is wrong, if anything is.
    failure: Option<String>,
    /// What is to be said of a success.
    note: String,
    /// The state of the ends, where it failed.
    state: String,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    runner::catch_panics();
    if let Some(twin) = &arguments.twin {
        return run_as_twin(twin, arguments.seed);
    }
    let jobs = jobs(arguments);
    if jobs.is_empty() {
        eprintln!("there is no scenario or rule of that name");
        return ExitCode::from(2);
    }
    let lines = run_all(&jobs, arguments);
    if arguments.json {
        println!("{}", to_json(&lines));
    }
    let failed = lines.iter().any(|line| line.failure.is_some());
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn jobs(arguments: &Arguments) -> Vec<Job> {
    let is_asked = |name: &str| arguments.only.as_ref().is_none_or(|only| only == name);
    let asked: Vec<_> = scenarios::all().into_iter().filter(|s| is_asked(s.name)).collect();
    let shares: u64 = asked.iter().map(|scenario| scenario.share).sum();
    let mut jobs: Vec<Job> = asked
        .into_iter()
        .map(|scenario| {
            let schedules = (arguments.schedules * scenario.share / shares).max(1);
            Job::Scenario(scenario, schedules)
        })
        .collect();
    let twins = rules::all().into_iter().filter(|broken| is_asked(broken.name));
    jobs.extend(twins.map(Job::Twin));
    jobs
}

/// Runs the jobs, as many at a time as there are processors, and prints each when it is done.
fn run_all(jobs: &[Job], arguments: &Arguments) -> Vec<Line> {
    let next = AtomicUsize::new(0);
    let lines = Mutex::new(Vec::new());
    let worker = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::SeqCst)) {
            let line = job.run(arguments.seed);
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            if !arguments.json {
                line.print(arguments.dump);
            }
            lines.push(line);
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        (0..workers).for_each(|_| {
            scope.spawn(worker);
        });
    });
    lines.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Job {
    fn run(&self, seed: u64) -> Line {
        match self {
            Job::Scenario(scenario, schedules) => run_scenario(scenario, seed, *schedules),
            Job::Twin(broken) => run_twin(broken, seed),
        }
    }
}

fn run_scenario(scenario: &Scenario, seed: u64, schedules: u64) -> Line {
    let result = runner::run(scenario, None, seed, schedules);
    let (failure, state) = match result.failure {
        None => (None, String::new()),
        Some(failure) => {
            let replay = format!(
                "replay with --only '{}' --seed {} --schedules 1 --dump",
                scenario.name, failure.seed
            );
            (Some(format!("{}; {replay}", failure.text.replace('\n', " "))), failure.state)
        }
    };
    let (name, note) = (scenario.name.to_owned(), String::new());
    Line { name, schedules: result.schedules, took: result.took, failure, note, state }
}

/// Runs a broken twin in a process of its own: it is expected to fail, and what the checker
/// prints of that is nobody's business.
fn run_twin(broken: &Broken, seed: u64) -> Line {
    let start = Instant::now();
    let found = run_child(broken, seed);
    let (schedules, failure, note) = match found {
        Ok(schedules) => {
            let note = format!("found broken in \"{}\"", broken.scenario.name);
            (schedules, None, note)
        }
        Err(text) => (MOST_FOR_A_TWIN, Some(text), String::new()),
    };
    let name = format!("rule off: {}", broken.name);
    Line { name, schedules, took: start.elapsed(), failure, note, state: String::new() }
}

/// Says after how many schedules it was found.
fn run_child(broken: &Broken, seed: u64) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .args(["--twin", broken.name, "--seed", &seed.to_string()])
        .stderr(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| "not found to be broken".to_owned())
}

fn run_as_twin(name: &str, seed: u64) -> ExitCode {
    let Some(broken) = rules::all().into_iter().find(|broken| broken.name == name) else {
        eprintln!("there is no rule {name}");
        return ExitCode::from(2);
    };
    let result = runner::run(&broken.scenario, broken.off, seed, MOST_FOR_A_TWIN);
    if let Some(failure) = result.failure {
        eprintln!("{}", failure.text);
        println!("{}", result.schedules);
    }
    ExitCode::SUCCESS
}

impl Line {
    fn print(&self, dump: bool) {
        let result = match &self.failure {
            None if self.note.is_empty() => "ok".to_owned(),
            None => format!("ok: {}", self.note),
            Some(text) => format!("FAILED: {text}"),
        };
        let seconds = self.took.as_secs_f64();
        println!("{:42} {:8} schedules {seconds:7.1} s  {result}", self.name, self.schedules);
        if dump && !self.state.is_empty() {
            println!("{}", self.state);
        }
    }

    fn to_json(&self) -> String {
        let failure = self.failure.as_ref().map_or("null".to_owned(), |text| quoted(text));
        format!(
            "{{\"name\": {}, \"schedules\": {}, \"seconds\": {:.3}, \"ok\": {}, \"failure\": {failure}}}",
            quoted(&self.name),
            self.schedules,
            self.took.as_secs_f64(),
            self.failure.is_none(),
        )
    }
}

fn to_json(lines: &[Line]) -> String {
    let objects: Vec<_> = lines.iter().map(|line| format!("  {}", line.to_json())).collect();
    format!("[\n{}\n]", objects.join(",\n"))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
