//! What errors say: the cause once and in front, and nothing of a peer's that could forge a line.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use cconn::{Client, Erreur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{local, with_watchdog};
use serde::{Deserialize, Deserializer, Serialize};

const LIMIT: Duration = Duration::from_secs(20);

/// Line breaks, codes of a terminal, a change of direction, and what must stay.
const NASTY: &str = "été\n2026 ERROR forged\r\u{1b}[2J\u{9b}m\u{202e}txt\u{2028}\u{0}";
const SHOWN: &str = "été\\n2026 ERROR forged\\r\\u{1b}[2J\\u{9b}m\\u{202e}txt\\u{2028}\\u{0}";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Faute(String);

impl std::fmt::Display for Faute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Quotes in its error what it was given.
#[derive(Debug, Serialize)]
struct Severe;

impl<'de> Deserialize<'de> for Severe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Err(serde::de::Error::custom(format!("no such thing: {text}")))
    }
}

/// Every text that an error shows, and those of its sources.
fn all_texts<E: std::fmt::Debug + std::fmt::Display>(error: &Erreur<E>) -> Vec<String> {
    let mut texts = vec![format!("{error}"), format!("{error:?}"), format!("{error:#}")];
    let mut source = error.source();
    while let Some(cause) = source {
        texts.extend([format!("{cause}"), format!("{cause:?}")]);
        source = cause.source();
    }
    texts
}

#[track_caller]
fn assert_harmless<E: std::fmt::Debug + std::fmt::Display>(error: &Erreur<E>) {
    for text in all_texts(error) {
        let harmful = |c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c);
        assert!(!text.contains(harmful), "{text:?}");
        assert!(text.contains("2026 ERROR forged"), "{text:?}");
    }
    assert!(error.to_string().contains(SHOWN), "{error}");
}

#[test]
fn texts_of_a_peer_are_shown_in_one_line_everywhere() {
    let (serveur, client) = local();
    serveur
        .enregistrer_commande("echec", |_, ()| -> Resultat<()> { Err(Erreur::echec(NASTY)) })
        .unwrap();
    serveur
        .enregistrer_commande("refus", |_, ()| -> Result<(), Faute> { Err(Faute(NASTY.into())) })
        .unwrap();
    serveur.enregistrer_commande("texte", |_, ()| NASTY.to_owned()).unwrap();
    serveur.enregistrer_commande("severe", |_, (_,): (Severe,)| ()).unwrap();

    let error = client.appeler::<(), _>(nommee("echec", ())).unwrap_err();
    assert_harmless(&error);
    let Erreur::Distante(distante) = error else { panic!("{error:?}") };
    assert_eq!(&*distante.texte, NASTY, "the field holds it as it came");
    assert!(!format!("{distante}").contains('\n') && !format!("{distante:?}").contains('\n'));

    #[commande]
    fn refus() -> Result<(), Faute>;
    let error = client.appeler(refus {}).unwrap_err();
    assert_harmless(&error);
    assert_harmless(&Erreur::<cconn::erreur::Jamais>::from(error));
    // Decoded here, and refused by a type that quotes it; then the same at the peer.
    assert_harmless(&client.appeler::<Severe, _>(nommee("texte", ())).unwrap_err());
    assert_harmless(&client.appeler::<(), _>(nommee("severe", (NASTY,))).unwrap_err());
}

/// A gateway takes names and addresses from who knows whom.
#[test]
fn names_and_addresses_are_shown_in_one_line() {
    let (serveur, client) = local();
    let named = || nommee(NASTY, ());
    assert_harmless(&client.appeler::<(), _>(named()).unwrap_err());
    assert_harmless(&client.appeler::<(), _>(nommee(NASTY, (vec![0_u8; 9 << 20],))).unwrap_err());
    serveur.enregistrer_commande(NASTY, |_, ()| 7_u8).unwrap();
    assert_harmless(&serveur.enregistrer_commande(NASTY, |_, ()| 7_u8).unwrap_err());
    assert_harmless(&client.appeler::<(u8, u8), _>(named()).unwrap_err());
    client.close();
    assert_harmless(&client.envoyer(named()).unwrap_err());
    for address in [NASTY.to_owned(), format!("127.0.0.1:{NASTY}"), format!("{NASTY}:1")] {
        assert_harmless(&Client::new(&*address).unwrap_err());
        assert_harmless(&Serveur::new(&*address).unwrap_err());
    }
    let empty = Client::new("").unwrap_err().to_string();
    assert!(empty.starts_with("can't connect to \"\": the address is empty"), "{empty}");
}

#[test]
fn texts_of_the_program_stay_as_they_are() {
    assert_eq!(Erreur::echec(NASTY).to_string(), NASTY);
}

/// A server that refuses in its own words.
#[test]
fn a_refusal_of_a_server_is_shown_in_one_line() {
    with_watchdog("a_refusal_of_a_server_is_shown_in_one_line", LIMIT, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut greeting = b"cconn\r\n\0\x01\x00".to_vec();
            greeting.extend(u16::try_from(18 + NASTY.len()).unwrap().to_le_bytes());
            greeting.extend([1, 1, 1, 0]);
            greeting.extend(1024_u32.to_le_bytes());
            greeting.extend(4096_u64.to_le_bytes());
            greeting.extend(u16::try_from(NASTY.len()).unwrap().to_le_bytes());
            greeting.extend(NASTY.as_bytes());
            stream.write_all(&greeting).unwrap();
            let mut rest = Vec::new();
            let _ended = stream.read_to_end(&mut rest);
        });
        assert_harmless(&Client::new(address).unwrap_err());
        server.join().unwrap();
    });
}

/// A cause stands in the text or behind it, never in both.
#[track_caller]
fn assert_said_once(error: &(dyn Error + 'static)) {
    let text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        assert!(!text.contains(&cause.to_string()), "{text}: {cause}");
        source = cause.source();
    }
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("outer")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_cause_is_said_once() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let listening = Serveur::new(address).unwrap_err();
    // What other systems say depends on the language of their user.
    assert!(cfg!(windows) || listening.to_string().contains("in use"), "{listening}");
    assert_said_once(&listening);
    drop(taken);
    let connecting = Client::new(address).unwrap_err();
    assert!(cfg!(windows) || connecting.to_string().contains("refused"), "{connecting}");
    assert_said_once(&connecting);
    assert_said_once(&Client::new("no address").unwrap_err());

    let (serveur, client) = local();
    serveur.enregistrer_commande("texte", |_, ()| "x".to_owned()).unwrap();
    let decoding = client.appeler::<u64, _>(nommee("texte", ())).unwrap_err();
    assert!(matches!(decoding, Erreur::Codage(_)), "{decoding:?}");
    assert_said_once(&decoding);
    let Erreur::Codage(codage) = decoding else { unreachable!() };
    assert_said_once(&*codage);
    let unknown = client.appeler::<u64, _>(nommee("unknown", ())).unwrap_err();
    assert_said_once(&unknown);
    let number = "x".parse::<u8>().unwrap_err();
    let own = Erreur::echec(Outer(number.clone()));
    assert_said_once(&own);
    assert_eq!(own.source().unwrap().to_string(), number.to_string());
    client.close();
    assert_said_once(&client.appeler::<u64, _>(nommee("texte", ())).unwrap_err());
}

/// Each command calls the other side, until one can't.
#[commande]
fn plus_loin(client: &Client) -> Resultat<()> {
    client.appeler(plus_loin {})
}

/// The same with the error in another wrapping at each level.
#[commande]
fn en_texte(client: &Client) -> Resultat<()> {
    client.appeler(en_texte {}).map_err(|error| Erreur::echec(error.to_string()))
}

#[commande]
fn emballee(client: &Client) -> Resultat<()> {
    client.appeler(emballee {}).map_err(Erreur::echec)
}

#[commande]
fn propre(client: &Client) -> Resultat<(), Faute> {
    client.appeler(propre {})?;
    Ok(())
}

#[test]
fn the_cause_of_a_deep_failure_is_in_front() {
    with_watchdog("the_cause_of_a_deep_failure_is_in_front", LIMIT, || {
        let (serveur, client) = local();
        let liste = || commandes![plus_loin, en_texte, emballee, propre];
        serveur.enregistrer(liste()).unwrap();
        client.enregistrer(liste()).unwrap();
        for error in [
            client.appeler(plus_loin {}).unwrap_err(),
            client.appeler(emballee {}).unwrap_err(),
            client.appeler(propre {}).unwrap_err().into(),
        ] {
            let text = error.to_string();
            let cause = text.find("it would be nested more than 32 deep").expect(&text);
            let row = text.find("; passed on by `").expect(&text);
            assert!(cause < row && cause < 150, "{text}");
            assert!(text.contains(", by 28 more, by `"), "{text}");
            assert!(text.len() <= 1024, "{} bytes", text.len());
            assert_eq!(text.matches("it failed at the peer").count(), 1, "{text}");
        }
        // Where the program makes a text of it at each level, both its ends are kept.
        let text = client.appeler(en_texte {}).unwrap_err().to_string();
        assert!(text.contains("nested more than 32 deep"), "{text}");
    });
}

#[test]
fn a_panic_s_text_goes_to_the_caller_where_that_is_asked_for() {
    let texts = |told: bool| {
        let serveur = Serveur::options(0).textes_de_panique(told).ouvrir().unwrap();
        let client = serveur.client_local().unwrap();
        let fixed = |_: &Client, ()| -> u8 { panic!("fixed") };
        serveur.enregistrer_commande("fixed", fixed).unwrap();
        let made = |_: &Client, (n,): (u8,)| -> u8 { panic!("made {n}\n{NASTY}") };
        serveur.enregistrer_commande("made", made).unwrap();
        let other = |_: &Client, ()| -> u8 { std::panic::panic_any(7_u8) };
        serveur.enregistrer_commande("other", other).unwrap();
        [
            client.appeler::<u8, _>(nommee("fixed", ())).unwrap_err().to_string(),
            client.appeler::<u8, _>(nommee("made", (1_u8,))).unwrap_err().to_string(),
            client.appeler::<u8, _>(nommee("other", ())).unwrap_err().to_string(),
        ]
    };
    let end = "it panicked at the peer";
    assert!(texts(false).iter().all(|text| text.ends_with(end)), "{:?}", texts(false));
    let [fixed, made, other] = texts(true);
    assert!(fixed.ends_with(&format!("{end}: fixed")), "{fixed}");
    assert!(made.ends_with(&format!("{end}: made 1\\n{SHOWN}")), "{made}");
    assert!(other.ends_with(end), "{other}");
}

/// The other side of a connection decides for itself.
#[test]
fn a_client_s_panics_are_told_by_its_own_option() {
    with_watchdog("a_client_s_panics_are_told_by_its_own_option", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let address = serveur.adresse();
        let back = |client: &Client, ()| -> Resultat<u8> { client.appeler(nommee("p", ())) };
        serveur.enregistrer_commande("back", back).unwrap();
        let handle = serveur.clone();
        let running = std::thread::spawn(move || handle.lancer());
        let client = Client::options(address).textes_de_panique(true).connecter().unwrap();
        client.enregistrer_commande("p", |_, ()| -> u8 { panic!("told") }).unwrap();
        let text = client.appeler::<u8, _>(nommee("back", ())).unwrap_err().to_string();
        assert!(text.contains("it panicked at the peer: told"), "{text}");
        client.close();
        serveur.eteindre().unwrap();
        running.join().unwrap().unwrap();
    });
}

/// The stream's end is said once.
#[test]
fn a_lost_connection_is_named_once() {
    with_watchdog("a_lost_connection_is_named_once", LIMIT, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut greeting = b"cconn\r\n\0\x01\x00\x12\x00\x01\x01\x00\x00".to_vec();
            greeting.extend(1024_u32.to_le_bytes());
            greeting.extend(4096_u64.to_le_bytes());
            greeting.extend([0, 0]);
            stream.write_all(&greeting).unwrap();
            let mut call = [0; 31];
            stream.read_exact(&mut call).unwrap();
        });
        let client = Client::new(address).unwrap();
        let text = client.appeler::<u8, _>(nommee("x", ())).unwrap_err().to_string();
        server.join().unwrap();
        let named = text.to_lowercase().matches("connection").count();
        assert!(named == 1 && !text.contains("os error"), "{text}");
    });
}

/// The same where it is lost before the greeting is done.
#[test]
fn a_connection_that_is_lost_while_greeting_is_named_once() {
    with_watchdog("a_connection_that_is_lost_while_greeting_is_named_once", LIMIT, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // What is unread when it is closed makes a reset of the end.
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            stream.peek(&mut [0; 30]).unwrap();
        });
        let text = Client::new(address).unwrap_err().to_string();
        server.join().unwrap();
        assert_eq!(text.to_lowercase().matches("connection").count(), 1, "{text}");
        assert!(text.contains("broke during the greeting"), "{text}");
    });
}
