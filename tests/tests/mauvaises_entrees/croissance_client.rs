//! What a later revision of version 1 may send, and what hostile forms of that come to: against a
//! real client.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use cconn::erreur::{Distante, EchecConnexion, NatureDistante, RaisonFin};
use cconn::{Client, Erreur, Resultat, Serveur, commande, nommee};
use cconn_tests::raw::{
    Greeting, Raw, Seen, adieu, answer, failure, frame, one_way, record, with_context,
};
use cconn_tests::with_watchdog;

use super::LIMIT;
use super::banc::assert_last_word;

/// A client of a raw server that greets so and then does that; a failed message is told.
fn client_of<T: Send + 'static>(
    greeting: &Greeting,
    server: impl FnOnce(Raw) -> T + Send + 'static,
) -> (Resultat<Client>, JoinHandle<T>, mpsc::Receiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let bytes = greeting.bytes();
    let thread = thread::spawn(move || {
        let mut raw = Raw::accept(&listener);
        raw.send(&bytes);
        let (_, records) = raw.whole_greeting();
        assert_eq!(records, record(1, &[0xbf]), "what a client declares");
        server(raw)
    });
    let (tell, told) = mpsc::channel();
    let hook = move |_: &Client, error: &Erreur| tell.send(error.to_string()).unwrap();
    let options = Client::options(address).quand_echec(hook).taille_max(1024);
    (options.connecter(), thread, told)
}

fn somme(client: &Client) -> Resultat<i64> {
    client.appeler(nommee("somme", (12_i64, 34_i64)))
}

fn next_call(raw: &mut Raw) -> u64 {
    match raw.next() {
        Some(Seen::Call { id, .. }) => id,
        other => panic!("{other:?}"),
    }
}

fn with_tail(more: Vec<u8>) -> Greeting {
    Greeting { more, ..Greeting::server() }
}

#[test]
fn servers_of_earlier_and_later_revisions_are_understood() {
    // [record.unknown] [record.none] [features.bits]
    let tails = [
        vec![],
        record(1, &[0xff; 100]),
        record(1, &[]),
        [record(99, b"made up"), record(1, &[7]), record(99, b"again")].concat(),
        record(0xfffe, &vec![1; 4084 - 18 - 4]),
    ];
    with_watchdog("servers' tails", LIMIT, || {
        for tail in tails {
            let (client, server, _) = client_of(&with_tail(tail), |mut raw| {
                let id = next_call(&mut raw);
                raw.send(&answer(id, &[92]));
                raw.rest()
            });
            let client = client.unwrap();
            assert_eq!(somme(&client).unwrap(), 46);
            client.close();
            server.join().unwrap();
        }
    });
}

#[test]
fn servers_whose_records_are_not_good() {
    // [record.room] [record.twice]
    let cases = [
        ([record(1, &[7]), record(1, &[7])].concat(), "record 1 comes twice"),
        (vec![1], "reaches beyond its end"),
        (vec![1, 0, 2, 0, 7], "reaches beyond its end"),
        ([record(7, &[0; 9]), vec![7, 0, 0]].concat(), "reaches beyond its end"),
        (vec![0xff; 64], "reaches beyond its end"),
    ];
    with_watchdog("servers' bad tails", LIMIT, || {
        for (tail, what) in cases {
            let (client, server, _) = client_of(&with_tail(tail), |mut raw| raw.rest());
            let Err(Erreur::Connexion(why)) = client else { panic!("{what}: accepted") };
            assert!(matches!(*why, EchecConnexion::Incompatible { .. }), "{why}");
            assert!(why.to_string().contains(what), "{why}");
            assert_eq!(server.join().unwrap(), []);
        }
    });
}

/// What a call comes to that a server of that greeting answers with these bytes behind the code.
fn failed_with(greeting: &Greeting, code: u16, behind: &[u8]) -> (Erreur, String) {
    let behind = behind.to_vec();
    let (client, server, _) = client_of(greeting, move |mut raw| {
        let id = next_call(&mut raw);
        raw.send(&failure(id, "somme", code, &behind));
        let id = next_call(&mut raw);
        raw.send(&answer(id, &[92]));
        raw.rest()
    });
    let client = client.unwrap();
    let error = somme(&client).unwrap_err();
    assert!(!error.est_fatale(), "{error}");
    assert_eq!(somme(&client).unwrap(), 46, "the connection lives after {code}");
    client.close();
    server.join().unwrap();
    let text = error.to_string();
    assert!(text.contains("`somme`"), "{text}");
    (error, text)
}

#[track_caller]
fn remote(error: Erreur) -> Distante {
    match error {
        Erreur::Distante(remote) => *remote,
        other => panic!("{other:?}"),
    }
}

#[test]
fn failures_of_made_up_codes_say_by_their_class_whether_the_command_ran() {
    // [codes.class] [codes.unknown]
    with_watchdog("made-up codes", LIMIT, || {
        for class in [0, 1, 2, 3, 127, 255_u16] {
            for low in [0, 16, 99, 255] {
                let code = class << 8 | low;
                let (error, text) = failed_with(&Greeting::server(), code, b"it is later");
                assert_eq!(error.a_pu_etre_executee(), class != 0, "{text}");
                for what in [format!("failure {low} of class {class}"), "it is later".into()] {
                    assert!(text.contains(&what), "{text}");
                }
                assert_eq!(remote(error).nature, NatureDistante::Autre(code));
            }
        }
    });
}

#[test]
fn failures_of_known_codes_have_their_meaning_in_either_form() {
    // [codes.short] [codes.numbers] [codes.class]
    use NatureDistante as N;
    let not_run = [
        (1, N::Inconnue),
        (3, N::Arguments),
        (8, N::SansRessources),
        (11, N::Expiree),
        (12, N::Interdite),
        (13, N::PasPrete),
        (14, N::Surchargee),
        (15, N::FluxInattendu),
    ];
    let ran = [
        (4, N::Panique),
        (5, N::Echec),
        (6, N::ReponseTropGrande),
        (7, N::ReponseNonCodable),
        (9, N::ReponsePerdue),
        (10, N::Fermee),
    ];
    let alone = [(0x010b, N::SurchargeeApres), (0x010c, N::PromesseRompue)];
    let long = ran.map(|(code, nature)| (0x0100 | code, nature));
    with_watchdog("known codes", LIMIT, || {
        for (cases, may_have_run) in
            [(&not_run[..], false), (&ran[..], true), (&alone[..], true), (&long[..], true)]
        {
            for (code, nature) in cases {
                let (error, text) = failed_with(&Greeting::server(), *code, b"");
                assert_eq!(error.a_pu_etre_executee(), may_have_run, "{text}");
                assert_eq!(remote(error).nature, *nature, "{code}");
            }
        }
    });
}

#[test]
fn a_message_that_failed_for_a_made_up_reason_is_told() {
    // [codes.unknown]
    with_watchdog("made-up failure of a message", LIMIT, || {
        let (client, server, told) = client_of(&Greeting::server(), |mut raw| {
            assert!(matches!(raw.next(), Some(Seen::OneWay { .. })));
            raw.send(&failure(0, "note", 0x0342, b"who knows"));
            let id = next_call(&mut raw);
            raw.send(&answer(id, &[92]));
            raw.rest()
        });
        let client = client.unwrap();
        client.envoyer(nommee("note", ())).unwrap();
        assert_eq!(somme(&client).unwrap(), 46);
        let text = told.recv().unwrap();
        assert!(text.contains("failure 66 of class 3") && text.contains("`note`"), "{text}");
        client.close();
        server.join().unwrap();
    });
}

#[test]
fn a_failure_shows_the_fingerprints_that_the_peer_accepts_where_both_declare_them() {
    // [failure.fingerprints]
    with_watchdog("accepted fingerprints", LIMIT, || {
        let declares = with_tail(record(1, &[4]));
        for n in 0..=8_u8 {
            let list: Vec<u32> = (0..n).map(|i| 0xabc0_0000 + u32::from(i)).collect();
            let bytes: Vec<u8> = list.iter().flat_map(|one| one.to_le_bytes()).collect();
            let behind = [&[n], &bytes[..], b"somme(u8)"].concat();
            let (error, text) = failed_with(&declares, 2, &behind);
            assert!(!error.a_pu_etre_executee());
            let remote = remote(error);
            assert_eq!(*remote.empreintes_acceptees, list, "{text}");
            assert_eq!((remote.nature, &*remote.texte), (NatureDistante::Signature, "somme(u8)"));
            assert!(list.iter().all(|one| text.contains(&format!("{one:#010x}"))), "{text}");
        }
        // Who does not declare them sends none: these bytes are its text.
        let behind = b"\x01abcdsomme(u8)";
        for greeting in [Greeting::server(), with_tail(record(1, &[3]))] {
            let remote = remote(failed_with(&greeting, 2, behind).0);
            assert!(remote.empreintes_acceptees.is_empty());
            assert_eq!(remote.texte.as_bytes(), behind);
        }
    });
}

#[test]
fn the_error_of_a_typed_call_shows_both_fingerprints() {
    mod ici {
        #[cconn::commande]
        pub(super) fn mesure(n: i64) -> i64 {
            n
        }
    }
    #[commande]
    fn mesure(n: &str) -> i64;
    // [failure.fingerprints]
    with_watchdog("both fingerprints", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(cconn::commandes![ici::mesure]).unwrap();
        let running = serveur.clone();
        let thread = thread::spawn(move || running.lancer());
        let client = Client::new(serveur.adresse()).unwrap();
        let error = client.appeler(mesure { n: "douze" }).unwrap_err();
        let text = error.to_string();
        let remote = remote(error);
        let [accepted] = *remote.empreintes_acceptees else { panic!("{text}") };
        assert!(remote.empreinte != 0 && remote.empreinte != accepted, "{text}");
        for one in [remote.empreinte, accepted] {
            assert!(text.contains(&format!("{one:#010x}")), "{text}");
        }
        assert_eq!((client.appeler(ici::mesure { n: 3 }).unwrap(), ici::mesure(1)), (3, 1));
        client.eteindre().unwrap();
        serveur.eteindre().unwrap();
        thread.join().unwrap().unwrap();
    });
}

/// What a server sends that was asked with that id, the reason of the `adieu`, what it says.
type Case = (fn(u64) -> Vec<u8>, &'static str);

#[test]
fn a_server_of_made_up_frames_and_bad_blocks() {
    // [frame.unknown-kind] [context.room] [context.twice] [failure.fingerprints]
    let cases: [Case; 8] = [
        (|_| frame(18, &[&[1; 20]]), "frame kind 18 is unknown"),
        (|_| frame(17, &[&[1; 8]]), "frame kind 17 is unknown"),
        (|_| frame(200, &[]), "frame kind 200 is unknown"),
        (|_| with_context(&one_way("a", &[]), &[5, 0, 5, 0]), "tag 5 comes twice"),
        (|_| with_context(&one_way("a", &[]), &[1, 4, 0]), "reaches beyond its end"),
        (|id| failure(id, "somme", 2, &[]), "ends before its fields do"),
        (|id| failure(id, "somme", 2, &[2, 1, 2, 3, 4]), "ends before its fields do"),
        (|id| failure(id, "somme", 2, &[&[9][..], &[1; 36]].concat()), "9 fingerprints"),
    ];
    with_watchdog("bad later server", LIMIT, || {
        for (bytes, what) in cases {
            let (client, server, _) = client_of(&with_tail(record(1, &[7])), move |mut raw| {
                let id = next_call(&mut raw);
                raw.send(&bytes(id));
                assert_last_word(&mut raw, 5, what)
            });
            let error = somme(&client.unwrap()).unwrap_err();
            let Erreur::Fermee(ended) = &error else { panic!("{error:?}") };
            assert_eq!(ended.raison, RaisonFin::Protocole, "{error}");
            assert!(error.to_string().contains(what), "{error}");
            assert_eq!(server.join().unwrap(), []);
        }
    });
}

#[test]
fn a_server_that_closes_for_a_made_up_reason() {
    // [adieu.unknown]
    with_watchdog("made-up reason", LIMIT, || {
        for reason in [0, 12, 300, u16::MAX] {
            let (client, server, _) = client_of(&Greeting::server(), move |mut raw| {
                next_call(&mut raw);
                raw.send(&adieu(reason, "plus tard".as_bytes()));
                raw.end();
                raw.rest()
            });
            let error = somme(&client.unwrap()).unwrap_err();
            let Erreur::Fermee(ended) = &error else { panic!("{error:?}") };
            assert_eq!(ended.raison, RaisonFin::Autre(reason), "{error}");
            let text = error.to_string();
            assert!(error.est_fatale() && error.a_pu_etre_executee(), "{text}");
            assert!(text.contains(&format!("reason {reason},")) && text.contains("plus tard"));
            assert_eq!(server.join().unwrap(), [], "nothing is sent after an abrupt goodbye");
        }
    });
}

#[test]
fn a_context_block_is_charged_to_the_window() {
    // [window.charge]
    const W: usize = 2 * (1024 + 64);
    with_watchdog("charge of a block", LIMIT, || {
        for beyond in [0, 1] {
            let (client, server, _) = client_of(&Greeting::server(), move |mut raw| {
                // Nobody listens at the client: what arrives waits there.
                let block = [200, 98].into_iter().chain([0; 98]).collect::<Vec<u8>>();
                let one = |charge: usize| {
                    with_context(&one_way("a", &vec![0; charge - 64 - 101]), &block)
                };
                raw.send(&[one(1000), one(800), one(W - 1800 + beyond)].concat());
                if beyond > 0 {
                    assert_last_word(&mut raw, 7, "and the window had room for");
                    return;
                }
                let id = next_call(&mut raw);
                raw.send(&answer(id, &[92]));
                raw.rest();
            });
            let client = client.unwrap();
            if beyond == 0 {
                assert_eq!(somme(&client).unwrap(), 46);
                client.close();
            }
            server.join().unwrap();
        }
    });
}

#[test]
fn depths_beyond_what_the_wire_carries_can_not_be_set() {
    // [depth.most]
    for depth in [0, 1, 127, 128, 200, 255] {
        let set = Serveur::options(0).profondeur_max(depth).ouvrir();
        assert_eq!(set.is_ok(), depth <= 127, "{depth}");
        if let Err(error) = set {
            let text = error.to_string();
            assert!(text.contains("`profondeur_max`") && text.contains("127"), "{text}");
        }
    }
}
