//! Arguments that can be left out at the end.

use std::net::TcpListener;
use std::sync::Mutex;
use std::time::Duration;

use cconn::{Client, Serveur, commande, commandes, nommee};
use cconn_tests::raw::{Greeting, Raw, Seen, record};
use cconn_tests::{local, with_watchdog};

use super::{nature, refused};

/// What a program of today has.
mod new {
    use super::*;

    #[commande]
    pub(super) fn chercher(
        mot: &str,
        #[defaut(10)] nombre: u32,
        langue: Option<String>,
        #[defaut("par date")] ordre: &str,
    ) -> String {
        let langue = langue.as_deref().unwrap_or("toutes");
        format!("{mot}, {nombre}, {langue}, {ordre}")
    }
}

/// What older programs have.
mod old {
    use super::*;

    #[commande]
    pub(super) fn chercher(mot: &str) -> String {
        format!("{mot} seul")
    }

    pub(super) mod middle {
        use super::*;

        #[commande]
        pub(in super::super) fn chercher(mot: &str, #[defaut(10)] nombre: u32) -> String {
            format!("{mot}, {nombre}")
        }
    }

    pub(super) mod other {
        use super::*;

        #[commande]
        pub(in super::super) fn chercher(mot: &str, nombre: u64) -> String;
    }
}

fn message<'a>(nombre: u32, langue: Option<&str>, ordre: &'a str) -> new::chercher<'a> {
    new::chercher { mot: "mot", nombre, langue: langue.map(ToOwned::to_owned), ordre }
}

const BY_DATE: &str = "par date";

#[test]
fn each_form_arrives_as_it_was_meant() {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![new::chercher]).unwrap();
    for (message, expected) in [
        (message(10, None, BY_DATE), "mot, 10, toutes, par date"),
        (message(11, None, BY_DATE), "mot, 11, toutes, par date"),
        (message(10, Some("fr"), BY_DATE), "mot, 10, fr, par date"),
        (message(10, None, "par nom"), "mot, 10, toutes, par nom"),
        (message(0, Some(""), ""), "mot, 0, , "),
    ] {
        assert_eq!(client.appeler(&message).unwrap(), expected);
        let attente = client.differer(&message).unwrap();
        assert_eq!(attente.attendre().unwrap(), expected);
        assert_eq!(client.essayer_appel(&message).unwrap().attendre().unwrap(), expected);
    }
}

#[test]
fn an_older_caller_is_understood() {
    // [fingerprint.forms] [arguments.omitted]
    let (serveur, client) = local();
    serveur.enregistrer(commandes![new::chercher]).unwrap();
    let found = client.appeler(old::chercher { mot: "a" }).unwrap();
    assert_eq!(found, "a, 10, toutes, par date");
    let found = client.appeler(old::middle::chercher { mot: "b", nombre: 3 }).unwrap();
    assert_eq!(found, "b, 3, toutes, par date");
    refused(client.appeler(old::other::chercher { mot: "c", nombre: 3 }));
}

#[test]
fn an_older_receiver_understands_what_needs_nothing_new() {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![old::chercher]).unwrap();
    assert_eq!(client.appeler(message(10, None, BY_DATE)).unwrap(), "mot seul");
    let why = refused(client.appeler(message(10, Some("fr"), BY_DATE)));
    assert_eq!(why.argument_inconnu.as_deref(), Some("nombre"));
    let text = why.to_string();
    assert!(text.contains("`nombre`"), "{text}");

    let (serveur, client) = local();
    serveur.enregistrer(commandes![old::middle::chercher]).unwrap();
    assert_eq!(client.appeler(message(7, None, BY_DATE)).unwrap(), "mot, 7");
    let why = refused(client.appeler(message(7, Some("fr"), BY_DATE)));
    assert_eq!(why.argument_inconnu.as_deref(), Some("langue"));
    let other = refused(client.appeler(old::other::chercher { mot: "c", nombre: 3 }));
    assert_eq!(other.argument_inconnu, None, "that is no newer form, but another signature");
}

static NOTED: Mutex<Vec<(u8, Option<u8>)>> = Mutex::new(Vec::new());

#[commande]
fn noter(n: u8, fin: Option<u8>) {
    NOTED.lock().unwrap().push((n, fin));
}

mod noting {
    #[cconn::commande]
    pub(super) fn noter(n: u8);
}

#[test]
fn one_way_messages_and_broadcasts_leave_out_too() {
    with_watchdog("formes", Duration::from_secs(20), || {
        let serveur = Serveur::new(0).unwrap();
        let client = serveur.client_local().unwrap();
        serveur.enregistrer(commandes![noter]).unwrap();
        client.envoyer(noter { n: 1, fin: None }).unwrap();
        client.envoyer(noter { n: 2, fin: Some(2) }).unwrap();
        client.envoyer(noting::noter { n: 3 }).unwrap();
        client.essayer(noter { n: 4, fin: None }).unwrap();
        client.appeler(noter { n: 5, fin: None }).unwrap();
        client.enregistrer(commandes![noter]).unwrap();
        let sent = serveur.diffuser(noter { n: 6, fin: None }).unwrap();
        assert_eq!(sent.atteints, 1);
        let sent = serveur.diffuser(noter { n: 7, fin: Some(7) }).unwrap();
        assert_eq!(sent.atteints, 1);
        client.eteindre().unwrap();
        let noted = NOTED.lock().unwrap();
        let two = Some(2);
        assert_eq!(
            *noted,
            [(1, None), (2, two), (3, None), (4, None), (5, None), (6, None), (7, Some(7))]
        );
    });
}

#[test]
fn a_message_by_name_may_leave_out_too() {
    // [arguments.omitted]
    let (serveur, client) = local();
    serveur.enregistrer(commandes![new::chercher]).unwrap();
    let found: String = client.appeler(nommee("chercher", ("a",))).unwrap();
    assert_eq!(found, "a, 10, toutes, par date");
    let found: String = client.appeler(nommee("chercher", ("a", 2_u32, Some("fr")))).unwrap();
    assert_eq!(found, "a, 2, fr, par date");
    let none = client.appeler::<String, _>(nommee("chercher", ()));
    assert_eq!(nature(none), cconn::erreur::NatureDistante::Arguments);
    let half = client.appeler::<String, _>(nommee("chercher", ("a", 2_u32, 1_u8)));
    assert_eq!(nature(half), cconn::erreur::NatureDistante::Arguments);
}

/// Defaults of all kinds: without `PartialEq`, with bytes that equal values do not share, long ones.
mod kinds {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Reglage {
        pub(super) force: f64,
        pub(super) noms: Vec<String>,
    }

    pub(super) fn reglage() -> Reglage {
        Reglage { force: 0.0, noms: vec!["a".to_owned()] }
    }

    #[commande]
    pub(super) fn regler(#[defaut(reglage())] reglage: Reglage) -> String {
        format!("{:?} {:?}", reglage.force, reglage.noms)
    }

    #[commande]
    pub(super) fn remplir(
        #[defaut(vec![7; 40_000])] octets: Vec<u8>,
        #[defaut(&[])] fin: &[u8],
    ) -> usize {
        octets.len() + fin.len()
    }

    #[commande]
    pub(super) fn rien(#[defaut(())] rien: (), un: Option<()>) -> bool {
        let () = rien;
        un.is_some()
    }

    /// Without a body a default counts as well.
    pub(super) mod declared {
        use super::*;

        #[commande]
        pub(in super::super) fn regler(#[defaut(reglage())] reglage: Reglage) -> String;
    }
}

#[test]
fn defaults_are_compared_by_their_bytes() {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![kinds::regler, kinds::remplir, kinds::rien]).unwrap();
    let regler = |reglage| client.appeler(kinds::regler { reglage }).unwrap();
    assert_eq!(regler(kinds::reglage()), "0.0 [\"a\"]");
    let negative = kinds::Reglage { force: -0.0, ..kinds::reglage() };
    assert_eq!(regler(negative), "-0.0 [\"a\"]", "-0.0 equals 0.0 and is not it");
    let reglage = kinds::reglage();
    assert_eq!(client.appeler(kinds::declared::regler { reglage }).unwrap(), "0.0 [\"a\"]");
    for (octets, fin, length) in [
        (vec![7; 40_000], &[][..], 40_000),
        (vec![7; 40_001], &[], 40_001),
        (vec![8; 40_000], &[1], 40_001),
        (vec![7; 40_000], &[2, 3], 40_002),
        (Vec::new(), &[], 0),
    ] {
        assert_eq!(client.appeler(kinds::remplir { octets, fin }).unwrap(), length);
    }
    assert!(!client.appeler(kinds::rien { rien: (), un: None }).unwrap());
    assert!(client.appeler(kinds::rien { rien: (), un: Some(()) }).unwrap());
}

/// The bodies of the first three messages that a peer gets whose greeting has these records.
fn bodies(records: &[u8]) -> Vec<Vec<u8>> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let more = records.to_vec();
    let peer = std::thread::spawn(move || {
        let mut raw = Raw::accept(&listener);
        raw.send(&Greeting { more, ..Greeting::server() }.bytes());
        raw.greeting();
        let bodies = (&mut raw).filter_map(|seen| match seen {
            Seen::OneWay { body, .. } => Some(body),
            _ => None,
        });
        bodies.take(3).collect()
    });
    let client = Client::new(address).unwrap();
    client.envoyer(noter { n: 1, fin: None }).unwrap();
    client.essayer(noter { n: 2, fin: None }).unwrap();
    client.envoyer(noter { n: 3, fin: Some(3) }).unwrap();
    client.vider().unwrap();
    let bodies = peer.join().unwrap();
    client.close();
    bodies
}

#[test]
fn a_peer_that_does_not_know_short_forms_gets_whole_ones() {
    // [features.forms]
    with_watchdog("short forms", Duration::from_secs(20), || {
        assert_eq!(bodies(&[]), [&[1, 0][..], &[2, 0], &[3, 1, 3]]);
        assert_eq!(bodies(&record(1, &[0x07])), [&[1, 0][..], &[2, 0], &[3, 1, 3]]);
        assert_eq!(bodies(&record(1, &[0x87])), [&[1][..], &[2], &[3, 1, 3]]);
    });
}
