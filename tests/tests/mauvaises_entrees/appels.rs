//! Real clients that ask for what can't be: the error of each is its own, and says where.

use std::sync::mpsc;

use cconn::erreur::{NatureDistante, RaisonNonEnvoi};
use cconn::{Client, Erreur, Resultat, commande, commandes, nommee};
use cconn_tests::with_watchdog;

use super::LIMIT;
use super::banc::Bench;

mod ici {
    use cconn::commande;

    #[commande]
    pub(super) fn mesure(n: i64) -> i64 {
        n
    }
}

mod ailleurs {
    use cconn::commande;

    #[commande]
    pub(super) fn mesure(n: &str) -> i64;
}

/// What the peer made of a call; the error names the command and the connection.
#[track_caller]
fn assert_remote(error: &Erreur, nature: NatureDistante, bench: &Bench, name: &str) -> String {
    let Erreur::Distante(remote) = error else { panic!("{error:?}") };
    assert_eq!((remote.nature, &*remote.commande), (nature, name), "{error}");
    assert_eq!(error.commande(), Some(name));
    assert!(!error.est_fatale(), "{error}");
    let (text, address) = (error.to_string(), bench.address().to_string());
    assert!(text.contains(&format!("`{name}`")) && text.contains(&address), "{text}");
    text
}

#[track_caller]
fn assert_lives(client: &Client) {
    let total: i64 = client.appeler(nommee("somme", (12_i64, 34_i64))).unwrap();
    assert_eq!(total, 46);
}

/// A client whose failed one-way messages come out of a channel.
fn client_of(bench: &Bench) -> (Client, mpsc::Receiver<String>) {
    let (tell, told) = mpsc::channel();
    let hook = move |_: &Client, error: &Erreur| tell.send(error.to_string()).unwrap();
    let client = Client::options(bench.address()).quand_echec(hook).connecter().unwrap();
    (client, told)
}

#[test]
fn an_unknown_command() {
    with_watchdog("unknown command", LIMIT, || {
        let bench = Bench::usual();
        let (client, told) = client_of(&bench);
        let error = client.appeler::<i64, _>(nommee("inconnue", (1_u8,))).unwrap_err();
        assert_remote(&error, NatureDistante::Inconnue, &bench, "inconnue");
        assert!(!error.a_pu_etre_executee());
        client.envoyer(nommee("inconnue", ())).unwrap();
        assert_lives(&client);
        let text = told.recv().unwrap();
        assert!(text.contains("`inconnue`") && text.contains("no such command"), "{text}");
    });
}

#[test]
fn two_declarations_of_one_name() {
    // [fingerprint.differs] [fingerprint.none]
    with_watchdog("wrong signature", LIMIT, || {
        let bench = Bench::usual();
        bench.serveur.enregistrer(commandes![ici::mesure]).unwrap();
        let (client, told) = client_of(&bench);
        let error = client.appeler(ailleurs::mesure { n: "douze" }).unwrap_err();
        let text = assert_remote(&error, NatureDistante::Signature, &bench, "mesure");
        assert!(!error.a_pu_etre_executee());
        for signature in ["mesure(n: i64) -> i64", "mesure(n: &str) -> i64"] {
            assert!(text.contains(signature), "{text}");
        }
        client.envoyer(ailleurs::mesure { n: "douze" }).unwrap();
        assert_eq!(client.appeler(ici::mesure { n: 12 }).unwrap(), 12);
        let text = told.recv().unwrap();
        assert!(text.contains("`mesure`") && text.contains("mesure(n: i64) -> i64"), "{text}");
        // Without a fingerprint the arguments themselves tell.
        let error = client.appeler::<i64, _>(nommee("mesure", ("douze",))).unwrap_err();
        let text = assert_remote(&error, NatureDistante::Arguments, &bench, "mesure");
        assert!(text.contains("left over"), "{text}");
        assert_lives(&client);
        assert_eq!(ici::mesure(3), 3);
    });
}

#[commande]
fn taille(octets: &[u8]) -> usize {
    octets.len()
}

#[commande]
fn remplis(taille: usize) -> Vec<u8> {
    vec![7; taille]
}

#[commande]
fn refuse(taille: usize) -> Result<(), String> {
    Err("x".repeat(taille))
}

/// Of a frame of 1024 bytes a call's header takes 22, an answer's 9, and the length of bytes 3.
const LONGEST_ARGUMENT: usize = 1024 - 22 - 3;
const LONGEST_MESSAGE: usize = 1024 - 14 - 3;
const LONGEST_ANSWER: usize = 1024 - 9 - 3;

#[test]
fn an_argument_as_long_as_the_limit_and_one_byte_longer() {
    // [frame.sender-checks] [frame.limit-of-other] [frame.longest-body]
    with_watchdog("long argument", LIMIT, || {
        let bench = Bench::new(|options| options.taille_max(1024));
        bench.serveur.enregistrer(commandes![taille]).unwrap();
        let client = Client::new(bench.address()).unwrap();
        let octets = vec![0; LONGEST_MESSAGE + 1];
        let call = |n: usize| client.appeler(taille { octets: &octets[..n] });
        let send = |n: usize| client.envoyer(taille { octets: &octets[..n] });
        assert_eq!(call(LONGEST_ARGUMENT).unwrap(), LONGEST_ARGUMENT);
        assert_not_sent(&call(LONGEST_ARGUMENT + 1).unwrap_err(), &bench);
        send(LONGEST_MESSAGE).unwrap();
        assert_not_sent(&send(LONGEST_MESSAGE + 1).unwrap_err(), &bench);
        let deferred = client.differer(taille { octets: &octets }).map(|_| ()).unwrap_err();
        let Erreur::NonEnvoyee(_) = deferred else { panic!("{deferred:?}") };
        assert_lives(&client);
        assert_eq!(taille(b"abc"), 3);
    });
}

#[track_caller]
fn assert_not_sent(error: &Erreur, bench: &Bench) {
    let Erreur::NonEnvoyee(not) = error else { panic!("{error:?}") };
    let limit = RaisonNonEnvoi::TropGrande { taille: 1025, limite: 1024 };
    assert_eq!((not.raison, &*not.commande), (limit, "taille"), "{error}");
    assert!(!error.est_fatale() && !error.a_pu_etre_executee());
    let (text, address) = (error.to_string(), bench.address().to_string());
    for what in ["`taille`", "1025 bytes", "1024", "taille_max", &address] {
        assert!(text.contains(what), "{text} does not say {what}");
    }
}

#[test]
fn an_answer_as_long_as_the_limit_and_one_byte_longer() {
    // [frame.sender-checks] [frame.longest-body]
    with_watchdog("long answer", LIMIT, || {
        let bench = Bench::usual();
        bench.serveur.enregistrer(commandes![remplis, refuse]).unwrap();
        let client = Client::options(bench.address()).taille_max(1024).connecter().unwrap();
        let fill = |taille| client.appeler(remplis { taille });
        assert_eq!(fill(LONGEST_ANSWER).unwrap().len(), LONGEST_ANSWER);
        let text = assert_too_large(&fill(LONGEST_ANSWER + 1).unwrap_err(), &bench, "remplis");
        assert!(text.contains("1025 bytes") && text.contains("at most 1024"), "{text}");

        let refusal = |taille| client.appeler(refuse { taille }).unwrap_err();
        match refusal(LONGEST_ANSWER) {
            Erreur::Refus(text) => assert_eq!(text.len(), LONGEST_ANSWER),
            other => panic!("{other:?}"),
        }
        let Erreur::Distante(remote) = refusal(LONGEST_ANSWER + 1) else { panic!("not remote") };
        assert_eq!(remote.nature, NatureDistante::ReponseTropGrande);
        assert!(remote.texte.contains("1025 bytes"), "{remote}");
        assert_lives(&client);
        // What nobody asked for is dropped at once, however long it is.
        client.envoyer(remplis { taille: 5000 }).unwrap();
        assert_lives(&client);
        assert!(remplis(2) == [7, 7] && refuse(1) == Err("x".to_owned()));
    });
}

#[track_caller]
fn assert_too_large(error: &Erreur, bench: &Bench, name: &str) -> String {
    assert!(error.a_pu_etre_executee(), "{error}");
    assert_remote(error, NatureDistante::ReponseTropGrande, bench, name)
}

#[test]
fn an_answer_that_is_not_what_was_asked_for() {
    with_watchdog("wrong answer", LIMIT, || {
        let bench = Bench::usual();
        let client = Client::new(bench.address()).unwrap();
        let wrong: Resultat<String> = client.appeler(nommee("somme", (12_i64, 34_i64)));
        let error = wrong.unwrap_err();
        let Erreur::Codage(codec) = &error else { panic!("{error:?}") };
        assert_eq!(&*codec.commande, "somme");
        assert!(codec.a_pu_etre_executee && !error.est_fatale());
        let (text, address) = (error.to_string(), bench.address().to_string());
        assert!(text.contains("`somme`") && text.contains(&address), "{text}");
        assert!(text.contains("the answer could not be decoded"), "{text}");
        assert_lives(&client);
    });
}
