//! S05: a server that is killed and comes back again and again, under clients that come back too.
//! S06: killed at random moments, with commands that may run twice and commands that may not.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cconn::persistant::ClientPersistant;
use cconn::{Client, Erreur, Etat, Serveur, commande, commandes};
use testkit::Dice;

use crate::commands::echo;
use crate::helper::{self, Helper};
use crate::run::Run;
use crate::times::Times;

/// Clients that come back, and within which time each must after its server has.
const CLIENTS: usize = 50;
const BACK: Duration = Duration::from_secs(2);

/// A server that lives as long as this was a good one: the pauses between attempts to connect begin
/// again. One that ends sooner is left alone for longer each time, as it should be.
const GOOD: Duration = Duration::from_millis(1050);

/// How long a call may take, the wait for a connection included.
const MOST: Duration = Duration::from_secs(5);

/// Where a server writes down what it has run.
struct Book(PathBuf);

impl Book {
    /// One whole write, which stays whatever happens to this process.
    fn note(&self, key: u64) {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0).unwrap();
        file.write_all(format!("{key}\n").as_bytes()).unwrap();
    }
}

/// May run twice.
#[commande(idempotente)]
fn note_twice(book: &Etat<Book>, key: u64) -> u64 {
    book.note(key);
    key
}

/// May not.
#[commande]
fn note_once(book: &Etat<Book>, key: u64) -> u64 {
    book.note(key);
    key
}

/// A server on the port of its first argument, with its book at the second.
pub(crate) fn server(args: &[String]) {
    helper::end_with_parent();
    let (port, book) = (args[0].parse::<u16>().unwrap(), Book(PathBuf::from(&args[1])));
    let options = Serveur::options(port).max_clients(2 * CLIENTS).fournir(book);
    let serveur = options.echecs_affiches(false).ouvrir().unwrap();
    serveur.enregistrer(commandes![echo, note_twice, note_once]).unwrap();
    helper::tell(&serveur.adresse().to_string());
    serveur.lancer().unwrap();
}

/// A server that is killed and started again on the same port.
struct Returning {
    port: u16,
    book: PathBuf,
    helper: Helper,
}

impl Returning {
    fn start(name: &str) -> Returning {
        let book = std::env::temp_dir().join(format!("cconn-{name}-{}", std::process::id()));
        let mut helper = start(0, &book);
        let address = helper.hear();
        let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
        Returning { port: port.expect("a port"), book, helper }
    }

    fn client(&self) -> ClientPersistant {
        let options = Client::options(self.port).delai_reponse(MOST).echecs_affiches(false);
        options.persistant().connecter().unwrap()
    }

    /// Kills the server and starts it again after that time; returns once it listens.
    fn restart(&mut self, pause: Duration) {
        self.helper.kill();
        std::thread::sleep(pause);
        self.helper = start(self.port, &self.book);
        self.helper.hear();
    }
}

impl Drop for Returning {
    fn drop(&mut self) {
        let _never_written = fs::remove_file(&self.book);
    }
}

fn start(port: u16, book: &Path) -> Helper {
    Helper::start("returning-server", &[port.to_string(), book.display().to_string()])
}

/// What the clients of S05 share.
struct Storm {
    over: AtomicBool,
    /// How often the server has come back, and when it did last.
    returns: AtomicU64,
    returned: Mutex<Instant>,
    /// Who is back since then, and how long it took each.
    back: Mutex<Times>,
    answered: AtomicU64,
    failed: AtomicU64,
}

pub(crate) fn storm(run: &Run) {
    let mut server = Returning::start("storm");
    let clients: Vec<_> = (0..CLIENTS).map(|_| server.client()).collect();
    let storm = Storm {
        over: AtomicBool::new(false),
        returns: AtomicU64::new(0),
        returned: Mutex::new(Instant::now()),
        back: Mutex::default(),
        answered: AtomicU64::new(0),
        failed: AtomicU64::new(0),
    };
    let (mut all, mut busiest, mut dice) = (Times::default(), Times::default(), Dice::new(5));
    std::thread::scope(|scope| {
        for client in &clients {
            scope.spawn(|| call_on(run, client, &storm));
        }
        for _ in 0..run.pick(8, 200) {
            let killed = Instant::now();
            server.restart(dice.micros(400_000));
            // The pause that a client is in is at most as long as all before it were together.
            let most = BACK.max(killed.elapsed() * 3 / 2);
            *storm.returned.lock().unwrap() = Instant::now();
            storm.returns.fetch_add(1, Ordering::SeqCst);
            let mut back = all_back(run, &storm, most);
            busiest.push(back.percentile(900).saturating_sub(back.percentile(100)));
            all.extend(back);
            std::thread::sleep(GOOD + dice.micros(50_000));
        }
        storm.over.store(true, Ordering::SeqCst);
    });
    run.figure("returns of the server", storm.returns.load(Ordering::SeqCst), "");
    run.figure("calls answered", storm.answered.load(Ordering::SeqCst), "");
    run.figure("calls that failed, each with an error", storm.failed.load(Ordering::SeqCst), "");
    run.time("a client is back, median", all.percentile(500));
    run.time("the last one", all.worst());
    // Who came back in one rhythm would be there at one moment.
    let spread = busiest.percentile(500);
    run.time("nine tenths come back within, median", spread);
    run.require(spread >= Duration::from_millis(2), || format!("all at once: {spread:?}"));
    for client in clients {
        let _ended = client.eteindre();
    }
}

/// Waits until every client has been answered since the server came back.
fn all_back(run: &Run, storm: &Storm, most: Duration) -> Times {
    let start = Instant::now();
    loop {
        let mut back = storm.back.lock().unwrap();
        if back.len() >= CLIENTS || start.elapsed() > most {
            run.require(back.len() >= CLIENTS, || {
                format!("{} of {CLIENTS} are back after {most:?}", back.len())
            });
            return std::mem::take(&mut *back);
        }
        drop(back);
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn call_on(run: &Run, client: &ClientPersistant, storm: &Storm) {
    let (mut seen, mut number) = (0, 0_u64);
    while !storm.over.load(Ordering::SeqCst) {
        number += 1;
        let (bytes, returns) = (number.to_le_bytes(), storm.returns.load(Ordering::SeqCst));
        let start = Instant::now();
        match client.appeler(echo { octets: &bytes }) {
            Ok(answer) => {
                run.require(answer == bytes, || "the answer of another call".to_owned());
                storm.answered.fetch_add(1, Ordering::SeqCst);
                if returns > seen {
                    seen = returns;
                    let since = *storm.returned.lock().unwrap();
                    storm.back.lock().unwrap().push(since.elapsed());
                }
            }
            Err(error) => {
                storm.failed.fetch_add(1, Ordering::SeqCst);
                let lost = matches!(error, Erreur::Fermee(_));
                run.require(lost, || format!("after {:.1?}: {error}", start.elapsed()));
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Clients of S06.
const CALLERS: usize = 16;

/// How a call of S06 ended for its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Answered,
    NotRun,
    MayHaveRun,
}

pub(crate) fn killed(run: &Run) {
    let mut server = Returning::start("killed");
    let clients: Vec<_> = (0..CALLERS).map(|_| server.client()).collect();
    let over = AtomicBool::new(false);
    let mut dice = Dice::new(6);
    let verdicts: HashMap<u64, Verdict> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0_u64..)
            .zip(&clients)
            .map(|(first, client)| {
                let over = &over;
                scope.spawn(move || note_on(run, client, over, first))
            })
            .collect();
        for _ in 0..run.pick(8, 150) {
            // Less than that, and the clients would be waiting for most of the time.
            std::thread::sleep(GOOD + Duration::from_millis(200) + dice.micros(60_000));
            server.restart(dice.micros(10_000));
        }
        over.store(true, Ordering::SeqCst);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let written = fs::read_to_string(&server.book).unwrap_or_default();
    let mut ran: HashMap<u64, u32> = HashMap::new();
    for key in written.lines() {
        *ran.entry(key.parse().expect("a key")).or_default() += 1;
    }
    judge(run, &verdicts, &ran);
    for client in clients {
        let _ended = client.eteindre();
    }
}

/// Calls until it is over: an even key for a command that may run twice, an odd one for another.
fn note_on(
    run: &Run,
    client: &ClientPersistant,
    over: &AtomicBool,
    first: u64,
) -> Vec<(u64, Verdict)> {
    let mut verdicts = Vec::new();
    for key in (first << 32..).take_while(|_| !over.load(Ordering::SeqCst)) {
        let result = match key % 2 {
            0 => client.appeler(note_twice { key }),
            _ => client.appeler(note_once { key }),
        };
        let verdict = match result {
            Ok(answer) => {
                run.require(answer == key, || "the answer of another call".to_owned());
                Verdict::Answered
            }
            Err(error) if error.a_pu_etre_executee() => Verdict::MayHaveRun,
            Err(_) => Verdict::NotRun,
        };
        verdicts.push((key, verdict));
    }
    verdicts
}

fn judge(run: &Run, verdicts: &HashMap<u64, Verdict>, ran: &HashMap<u64, u32>) {
    let (mut twice, mut lost) = (0, 0);
    for (key, verdict) in verdicts {
        let times = ran.get(key).copied().unwrap_or(0);
        let most = if key % 2 == 0 { 2 } else { 1 };
        let right = match verdict {
            Verdict::Answered => 1..=most,
            Verdict::NotRun => 0..=0,
            Verdict::MayHaveRun => 0..=most,
        };
        run.require(right.contains(&times), || {
            format!("call {key:#x}, {verdict:?}: {times} times")
        });
        twice += u64::from(times == 2);
        lost += u64::from(*verdict == Verdict::MayHaveRun);
    }
    run.figure("calls", verdicts.len(), "");
    run.figure("that ran twice", twice, "");
    run.figure("of which nobody can say", lost, "");
    run.require(ran.keys().all(|key| verdicts.contains_key(key)), || "keys of nobody".to_owned());
    run.require(lost > 0, || "no call was hit".to_owned());
}
