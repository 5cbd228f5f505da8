//! What must hold before a change lands: a table of steps, run in order up to the first failure.
//!
//! How one step is run stands in `step`.

mod deny;
mod step;
mod systems;
mod tools;
mod versions;

use std::path::Path;
use std::time::{Duration, Instant};

use step::{Outcome, Step};

use crate::{build_cost, fuzz, tidy};

/// The steps. A new one is a line here; its name is what `cargo xtask ci NAME` takes.
const STEPS: &[Step] = &[
    Step::cargo("format", &["fmt", "--all", "--check"]),
    Step::chore("tidy", tidy::chore),
    Step::cargo("clippy", CLIPPY),
    // The root is a virtual workspace, so the test command of the README means all its crates.
    Step::cargo("test", &["test"]),
    Step::cargo("test-release", &["test", "--package", "cconn", "--release", "--lib"]),
    // The way of waiting that other systems have, see `transport/socket/polling.rs`: what the step
    // `test` runs, and below the endurance, but for what never waits.
    Step::cargo("polling", POLLING).testing(CALLER_TESTS).with(POLLING_SWITCH),
    Step::cargo("polling-doc", POLLING_DOC).with(POLLING_SWITCH),
    Step::cargo("secure", SECURE),
    Step::cargo("secure-lib", SECURE_LIB),
    Step::cargo("secure-doc", SECURE_DOC),
    Step::chore("build-cost", build_cost::chore),
    Step::cargo("doc", &["doc", "--workspace", "--no-deps"]).with(DOC_WARNINGS),
    Step::cargo("doc-private", DOC_PRIVATE).with(DOC_WARNINGS),
    Step::judged("deny", deny::check),
    Step::judged("advisories", deny::advisories),
    Step::judged("features", versions::features),
    Step::judged("minimal", versions::minimal),
    Step::judged("oldest", versions::oldest),
    Step::judged("semver", versions::semver),
    Step::cargo("package", PACKAGE),
    Step::judged("targets", systems::lint),
    Step::judged("wine", systems::wine),
    // The terminal program is a workspace of its own: its dependencies are nobody else's.
    Step::cargo("cli-clippy", CLI_CLIPPY),
    Step::cargo("cli", &["test", "--quiet", "--manifest-path", "cconn-cli/Cargo.toml"]),
    // What a subscriber and a recorder are told, and an example with OpenTelemetry: a workspace each.
    Step::cargo("observation", OBSERVATION),
    Step::cargo("opentelemetry", OPENTELEMETRY),
    Step::cargo("bench", &["check", "--all-targets", "--manifest-path", "checks/bench/Cargo.toml"])
        .if_folder("checks/bench"),
    // The fuzzer's runtime is C++.
    Step::chore("fuzz", fuzz::chore).if_program("c++"),
    Step::cargo("model", &["run", "--release", "--manifest-path", "checks/model/Cargo.toml"]),
    Step::cargo("endurance", ENDURANCE),
    Step::cargo("polling-endurance", POLLING_ENDURANCE).with(POLLING_SWITCH),
];

const ENDURANCE: &[&str] =
    &["run", "--release", "--package", "cconn-endurance", "--features", "tls", "--", "--short"];
/// Those in which it matters how a thread waits: cuts, floods, sockets that are full or silent, many
/// connections. The others would take another minute.
const POLLING_ENDURANCE: &[&str] = &[
    "run",
    "--release",
    "--package",
    "cconn-endurance",
    "--features",
    "tls",
    "--",
    "--short",
    "--only",
    "D01,D03,D04,K01,K02,K03,K04,K05,N01,N02,N05,L01,L03,L09,S01,S04,X01,X06",
];
/// The programs that must compile are not ours to make tidy: they say what lints they bear.
const CLIPPY: &[&str] = &[
    "clippy",
    "--workspace",
    "--exclude",
    "cconn-programs",
    "--all-targets",
    "--all-features",
    "--",
    "-D",
    "warnings",
];
/// Besides `CALLER_TESTS`: what is for Linux alone, starts cargo, counts what its whole process does,
/// or needs the optional features.
const POLLING: &[&str] = &[
    "test",
    "--quiet",
    "--package",
    "cconn",
    "--package",
    "cconn-tests",
    "--features",
    "cconn/tls,cconn/secret,cconn-tests/securite",
    "--lib",
    "--test",
    "abonnements",
    "--test",
    "allocations",
    "--test",
    "boite",
    "--test",
    "exemples",
    "--test",
    "flux_memoire",
    "--test",
    "fourche",
    "--test",
    "large_allocations",
    "--test",
    "large_frames",
    "--test",
    "promesses_ouvertes",
    "--test",
    "python",
    "--test",
    "securite",
    "--test",
    "system_calls",
    "--test",
    "unix",
];
/// The tests that ask the compiler and the pages of the guide, which is the same in either way.
#[cfg(test)]
const NEVER_WAIT: &[&str] = &["guide", "ui"];
const POLLING_DOC: &[&str] = &["test", "--quiet", "--package", "cconn", "--doc"];
/// The tests from the caller's side that every way of waiting and every system must pass.
const CALLER_TESTS: &[&str] = &[
    "adresses",
    "annulation",
    "attentes",
    "bornes",
    "commandes",
    "contexte",
    "envois",
    "erreurs",
    "etat",
    "evolution",
    "fins",
    "flux",
    "limites",
    "mauvaises_entrees",
    "original",
    "partage",
    "persistant",
    "promesses",
    "reglages",
    "tours",
];
/// What the optional features bring: encryption, secrets, and their page of the guide.
const SECURE: &[&str] = &[
    "test",
    "--quiet",
    "--package",
    "cconn-tests",
    "--features",
    "securite",
    "--test",
    "securite",
];
const SECURE_LIB: &[&str] = &[
    "test",
    "--quiet",
    "--package",
    "cconn",
    "--lib",
    "--features",
    "tls,secret",
    "--",
    "tls",
    "preuve",
];
const SECURE_DOC: &[&str] = &[
    "test",
    "--quiet",
    "--package",
    "cconn-tests",
    "--features",
    "securite",
    "--doc",
    "Encryption",
];
const CLI_CLIPPY: &[&str] =
    &["clippy", "--manifest-path", "cconn-cli/Cargo.toml", "--all-targets", "--", "-D", "warnings"];
const OBSERVATION: &[&str] =
    &["test", "--quiet", "--manifest-path", "checks/observation/Cargo.toml"];
const OPENTELEMETRY: &[&str] =
    &["test", "--quiet", "--manifest-path", "examples/opentelemetry/Cargo.toml"];
/// What users would get is built from the packages, in the order in which they need each other.
const PACKAGE: &[&str] =
    &["package", "--quiet", "--allow-dirty", "--package", "cconn-macros", "--package", "cconn"];
/// Another folder, so that neither way has the other built anew.
const POLLING_SWITCH: &[(&str, &str)] =
    &[("RUSTFLAGS", "--cfg cconn_polling"), ("CARGO_TARGET_DIR", "target/polling")];
const DOC_PRIVATE: &[&str] = &["doc", "--workspace", "--no-deps", "--document-private-items"];
const DOC_WARNINGS: &[(&str, &str)] = &[("RUSTDOCFLAGS", "-D warnings")];

/// Runs the named steps, or all; stops at the first that fails.
pub(crate) fn run(root: &Path, names: &[String]) -> Result<(), String> {
    run_steps(root, &choose(STEPS, names)?)
}

fn choose<'a>(steps: &'a [Step], names: &[String]) -> Result<Vec<&'a Step>, String> {
    let all: Vec<&str> = steps.iter().map(Step::name).collect();
    if let Some(name) = names.iter().find(|name| !all.contains(&name.as_str())) {
        return Err(format!("there is no step `{name}`, only: {}", all.join(", ")));
    }
    let is_chosen = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name());
    Ok(steps.iter().filter(is_chosen).collect())
}

fn run_steps(root: &Path, steps: &[&Step]) -> Result<(), String> {
    let start = Instant::now();
    let mut lines = Vec::new();
    let mut failed = None;
    for step in steps {
        println!("\n==> {}: {}", step.name(), step.describe());
        let step_start = Instant::now();
        let outcome = step.run(root);
        let line = summary_line(step.name(), &outcome, step_start.elapsed());
        println!("{line}");
        lines.push(line);
        if matches!(outcome, Outcome::Failed(_)) {
            failed = Some(step.name());
            break;
        }
    }
    println!("\nsummary, {:.1} s in all", start.elapsed().as_secs_f64());
    println!("{}", lines.join("\n"));
    failed.map_or(Ok(()), |name| {
        Err(format!("step `{name}` failed; that step alone: cargo xtask ci {name}"))
    })
}

fn summary_line(name: &str, outcome: &Outcome, time: Duration) -> String {
    let (word, detail) = match outcome {
        Outcome::Passed => ("ok", ""),
        Outcome::Skipped(reason) => ("SKIPPED", reason.as_str()),
        Outcome::Failed(reason) => ("FAILED", reason.as_str()),
    };
    format!("{word:<8} {name:<13} {:>6.1} s  {detail}", time.as_secs_f64()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Step = Step::chore("good", |_| Ok(()));
    const BAD: Step = Step::chore("bad", |_| Err("broken".to_owned()));
    const NEVER: Step = Step::chore("never", |_| panic!("a step ran after a failure"));

    fn run_all(steps: &[&Step]) -> Result<(), String> {
        run_steps(&crate::root(), steps)
    }

    #[test]
    fn the_first_failure_stops_and_is_named() {
        assert_eq!(run_all(&[&GOOD, &GOOD]), Ok(()));
        let failure = run_all(&[&GOOD, &BAD, &NEVER]).expect_err("a step failed");
        assert!(failure.contains("`bad`"), "{failure}");
    }

    #[test]
    fn steps_are_chosen_by_name() {
        let names = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let steps = [GOOD, BAD];
        let chosen = |wanted: &[&str]| choose(&steps, &names(wanted)).map(|steps| steps.len());
        assert_eq!(chosen(&[]), Ok(2));
        assert_eq!(chosen(&["bad"]), Ok(1));
        assert!(chosen(&["bad", "other"]).is_err_and(|text| text.contains("`other`")));
    }

    #[test]
    fn names_are_unique() {
        for (at, step) in STEPS.iter().enumerate() {
            assert!(STEPS[..at].iter().all(|other| other.name() != step.name()), "{step:?}");
        }
    }

    #[test]
    fn the_plain_test_command_means_every_crate() {
        let manifest = crate::root().join("Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).expect("the manifest can be read");
        assert!(!manifest.contains("[package]") && !manifest.contains("default-members"));
    }

    /// The names of the programs that the integration tests are.
    fn test_programs() -> Vec<String> {
        let folder = crate::root().join("tests/tests");
        let entries = std::fs::read_dir(folder).expect("it can be read").flatten();
        let is_program = |path: &Path| {
            path.extension().is_some_and(|kind| kind == "rs") || path.join("main.rs").exists()
        };
        entries
            .map(|entry| entry.path())
            .filter(|path| is_program(path))
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .collect()
    }

    #[test]
    fn every_test_program_runs_in_the_polling_way_or_never_waits() {
        let programs = test_programs();
        assert!(programs.len() > CALLER_TESTS.len(), "{programs:?}");
        let named = |name: &str| {
            let polls = CALLER_TESTS.contains(&name) || POLLING.contains(&name);
            assert!(!(polls && NEVER_WAIT.contains(&name)), "{name} is in both lists");
            polls || NEVER_WAIT.contains(&name)
        };
        for name in &programs {
            assert!(named(name), "{name} is in none of CALLER_TESTS, POLLING and NEVER_WAIT");
        }
    }

    #[test]
    fn summary_lines_say_what_happened() {
        let line = |outcome| summary_line("x", &outcome, Duration::from_millis(1250));
        assert_eq!(line(Outcome::Passed), "ok       x                1.2 s");
        assert!(line(Outcome::Skipped("no y".to_owned())).starts_with("SKIPPED"));
        assert!(line(Outcome::Failed("no z".to_owned())).ends_with("no z"));
    }
}
