//! The fuzz targets: built for the compiler that is there, and run on what they have found before.
//!
//! Coverage is counted by a pass of LLVM that a stable compiler has too, so that neither a nightly
//! one nor `cargo fuzz` is needed. The code has no `unsafe`, so no sanitizer of memory is either.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Where the targets are, and what is committed of what they have found.
const FOLDER: &str = "checks/fuzz";
const CORPUS: &str = "checks/fuzz/corpus";

/// What the fuzzer needs to see of a run, and what a debug build checks besides.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Coverflow-checks",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];

/// The longest input, bytes.
const LONGEST: u32 = 4096;

/// What was asked for.
struct Request<'a> {
    /// How long each target makes up new inputs; `None` for as many as `runs` says.
    seconds: Option<u64>,
    runs: Option<u64>,
    /// Where the random numbers begin; `None` for another place each time.
    seed: Option<u64>,
    /// Takes what was found into the committed corpus.
    keep: bool,
    /// All of them where none is named.
    targets: Vec<&'a str>,
}

/// How long CI makes up inputs for each target.
const SECONDS_IN_CI: u64 = 20;

/// Where CI's inputs begin. A fixed number, so that a failure in CI comes back with the same command
/// on the same commit; other numbers are for runs by hand.
const SEED_IN_CI: u64 = 1;

/// The step of CI: every target on its corpus, and on new inputs for a while.
///
/// # Errors
///
/// As `run`.
pub(crate) fn chore(root: &Path) -> Result<(), String> {
    let (seconds, seed) = (SECONDS_IN_CI.to_string(), SEED_IN_CI.to_string());
    run(root, &["--seconds", &seconds, "--seed", &seed].map(str::to_owned))
}

/// `cargo xtask fuzz [--seconds N | --runs N] [--seed N] [--keep] [TARGET..]`.
///
/// # Errors
///
/// If a target cannot be built, or fails on an input, which is then kept in a file.
pub(crate) fn run(root: &Path, words: &[String]) -> Result<(), String> {
    let request = Request::parse(words)?;
    let all = targets(root)?;
    if let Some(unknown) = request.targets.iter().find(|name| !all.iter().any(|one| one == **name))
    {
        return Err(format!("there is no fuzz target `{unknown}`, but {}", all.join(", ")));
    }
    let chosen = |name: &&String| request.targets.is_empty() || request.targets.contains(&&***name);
    let programs = build(root)?;
    let chosen: Vec<_> = all.iter().filter(chosen).collect();
    let one = |target: &&String| {
        let program = programs.join(target);
        replay(root, &program, target)?;
        request.fuzz(root, &program, target)?;
        if request.keep {
            keep(root, &program, target)?;
        }
        Ok(())
    };
    each(&chosen, one)
}

/// Does the same for each target, for two at a time where there are two processors: a target has a
/// single thread that works. The first failure is returned, and no further target begins after one.
fn each<T: Sync>(
    targets: &[T],
    act: impl Fn(&T) -> Result<(), String> + Sync,
) -> Result<(), String> {
    let (next, failure) = (AtomicUsize::new(0), OnceLock::new());
    let work = || {
        while failure.get().is_none()
            && let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed))
        {
            if let Err(error) = act(target) {
                let _later_one = failure.set(error);
            }
        }
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..processors.min(2)).for_each(|_| drop(scope.spawn(work))));
    failure.into_inner().map_or(Ok(()), Err)
}

impl<'a> Request<'a> {
    fn parse(words: &'a [String]) -> Result<Self, String> {
        let mut request =
            Request { seconds: None, runs: None, seed: None, keep: false, targets: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut number = || {
                let number = words.next().and_then(|number| number.parse().ok());
                number.ok_or_else(|| format!("behind {word} comes a number"))
            };
            match word.as_str() {
                "--seconds" => request.seconds = Some(number()?),
                "--runs" => request.runs = Some(number()?),
                "--seed" => request.seed = Some(number()?),
                "--keep" => request.keep = true,
                flag if flag.starts_with('-') => return Err(format!("unknown flag {flag}")),
                target => request.targets.push(target),
            }
        }
        Ok(request)
    }

    /// Makes up new inputs, as long as was asked for; not at all if nothing was.
    fn fuzz(&self, root: &Path, program: &Path, target: &str) -> Result<(), String> {
        let limit = match (self.seconds, self.runs) {
            (None, None) => return Ok(()),
            (Some(seconds), _) => format!("-max_total_time={seconds}"),
            (None, Some(runs)) => format!("-runs={runs}"),
        };
        let found = found(root, target)?;
        // To the fuzzer, a seed of zero means another one each time.
        let seed = format!("-seed={}", self.seed.unwrap_or_default());
        let longest = format!("-max_len={LONGEST}");
        let arguments = [limit, seed, longest, "-print_final_stats=1".to_owned()];
        start(root, program, target, &arguments, &[&found, &root.join(CORPUS).join(target)])
    }
}

/// The names of the targets, as their files are called.
fn targets(root: &Path) -> Result<Vec<String>, String> {
    let folder = root.join(FOLDER).join("fuzz_targets");
    let files = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<_> = files
        .filter_map(|file| Some(file.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// Builds all targets; returns the folder of their programs.
fn build(root: &Path) -> Result<PathBuf, String> {
    let folder = root.join(FOLDER).join("target");
    let mut command = super::cargo();
    command.args(["build", "--quiet", "--release", "--locked", "--bins"]);
    // With a target named, the flags are not those of build scripts and macros.
    let triple = host()?;
    command
        .args(["--target", &triple, "--manifest-path"])
        .arg(root.join(FOLDER).join("Cargo.toml"));
    command.arg("--target-dir").arg(&folder).env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"));
    match command.status() {
        Ok(status) if status.success() => Ok(folder.join(triple).join("release")),
        Ok(status) => Err(format!("the fuzz targets do not build: {status}")),
        Err(error) => Err(format!("cargo cannot be started: {error}")),
    }
}

/// The name of this system, as the compiler calls it.
fn host() -> Result<String, String> {
    let told = Command::new("rustc").arg("-vV").output();
    let told = told.map_err(|error| format!("rustc cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&told.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).ok_or_else(|| "rustc does not name its host".to_owned())
}

/// Runs a target once on each committed input.
fn replay(root: &Path, program: &Path, target: &str) -> Result<(), String> {
    let corpus = root.join(CORPUS).join(target);
    if !corpus.is_dir() {
        return Err(format!("{target} has no corpus in {CORPUS}"));
    }
    start(root, program, target, &["-runs=0".to_owned()], &[&corpus])
}

/// Takes the smallest set of inputs that reach what all of them reach into the committed corpus.
fn keep(root: &Path, program: &Path, target: &str) -> Result<(), String> {
    let (corpus, whole) = (root.join(CORPUS).join(target), found(root, target)?);
    let smallest = root.join(FOLDER).join("target/smallest").join(target);
    let _none_yet = fs::remove_dir_all(&smallest);
    make(&smallest)?;
    start(root, program, target, &["-merge=1".to_owned()], &[&smallest, &corpus, &whole])?;
    fs::remove_dir_all(&corpus)
        .and_then(|()| fs::rename(&smallest, &corpus))
        .map_err(|error| format!("{}: {error}", corpus.display()))
}

/// Where a target keeps what it finds here.
fn found(root: &Path, target: &str) -> Result<PathBuf, String> {
    let folder = root.join(FOLDER).join("target/found").join(target);
    make(&folder)?;
    Ok(folder)
}

fn make(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// Starts a target on these folders, the first of which takes what is new; its output is shown if
/// it fails, else the lines that count.
fn start(
    root: &Path,
    program: &Path,
    target: &str,
    arguments: &[String],
    folders: &[&Path],
) -> Result<(), String> {
    let artifacts = root.join(FOLDER).join("target/failed");
    make(&artifacts)?;
    let mut command = Command::new(program);
    command.arg(format!("-artifact_prefix={}/{target}-", artifacts.display()));
    command.args(["-timeout=120", "-rss_limit_mb=2048"]).args(arguments).args(folders);
    let told = command.stdin(Stdio::null()).output();
    let told = told.map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&told.stderr);
    if !told.status.success() {
        note(root, target, "FAILED")?;
        return Err(format!("the fuzz target {target} fails, {}:\n{text}", told.status));
    }
    let counts = |line: &&str| line.starts_with("Done ") || line.starts_with("stat::number");
    for line in text.lines().filter(counts) {
        println!("{target}: {line}");
    }
    let executed =
        text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    executed.map_or(Ok(()), |count| note(root, target, count.trim()))
}

/// Adds a line to the record of all runs on this copy: day, commit, target, executions or failure.
fn note(root: &Path, target: &str, what: &str) -> Result<(), String> {
    let ask = |program: &str, arguments: &[&str]| {
        let told = Command::new(program).args(arguments).current_dir(root).output();
        told.map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned()).unwrap_or_default()
    };
    let (day, commit) =
        (ask("date", &["-u", "+%F"]), ask("git", &["rev-parse", "--short=10", "HEAD"]));
    let path = root.join(FOLDER).join("target/runs.txt");
    let file = fs::OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| writeln!(file, "{day} {commit} {target} {what}"))
        .map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn each_target_has_its_turn_and_none_begins_after_a_failure() {
        let seen = Mutex::new(Vec::new());
        let see = |n: &u32| {
            seen.lock().unwrap().push(*n);
            if *n == 9 { Err("nine".to_owned()) } else { Ok(()) }
        };
        each(&[1, 2, 3, 4, 5], see).unwrap();
        let mut all = std::mem::take(&mut *seen.lock().unwrap());
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3, 4, 5]);
        assert_eq!(each(&[9, 9, 9, 9, 9], see), Err("nine".to_owned()));
        assert!(seen.lock().unwrap().len() <= 2);
    }
}
