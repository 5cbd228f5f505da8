//! What an error says of where a call was when its deadline passed.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cconn::erreur::{Delai, Etape, Phase};
use cconn::{Client, Erreur, Serveur, commande, commandes};
use cconn_tests::raw::{Greeting, Raw, Seen, hash};
use cconn_tests::{undisturbed, with_watchdog};

use super::{LIMIT, Running};

/// The deadline of calls that are to pass it.
const SHORT: Duration = Duration::from_millis(150);

/// How long a slow command takes: far more than that.
const SLOW: Duration = Duration::from_millis(600);

/// For how long the process may be held up, and a slow command be still under way when a short
/// deadline has passed.
const BEARABLE: Duration = Duration::from_millis(50);

#[commande]
fn lente() {
    thread::sleep(SLOW);
}

#[commande(parallele)]
fn a_part() {
    thread::sleep(SLOW);
}

#[commande]
fn rapide() -> u8 {
    7
}

#[commande]
fn avaler(octets: Vec<u8>) -> usize {
    octets.len()
}

fn running() -> Running {
    let serveur = Serveur::new(0).unwrap();
    serveur.enregistrer(commandes![lente, a_part, rapide, avaler]).unwrap();
    Running::of(serveur)
}

/// What the error says of a call whose deadline passed.
fn late<T: std::fmt::Debug, E: std::fmt::Debug>(result: Result<T, Erreur<E>>) -> Delai {
    match result {
        Err(Erreur::Delai(delai)) => *delai,
        other => panic!("{other:?}"),
    }
}

/// What it says in short.
fn said(delai: &Delai) -> (Option<Etape>, Option<&str>, bool) {
    (delai.etape, delai.derriere.as_deref(), delai.a_pu_etre_executee)
}

#[test]
fn a_call_behind_a_slow_one_names_it() {
    with_watchdog("behind a slow call", LIMIT, || {
        undisturbed(BEARABLE, || {
            let running = running();
            let client = running.client();
            let slow = client.differer(lente {}).unwrap();
            let delai = late(client.avec_delai(SHORT).appeler(rapide {}));
            assert_eq!(delai.derriere.as_deref(), Some("lente"), "{delai}");
            let text = delai.to_string();
            let told = delai.etape == Some(Etape::NonCommencee);
            let wanted = if told { "`lente` was running" } else { "it may wait behind `lente`" };
            assert!(text.contains(wanted), "{text}");
            // The same of a deferred call, by name, and behind the second of two.
            let attente = client.avec_delai(SHORT).differer(rapide {}).unwrap();
            assert_eq!(late(attente.attendre()).derriere.as_deref(), Some("lente"));
            slow.attendre().unwrap();
            assert_eq!(client.appeler(rapide {}).unwrap(), 7);
            let _second = client.differer(lente {}).unwrap();
            let named = cconn::nommee("rapide", ());
            let delai = late(client.avec_delai(SHORT).appeler::<u8, _>(named));
            assert_eq!(delai.derriere.as_deref(), Some("lente"), "{delai}");
            running.stop().unwrap();
        });
    });
}

#[test]
fn another_threads_slow_call_is_named_too() {
    with_watchdog("behind another thread", LIMIT, || {
        undisturbed(BEARABLE, || {
            let running = running();
            let client = running.client();
            let other = client.clone();
            let (sent, is_sent) = mpsc::channel();
            let thread = thread::spawn(move || {
                sent.send(()).unwrap();
                other.appeler(lente {})
            });
            is_sent.recv().unwrap();
            // Until the other's call is on its way, this one is answered.
            let delai = loop {
                match client.avec_delai(SHORT).appeler(rapide {}) {
                    Ok(_) => thread::yield_now(),
                    error => break late(error),
                }
            };
            assert_eq!(delai.derriere.as_deref(), Some("lente"), "{delai}");
            thread.join().unwrap().unwrap();
            running.stop().unwrap();
        });
    });
}

#[test]
fn a_call_that_was_given_up_may_still_hold_others_up() {
    with_watchdog("behind one given up", LIMIT, || {
        undisturbed(BEARABLE, || {
            let running = running();
            let client = running.client();
            let brief = client.avec_delai(SHORT);
            let first = late(brief.appeler(lente {}));
            assert_eq!((first.derriere.clone(), first.a_pu_etre_executee), (None, true), "{first}");
            let second = late(brief.appeler(rapide {}));
            assert_eq!(second.derriere.as_deref(), Some("lente"), "{second}");
            let again = late(brief.appeler(rapide {}));
            assert_eq!(again.derriere.as_deref(), Some("lente"), "{again}");
            // Its late answer comes before that of the next call, and is no hint any more.
            assert_eq!(client.appeler(rapide {}).unwrap(), 7);
            let third = late(brief.appeler(lente {}));
            assert_eq!(third.derriere, None, "{third}");
            running.stop().unwrap();
        });
    });
}

#[test]
fn a_call_behind_messages_says_so() {
    with_watchdog("behind messages", LIMIT, || {
        undisturbed(BEARABLE, || {
            let running = running();
            let client = running.client();
            assert_eq!(client.appeler(rapide {}).unwrap(), 7);
            client.envoyer(lente {}).unwrap();
            let delai = late(client.avec_delai(SHORT).appeler(rapide {}));
            // Whether the peer was asked in time, nobody knows: it looks only now and then.
            if delai.etape != Some(Etape::NonCommencee) {
                assert_eq!(said(&delai), (Some(Etape::DerriereDesMessages), None, true), "{delai}");
            }
            running.stop().unwrap();
        });
    });
}

#[test]
fn a_call_that_a_later_one_passed_has_most_likely_started() {
    with_watchdog("passed", LIMIT, || {
        undisturbed(BEARABLE, || {
            let running = running();
            let client = running.client();
            let slow = client.avec_delai(SHORT).differer(a_part {}).unwrap();
            assert_eq!(client.appeler(rapide {}).unwrap(), 7);
            let delai = late(slow.attendre());
            assert!(matches!(delai.etape, Some(Etape::Depassee | Etape::EnCours)), "{delai}");
            assert!(delai.a_pu_etre_executee && delai.derriere.is_none(), "{delai}");
            // It holds nobody up.
            let lonely = late(client.avec_delai(SHORT).appeler(lente {}));
            assert!(matches!(lonely.etape, Some(Etape::Envoyee | Etape::EnCours)), "{lonely}");
            assert!(lonely.a_pu_etre_executee && lonely.derriere.is_none(), "{lonely}");
            running.stop().unwrap();
        });
    });
}

/// A client that the server asks for something, and what that says then.
fn asked_by_the_server(run: bool, ask: impl FnOnce(&Client)) {
    let (arrived, arrival) = mpsc::channel();
    let options = Serveur::options(0).quand_connecte(move |client| {
        arrived.send(client.clone()).unwrap();
    });
    let running = Running::new(options);
    let client = running.client();
    client.enregistrer(commandes![lente, rapide]).unwrap();
    let runs = client.clone();
    let lancer = run.then(|| thread::spawn(move || runs.lancer()));
    ask(&arrival.recv().unwrap());
    client.close();
    if let Some(lancer) = lancer {
        lancer.join().unwrap().unwrap();
    }
    running.stop().unwrap();
}

#[test]
fn a_client_that_forgot_lancer_is_asked_about() {
    with_watchdog("no lancer", LIMIT, || {
        undisturbed(BEARABLE, || {
            asked_by_the_server(false, |client| {
                let delai = late(client.avec_delai(SHORT).appeler(rapide {}));
                assert!(
                    matches!(delai.etape, Some(Etape::SansReponse | Etape::NonEcoutee)),
                    "{delai}"
                );
                let text = delai.to_string();
                assert!(text.contains("does it call `ecouter`, or run `lancer`?"), "{text}");
            });
            // One that does, and has answered, is not suspected.
            asked_by_the_server(true, |client| {
                assert_eq!(client.appeler(rapide {}).unwrap(), 7);
                let delai = late(client.avec_delai(SHORT).appeler(lente {}));
                assert!(matches!(delai.etape, Some(Etape::Envoyee | Etape::EnCours)), "{delai}");
                assert!(delai.a_pu_etre_executee, "{delai}");
                assert!(!delai.to_string().contains("lancer"), "{delai}");
            });
        });
    });
}

/// A server that says nothing but its greeting.
fn greeted(listener: &TcpListener, greeting: &Greeting) -> Raw {
    let mut raw = Raw::accept(listener);
    raw.send(&greeting.bytes());
    raw.greeting();
    raw
}

#[test]
fn unsent_messages_do_not_run_and_waiting_ones_were_not_sent() {
    // [command.no-hash] [cancel.unsent]
    with_watchdog("outbox and window", LIMIT, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (most, window) = (32 << 20, 2 * ((32 << 20) + 64));
        let greeting = Greeting { max_frame: most, window, ..Greeting::server() };
        let (go_on, may_read) = mpsc::channel::<()>();
        let peer = thread::spawn(move || {
            let raw = greeted(&listener, &greeting);
            may_read.recv().unwrap();
            raw.filter(|seen| !matches!(seen, Seen::Adieu { .. })).collect::<Vec<_>>()
        });
        let client = Client::new(address).unwrap().avec_delai(SHORT);
        // More than the sockets hold, less than what may wait here.
        let begun = late(client.appeler(avaler { octets: vec![1; 24 << 20] }));
        assert!(begun.a_pu_etre_executee, "bytes of it have left: {begun}");
        let kept = late(client.appeler(rapide {}));
        assert_eq!(said(&kept), (said(&kept).0, None, false), "{kept}");
        assert!(matches!(kept.etape, Some(Etape::Envoi | Etape::Fenetre)), "{kept}");
        let attente = client.avec_delai(SHORT).essayer_appel(rapide {});
        if let Ok(attente) = attente {
            assert_eq!(said(&late(attente.attendre())), (Some(Etape::Envoi), None, false));
        }
        go_on.send(()).unwrap();
        client.avec_delai(LIMIT).vider().unwrap();
        client.close();
        let seen = peer.join().unwrap();
        let commands: Vec<u64> = seen
            .iter()
            .filter_map(|seen| match seen {
                Seen::Call { command, .. } => Some(*command),
                _ => None,
            })
            .collect();
        assert!(!commands.contains(&hash("rapide")), "what never left is not to be run");
        assert_eq!(commands.first(), Some(&hash("avaler")));
    });
}

#[test]
fn a_message_that_waits_for_window_says_so() {
    with_watchdog("window", LIMIT, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let greeting = Greeting::server();
        let peer = thread::spawn(move || greeted(&listener, &greeting).rest());
        let client = Client::new(address).unwrap().avec_delai(SHORT);
        for _ in 0..2 {
            client.envoyer(avaler { octets: vec![1; 1_000_000] }).unwrap();
        }
        let delai = late(client.appeler(avaler { octets: vec![1; 1_000_000] }));
        assert_eq!(delai.phase, Phase::Fenetre);
        assert_eq!(said(&delai), (Some(Etape::Fenetre), None, false), "{delai}");
        client.close();
        peer.join().unwrap();
    });
}
