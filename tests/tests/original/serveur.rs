//! The server's half of the README.

use std::collections::HashSet;
use std::sync::Mutex;
use std::thread;

use cconn::erreur::EchecConnexion;
use cconn::{Client, Erreur, Resultat, Serveur, commande, commandes};
use cconn_tests::with_watchdog;

use super::{LIMIT, is_full, launch, somme, stop};

#[test]
fn a_server_listens_on_its_port() {
    let serveur = Serveur::new(0).unwrap();
    let address = serveur.adresse().socket().unwrap();
    assert!(address.ip().is_loopback() && address.port() != 0);
    let Err(Erreur::Connexion(why)) = Serveur::new(address.port()) else { panic!("taken twice") };
    assert!(matches!(*why, EchecConnexion::Ecoute { .. }), "{why}");
}

#[test]
fn one_client_is_let_in_unless_told_otherwise() {
    with_watchdog("one client", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let running = launch(&serveur);
        let first = Client::new(serveur.adresse()).unwrap();
        assert!(is_full(Client::new(serveur.adresse())));
        assert!(first.est_connecte());
        first.eteindre().unwrap();
        // Its place is free for the next one, and the next.
        for _ in 0..50 {
            Client::new(serveur.adresse()).unwrap().eteindre().unwrap();
        }
        stop(&serveur, running);
    });
}

#[test]
fn twenty_three_clients_and_not_one_more() {
    with_watchdog("23 clients", LIMIT, || {
        let serveur = Serveur::options(0).max_clients(23).ouvrir().unwrap();
        serveur.enregistrer(commandes![somme]).unwrap();
        let running = launch(&serveur);
        let clients: Vec<_> = (0..23).map(|_| Client::new(serveur.adresse()).unwrap()).collect();
        assert!(is_full(Client::new(serveur.adresse())));
        for (n, client) in (0..).zip(&clients) {
            assert_eq!(client.appeler(somme { a: n, b: 1 }).unwrap(), n + 1);
        }
        stop(&serveur, running);
        assert!(clients.iter().all(|client| !client.est_connecte()));
    });
}

#[commande]
fn combien(serveur: &Serveur) -> u32 {
    u32::try_from(serveur.clients().len()).unwrap()
}

#[test]
fn a_command_is_handed_its_server() {
    with_watchdog("handed server", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![combien]).unwrap();
        let running = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        assert_eq!(client.appeler(combien {}).unwrap(), 1);
        stop(&serveur, running);
    });
}

#[test]
fn lancer_of_a_server_blocks_until_eteindre() {
    with_watchdog("lancer", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![somme]).unwrap();
        let running = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        assert_eq!(client.appeler(somme { a: 12, b: 34 }).unwrap(), 46);
        client.eteindre().unwrap();
        // Clients come and go, and it runs on.
        assert_eq!(
            Client::new(serveur.adresse()).unwrap().appeler(somme { a: 1, b: 2 }).unwrap(),
            3
        );
        assert!(!running.is_finished());
        stop(&serveur, running);
        assert!(Client::new(serveur.adresse()).is_err(), "nobody listens any more");
    });
}

#[commande]
fn arret(serveur: &Serveur) -> Resultat<()> {
    serveur.eteindre()
}

#[test]
fn eteindre_works_from_inside_a_command() {
    with_watchdog("eteindre inside", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![arret]).unwrap();
        let running = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        client.appeler(arret {}).unwrap();
        running.join().unwrap().unwrap();
    });
}

#[commande]
fn dehors(client: &Client) {
    client.close();
}

#[test]
fn close_inside_a_command_drops_one_client_and_no_other() {
    with_watchdog("close", LIMIT, || {
        let serveur = Serveur::options(0).max_clients(2).ouvrir().unwrap();
        serveur.enregistrer(commandes![dehors, somme]).unwrap();
        let running = launch(&serveur);
        let leaves = Client::new(serveur.adresse()).unwrap();
        let stays = Client::new(serveur.adresse()).unwrap();
        assert_eq!(stays.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
        leaves.envoyer(dehors {}).unwrap();
        // It returns because the connection ends, and that was somebody's wish: no error.
        leaves.lancer().unwrap();
        assert!(!leaves.est_connecte());
        assert_eq!(stays.appeler(somme { a: 3, b: 4 }).unwrap(), 7);
        stop(&serveur, running);
    });
}

/// Threads that `fil` ran on and that have ended.
static ENDED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Enters its thread's number there when the thread ends.
struct Mark(String);

impl Drop for Mark {
    fn drop(&mut self) {
        ENDED.lock().unwrap().push(self.0.clone());
    }
}

thread_local! {
    static MARK: Mark = Mark(format!("{:?}", thread::current().id()));
}

/// The number of the thread that this runs on, and its name.
#[commande]
fn fil() -> (String, String) {
    let name = thread::current().name().unwrap_or_default().to_owned();
    (MARK.with(|mark| mark.0.clone()), name)
}

fn has_ended(thread: &str) -> bool {
    ENDED.lock().unwrap().iter().any(|ended| ended == thread)
}

#[test]
fn each_client_has_a_thread_that_ends_when_it_leaves() {
    with_watchdog("threads", LIMIT, || {
        let serveur = Serveur::options(0).max_clients(3).ouvrir().unwrap();
        serveur.enregistrer(commandes![fil]).unwrap();
        let running = launch(&serveur);
        let clients: Vec<_> = (0..3).map(|_| Client::new(serveur.adresse()).unwrap()).collect();
        let ask = |client: &Client| client.appeler(fil {}).unwrap();
        let threads: Vec<_> = clients.iter().map(ask).collect();
        assert_eq!(threads.iter().map(|(thread, _)| thread).collect::<HashSet<_>>().len(), 3);
        for ((thread, name), number) in threads.iter().zip(1..) {
            assert_eq!(*name, format!("cconn-{number}"));
            assert!(!has_ended(thread));
        }
        assert_eq!(ask(&clients[0]), threads[0], "the same thread for every command");

        clients[0].eteindre().unwrap();
        while !has_ended(&threads[0].0) {
            thread::yield_now();
        }
        assert_eq!([ask(&clients[1]), ask(&clients[2])], threads[1..]);
        stop(&serveur, running);
    });
}

#[test]
fn commands_are_registered_while_others_run() {
    with_watchdog("registering", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let running = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        assert!(client.appeler(somme { a: 1, b: 2 }).is_err());
        serveur.enregistrer(commandes![somme]).unwrap();
        assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
        let again = serveur.enregistrer(commandes![somme]);
        assert!(matches!(again, Err(Erreur::Enregistrement(_))), "{again:?}");
        stop(&serveur, running);
    });
}
