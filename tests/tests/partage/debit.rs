//! Peers that keep to the rules and send as fast as they may hold up nobody but themselves.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use cconn::{Erreur, Serveur, nommee};
use cconn_tests::raw::{Flood, call, cancel, failure, grant, one_way};
use cconn_tests::{Stopwatch, with_watchdog};

use super::LIMIT;

/// What a command without arguments counts against the window.
const CHARGE: u64 = 64;

/// Clients that flood at a time.
const FLOODERS: usize = 12;

/// What a stop and a broadcast may take. A second or so is usual; a machine whose processors are
/// all busy may need several: `endurance L10` measures beside as many threads that only burn. It is
/// time that this process had.
const COARSE: Duration = Duration::from_secs(8);

/// One flood at a time, or it is measured what the machine can bear.
static ALONE: Mutex<()> = Mutex::new(());

/// Grace of the servers here.
const GRACE: Duration = Duration::from_millis(100);

/// Has clients flood a server with that frame; returns how long one broadcast and the stop took.
fn stopped_under(frame: &[u8], charge: u64) -> [Duration; 2] {
    let serveur = Serveur::options(0).max_clients(FLOODERS).delai_arret(GRACE).ouvrir().unwrap();
    serveur.enregistrer_commande("note", |_, (): ()| {}).unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    let address = serveur.adresse().socket().unwrap();
    let floods: Vec<_> = (0..FLOODERS).map(|_| Flood::start(address, frame, charge)).collect();
    while serveur.clients().len() < FLOODERS {
        thread::yield_now();
    }
    // The floods come up to their full height.
    thread::sleep(Duration::from_millis(150));
    let watch = Stopwatch::start();
    serveur.diffuser(nommee("bonjour", ())).unwrap();
    let told = watch.elapsed();
    let watch = Stopwatch::start();
    let result = serveur.eteindre();
    let stopped = watch.elapsed();
    assert!(matches!(result, Ok(()) | Err(Erreur::Delai(_))), "{result:?}");
    let _same = lancer.join().unwrap();
    floods.into_iter().for_each(Flood::join);
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
fn grants_of_nothing_do_not_hold_up_a_stop() {
    in_time("grants", &grant(0, 0), 0);
}

#[test]
fn failures_of_nobody_do_not_hold_up_a_stop() {
    in_time("failures", &failure(0, "note", 1, b""), 0);
}
