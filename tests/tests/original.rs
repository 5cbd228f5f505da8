//! What the library did that cconn comes from, sentence by sentence of its README.
//!
//! The README of cconn names the test beside each sentence.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::{
    Client, EchecConnexion, Erreur, NatureDistante, Resultat, Serveur, commande, commandes, nommee,
};
use cconn_tests::with_watchdog;

const LIMIT: Duration = Duration::from_secs(20);

/// Runs `lancer` on a thread of its own.
fn launch(serveur: &Serveur) -> JoinHandle<Resultat<()>> {
    let serveur = serveur.clone();
    thread::spawn(move || serveur.lancer())
}

/// The same for a client.
fn listen(client: &Client) -> JoinHandle<Resultat<()>> {
    let client = client.clone();
    thread::spawn(move || client.lancer())
}

fn stop(serveur: &Serveur, running: JoinHandle<Resultat<()>>) {
    serveur.eteindre().unwrap();
    running.join().unwrap().unwrap();
}

fn is_full(outcome: Resultat<Client>) -> bool {
    let Err(Erreur::Connexion(why)) = outcome else { return false };
    matches!(*why, EchecConnexion::Complet { .. })
}

/// Clients that connect one after the other until one is let in: the place of one that has left
/// is free a moment later.
fn connect_when_free(serveur: &Serveur) -> Client {
    loop {
        match Client::new(serveur.adresse()) {
            Ok(client) => return client,
            other => assert!(is_full(other)),
        }
    }
}

#[test]
fn a_server_listens_on_its_port() {
    let serveur = Serveur::new(0).unwrap();
    let address = serveur.adresse();
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
        connect_when_free(&serveur).eteindre().unwrap();
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
fn ping(client: &Client, mot: &str) -> Resultat<()> {
    client.envoyer(pong { mot })
}

#[commande]
fn pong(mot: &str);

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

/// A client that passes the words of its `pong` on.
fn client_with_pong(serveur: &Serveur) -> (Client, mpsc::Receiver<String>) {
    let (sender, words) = mpsc::channel();
    let client = Client::new(serveur.adresse()).unwrap();
    let heard = move |_: &Client, (mot,): (String,)| sender.send(mot).unwrap();
    client.enregistrer_commande("pong", heard).unwrap();
    (client, words)
}

#[test]
fn ping_is_answered_with_pong() {
    with_watchdog("ping", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![ping]).unwrap();
        let running = launch(&serveur);
        let (client, words) = client_with_pong(&serveur);
        let listening = listen(&client);
        client.envoyer(ping { mot: "bonjour" }).unwrap();
        assert_eq!(words.recv().unwrap(), "bonjour");
        client.eteindre().unwrap();
        listening.join().unwrap().unwrap();
        stop(&serveur, running);
    });
}

#[test]
fn ping_is_answered_with_pong_by_name() {
    with_watchdog("ping by name", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let answer = |client: &Client, (word,): (String,)| client.envoyer(nommee("pong", (word,)));
        serveur.enregistrer_commande("ping", answer).unwrap();
        let running = launch(&serveur);
        let (client, words) = client_with_pong(&serveur);
        let listening = listen(&client);
        client.envoyer(nommee("ping", ("bonjour",))).unwrap();
        assert_eq!(words.recv().unwrap(), "bonjour");
        client.eteindre().unwrap();
        listening.join().unwrap().unwrap();
        stop(&serveur, running);
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
        assert_eq!(connect_when_free(&serveur).appeler(somme { a: 1, b: 2 }).unwrap(), 3);
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

/// The folder of the thread that this runs on, for as long as the thread lives, and its name.
#[commande]
fn fil() -> (PathBuf, String) {
    let task = std::fs::read_link("/proc/thread-self").unwrap();
    let name = thread::current().name().unwrap_or_default().to_owned();
    (PathBuf::from("/proc").join(task), name)
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
        assert_eq!(threads.iter().map(|(task, _)| task).collect::<HashSet<_>>().len(), 3);
        for ((task, name), number) in threads.iter().zip(1..) {
            assert_eq!(*name, format!("cconn-{number}"));
            assert!(task.exists());
        }
        assert_eq!(ask(&clients[0]), threads[0], "the same thread for every command");

        clients[0].eteindre().unwrap();
        while threads[0].0.exists() {
            thread::yield_now();
        }
        assert_eq!([ask(&clients[1]), ask(&clients[2])], threads[1..]);
        stop(&serveur, running);
    });
}

#[test]
fn a_client_takes_an_address_and_a_port() {
    with_watchdog("address and port", LIMIT, || {
        let serveur = Serveur::options(0).max_clients(2).ouvrir().unwrap();
        let running = launch(&serveur);
        let port = serveur.adresse().port();
        let apart = Client::new(("127.0.0.1", port)).unwrap();
        let together = Client::new(format!("127.0.0.1:{port}")).unwrap();
        assert_eq!(apart.adresse(), Some(serveur.adresse()));
        assert_eq!(together.adresse(), apart.adresse());
        stop(&serveur, running);
    });
}

#[test]
fn a_client_answers_the_server_with_a_message() {
    with_watchdog("somme there and back", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (sender, totals) = mpsc::channel();
        let note = move |_: &Client, (total,): (i64,)| sender.send(total).unwrap();
        serveur.enregistrer_commande("somme", note).unwrap();
        let begin = |client: &Client, (): ()| client.envoyer(nommee("somme", (12_i64, 34_i64)));
        serveur.enregistrer_commande("commencer", begin).unwrap();
        let running = launch(&serveur);

        let client = Client::new(serveur.adresse()).unwrap();
        let somme = |client: &Client, (premier, deuxieme): (i64, i64)| {
            client.envoyer(nommee("somme", (premier + deuxieme,)))
        };
        client.enregistrer_commande("somme", somme).unwrap();
        let listening = listen(&client);
        client.envoyer(nommee("commencer", ())).unwrap();
        assert_eq!(totals.recv().unwrap(), 46);
        stop(&serveur, running);
        listening.join().unwrap().unwrap();
    });
}

#[test]
fn a_client_answers_the_call_of_the_server() {
    with_watchdog("somme called", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let double = |client: &Client, (n,): (i64,)| client.appeler(somme { a: n, b: n });
        serveur.enregistrer_commande("double", double).unwrap();
        let running = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        client.enregistrer(commandes![somme]).unwrap();
        assert_eq!(client.appeler::<i64, _>(nommee("double", (21_i64,))).unwrap(), 42);
        stop(&serveur, running);
    });
}

#[test]
fn lancer_of_a_client_blocks_until_eteindre() {
    with_watchdog("lancer of a client", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![ping]).unwrap();
        let running = launch(&serveur);
        let (client, words) = client_with_pong(&serveur);
        let listening = listen(&client);
        for mot in ["un", "deux"] {
            client.envoyer(ping { mot }).unwrap();
            assert_eq!(words.recv().unwrap(), mot);
        }
        assert!(!listening.is_finished());
        client.eteindre().unwrap();
        listening.join().unwrap().unwrap();
        stop(&serveur, running);
    });
}

#[commande]
fn tout(n: i64, texte: String, liste: Vec<u16>, peut_etre: Option<bool>) -> String {
    format!("{n} {texte} {liste:?} {peut_etre:?}")
}

#[test]
fn parameters_are_the_command_s_own() {
    with_watchdog("parameters", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![somme, tout]).unwrap();
        let running = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        let several = tout { n: -1, texte: "é".into(), liste: vec![1, 2], peut_etre: None };
        assert_eq!(client.appeler(several).unwrap(), "-1 é [1, 2] None");
        // They have to correspond to those of the command: the macro sees to it when compiling,
        // and what is sent by name is refused by the other side.
        let short = client.appeler::<i64, _>(nommee("somme", (12_i64,)));
        let Err(Erreur::Distante(why)) = short else { panic!("{short:?}") };
        assert_eq!(why.nature, NatureDistante::Arguments, "{why}");
        let unknown = client.appeler::<(), _>(nommee("absente", ()));
        let Err(Erreur::Distante(why)) = unknown else { panic!("{unknown:?}") };
        assert_eq!(why.nature, NatureDistante::Inconnue, "{why}");
        stop(&serveur, running);
    });
}

#[test]
fn eteindre_finishes_what_is_being_read() {
    with_watchdog("eteindre finishes", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let burst = |client: &Client, (): ()| {
            (0..100_u32).try_for_each(|n| client.envoyer(nommee("note", (n,))))
        };
        serveur.enregistrer_commande("rafale", burst).unwrap();
        let running = launch(&serveur);

        let client = Client::new(serveur.adresse()).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = seen.clone();
        let note = move |client: &Client, (n,): (u32,)| {
            notes.lock().unwrap().push(n);
            // At the first of a hundred: the rest is on its way or waits here.
            if n == 0 { client.eteindre() } else { Ok(()) }
        };
        client.enregistrer_commande("note", note).unwrap();
        client.envoyer(nommee("rafale", ())).unwrap();
        client.lancer().unwrap();
        assert_eq!(*seen.lock().unwrap(), (0..100).collect::<Vec<_>>());
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
