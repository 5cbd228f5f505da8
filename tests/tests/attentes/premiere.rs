//! `Attente::premiere` waits for calls of several connections at once, whichever is answered first.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use cconn::{Attente, Client, Octets, OctetsRef, Serveur, nommee};
use cconn_tests::raw::{Greeting, Raw, grant};
use cconn_tests::{Stopwatch, until, with_watchdog};

use super::{LIMIT, never, with_client_of};

/// A call that is answered by then, and long before the others.
const SOON: u64 = 30;

/// The time that nothing of a test comes near.
const LONG: Duration = Duration::from_secs(10);

fn sleeps(client: &Client, millis: u64) -> Attente<()> {
    client.differer(nommee("dors", (millis,))).unwrap()
}

/// A silent peer, which greets and answers nothing: what is asked of it is never answered.
fn silent() -> (Client, Raw) {
    silent_of(&Greeting::server())
}

/// The same, with that greeting.
fn silent_of(greeting: &Greeting) -> (Client, Raw) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = Client::options(listener.local_addr().unwrap())
        .delai_arret(Duration::from_millis(30))
        .delai_lecture(Duration::from_millis(60));
    let connecting = thread::spawn(move || options.connecter().unwrap());
    let mut peer = Raw::accept(&listener);
    peer.send(&greeting.bytes());
    (connecting.join().unwrap(), peer)
}

/// A server of many clients, and one of them.
fn with_server(test: impl FnOnce(&Serveur, &Client)) {
    with_client_of(&Serveur::options(0).max_clients(120).ouvrir().unwrap(), test);
}

/// Another connection to the same server.
fn another(serveur: &Serveur) -> Client {
    Client::new(serveur.adresse()).unwrap()
}

#[test]
fn the_answer_of_any_connection_ends_the_wait() {
    with_watchdog("any connection", LIMIT, || {
        with_server(|serveur, client| {
            let (nobody, _peer) = silent();
            for clients in [[&nobody, client], [client, &nobody]] {
                let attentes = clients.map(|client| sleeps(client, SOON));
                let at = clients.iter().position(|one| std::ptr::eq(*one, client));
                assert_eq!(Attente::premiere(&attentes, LONG).unwrap(), at);
            }
            let local = &serveur.client_local().unwrap();
            for clients in [[&nobody, local], [local, &nobody]] {
                let attentes = clients.map(|client| sleeps(client, SOON));
                let at = clients.iter().position(|one| std::ptr::eq(*one, local));
                assert_eq!(Attente::premiere(&attentes, LONG).unwrap(), at);
            }
            nobody.close();
        });
    });
}

#[test]
fn connections_in_memory_alone() {
    with_watchdog("in memory", LIMIT, || {
        with_server(|serveur, _| {
            for soon in 0..3 {
                let clients = [(); 3].map(|()| serveur.client_local().unwrap());
                let call = |at: usize| match &clients[at] {
                    client if at == soon => sleeps(client, SOON),
                    client => never(client),
                };
                let attentes = [call(0), call(1), call(2)];
                assert_eq!(Attente::premiere(&attentes, LONG).unwrap(), Some(soon));
                drop(attentes);
            }
        });
    });
}

#[test]
fn all_of_many_connections_are_claimed_as_they_come() {
    with_watchdog("many connections", LIMIT, || {
        with_server(|serveur, _| {
            let clients: Vec<_> = (0..100).map(|_| another(serveur)).collect();
            let mut open: Vec<_> = (0..100).collect();
            let mut attentes: Vec<_> =
                clients.iter().zip(0..).map(|(client, n)| sleeps(client, n * 37 % 100)).collect();
            while let Some(at) = Attente::premiere(&attentes, LONG).unwrap() {
                open.swap_remove(at);
                attentes.swap_remove(at).attendre().unwrap();
            }
            assert!(open.is_empty() && attentes.is_empty());
        });
    });
}

#[test]
fn time_that_is_over_is_over_and_answers_are_still_there() {
    with_watchdog("the time", LIMIT, || {
        with_server(|serveur, client| {
            let (nobody, _peer) = silent();
            let local = serveur.client_local().unwrap();
            let attentes = [sleeps(&nobody, 0), never(client), never(&local)];
            for micros in [0, 1, 1_000, 7_000, 40_000] {
                let (begin, time) = (Instant::now(), Duration::from_micros(micros));
                assert_eq!(Attente::premiere(&attentes, time).unwrap(), None);
                assert!(begin.elapsed() >= time);
            }
            drop(attentes);
            let attentes = [sleeps(&nobody, 0), sleeps(client, SOON), sleeps(&local, SOON)];
            let ready = Attente::premiere(&attentes, Duration::MAX).unwrap().unwrap();
            assert!(ready > 0);
            let mut attentes = attentes.into_iter();
            drop(attentes.next());
            attentes.for_each(|attente| attente.attendre().unwrap());
            nobody.close();
        });
    });
}

#[test]
fn a_look_finds_an_answer_of_any_connection() {
    with_watchdog("a look", LIMIT, || {
        with_server(|serveur, client| {
            let (nobody, _peer) = silent();
            let local = serveur.client_local().unwrap();
            for answers in [client, &local] {
                let attentes = [sleeps(&nobody, 0), sleeps(answers, 0)];
                until("a look finds it", || {
                    Attente::premiere(&attentes, Duration::ZERO).unwrap() == Some(1)
                });
            }
            nobody.close();
        });
    });
}

#[test]
fn the_end_of_any_connection_ends_the_wait() {
    with_watchdog("an end", LIMIT, || {
        with_server(|serveur, client| {
            let other = another(serveur);
            for ended in 0..3 {
                let (nobody, peer) = silent();
                let attentes = [never(&other), sleeps(&nobody, 0)];
                let ending = nobody.clone();
                let end = thread::spawn(move || {
                    thread::sleep(Duration::from_millis(20));
                    match ended {
                        0 => drop(peer),
                        1 => ending.close(),
                        _ => drop(ending.eteindre()),
                    }
                });
                assert_eq!(Attente::premiere(&attentes, LONG).unwrap(), Some(1), "{ended}");
                end.join().unwrap();
                let [first, second] = attentes;
                assert!(second.attendre().is_err());
                drop(first);
            }
            client.appeler::<(), _>(nommee("dors", (0_u64,))).unwrap();
        });
    });
}

#[test]
fn a_stop_waits_for_the_call_that_is_waited_for() {
    with_watchdog("a stop", LIMIT, || {
        with_server(|serveur, client| {
            let (nobody, _peer) = silent();
            let other = another(serveur);
            let attentes = [sleeps(&nobody, 0), sleeps(&other, 100)];
            let stop = thread::spawn({
                let other = other.clone();
                move || other.eteindre()
            });
            assert_eq!(Attente::premiere(&attentes, LONG).unwrap(), Some(1));
            let [_, second] = attentes;
            second.attendre().unwrap();
            stop.join().unwrap().unwrap();
            nobody.close();
            client.appeler::<(), _>(nommee("dors", (0_u64,))).unwrap();
        });
    });
}

#[test]
fn other_threads_read_and_are_read_for() {
    with_watchdog("other threads", LIMIT, || {
        with_server(|serveur, client| {
            let (nobody, _peer) = silent();
            let other = another(serveur);
            let done = AtomicBool::new(false);
            thread::scope(|scope| {
                for client in [client, &other] {
                    scope.spawn(|| {
                        while !done.load(Ordering::Relaxed) {
                            client.appeler::<(), _>(nommee("dors", (0_u64,))).unwrap();
                        }
                    });
                }
                for round in 0..20 {
                    let clients = if round % 2 == 0 { [client, &other] } else { [&other, client] };
                    let attentes =
                        [sleeps(&nobody, 0), sleeps(clients[0], 3), sleeps(clients[1], 1)];
                    assert!(Attente::premiere(&attentes, LONG).unwrap().unwrap() > 0);
                }
                done.store(true, Ordering::Relaxed);
            });
            nobody.close();
        });
    });
}

#[test]
fn several_threads_wait_for_the_same_connections() {
    with_watchdog("several threads", LIMIT, || {
        with_server(|serveur, client| {
            let local = serveur.client_local().unwrap();
            let clients = [client.clone(), another(serveur), local, client.clone()];
            thread::scope(|scope| {
                for thread in 0..4_u64 {
                    let clients = &clients;
                    scope.spawn(move || {
                        for round in 0..10 {
                            let mut attentes: Vec<_> = clients
                                .iter()
                                .map(|client| sleeps(client, (thread + round) % 4))
                                .collect();
                            while let Some(at) = Attente::premiere(&attentes, LONG).unwrap() {
                                attentes.swap_remove(at).attendre().unwrap();
                            }
                            assert!(attentes.is_empty());
                        }
                    });
                }
            });
        });
    });
}

#[test]
fn commands_of_each_connection_run_meanwhile() {
    with_watchdog("commands", LIMIT, || {
        with_server(|serveur, client| {
            serveur
                .enregistrer_commande("rappelle", |client: &Client, (n,): (u64,)| {
                    client.appeler::<u64, _>(nommee("double", (n,)))
                })
                .unwrap();
            let local = serveur.client_local().unwrap();
            let (nobody, _peer) = silent();
            for client in [client, &local] {
                client.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
                let attentes: [Attente<u64>; 2] = [&nobody, client]
                    .map(|client| client.differer(nommee("rappelle", (21_u64,))).unwrap());
                assert_eq!(Attente::premiere(&attentes, LONG).unwrap(), Some(1));
                let [_, answered] = attentes;
                assert_eq!(answered.attendre().unwrap(), 42);
            }
            nobody.close();
        });
    });
}

/// Inside a command the turn is given up for the whole wait, so that what the peer sends meanwhile
/// runs, and is taken back.
#[test]
fn inside_a_command_the_turn_is_given_up() {
    with_watchdog("inside a command", LIMIT, || {
        with_server(|serveur, client| {
            let peer = cconn_tests::first_client(serveur);
            let (other_client, started) = (another(serveur), mpsc::channel());
            let (go, gone) = mpsc::channel();
            let gone = std::sync::Mutex::new(gone);
            let begun = started.0;
            client
                .enregistrer_commande("attend", move |client: &Client, ()| {
                    let attentes = [never(&other_client), sleeps(client, SOON)];
                    begun.send(()).unwrap();
                    Attente::premiere(&attentes, LONG).unwrap() == Some(1)
                })
                .unwrap();
            client.enregistrer_commande("passe", move |_, ()| go.send(()).unwrap()).unwrap();
            let running = thread::spawn({
                let client = client.clone();
                move || client.lancer()
            });
            let attend: Attente<bool> = peer.differer(nommee("attend", ())).unwrap();
            started.1.recv_timeout(LONG).unwrap();
            peer.envoyer(nommee("passe", ())).unwrap();
            gone.lock().unwrap().recv_timeout(LONG).unwrap();
            assert!(attend.attendre().unwrap());
            client.close();
            running.join().unwrap().unwrap();
        });
    });
}

#[test]
fn a_flood_on_one_connection_starves_no_other() {
    with_watchdog("a flood", LIMIT, || {
        with_server(|serveur, client| {
            serveur
                .enregistrer_commande("inonde", |client: &Client, ()| {
                    while !client.est_annule() {
                        let _ended = client.envoyer(nommee("goutte", ()));
                    }
                })
                .unwrap();
            for flooded in [another(serveur), serveur.client_local().unwrap()] {
                flooded.enregistrer_commande("goutte", |_, ()| ()).unwrap();
                let flood: Attente<()> = flooded.differer(nommee("inonde", ())).unwrap();
                let attentes = [flood, sleeps(client, SOON)];
                assert_eq!(Attente::premiere(&attentes, LONG).unwrap(), Some(1));
                // The flood ends with the wish for its end.
                drop(attentes);
            }
        });
    });
}

#[test]
fn a_peer_that_reads_nothing_holds_up_no_other() {
    with_watchdog("a full socket", LIMIT, || {
        with_server(|_, client| {
            let (full, _peer) = silent_of(&Greeting { window: 1 << 60, ..Greeting::server() });
            let block = vec![7_u8; 60_000];
            let quick = full.avec_delai(Duration::from_millis(50));
            let stuck = sleeps(&full, 0);
            while quick.envoyer(nommee("bloc", (OctetsRef(&block),))).is_ok() {}
            let attentes = [stuck, sleeps(client, SOON)];
            let watch = Stopwatch::start();
            assert_eq!(Attente::premiere(&attentes, LONG).unwrap(), Some(1));
            assert!(watch.elapsed() < Duration::from_secs(5), "no wait for the full socket");
            full.close();
        });
    });
}

#[test]
fn a_peer_that_sends_what_changes_nothing_holds_up_no_other() {
    with_watchdog("waste", LIMIT, || {
        with_server(|_, client| {
            let (wasteful, mut peer) = silent();
            let attentes = [sleeps(&wasteful, 0), sleeps(client, 150)];
            peer.send(&grant(0, 0).repeat(20_000));
            let watch = Stopwatch::start();
            assert_eq!(Attente::premiere(&attentes, LONG).unwrap(), Some(1));
            assert!(watch.elapsed() < Duration::from_secs(5), "no wait for what may be read later");
            wasteful.close();
        });
    });
}

#[test]
fn a_message_that_is_begun_and_not_ended_ends_its_connection() {
    with_watchdog("half a message", LIMIT, || {
        with_server(|_, client| {
            let (slow, mut peer) = silent();
            let attentes = [never(client), sleeps(&slow, 0)];
            peer.send(&[40, 0]);
            assert_eq!(Attente::premiere(&attentes, LONG).unwrap(), Some(1));
            let [_, second] = attentes;
            let text = second.attendre().unwrap_err().to_string();
            assert!(text.contains("message"), "{text}");
        });
    });
}

#[test]
fn a_large_answer_arrives_in_pieces() {
    with_watchdog("a large answer", LIMIT, || {
        with_server(|serveur, client| {
            serveur.enregistrer_commande("donne", |_, (n,): (usize,)| Octets(vec![7; n])).unwrap();
            let local = serveur.client_local().unwrap();
            let (nobody, _peer) = silent();
            for client in [client, &local] {
                let give = |client: &Client, n: usize| -> Attente<Octets> {
                    client.differer(nommee("donne", (n,))).unwrap()
                };
                let attentes = [give(&nobody, 1), give(client, 3 << 20)];
                assert_eq!(Attente::premiere(&attentes, LONG).unwrap(), Some(1));
                let [_, large] = attentes;
                assert_eq!(large.attendre().unwrap().0.len(), 3 << 20);
            }
            nobody.close();
        });
    });
}

#[test]
fn answers_that_are_there_already() {
    with_watchdog("there already", LIMIT, || {
        with_server(|serveur, client| {
            let other = another(serveur);
            let attentes = [sleeps(client, 0), sleeps(&other, 0)];
            thread::sleep(Duration::from_millis(60));
            let ready = Attente::premiere(&attentes, LONG).unwrap();
            assert!(ready.is_some());
            let attentes: [Attente<()>; 0] = [];
            assert_eq!(Attente::premiere(&attentes, LONG).unwrap(), None);
        });
    });
}
