//! Peers that keep to the rules and send as fast as they may hold up nobody but themselves.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cconn::{Erreur, Serveur, nommee};
use cconn_tests::raw::{self, Greeting, call, cancel, failure, one_way};
use cconn_tests::with_watchdog;

use super::LIMIT;

/// Frames that are sent in one piece.
const BLOCK: usize = 500;

/// What a command without arguments counts against the window.
const CHARGE: u64 = 64;

/// Clients that flood at a time.
const FLOODERS: usize = 12;

/// What a stop and a broadcast may take. A second or so is usual; a machine whose processors are
/// all busy may need several. How a busy lock is given up is tested where that is done.
const COARSE: Duration = Duration::from_secs(8);

/// One flood at a time, or it is measured what the machine can bear.
static ALONE: Mutex<()> = Mutex::new(());

/// Grace of the servers here.
const GRACE: Duration = Duration::from_millis(100);

/// A client that sends that frame again and again, as far as its window allows, and reads what
/// comes back.
fn flood(address: SocketAddr, frame: &[u8], charge: u64) -> [JoinHandle<()>; 2] {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&Greeting { window: 1 << 50, ..Greeting::client() }.bytes()).unwrap();
    let (greeting, _) = raw::greeting(&mut stream);
    assert_eq!(greeting[14], 0, "let in");
    let window = u64::from_le_bytes(greeting[20..28].try_into().unwrap());
    let granted = Arc::new(AtomicU64::new(window));
    let (block, mut answers) = (frame.repeat(BLOCK), stream.try_clone().unwrap());
    let grants = granted.clone();
    let reads = thread::spawn(move || {
        let (mut prefix, mut frame) = ([0; 4], Vec::new());
        while answers.read_exact(&mut prefix).is_ok() {
            frame.resize(u32::from_le_bytes(prefix) as usize, 0);
            if answers.read_exact(&mut frame).is_err() {
                break;
            }
            if let [7, 0, bytes @ ..] = &*frame {
                let bytes = u64::from_le_bytes(bytes.try_into().unwrap());
                grants.fetch_add(bytes, Ordering::Relaxed);
            }
        }
        let _gone = answers.shutdown(Shutdown::Both);
    });
    let ended = Arc::downgrade(&granted);
    let sends = thread::spawn(move || {
        let (charge, mut used) = (charge * BLOCK as u64, 0);
        while ended.strong_count() == 2 {
            if used + charge > granted.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_micros(100));
                continue;
            }
            used += charge;
            if stream.write_all(&block).is_err() {
                break;
            }
        }
    });
    [reads, sends]
}

/// Has clients flood a server with that frame; returns how long one broadcast and the stop took.
fn stopped_under(frame: &[u8], charge: u64) -> [Duration; 2] {
    let serveur = Serveur::options(0).max_clients(FLOODERS).delai_arret(GRACE).ouvrir().unwrap();
    serveur.enregistrer_commande("note", |_, (): ()| {}).unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    let floods: Vec<_> =
        (0..FLOODERS).map(|_| flood(serveur.adresse().socket().unwrap(), frame, charge)).collect();
    while serveur.clients().len() < FLOODERS {
        thread::yield_now();
    }
    // The floods come up to their full height.
    thread::sleep(Duration::from_millis(150));
    let start = Instant::now();
    serveur.diffuser(nommee("bonjour", ())).unwrap();
    let told = start.elapsed();
    let start = Instant::now();
    let result = serveur.eteindre();
    let stopped = start.elapsed();
    assert!(matches!(result, Ok(()) | Err(Erreur::Delai(_))), "{result:?}");
    let _same = lancer.join().unwrap();
    floods.into_iter().flatten().for_each(|thread| thread.join().unwrap());
    [told, stopped]
}

#[track_caller]
fn in_time(what: &str, frame: &[u8], charge: u64) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    with_watchdog(what, LIMIT, || {
        let [told, stopped] = stopped_under(frame, charge);
        assert!(told < COARSE, "{what}: told in {told:?}");
        assert!(stopped < COARSE, "{what}: stopped in {stopped:?}");
    });
}

#[test]
fn unknown_calls_do_not_hold_up_a_stop() {
    in_time("unknown calls", &call(7, "inconnue", &[]), CHARGE);
}

#[test]
fn unknown_one_ways_do_not_hold_up_a_stop() {
    in_time("unknown one-ways", &one_way("inconnue", &[]), CHARGE);
}

#[test]
fn cheap_one_ways_do_not_hold_up_a_stop() {
    in_time("one-ways", &one_way("note", &[]), CHARGE);
}

#[test]
fn cheap_calls_do_not_hold_up_a_stop() {
    in_time("calls", &call(7, "note", &[]), CHARGE);
}

#[test]
fn bad_arguments_do_not_hold_up_a_stop() {
    in_time("bad arguments", &one_way("note", &[1, 2, 3]), CHARGE + 3);
}

#[test]
fn cancels_do_not_hold_up_a_stop() {
    in_time("cancels", &cancel(9), 0);
}

#[test]
fn failures_of_nobody_do_not_hold_up_a_stop() {
    in_time("failures", &failure(0, "note", 1, b""), 0);
}
