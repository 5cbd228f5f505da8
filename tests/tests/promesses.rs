//! What the README and the guide promise, where no other test shows it from a user's side.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::erreur::{EchecConnexion, NatureDistante, RaisonFin, RaisonNonEnvoi};
use cconn::{Client, Erreur, OptionsServeur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{hex, local, with_watchdog};

const LIMIT: Duration = Duration::from_secs(20);

/// The greeting of a client with the usual limits.
const GREETING: &str = "
    63 63 6f 6e 6e 0d 0a 00 # magic
    01 00 12 00             # version 1, 18 bytes follow
    00 01 00 00             # a client, codec 1
    00 00 80 00             # frames of 8 MiB
    80 00 00 01 00 00 00 00 # window of twice that and two overheads
    00 00                   # no text";

/// A peer that greets and does nothing more, and the server's end of its connection.
fn idle_peer(options: OptionsServeur) -> (Serveur, TcpStream, Client) {
    let (sender, arrivals) = mpsc::channel();
    let serveur = options
        .quand_connecte(move |client| sender.send(client.clone()).unwrap())
        .ouvrir()
        .unwrap();
    thread::spawn({
        let serveur = serveur.clone();
        move || serveur.lancer()
    });
    let mut peer = TcpStream::connect(serveur.adresse()).unwrap();
    peer.write_all(&hex::parse(GREETING).unwrap()).unwrap();
    let client = arrivals.recv().unwrap();
    (serveur, peer, client)
}

fn how_it_ended(outcome: Resultat<()>) -> RaisonFin {
    match outcome {
        Err(Erreur::Fermee(fermee)) => fermee.raison,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_peer_that_does_not_read_is_slowed_down_then_cut() {
    with_watchdog("slow peer", LIMIT, || {
        let (_serveur, _peer, client) =
            idle_peer(Serveur::options(0).delai_ecriture(Duration::from_millis(400)));
        let block = vec![7_u8; 60_000];
        let first_error = loop {
            let sent = client.envoyer(nommee("bloc", (&block[..],)));
            if sent.is_err() {
                break sent;
            }
        };
        // The kernel watches over the same time, and may be the first to find out.
        let raison = how_it_ended(first_error);
        assert!(matches!(raison, RaisonFin::PairLent | RaisonFin::Coupee), "{raison}");
    });
}

/// A server with room for one client, which has `eteindre` called by a hook; it runs.
fn stopped_by_a_hook(
    hook: fn(OptionsServeur, Box<dyn Fn() + Send + Sync>) -> OptionsServeur,
) -> (Serveur, JoinHandle<Resultat<()>>) {
    let itself = Arc::new(OnceLock::<Serveur>::new());
    let stop = {
        let itself = itself.clone();
        Box::new(move || itself.get().unwrap().eteindre().unwrap())
    };
    let serveur = hook(Serveur::options(0), stop).ouvrir().unwrap();
    assert!(itself.set(serveur.clone()).is_ok());
    let running = thread::spawn({
        let serveur = serveur.clone();
        move || serveur.lancer()
    });
    (serveur, running)
}

#[test]
fn a_server_that_never_ran_stops_its_local_clients_too() {
    with_watchdog("never ran", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let client = serveur.client_local().unwrap();
        // For certain among the clients once a command has been asked for.
        assert!(client.appeler::<(), _>(nommee("absente", ())).is_err());
        serveur.eteindre().unwrap();
        assert!(serveur.clients().is_empty());
    });
}

#[test]
fn a_server_is_stopped_from_inside_its_hooks() {
    with_watchdog("stopped by hooks", LIMIT, || {
        let (serveur, running) =
            stopped_by_a_hook(|options, stop| options.quand_deconnecte(move |_, _| stop()));
        Client::new(serveur.adresse()).unwrap().eteindre().unwrap();
        running.join().unwrap().unwrap();

        let (serveur, running) =
            stopped_by_a_hook(|options, stop| options.quand_refuse(move |_, _| stop()));
        let _first = Client::new(serveur.adresse()).unwrap();
        assert!(Client::new(serveur.adresse()).is_err());
        running.join().unwrap().unwrap();
    });
}

/// What a stop that can't be in order says of what it left.
fn left_by_stop(serveur: &Serveur) -> String {
    match serveur.eteindre() {
        Err(error @ Erreur::Delai(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stop_that_cuts_a_silent_peer_leaves_no_thread() {
    with_watchdog("silent peer", LIMIT, || {
        let options = Serveur::options(0).delai_arret(Duration::from_millis(50));
        let (serveur, _peer, _client) = idle_peer(options);
        let left = left_by_stop(&serveur);
        assert!(left.contains("1 connection was cut: "), "{left}");
    });
}

#[test]
fn a_stop_tells_of_a_thread_that_is_inside_a_command() {
    with_watchdog("stuck command", LIMIT, || {
        let serveur = Serveur::options(0).delai_arret(Duration::from_millis(50)).ouvrir().unwrap();
        let (begins, begun) = mpsc::channel();
        let (sender, hangs_up) = mpsc::channel::<()>();
        let hangs_up = Mutex::new(hangs_up);
        let stuck = move |_: &Client, (): ()| {
            begins.send(()).unwrap();
            let _hung_up = hangs_up.lock().unwrap().recv();
        };
        serveur.enregistrer_commande("bloquee", stuck).unwrap();
        let client = serveur.client_local().unwrap();
        client.envoyer(nommee("bloquee", ())).unwrap();
        begun.recv().unwrap();
        let left = left_by_stop(&serveur);
        assert!(left.contains("1 connection was cut, 1 thread is"), "{left}");
        drop(sender);
    });
}

/// Connects to another server, sends, and drops its handle.
#[commande]
fn relayer(port: u16) -> Resultat<()> {
    Client::new(port)?.envoyer(somme { a: 1, b: 2 })
}

#[test]
fn a_client_dropped_inside_a_command_ends_in_order() {
    with_watchdog("dropped inside", LIMIT, || {
        let (sender, ends) = mpsc::channel();
        let other = Serveur::options(0)
            .quand_deconnecte(move |_, end| sender.send(end).unwrap())
            .ouvrir()
            .unwrap();
        other.enregistrer(commandes![somme]).unwrap();
        let port = other.adresse().port().unwrap();
        thread::spawn(move || other.lancer());
        let (serveur, client) = local();
        serveur.enregistrer(commandes![relayer]).unwrap();
        client.appeler(relayer { port }).unwrap();
        ends.recv().unwrap().unwrap();
    });
}

#[test]
fn an_end_without_goodbye_is_a_cut() {
    with_watchdog("cut", LIMIT, || {
        let (serveur, mut peer, client) = idle_peer(Serveur::options(0));
        peer.shutdown(Shutdown::Write).unwrap();
        peer.read_to_end(&mut Vec::new()).unwrap();
        let late = client.appeler::<(), _>(nommee("absente", ()));
        assert_eq!(how_it_ended(late), RaisonFin::Coupee);
        serveur.eteindre().unwrap();
    });
}

#[commande]
fn paniquer() {
    panic!("as the test wants it");
}

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

/// Bounces to and fro between both sides.
#[commande]
fn rebond(client: &Client, n: u32) -> Resultat<u32> {
    if n == 0 { Ok(0) } else { client.appeler(rebond { n: n - 1 }).map(|below| below + 1) }
}

#[test]
fn a_panic_harms_neither_its_connection_nor_another() {
    with_watchdog("panic", LIMIT, || {
        let serveur = Serveur::options(0).max_clients(2).ouvrir().unwrap();
        serveur.enregistrer(commandes![paniquer, somme]).unwrap();
        let clients = [serveur.client_local().unwrap(), serveur.client_local().unwrap()];
        let Err(Erreur::Distante(why)) = clients[0].appeler(paniquer {}) else { panic!("ran") };
        assert_eq!(why.nature, NatureDistante::Panique);
        for client in &clients {
            assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
        }
    });
}

#[test]
fn a_message_over_the_limit_is_not_sent_and_the_connection_lives() {
    with_watchdog("too large", LIMIT, || {
        let serveur = Serveur::options(0).taille_max(4096).ouvrir().unwrap();
        serveur.enregistrer(commandes![somme]).unwrap();
        let client = serveur.client_local().unwrap();
        let error = client.envoyer(nommee("bloc", (&[7_u8; 5000][..],))).unwrap_err();
        let Erreur::NonEnvoyee(why) = &error else { panic!("{error:?}") };
        assert!(matches!(why.raison, RaisonNonEnvoi::TropGrande { limite: 4096, .. }), "{why}");
        assert!(!error.est_fatale() && !error.a_pu_etre_executee());
        assert_eq!(error.commande(), Some("bloc"));
        assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
    });
}

/// Sends a call and is not allowed to wait for its answer.
#[commande]
fn differer_somme(client: &Client) -> bool {
    let attente = client.differer(somme { a: 1, b: 2 }).unwrap();
    let Err(error) = attente.attendre() else { panic!("waited") };
    assert!(matches!(error, Erreur::NonEnvoyee(_)), "{error}");
    error.a_pu_etre_executee()
}

#[test]
fn a_call_that_was_sent_and_may_not_be_waited_for_may_have_run() {
    with_watchdog("sent, not waited for", LIMIT, || {
        let serveur = Serveur::options(0).max_attentes(0).ouvrir().unwrap();
        serveur.enregistrer(commandes![differer_somme]).unwrap();
        let client = serveur.client_local().unwrap();
        client.enregistrer(commandes![somme]).unwrap();
        assert!(client.appeler(differer_somme {}).unwrap());
    });
}

#[test]
fn calls_nest_to_and_fro_up_to_the_limit() {
    with_watchdog("nesting", LIMIT, || {
        let (serveur, client) = local();
        serveur.enregistrer(commandes![rebond, somme]).unwrap();
        client.enregistrer(commandes![rebond]).unwrap();
        assert_eq!(client.appeler(rebond { n: 31 }).unwrap(), 31);
        assert!(client.appeler(rebond { n: 100 }).is_err());
        assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
    });
}

fn launch(serveur: &Serveur) -> JoinHandle<Resultat<()>> {
    let serveur = serveur.clone();
    thread::spawn(move || serveur.lancer())
}

fn stop(serveur: &Serveur, running: JoinHandle<Resultat<()>>) {
    serveur.eteindre().unwrap();
    running.join().unwrap().unwrap();
}

fn is_full(outcome: Resultat<Client>) -> bool {
    let Err(Erreur::Connexion(why)) = outcome else { return false };
    matches!(*why, EchecConnexion::Complet { .. })
}

#[test]
fn the_limit_is_exact_however_many_come_at_once() {
    with_watchdog("a crowd", LIMIT, || {
        for most in [1, 5] {
            let serveur = Serveur::options(0).max_clients(most).ouvrir().unwrap();
            serveur.enregistrer(commandes![somme]).unwrap();
            let running = launch(&serveur);
            let connect = || {
                let client = Client::new(serveur.adresse());
                if let Ok(client) = &client {
                    assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
                }
                client
            };
            let outcomes: Vec<_> = thread::scope(|scope| {
                let threads: Vec<_> = (0..4 * most).map(|_| scope.spawn(connect)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let (inside, outside): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
            assert_eq!(inside.len(), most);
            assert!(outside.into_iter().all(is_full));
            stop(&serveur, running);
        }
    });
}

#[test]
fn a_local_client_may_take_the_place_that_the_next_one_is_awaited_for() {
    with_watchdog("local client", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![somme]).unwrap();
        let running = launch(&serveur);
        // From here on the server listens, and a thread of it waits for the next client.
        Client::new(serveur.adresse()).unwrap().eteindre().unwrap();
        for _ in 0..20 {
            let local = serveur.client_local().unwrap();
            assert_eq!(local.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
            assert!(is_full(Client::new(serveur.adresse())));
            local.eteindre().unwrap();
            Client::new(serveur.adresse()).unwrap().eteindre().unwrap();
        }
        stop(&serveur, running);
    });
}
