//! What a call costs in system calls, client and server each in a process of its own.
//!
//! `strace` counts for whole processes, so each is run with some calls and with twice as many:
//! the difference is what the calls cost, without starting and stopping.

use std::io::{Write as _, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs, io, thread};

use cconn::{Client, Serveur, commande, commandes};
use cconn_tests::programs::Running;
use cconn_tests::with_watchdog;

/// Calls of the shorter run.
const CALLS: u32 = 1_000;

/// One write of the request or answer, one read of the other.
const LEAST: f64 = 2.0;

/// As many, unless waiting threads poll: a read that finds nothing, a poll and a read again.
const MOST: f64 = if cfg!(cconn_polling) { 4.0 } else { LEAST };

/// Room for the watchman, which looks at the connections some times a second.
const TOLERANCE: f64 = 0.05;

/// Set in the children: where the server listens.
const ADDRESS: &str = "CCONN_TESTS_ADDRESS";
/// Set in the children: how many calls are made.
const COUNT: &str = "CCONN_TESTS_CALLS";

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

/// Passes on its own: it serves only as the child of the test below.
#[test]
fn server() {
    if env::var_os(COUNT).is_none() {
        return;
    }
    let serveur = Serveur::new(0).expect("a free port");
    serveur.enregistrer(commandes![somme]).expect("a name");
    println!("address: {}", serveur.adresse());
    stdout().flush().expect("the parent reads");
    thread::scope(|scope| {
        scope.spawn(|| serveur.lancer().expect("an orderly end"));
        // The parent hangs up, or is gone.
        io::copy(&mut stdin(), &mut io::sink()).expect("the input can be read");
        serveur.eteindre().expect("an orderly stop");
    });
}

/// Passes on its own: it calls only as the child of the test below.
#[test]
fn client() {
    let (Ok(address), Ok(count)) = (env::var(ADDRESS), env::var(COUNT)) else { return };
    let count: i64 = count.parse().expect("a number");
    let client = Client::new(address).expect("the server listens");
    for a in 0..count {
        assert_eq!(client.appeler(somme { a, b: 1 }).expect("an answer"), a + 1);
    }
    client.eteindre().expect("an orderly stop");
}

/// This binary as one of its two children, under `strace`.
fn traced(test: &str, report: &Path, calls: u32) -> Command {
    let program = env::current_exe().expect("the test knows its own program");
    let mut command = Command::new("strace");
    command.args(["-f", "-c", "-o"]).arg(report).arg("--").arg(program);
    command.args(["--exact", test, "--nocapture"]).env(COUNT, calls.to_string());
    command
}

/// Whether `strace` is there and may trace.
fn can_trace() -> bool {
    let program = env::current_exe().expect("the test knows its own program");
    let mut command = Command::new("strace");
    let output = command.args(["-f", "-c", "--"]).arg(program).arg("--list").output();
    let reason = match output {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    // Past the capture of the test runner, which would keep it quiet.
    let text = format!("SKIPPED: system calls of a call: strace can't be run: {reason}\n");
    let _nobody_listens = io::stderr().write_all(text.as_bytes());
    false
}

/// The report of one child of a run.
fn report(side: &str, calls: u32) -> PathBuf {
    let name = format!("system_calls.{}.{side}.{calls}", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// System calls of the client and of the server in a run of so many calls.
fn run(calls: u32) -> [f64; 2] {
    let reports = [report("client", calls), report("server", calls)];
    let mut server = Running::of(&mut traced("server", &reports[1], calls));
    let address = server.expect("address: ");
    let mut client = traced("client", &reports[0], calls);
    Running::of(client.env(ADDRESS, address)).expect_success();
    server.hang_up();
    server.expect_success();
    reports.map(|report| {
        let text = fs::read_to_string(&report).expect("strace wrote its report");
        fs::remove_file(&report).expect("the report is ours");
        total(&text)
    })
}

/// The sum of the column `calls` of a report.
fn total(report: &str) -> f64 {
    let rows = report.lines().filter(|row| !row.ends_with(" total"));
    // "% time, seconds, usecs/call, calls", then the errors where there are any, and the name.
    let calls = rows.filter_map(|row| row.split_whitespace().nth(3)?.parse::<f64>().ok());
    calls.sum()
}

#[test]
fn a_call_is_two_system_calls_a_side() {
    if !can_trace() {
        return;
    }
    let limit = Duration::from_secs(60);
    let [once, twice] = with_watchdog("system calls", limit, || [run(CALLS), run(2 * CALLS)]);
    for (at, side) in ["client", "server"].into_iter().enumerate() {
        let each = (twice[at] - once[at]) / f64::from(CALLS);
        println!("system calls of the {side}: {each:.3} a call");
        let bounds = LEAST - TOLERANCE..=MOST + TOLERANCE;
        assert!(bounds.contains(&each), "{each:.3} system calls a call, the {side}");
    }
}

#[test]
fn reports_are_added_up() {
    let report = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000100           1      1001           sendto
 40.00    0.000050           2      1002         1 recvfrom
------ ----------- ----------- --------- --------- ----------------
100.00    0.000150                  2003         1 total
";
    assert!((total(report) - 2003.0).abs() < 0.5);
}
