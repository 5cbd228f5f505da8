//! The client's half of the README, and what goes to and fro.

use std::sync::{Arc, Mutex, mpsc};

use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur, Serveur, commande, commandes, nommee};
use cconn_tests::with_watchdog;

use super::{LIMIT, launch, listen, ping, somme, stop};

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

#[test]
fn a_client_takes_an_address_and_a_port() {
    with_watchdog("address and port", LIMIT, || {
        let serveur = Serveur::options(0).max_clients(2).ouvrir().unwrap();
        let running = launch(&serveur);
        let port = serveur.adresse().port().unwrap();
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

#[test]
fn a_client_sends_a_message_with_its_parameters() {
    with_watchdog("a message", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (sender, totals) = mpsc::channel();
        let add = move |_: &Client, (a, b): (i64, i64)| sender.send(a + b).unwrap();
        serveur.enregistrer_commande("somme", add).unwrap();
        let running = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        client.envoyer(nommee("somme", (12_i64, 34_i64))).unwrap();
        client.envoyer(somme { a: 1, b: 2 }).unwrap();
        assert_eq!(totals.iter().take(2).collect::<Vec<_>>(), [46, 3]);
        stop(&serveur, running);
    });
}

#[commande]
#[allow(clippy::needless_pass_by_value, reason = "owned arguments are what is shown")]
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
    // [retrait.runs]
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
