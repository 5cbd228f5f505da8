//! What a call costs in system calls, client and server each in a process of its own.
//!
//! `strace` counts by name. A call must write once and read once on each side; where waiting
//! threads poll it may also read in vain and poll once, or not, as the two processes happen to run.
//! So every name has bounds of its own for a whole run: the difference of two runs says nothing
//! where one of them found its answers sooner than the other.

use std::io::{Write as _, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use cconn::{Client, Serveur, commande, commandes};
use cconn_tests::programs::Running;
use cconn_tests::with_watchdog;

/// Calls of a run.
const CALLS: u64 = 2_000;

/// Reads and polls of a call at most: where waiting threads poll, a read that finds nothing, a poll
/// and a read again.
const MOST: [u64; 2] = if cfg!(cconn_polling) { [2, 1] } else { [1, 0] };

/// What connecting, greeting and stopping may cost of each name.
const ENDS: u64 = CALLS / 20;

/// What the watchman may cost of each name in a second: it looks at the connections some times.
const WATCHED: u64 = 40;

/// What loading and ending a program may cost in all other calls together (measured: 350).
const OTHERS: u64 = CALLS / 2;

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
fn traced(test: &str, report: &Path) -> Command {
    let program = env::current_exe().expect("the test knows its own program");
    let mut command = Command::new("strace");
    command.args(["-f", "-c", "-o"]).arg(report).arg("--").arg(program);
    command.args(["--exact", test, "--nocapture"]).env(COUNT, CALLS.to_string());
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
fn report(side: &str) -> PathBuf {
    let name = format!("system_calls.{}.{side}", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// What the client and the server called in a run.
fn run() -> [Counts; 2] {
    let reports = [report("client"), report("server")];
    let mut server = Running::of(&mut traced("server", &reports[1]));
    let address = server.expect("address: ");
    let mut client = traced("client", &reports[0]);
    Running::of(client.env(ADDRESS, address)).expect_success();
    server.hang_up();
    server.expect_success();
    reports.map(|report| {
        let text = fs::read_to_string(&report).expect("strace wrote its report");
        fs::remove_file(&report).expect("the report is ours");
        Counts::of(&text)
    })
}

/// How often a process made which system calls.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    writes: u64,
    reads: u64,
    polls: u64,
    others: u64,
}

impl Counts {
    /// The column `calls` of a report, by name.
    fn of(report: &str) -> Self {
        let mut counts = Self::default();
        for row in report.lines().filter(|row| !row.ends_with(" total")) {
            // "% time, seconds, usecs/call, calls", then the errors where there are any, the name.
            let mut columns = row.split_whitespace();
            let Some(Ok(calls)) = columns.nth(3).map(str::parse::<u64>) else { continue };
            *match columns.next_back() {
                Some("write" | "writev" | "sendto" | "sendmsg") => &mut counts.writes,
                Some("read" | "readv" | "recvfrom" | "recvmsg") => &mut counts.reads,
                Some("poll" | "ppoll") => &mut counts.polls,
                _ => &mut counts.others,
            } += calls;
        }
        counts
    }
}

#[test]
fn a_call_is_two_system_calls_a_side() {
    if !can_trace() {
        return;
    }
    let start = Instant::now();
    let runs = with_watchdog("system calls", Duration::from_secs(60), run);
    let watched = WATCHED * (start.elapsed().as_secs() + 1);
    let [reads, polls] = MOST;
    for (side, counts) in ["client", "server"].into_iter().zip(runs) {
        println!("{CALLS} calls, {side}: {counts:?}");
        for (name, count, least, most) in [
            ("writes", counts.writes, CALLS, CALLS),
            ("reads", counts.reads, CALLS, reads * CALLS),
            ("polls", counts.polls, 0, polls * CALLS),
        ] {
            let bounds = least..=most + ENDS + watched;
            assert!(bounds.contains(&count), "{count} {name} of the {side}: not in {bounds:?}");
        }
        let others = counts.others;
        assert!(others <= OTHERS + watched, "{others} other system calls of the {side}");
    }
}

#[test]
fn reports_are_added_up() {
    let report = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000100           1      1001           sendto
 30.00    0.000050           2      1002         1 recvfrom
  5.00    0.000050           2       900           ppoll
  3.00    0.000050           2         4         2 openat
  2.00    0.000050           2         3           read
------ ----------- ----------- --------- --------- ----------------
100.00    0.000150                  2910         3 total
";
    let counts = Counts { writes: 1001, reads: 1005, polls: 900, others: 4 };
    assert_eq!(Counts::of(report), counts);
}
