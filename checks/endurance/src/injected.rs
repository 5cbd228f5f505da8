//! K06: a system call that fails, the n-th of a session of calls, in the client or in the server.
//!
//! `strace` lets the call fail in the real process, with its real sockets. What is interrupted, or
//! told to try again, must go on as if nothing had happened; what breaks the connection must end
//! every call in an honest error.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cconn::{Attente, Client, Erreur, Resultat, Serveur, nommee};

use crate::helper::{self, Helper};
use crate::host::Host;
use crate::run::Run;

/// The last call of a session that fails.
const LAST: usize = 500;

/// How long a call may take: one that ends with its deadline was stuck.
const MOST: Duration = Duration::from_secs(10);

/// A system call, and the error that it ends with.
type Fault = (&'static str, &'static str);

/// Faults that must change nothing.
const HARMLESS: &[Fault] =
    &[("sendto", "EINTR"), ("recvfrom", "EINTR"), ("sendto", "EAGAIN"), ("recvfrom", "EAGAIN")];

/// Faults that end the connection.
const FATAL: &[Fault] = &[
    ("sendto", "ECONNRESET"),
    ("recvfrom", "ECONNRESET"),
    ("sendto", "EPIPE"),
    ("recvfrom", "ETIMEDOUT"),
    ("sendto", "ENOBUFS"),
    ("recvfrom", "ENOMEM"),
];

/// Faults of a server's door, which change nothing either, and the last call that is sure to come.
const DOOR: &[(Fault, usize)] = &[
    (("accept4", "EINTR"), 2),
    (("accept4", "ECONNABORTED"), 2),
    (("accept4", "EMFILE"), 2),
    (("ppoll", "EINTR"), 1),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// One session, and what is done to it.
#[derive(Clone, Copy, Debug)]
struct Case {
    side: Side,
    fault: Fault,
    is_harmless: bool,
    /// Which call of each thread fails.
    when: usize,
}

/// How often each numbered command ran.
type Ran = Arc<Mutex<HashMap<u64, usize>>>;

/// What a client knows of its session: a letter for each command, and how it ended.
#[derive(Debug)]
struct Told {
    fates: String,
    end: String,
}

const IN_ORDER: &str = "in order";

pub(crate) fn failures(run: &Run) {
    if let Err(reason) = can_trace() {
        return run.skip(&reason);
    }
    let cases = cases(run.pick(10, 1));
    let (next, struck) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let has_struck = try_case(run, *case);
                    struck.fetch_add(usize::from(has_struck), Ordering::SeqCst);
                }
            });
        }
    });
    let (struck, sessions) = (struck.into_inner(), cases.len());
    run.figure("sessions", sessions, "");
    run.figure("system calls that failed", struck, "");
    // Which thread makes a call is not known beforehand, and each has its own count.
    let nearly_all = sessions - sessions / 20;
    run.require(struck >= nearly_all, || format!("{struck} faults struck in {sessions} sessions"));
}

/// Of each n-th call a harmless fault and a fatal one, on either side; the faults in turn.
fn cases(step: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for (turn, when) in (1..=LAST).step_by(step).enumerate() {
        for side in [Side::Client, Side::Server] {
            let harmless = HARMLESS[turn % HARMLESS.len()];
            cases.push(Case { side, fault: harmless, is_harmless: true, when });
            let fatal = FATAL[turn % FATAL.len()];
            cases.push(Case { side, fault: fatal, is_harmless: false, when });
        }
    }
    let side = Side::Server;
    for (fault, last) in DOOR.iter().copied() {
        cases.extend((1..=last).map(|when| Case { side, fault, is_harmless: true, when }));
    }
    cases
}

/// Whether `strace` is there and may let calls fail.
fn can_trace() -> Result<(), String> {
    let output = Command::new("strace")
        .args(["-f", "--seccomp-bpf", "-e", "inject=getppid:error=EINTR:when=1", "--", "true"])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("strace can't be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("strace: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// Runs one session; says whether the fault has struck.
fn try_case(run: &Run, case: Case) -> bool {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let name = format!("cconn-endurance.{}.{number}", std::process::id());
    let log = Log(std::env::temp_dir().join(name));
    let Case { fault: (call, error), when, .. } = case;
    let inject = format!("inject={call}:error={error}:when={when}");
    let trace = format!("trace={call}");
    let path = log.0.to_string_lossy().into_owned();
    let front = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", &trace, "-e", "status=failed"];
    let front = [&front[..], &["-e", &inject, "-o", &path, "--"]].concat();
    // Some messages share a write with others, and some are written by another thread: enough of
    // them for the call to be reached.
    let commands = 2 * when + 20;
    let (told, ran) = match case.side {
        Side::Client => client_fails(&front, commands),
        Side::Server => server_fails(&front, commands),
    };
    for fault in faults(case, &told, &ran) {
        run.fault(&format!("{case:?}: {fault}: {told:?}"));
    }
    std::fs::read_to_string(&log.0).is_ok_and(|log| log.contains("(INJECTED)"))
}

/// What strace says, removed in the end.
struct Log(PathBuf);

impl Drop for Log {
    fn drop(&mut self) {
        let _never_written = std::fs::remove_file(&self.0);
    }
}

/// What is wrong with a session.
fn faults(case: Case, told: &Told, ran: &HashMap<u64, usize>) -> Vec<String> {
    let mut faults = Vec::new();
    let in_order = told.end == IN_ORDER;
    if case.is_harmless && !in_order {
        faults.push("it did not end in order".to_owned());
    }
    for (number, fate) in (0..).zip(told.fates.chars()) {
        let times = ran.get(&number).copied().unwrap_or(0);
        let is_right = match fate {
            ANSWERED => times == 1,
            SENT => times == 1 || (times == 0 && !in_order),
            NOT_RUN => times == 0 && !case.is_harmless,
            UNKNOWN => times <= 1 && !case.is_harmless,
            _ => false,
        };
        if !is_right {
            faults.push(format!("command {number} is {fate} and ran {times} times"));
        }
    }
    faults
}

fn client_fails(front: &[&str], commands: usize) -> (Told, HashMap<u64, usize>) {
    let ran = Ran::default();
    let host = Host::start(Serveur::options(0), |serveur| register(serveur, &ran));
    let args = [host.address().to_string(), commands.to_string()];
    let mut client = Helper::start_under(front, "faulty-client", &args);
    let told = Told { fates: client.hear(), end: client.hear() };
    client.wait().unwrap();
    // Its connection may have ended in any way, and that is known already.
    let _ended = host.stop();
    let ran = ran.lock().unwrap().clone();
    (told, ran)
}

fn server_fails(front: &[&str], commands: usize) -> (Told, HashMap<u64, usize>) {
    let mut server = Helper::start_under(front, "faulty-server", &[]);
    let told = session(&server.hear(), commands);
    server.tell("ran");
    let ran = server.hear();
    server.wait().unwrap();
    let pairs = ran.split_whitespace().filter_map(|pair| pair.split_once(':'));
    let ran = pairs.map(|(number, times)| (number.parse().unwrap(), times.parse().unwrap()));
    (told, ran.collect())
}

/// The client's side under strace.
pub(crate) fn client(args: &[String]) {
    helper::end_with_parent();
    let told = session(&args[0], args[1].parse().unwrap());
    helper::tell(&told.fates);
    helper::tell(&told.end);
}

/// The server's side under strace.
pub(crate) fn server(_: &[String]) {
    let ran = Ran::default();
    let host = Host::start(Serveur::options(0), |serveur| register(serveur, &ran));
    helper::tell(&host.address().to_string());
    helper::hear();
    // What has arrived is run, and then there is no more.
    let _ended = host.stop();
    let ran = ran.lock().unwrap();
    let pairs: Vec<_> = ran.iter().map(|(number, times)| format!("{number}:{times}")).collect();
    helper::tell(&pairs.join(" "));
}

fn register(serveur: &Serveur, ran: &Ran) {
    let counts = ran.clone();
    let once = move |_: &Client, (number,): (u64,)| {
        *counts.lock().unwrap().entry(number).or_default() += 1;
        2 * number
    };
    serveur.enregistrer_commande("once", once).unwrap();
    let counts = ran.clone();
    let back = move |client: &Client, (number,): (u64,)| -> Resultat<u64> {
        *counts.lock().unwrap().entry(number).or_default() += 1;
        client.appeler(nommee("twice", (number,)))
    };
    serveur.enregistrer_commande("back", back).unwrap();
}

/// What became of a command.
const ANSWERED: char = 'a';
const SENT: char = 's';
const NOT_RUN: char = 'n';
const UNKNOWN: char = 'u';
const WRONG: char = 'W';
const STUCK: char = 'S';

/// Connects, sends so many commands of all sorts, and stops.
fn session(address: &str, commands: usize) -> Told {
    let options = Client::options(address).delai_reponse(MOST).delai_arret(MOST);
    let client = match options.connecter() {
        Ok(client) => client,
        Err(error) => return Told { fates: String::new(), end: error.to_string() },
    };
    client.enregistrer_commande("twice", |_, (number,): (u64,)| 2 * number).unwrap();
    let numbers = 0..commands as u64;
    let fates = numbers.map(|number| match number % 4 {
        0 => fate_of_call(number, client.appeler(nommee("once", (number,)))),
        1 => fate(client.envoyer(nommee("once", (number,))), |()| SENT),
        2 => {
            let deferred = client.differer(nommee("once", (number,)));
            fate_of_call(number, deferred.and_then(Attente::attendre))
        }
        _ => fate_of_call(number, client.appeler(nommee("back", (number,)))),
    });
    let fates = fates.collect();
    let end = client.eteindre().map_or_else(|error| error.to_string(), |()| IN_ORDER.to_owned());
    Told { fates, end }
}

fn fate_of_call(number: u64, result: Resultat<u64>) -> char {
    fate(result, |answer| if answer == 2 * number { ANSWERED } else { WRONG })
}

fn fate<T>(result: Resultat<T>, good: impl FnOnce(T) -> char) -> char {
    match result {
        Ok(value) => good(value),
        Err(Erreur::Delai(_)) => STUCK,
        Err(error) if error.a_pu_etre_executee() => UNKNOWN,
        Err(_) => NOT_RUN,
    }
}
