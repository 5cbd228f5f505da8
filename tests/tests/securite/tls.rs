//! Encrypted connections: what they carry, what is known of the peer, and each way to refuse.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::erreur::{EchecConnexion, NatureTls, Usage};
use cconn::tls::{TlsClient, TlsServeur};
use cconn::{Client, Erreur, Octets, OptionsServeur, Resultat, Serveur, nommee};
use cconn_tests::certificates::{Authority, Identity, Validity, self_signed};
use cconn_tests::{Stopwatch, with_watchdog};

const LIMIT: Duration = Duration::from_secs(30);

/// A server that runs, counts its commands, and keeps what it said about newcomers that it refused.
pub(crate) struct Running {
    pub(crate) serveur: Serveur,
    lancer: Option<JoinHandle<Resultat<()>>>,
    pub(crate) ran: Arc<AtomicUsize>,
    refused: mpsc::Receiver<Option<NatureTls>>,
}

pub(crate) fn nature(error: &Erreur) -> Option<NatureTls> {
    match error {
        Erreur::Connexion(failed) => match &**failed {
            EchecConnexion::Tls { nature, .. } => Some(*nature),
            _ => None,
        },
        _ => None,
    }
}

pub(crate) fn running(options: OptionsServeur) -> Running {
    let (sender, refused) = mpsc::channel();
    let options = options.quand_refuse(move |_, why| {
        let _nobody_asks = sender.send(nature(why));
    });
    let serveur = options.max_clients(10).ouvrir().unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = ran.clone();
    let echo = move |_: &Client, (octets,): (Octets,)| {
        counted.fetch_add(1, Ordering::SeqCst);
        octets
    };
    serveur.enregistrer_commande("echo", echo).unwrap();
    let who = |client: &Client, (): ()| client.identite().to_string();
    serveur.enregistrer_commande("qui", who).unwrap();
    let running = serveur.clone();
    let lancer = Some(thread::spawn(move || running.lancer()));
    Running { serveur, lancer, ran, refused }
}

impl Running {
    pub(crate) fn refusal(&self) -> Option<NatureTls> {
        self.refused.recv_timeout(LIMIT / 2).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serveur.eteindre().unwrap();
        self.lancer.take().unwrap().join().unwrap().unwrap();
    }
}

pub(crate) fn tls_of(piece: &Identity) -> TlsServeur {
    TlsServeur::new(&piece.chain, &piece.key).unwrap()
}

pub(crate) fn with_tls(piece: &Identity) -> OptionsServeur {
    Serveur::options(0).tls(tls_of(piece))
}

pub(crate) fn connect(running: &Running, tls: TlsClient) -> Resultat<Client> {
    let delay = LIMIT / 3;
    Client::options(running.serveur.adresse()).delai_connexion(delay).tls(tls).connecter()
}

pub(crate) fn trusting(autorite: &Authority) -> TlsClient {
    TlsClient::new(autorite.pem()).unwrap()
}

fn echo(client: &Client, length: usize) {
    let bytes: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let back: Octets = client.appeler(nommee("echo", (Octets::from(bytes.clone()),))).unwrap();
    assert!(back.as_ref() == bytes.as_slice(), "{length} bytes came back changed");
}

/// What the client and the server say about a connection that does not come about.
fn refused(running: &Running, tls: TlsClient) -> (Option<NatureTls>, Option<NatureTls>, String) {
    let watch = Stopwatch::start();
    let error = connect(running, tls).unwrap_err();
    assert!(watch.elapsed() < Duration::from_secs(5), "{error}");
    (nature(&error), running.refusal(), error.to_string())
}

#[test]
fn messages_of_all_sizes_cross_an_encrypted_connection() {
    with_watchdog("messages_of_all_sizes_cross_an_encrypted_connection", LIMIT, || {
        let autorite = Authority::new();
        let server = running(with_tls(&autorite.sign(&["127.0.0.1"])));
        let client = connect(&server, trusting(&autorite)).unwrap();
        for length in [0, 1, 100, 16_383, 16_384, 16_385, 65_536, 1 << 20, 3 << 20] {
            echo(&client, length);
        }
        assert_eq!(client.appeler::<String, _>(nommee("qui", ())).unwrap(), "anonymous");
        let certificate = client.identite().certificat().unwrap();
        assert_eq!(certificate.chaine().count(), 1);
        client.eteindre().unwrap();
    });
}

#[test]
fn many_threads_write_both_ways_at_once() {
    with_watchdog("many_threads_write_both_ways_at_once", LIMIT, || {
        let autorite = Authority::new();
        let server = running(with_tls(&autorite.sign(&["127.0.0.1"])));
        let client = connect(&server, trusting(&autorite)).unwrap();
        let callers: Vec<_> = (0..8_usize)
            .map(|n| {
                let client = client.clone();
                thread::spawn(move || (0..20).for_each(|round| echo(&client, n * 9000 + round)))
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
        client.eteindre().unwrap();
    });
}

#[test]
fn both_sides_know_each_other_by_their_certificates() {
    with_watchdog("both_sides_know_each_other_by_their_certificates", LIMIT, || {
        let autorite = Authority::new();
        let tls = tls_of(&autorite.sign(&["serveur.example"]));
        let tls = tls.exige_clients(autorite.pem()).unwrap();
        let server = running(Serveur::options(0).tls(tls));
        let own = autorite.sign(&["ada.example", "autre.example"]);
        let tls = trusting(&autorite).certificat(&own.chain, &own.key).unwrap();
        let client = connect(&server, tls.nom("serveur.example").unwrap()).unwrap();
        let said: String = client.appeler(nommee("qui", ())).unwrap();
        assert!(said.starts_with("certificate of ada.example (key "), "{said}");
        let there =
            cconn_tests::first_client(&server.serveur).identite().certificat().unwrap().clone();
        assert_eq!(there.noms(), ["ada.example", "autre.example"]);
        let here = client.identite().certificat().unwrap().clone();
        assert_eq!(here.noms(), ["serveur.example"]);
        assert_ne!(here.sha256_de_la_cle(), there.sha256_de_la_cle());
        client.eteindre().unwrap();
    });
}

#[test]
fn a_client_without_a_certificate_comes_in_where_none_is_needed() {
    with_watchdog("a_client_without_a_certificate_comes_in_where_none_is_needed", LIMIT, || {
        let autorite = Authority::new();
        let tls = tls_of(&autorite.sign(&["127.0.0.1"]));
        let tls = tls.accepte_clients(autorite.pem()).unwrap();
        let server = running(Serveur::options(0).tls(tls));
        let client = connect(&server, trusting(&autorite)).unwrap();
        echo(&client, 10);
        assert!(cconn_tests::first_client(&server.serveur).identite().est_anonyme());
        client.eteindre().unwrap();
        // One that is shown must still be a good one.
        let other = Authority::new().sign(&["ada.example"]);
        let tls = trusting(&autorite).certificat(&other.chain, &other.key).unwrap();
        let (here, there, said) = refused(&server, tls);
        let unknown = Some(NatureTls::AutoriteInconnue);
        assert_eq!((here, there), (unknown, unknown), "{said}");
    });
}

#[test]
fn servers_that_are_not_believed_are_told_apart() {
    use NatureTls as N;
    with_watchdog("servers_that_are_not_believed_are_told_apart", LIMIT, || {
        let autorite = Authority::new();
        let other = Authority::new();
        let here = ["127.0.0.1"];
        for (piece, expected) in [
            (autorite.sign_for(&here, Validity::Past), N::Expire),
            (autorite.sign_for(&here, Validity::Future), N::PasEncoreValable),
            (autorite.sign(&["autre.example"]), N::AutreNom),
            (other.sign(&here), N::AutoriteInconnue),
            (self_signed(&here), N::AutoriteInconnue),
        ] {
            let server = running(with_tls(&piece));
            let (found, there, said) = refused(&server, trusting(&autorite));
            assert_eq!(found, Some(expected), "{said}");
            assert!(there.is_some(), "the server is told too");
            assert_eq!(server.ran.load(Ordering::SeqCst), 0);
        }
    });
}

#[test]
fn clients_that_are_not_believed_are_told_why() {
    use NatureTls as N;
    with_watchdog("clients_that_are_not_believed_are_told_why", LIMIT, || {
        let autorite = Authority::new();
        let tls = tls_of(&autorite.sign(&["127.0.0.1"]));
        let tls = tls.exige_clients(autorite.pem()).unwrap();
        let server = running(Serveur::options(0).tls(tls));
        let (found, there, said) = refused(&server, trusting(&autorite));
        let missing = Some(N::CertificatManquant);
        assert_eq!((found, there), (missing, missing), "{said}");
        assert!(said.contains("`certificat`"), "{said}");
        let old = autorite.sign_for(&["ada.example"], Validity::Past);
        let with_old = trusting(&autorite).certificat(&old.chain, &old.key).unwrap();
        let (found, there, said) = refused(&server, with_old);
        assert_eq!((found, there), (Some(N::Expire), Some(N::Expire)), "{said}");
        assert_eq!(server.ran.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn encryption_on_one_side_only_is_told_on_both() {
    // [tls.first] [tls.plain] [refusal.plain]
    use NatureTls as N;
    with_watchdog("encryption_on_one_side_only_is_told_on_both", LIMIT, || {
        let autorite = Authority::new();
        let encrypted = running(with_tls(&autorite.sign(&["127.0.0.1"])));
        let error = Client::new(encrypted.serveur.adresse()).unwrap_err();
        assert_eq!(nature(&error), Some(N::Exige), "{error}");
        assert!(error.to_string().contains("`tls`"), "{error}");
        assert_eq!(encrypted.refusal(), Some(N::EnClair));

        let plain = running(Serveur::options(0));
        let (found, there, said) = refused(&plain, trusting(&autorite));
        assert_eq!((found, there), (Some(N::EnClair), Some(N::Inattendu)), "{said}");
        let ran = encrypted.ran.load(Ordering::SeqCst) + plain.ran.load(Ordering::SeqCst);
        assert_eq!(ran, 0);
    });
}

#[test]
fn what_speaks_neither_cconn_nor_tls_is_refused_and_others_come_in() {
    with_watchdog("what_speaks_neither_cconn_nor_tls_is_refused_and_others_come_in", LIMIT, || {
        let autorite = Authority::new();
        let server = running(with_tls(&autorite.sign(&["127.0.0.1"])));
        for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x16\x03\x01\x00\x05hello", b"\x15", b"c"]
        {
            let mut stream = TcpStream::connect(server.serveur.adresse()).unwrap();
            stream.write_all(garbage).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut said = Vec::new();
            let _reset = stream.read_to_end(&mut said);
            let _told = server.refusal();
        }
        let client = connect(&server, trusting(&autorite)).unwrap();
        echo(&client, 10);
        client.eteindre().unwrap();
    });
}

#[test]
fn a_server_that_speaks_something_else_is_no_encrypted_server() {
    with_watchdog("a_server_that_speaks_something_else_is_no_encrypted_server", LIMIT, || {
        let autorite = Authority::new();
        for (says, expected) in [
            (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], Some(NatureTls::EnClair)),
            (b"", None),
            (b"\x16\x03\x03\x00\x04\x63\x00\x00\x00", Some(NatureTls::Autre)),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let server = thread::spawn(move || {
                let mut stream = listener.accept().unwrap().0;
                let mut hello = [0; 64];
                stream.read_exact(&mut hello).unwrap();
                stream.write_all(says).unwrap();
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                let _rest = stream.read_to_end(&mut Vec::new());
            });
            let error = Client::options(address).tls(trusting(&autorite)).connecter().unwrap_err();
            assert_eq!(nature(&error), expected, "{error}");
            assert!(error.est_fatale() && !error.a_pu_etre_executee());
            server.join().unwrap();
        }
    });
}

#[test]
fn a_server_that_says_nothing_is_given_up_at_the_deadline() {
    with_watchdog("a_server_that_says_nothing_is_given_up_at_the_deadline", LIMIT, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let options = Client::options(listener.local_addr().unwrap());
        let delay = Duration::from_millis(100);
        let error = options
            .delai_connexion(delay)
            .tls(trusting(&Authority::new()))
            .connecter()
            .unwrap_err();
        assert!(matches!(error, Erreur::Delai(_)), "{error:?}");
    });
}

#[test]
fn newcomers_that_stop_in_their_handshake_hold_nobody_up() {
    with_watchdog("newcomers_that_stop_in_their_handshake_hold_nobody_up", LIMIT, || {
        let autorite = Authority::new();
        let options = with_tls(&autorite.sign(&["127.0.0.1"]));
        // Enough for who does greet on a machine whose processors are all busy.
        let server = running(options.delai_accueil(Duration::from_millis(1_500)));
        let address = server.serveur.adresse();
        let silent: Vec<_> = (0..20)
            .map(|n| {
                let mut stream = TcpStream::connect(&address).unwrap();
                stream.write_all(&b"\x16\x03\x01\x02\x00\x01\x00\x01"[..n % 9]).unwrap();
                stream
            })
            .collect();
        let client = connect(&server, trusting(&autorite)).unwrap();
        echo(&client, 10);
        for mut stream in silent {
            let _reset = stream.read_to_end(&mut Vec::new());
        }
        client.eteindre().unwrap();
    });
}

/// Sends so many bytes of a handshake that says it is longer, and returns why it was refused.
fn handshake_of(server: &Running, bytes: usize) -> Option<NatureTls> {
    let mut stream = TcpStream::connect(server.serveur.adresse()).unwrap();
    let hello = [&[1, 0, 0xf0, 0][..], &vec![0; bytes]].concat();
    for part in hello[..bytes].chunks(4000) {
        let length = u16::try_from(part.len()).unwrap().to_be_bytes();
        let record = [&[0x16, 3, 1][..], &length, part].concat();
        if stream.write_all(&record).is_err() {
            break;
        }
    }
    let _kept_open = stream.set_read_timeout(Some(Duration::from_millis(300)));
    let found = server.refused.recv_timeout(Duration::from_millis(600)).ok().flatten();
    drop(stream);
    found.or_else(|| server.refusal())
}

#[test]
fn a_handshake_without_end_is_given_up() {
    // [tls.bound]
    with_watchdog("a_handshake_without_end_is_given_up", LIMIT, || {
        let autorite = Authority::new();
        let piece = autorite.sign(&["127.0.0.1"]);
        let server = running(with_tls(&piece));
        assert_eq!(handshake_of(&server, 9_000), Some(NatureTls::Autre), "beyond the bound");
        assert_eq!(handshake_of(&server, 7_000), None, "it may go on, and then it ends");
        // Certificates take more.
        let asks = tls_of(&piece).exige_clients(autorite.pem()).unwrap();
        let server = running(Serveur::options(0).tls(asks));
        assert_eq!(handshake_of(&server, 17_000), Some(NatureTls::Autre), "beyond the bound");
        assert_eq!(handshake_of(&server, 15_000), None, "it may go on, and then it ends");
    });
}

#[test]
fn certificates_and_keys_that_are_none_are_refused_before_anything_is_opened() {
    let autorite = Authority::new();
    let (one, two) = (autorite.sign(&["a.example"]), autorite.sign(&["b.example"]));
    let texts: Vec<String> = [
        TlsServeur::new("", &one.key).map(drop),
        TlsServeur::new(&one.chain, "").map(drop),
        TlsServeur::new(&one.key, &one.key).map(drop),
        TlsServeur::new(&one.chain, &two.key).map(drop),
        TlsServeur::fichiers("/nowhere/chain.pem", "/nowhere/key.pem").map(drop),
        TlsServeur::new(&one.chain, &one.key).unwrap().exige_clients("").map(drop),
        TlsClient::new("-----BEGIN CERTIFICATE-----\n").map(drop),
        TlsClient::fichier("/nowhere/authority.pem").map(drop),
        trusting(&autorite).nom("no name").map(drop),
        trusting(&autorite).certificat(&one.chain, &two.key).map(drop),
        TlsServeur::new(&one.chain, &one.key[..one.key.len() / 2]).map(drop),
        TlsClient::new("-----BEGIN CERTIFICATE\n").map(drop),
    ]
    .into_iter()
    .map(|result| match result.unwrap_err() {
        Erreur::Usage(usage) if matches!(*usage, Usage::Chiffrement { .. }) => usage.to_string(),
        other => panic!("{other:?}"),
    })
    .collect();
    assert!(texts[4].contains("/nowhere/chain.pem"), "{}", texts[4]);
    let [cut, end] = [&texts[10], "the text is cut short: `-----END PRIVATE KEY-----` is missing"];
    assert!(cut.contains(end), "{cut}");
    assert!(texts[11].contains("`-----BEGIN CERTIFICATE` begins no section"), "{}", texts[11]);
    assert!(texts.iter().all(|text| text.starts_with("encryption: ")), "{texts:?}");
}
