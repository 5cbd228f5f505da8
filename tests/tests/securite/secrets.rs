//! Secrets: how they are proved, how they are changed, and each way to fail.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use cconn::erreur::{EchecConnexion, NatureSecret, Usage};
use cconn::secret::{LONGUEUR_MIN, Secret, nouvelle_cle};
use cconn::{Client, Erreur, Resultat, Serveur, nommee};
use cconn_tests::certificates::Authority;
use cconn_tests::raw::{Greeting, opening};
use cconn_tests::{Change, Relay, undisturbed, with_watchdog};

use crate::tls::{Running, connect, running, tls_of, trusting};

const LIMIT: Duration = Duration::from_secs(30);

fn secret(name: &str, byte: u8) -> Secret {
    Secret::new(name, [byte; LONGUEUR_MIN]).unwrap()
}

fn guarded(secrets: impl IntoIterator<Item = Secret>) -> Running {
    running(Serveur::options(0).secrets(secrets))
}

fn knowing(server: &Running, secrets: impl IntoIterator<Item = Secret>) -> Resultat<Client> {
    let options = Client::options(server.serveur.adresse());
    options.delai_connexion(LIMIT / 3).secrets(secrets).connecter()
}

fn who(client: &Client) -> String {
    client.appeler(nommee("qui", ())).unwrap()
}

fn nature(error: &Erreur) -> Option<NatureSecret> {
    match error {
        Erreur::Connexion(failed) => match &**failed {
            EchecConnexion::Secret { nature, .. } => Some(*nature),
            _ => None,
        },
        _ => None,
    }
}

#[test]
fn who_knows_the_secret_comes_in_under_its_name() {
    with_watchdog("who_knows_the_secret_comes_in_under_its_name", LIMIT, || {
        let server = guarded([secret("atelier", 1)]);
        let client = knowing(&server, [secret("serveur", 1)]).unwrap();
        assert_eq!(who(&client), "secret \"atelier\"");
        assert_eq!(client.identite().secret(), Some("serveur"));
        // What was proved holds for one connection, and a local client proves nothing.
        let local = server.serveur.client_local().unwrap();
        assert_eq!(who(&local), "anonymous");
        local.eteindre().unwrap();
        client.eteindre().unwrap();
    });
}

#[test]
fn secrets_are_changed_on_one_side_after_the_other() {
    with_watchdog("secrets_are_changed_on_one_side_after_the_other", LIMIT, || {
        let (old, new) = (|| secret("old", 1), || secret("new", 2));
        for (there, here, expected) in [
            (vec![old()], vec![old()], Some("old")),
            (vec![new(), old()], vec![old()], Some("old")),
            (vec![new(), old()], vec![new(), old()], Some("new")),
            (vec![old()], vec![new(), old()], Some("old")),
            (vec![new()], vec![new()], Some("new")),
            (vec![new()], vec![old()], None),
        ] {
            let server = guarded(there);
            match knowing(&server, here) {
                Ok(client) => {
                    assert_eq!(client.identite().secret(), expected);
                    assert_eq!(who(&client), format!("secret \"{}\"", expected.unwrap()));
                    client.eteindre().unwrap();
                }
                Err(error) => {
                    assert_eq!(nature(&error), Some(NatureSecret::Inconnu), "{error}");
                    assert_eq!(expected, None);
                    let _refused = server.refusal();
                }
            }
        }
    });
}

#[test]
fn a_secret_on_one_side_only_is_told() {
    with_watchdog("a_secret_on_one_side_only_is_told", LIMIT, || {
        // [refusal.secret]
        let server = guarded([secret("a", 1)]);
        let error = Client::new(server.serveur.adresse()).unwrap_err();
        assert_eq!(nature(&error), Some(NatureSecret::Absent), "{error}");
        assert!(error.to_string().contains("`secrets`"), "{error}");
        // [secret.client]
        let open = running(Serveur::options(0));
        let error = knowing(&open, [secret("a", 1)]).unwrap_err();
        assert_eq!(nature(&error), Some(NatureSecret::Absent), "{error}");
        assert_eq!(server.ran.load(Ordering::SeqCst) + open.ran.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_full_server_says_so_after_the_proof() {
    with_watchdog("a_full_server_says_so_after_the_proof", LIMIT, || {
        // [proof.decision]
        let serveur = Serveur::options(0).secrets([secret("a", 1)]).ouvrir().unwrap();
        serveur.enregistrer_commande("un", |_, (): ()| 1_u8).unwrap();
        let lancer = thread::spawn({
            let serveur = serveur.clone();
            move || serveur.lancer()
        });
        let connect = || Client::options(serveur.adresse()).secrets([secret("a", 1)]).connecter();
        let client = connect().unwrap();
        assert_eq!(client.appeler::<u8, _>(nommee("un", ())).unwrap(), 1);
        let full = connect().unwrap_err();
        let Erreur::Connexion(failed) = &full else { panic!("{full:?}") };
        assert!(matches!(**failed, EchecConnexion::Complet { .. }), "{full}");
        assert!(full.to_string().contains("1 client at a time"), "{full}");
        client.eteindre().unwrap();
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
    });
}

#[test]
fn a_secret_is_proved_on_an_encrypted_connection_too() {
    with_watchdog("a_secret_is_proved_on_an_encrypted_connection_too", LIMIT, || {
        let autorite = Authority::new();
        let tls = tls_of(&autorite.sign(&["127.0.0.1"]));
        let server = running(Serveur::options(0).tls(tls).secrets([secret("a", 1)]));
        let options = Client::options(server.serveur.adresse()).tls(trusting(&autorite));
        let client = options.secrets([secret("b", 1)]).connecter().unwrap();
        assert_eq!(who(&client), "secret \"a\"");
        assert!(client.identite().certificat().is_some());
        client.eteindre().unwrap();
        let error = connect(&server, trusting(&autorite)).unwrap_err();
        assert_eq!(nature(&error), Some(NatureSecret::Absent), "{error}");
        assert_eq!(server.ran.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn no_byte_of_greetings_and_proofs_can_be_changed() {
    with_watchdog("no_byte_of_greetings_and_proofs_can_be_changed", LIMIT, || {
        // [proof.covers]
        let server = guarded([secret("a", 1)]);
        // A greeting with features and one key, the server's with its number too, and a proof.
        let mut tried = 0;
        for from_client in [true, false] {
            let number = if from_client { 0 } else { 12 };
            let length = 12 + 18 + 5 + number + 4 + 40 + 6 + 32;
            // What is not looked at changes nothing but the proof.
            for at in (12..length).step_by(3) {
                let bit = u8::try_from(at % 8).unwrap();
                let change = Some(Change::Flip { at, bit });
                let (up, down) = if from_client { (change, None) } else { (None, change) };
                let relay = Relay::start(server.serveur.adresse().socket().unwrap(), up, down);
                let options =
                    Client::options(relay.address).delai_connexion(Duration::from_millis(400));
                let connected = options.secrets([secret("a", 1)]).connecter();
                let error = connected.expect_err("a changed byte was not noticed");
                assert!(!error.a_pu_etre_executee(), "{from_client} {at}: {error}");
                tried += 1;
            }
        }
        assert!(tried > 60 && server.ran.load(Ordering::SeqCst) == 0, "{tried}");
    });
}

/// A raw client that has greeted with this challenge, as it comes from the program's own side.
fn raw_greeting(challenge: &[u8]) -> Vec<u8> {
    let mut record = 6_u16.to_le_bytes().to_vec();
    record.extend(u16::try_from(challenge.len()).unwrap().to_le_bytes());
    record.extend(challenge);
    Greeting { more: record, ..Greeting::client() }.bytes()
}

/// The greeting and the proof of a true client of the server.
fn recorded(server: &Serveur) -> Vec<u8> {
    let relay = Relay::start(server.adresse().socket().unwrap(), None, None);
    let options = Client::options(relay.address).delai_connexion(LIMIT / 3);
    drop(options.secrets([secret("a", 1)]).connecter().unwrap());
    let [to, _] = relay.finish();
    let mut said = to.taken;
    let (greeting, proof) = opening(&said);
    said.truncate(greeting + proof);
    said
}

#[test]
fn who_has_not_proved_the_secret_makes_nothing_run_and_nothing_be_decoded() {
    let name = "who_has_not_proved_the_secret_makes_nothing_run_and_nothing_be_decoded";
    with_watchdog(name, LIMIT, || {
        // [secret.server] [proof.order]
        let server = guarded([secret("a", 1)]);
        let decoded = Arc::new(AtomicUsize::new(0));
        let counted = decoded.clone();
        let count = move |_: &Client, (_,): (u8,)| {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        server.serveur.enregistrer_commande("compte", count).unwrap();
        let replayed = recorded(&server.serveur);
        let greeting = &replayed[..replayed.len() - 38];
        let call = cconn_tests::raw::call(1, "compte", &[7]);
        let flood = vec![0xff; 64 << 10];
        for behind in [
            &[][..],
            &call,
            &[&[34, 0, 0, 0, 13, 0][..], &[0; 32], &call].concat(),
            &[&[2, 0, 0, 0, 13, 0][..], &call].concat(),
            &[&[2, 2, 0, 0, 13, 0][..], &flood].concat(),
            &[&[0xff, 0xff, 0xff, 0xff, 13, 0][..], &flood].concat(),
            &[&replayed[greeting.len()..], &call[..]].concat(),
            &flood,
        ] {
            let mut peer = TcpStream::connect(server.serveur.adresse()).unwrap();
            let _refused = peer.write_all(greeting).and_then(|()| peer.write_all(behind));
            let _gone = peer.shutdown(std::net::Shutdown::Write);
            let mut said = Vec::new();
            let _reset = peer.read_to_end(&mut said);
            assert!(said.len() < 1000, "{} bytes were said to a stranger", said.len());
            let _told = server.refusal();
        }
        for challenge in [&[][..], &[1; 31], &[1; 32], &[1; 39], &[1; 40], &[1; 32 + 8 * 9]] {
            let mut peer = TcpStream::connect(server.serveur.adresse()).unwrap();
            let _refused = peer.write_all(&raw_greeting(challenge));
            let _reset = peer.read_to_end(&mut Vec::new());
            let _told = server.refusal();
        }
        assert_eq!(decoded.load(Ordering::SeqCst), 0);
        let client = knowing(&server, [secret("a", 1)]).unwrap();
        client.appeler::<(), _>(nommee("compte", (1_u8,))).unwrap();
        client.eteindre().unwrap();
    });
}

#[test]
fn who_never_proves_is_sent_away_in_time() {
    with_watchdog("who_never_proves_is_sent_away_in_time", LIMIT, || {
        let time = Duration::from_millis(300);
        // Who does prove it has no more time.
        undisturbed(time / 5, || {
            let options = Serveur::options(0).secrets([secret("a", 1)]);
            let server = running(options.delai_accueil(time));
            let replayed = recorded(&server.serveur);
            let mut silent = TcpStream::connect(server.serveur.adresse()).unwrap();
            silent.write_all(&replayed[..replayed.len() - 1 - 20]).unwrap();
            let other = knowing(&server, [secret("a", 1)]).unwrap();
            silent.read_to_end(&mut Vec::new()).unwrap();
            other.eteindre().unwrap();
        });
    });
}

#[test]
fn secrets_that_are_too_short_or_too_many_are_refused() {
    for length in [0, 1, LONGUEUR_MIN - 1] {
        let Err(Erreur::Usage(usage)) = Secret::new("court", vec![7; length]) else {
            panic!("{length} bytes are enough")
        };
        assert!(matches!(*usage, Usage::Secret { .. }) && usage.to_string().contains("32"));
    }
    assert!(Secret::new("", [7; LONGUEUR_MIN]).is_ok());
    assert!(Secret::fichier("nowhere", "/nowhere/secret").is_err());
    let many = |n: u8| (0..n).map(|n| secret("a", n));
    assert!(Serveur::options(0).secrets(many(8)).ouvrir().is_ok());
    let error = Serveur::options(0).secrets(many(9)).ouvrir().unwrap_err();
    assert!(error.to_string().contains("`secrets`"), "{error}");
    assert!(nouvelle_cle().unwrap() != nouvelle_cle().unwrap());
    let shown = format!("{:?}", Secret::new("nom", b"0123456789abcdef0123456789abcdef").unwrap());
    assert_eq!(shown, "Secret(\"nom\")");
}
