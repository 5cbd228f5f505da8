//! A short wait ends within a millisecond of what it was told, and never before.
//!
//! How long a wait takes beyond its time depends on what else the machine does. So each is tried
//! until it is in time, and compared with a plain sleep at the same moment: what the kernel's ticks
//! add, they add every time, and not to a sleep.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use cconn::erreur::{Etape, Phase};
use cconn::{Attente, Client, Erreur, OctetsRef, nommee};
use cconn_tests::raw::{Greeting, Raw};
use cconn_tests::with_watchdog;

use super::{LIMIT, with_client};

/// Some seconds of tries at most, which a machine whose processors are all busy may need.
const TRIES: u32 = 100;

/// Windows lets a thread sleep to the next tick of its clock, of which one lasts some 15 ms.
const LATE: Duration = Duration::from_millis(if cfg!(windows) { 40 } else { 1 });

fn took(wait: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    wait();
    begin.elapsed()
}

/// Waits of those lengths in microseconds take as long, by their own measure.
fn assert_takes(what: &str, micros: &[u64], mut wait: impl FnMut(Duration) -> Duration) {
    for time in micros.iter().copied().map(Duration::from_micros) {
        let in_time = (0..TRIES).any(|_| {
            let slept = took(|| thread::sleep(time));
            let waited = wait(time);
            assert!(waited >= time, "{what}: {time:?} took {waited:?}");
            waited.saturating_sub(slept) < LATE
        });
        assert!(in_time, "{what}: {time:?} took {LATE:?} more than a sleep, {TRIES} times");
    }
}

fn assert_in_time(what: &str, micros: &[u64], mut wait: impl FnMut(Duration)) {
    assert_takes(what, micros, |time| took(|| wait(time)));
}

const TIMES: [u64; 8] = [1, 100, 1_000, 3_000, 6_000, 10_000, 37_000, 85_000];

#[test]
fn a_wait_for_an_answer() {
    with_watchdog("attendre_au_plus", LIMIT, || {
        let (client, _peer) = client_of_a_silent_peer(Greeting::server().window);
        let mut attente: Attente<()> = client.differer(nommee("dors", ())).unwrap();
        assert_in_time("attendre_au_plus", &TIMES, |time| {
            assert!(attente.attendre_au_plus(time).is_none());
        });
        client.close();
    });
}

#[test]
fn a_wait_for_the_first_of_two() {
    with_watchdog("premiere", LIMIT, || {
        let (client, _peer) = client_of_a_silent_peer(Greeting::server().window);
        let call = || -> Attente<()> { client.differer(nommee("dors", ())).unwrap() };
        let attentes = [call(), call()];
        assert_in_time("premiere", &TIMES, |time| {
            assert_eq!(Attente::premiere(&attentes, time).unwrap(), None);
        });
        client.close();
    });
}

#[test]
fn a_wait_for_the_first_of_two_connections() {
    with_watchdog("premiere over two", LIMIT, || {
        let (one, _its_peer) = client_of_a_silent_peer(Greeting::server().window);
        let (other, _peer) = client_of_a_silent_peer(Greeting::server().window);
        let attentes = [&one, &other]
            .map(|client| -> Attente<()> { client.differer(nommee("dors", ())).unwrap() });
        assert_in_time("premiere", &TIMES, |time| {
            assert_eq!(Attente::premiere(&attentes, time).unwrap(), None);
        });
        one.close();
        other.close();
    });
}

#[test]
fn a_call_with_a_short_deadline() {
    with_watchdog("avec_delai", LIMIT, || {
        with_client(|_, client| {
            assert_takes("appeler", &[500, 5_000, 20_000], |time| {
                loop {
                    let pressed = client.avec_delai(time);
                    let begin = Instant::now();
                    let answer = pressed.appeler::<(), _>(nommee("dors", (50_u64,)));
                    let took = begin.elapsed();
                    let late = match answer {
                        Err(Erreur::Delai(late)) => late,
                        Err(error) if error.est_hors_delai() => continue,
                        answer => panic!("{answer:?}"),
                    };
                    assert_eq!(late.phase, Phase::Reponse);
                    // One that has not been started shortly before its deadline ends then.
                    if late.etape != Some(Etape::NonCommencee) {
                        return took;
                    }
                }
            });
        });
    });
}

#[test]
fn a_wait_for_one_of_a_handle_with_a_short_deadline() {
    with_watchdog("attendre", LIMIT, || {
        with_client(|_, client| {
            // Its time counts from the call on.
            assert_in_time("attendre", &[1_500, 12_000], |time| {
                let call = client.avec_delai(time).differer::<(), _>(nommee("dors", (60_u64,)));
                assert!(call.unwrap().attendre().is_err());
            });
        });
    });
}

/// A client of a peer that greets with that window and then neither reads nor says anything.
fn client_of_a_silent_peer(window: u64) -> (Client, Raw) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connecting = thread::spawn(move || Client::new(address).unwrap());
    let mut peer = Raw::accept(&listener);
    peer.send(&Greeting { window, ..Greeting::server() }.bytes());
    (connecting.join().unwrap(), peer)
}

#[test]
fn waits_for_window_and_for_room() {
    with_watchdog("window and room", LIMIT, || {
        let block = vec![7_u8; 60_000];
        for window in [Greeting::server().window, 1 << 60] {
            let (client, _peer) = client_of_a_silent_peer(window);
            let quick = client.avec_delai(Duration::from_millis(100));
            while quick.envoyer(nommee("bloc", (OctetsRef(&block),))).is_ok() {}
            assert_in_time("envoyer", &[1_000, 7_000, 25_000], |time| {
                let sent = client.avec_delai(time).envoyer(nommee("bloc", (OctetsRef(&block),)));
                assert!(matches!(sent, Err(Erreur::Delai(d)) if d.phase == Phase::Fenetre));
            });
            if window == 1 << 60 {
                assert_in_time("vider", &[1_000, 7_000, 25_000], |time| {
                    assert!(client.avec_delai(time).vider().is_err());
                });
            }
            client.close();
        }
    });
}

#[test]
fn a_greeting_that_does_not_come() {
    with_watchdog("a greeting", LIMIT, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_in_time("connecter", &[9_000, 33_000], |time| {
            let options = Client::options(listener.local_addr().unwrap()).delai_connexion(time);
            assert!(options.connecter().is_err());
        });
    });
}

#[test]
fn a_stop_with_a_short_grace() {
    with_watchdog("eteindre", LIMIT, || {
        assert_takes("eteindre", &[9_000, 33_000], |time| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let options = Client::options(listener.local_addr().unwrap()).delai_arret(time);
            let connecting = thread::spawn(|| options.connecter().unwrap());
            let mut peer = Raw::accept(&listener);
            peer.send(&Greeting::server().bytes());
            let client = connecting.join().unwrap();
            took(|| assert!(client.eteindre().is_err()))
        });
    });
}
