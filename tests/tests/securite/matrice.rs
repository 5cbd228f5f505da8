//! Every way to be refused, side by side: each has an error of its own that says what to do, and
//! none makes a command run.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::secret::{LONGUEUR_MIN, Secret};
use cconn::tls::TlsClient;
use cconn::{Client, OptionsClient, OptionsServeur, Resultat, Serveur, commandes, nommee};
use cconn_tests::certificates::{Authority, Validity};
use cconn_tests::raw::Greeting;
use cconn_tests::{Stopwatch, with_watchdog};

use crate::tls::{tls_of, trusting};

const LIMIT: Duration = Duration::from_secs(60);

/// The longest that a refusal may take.
const SOON: Duration = Duration::from_secs(10);

/// How many commands have run here in all.
static RAN: AtomicUsize = AtomicUsize::new(0);

#[cconn::commande]
fn utile() {
    RAN.fetch_add(1, Ordering::SeqCst);
}

fn nobody(_: &Client) -> bool {
    false
}

#[cconn::commande(garde = nobody)]
fn interdite() {
    RAN.fetch_add(1, Ordering::SeqCst);
}

mod elsewhere {
    /// What another build of the caller has for `utile`.
    #[cconn::commande]
    pub(super) fn utile(quoi: String);
}

/// A server whose commands count, and what it says of those that it does not let in.
struct Server {
    serveur: Serveur,
    lancer: Option<JoinHandle<Resultat<()>>>,
    told: Receiver<String>,
}

impl Server {
    fn new(options: OptionsServeur) -> Self {
        let (sender, told) = mpsc::channel();
        let options = options.quand_refuse(move |_, why| {
            let _nobody_asks = sender.send(why.to_string());
        });
        let serveur = options.ouvrir().unwrap();
        serveur.enregistrer(commandes![utile, interdite]).unwrap();
        let running = serveur.clone();
        let lancer = Some(thread::spawn(move || running.lancer()));
        Server { serveur, lancer, told }
    }

    fn options(&self) -> OptionsClient {
        Client::options(self.serveur.adresse()).delai_connexion(SOON)
    }

    /// What the server says of a peer that says these bytes.
    fn hears(&self, bytes: &[u8]) -> String {
        let mut peer = TcpStream::connect(self.serveur.adresse()).unwrap();
        peer.write_all(bytes).unwrap();
        let call = cconn_tests::raw::call(1, "utile", &[]);
        let _refused = peer.write_all(&call).and_then(|()| peer.shutdown(Shutdown::Write));
        let _reset = peer.read_to_end(&mut Vec::new());
        self.told.recv_timeout(SOON).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serveur.eteindre().unwrap();
        self.lancer.take().unwrap().join().unwrap().unwrap();
    }
}

fn secret(byte: u8) -> [Secret; 1] {
    [Secret::new("a", [byte; LONGUEUR_MIN]).unwrap()]
}

/// Why a client is not let in, or is not served.
fn refused(options: OptionsClient) -> String {
    let called = options.connecter().and_then(|client| client.appeler(utile {}));
    called.unwrap_err().to_string()
}

/// Refusals, each with a part of its text that says what is wrong or what to do.
type Refusals = Vec<(&'static str, Box<dyn Fn() -> String>)>;

fn of_the_program() -> Refusals {
    vec![
        (
            "the newcomer is `demon` 1",
            Box::new(|| {
                let server = Server::new(Serveur::options(0).programme("demon", "2", ""));
                refused(server.options().programme("demon", "1", ""))
            }),
        ),
        (
            "does not say which program it is",
            Box::new(|| {
                let server = Server::new(Serveur::options(0));
                refused(server.options().programme("demon", "1", ""))
            }),
        ),
    ]
}

fn of_the_greeting() -> Refusals {
    let hears = |bytes: Vec<u8>| move || Server::new(Serveur::options(0)).hears(&bytes);
    vec![
        ("not a cconn peer", Box::new(hears(b"GET / HTTP/1.1\r\n\r\n".to_vec()))),
        ("version 0 of the protocol", {
            Box::new(hears(Greeting { version: 0, ..Greeting::client() }.bytes()))
        }),
        ("it is a server too", Box::new(hears(Greeting::server().bytes()))),
        (
            "the server is full",
            Box::new(|| {
                let server = Server::new(Serveur::options(0));
                let _first = server.options().connecter().unwrap();
                refused(server.options())
            }),
        ),
        (
            "`max_par_adresse`",
            Box::new(|| {
                let server = Server::new(Serveur::options(0).max_clients(9).max_par_adresse(1));
                let _first = server.options().connecter().unwrap();
                refused(server.options())
            }),
        ),
        (
            "no secret in common",
            Box::new(|| {
                let server = Server::new(Serveur::options(0).secrets(secret(1)));
                refused(server.options().secrets(secret(2)))
            }),
        ),
        (
            "give both `secrets`",
            Box::new(|| {
                let server = Server::new(Serveur::options(0).secrets(secret(1)));
                refused(server.options())
            }),
        ),
    ]
}

/// What a client is told that trusts one authority, by a server with a certificate of one.
fn encrypted(
    server: impl Fn(&Authority) -> OptionsServeur + 'static,
    client: impl Fn(&Authority) -> Option<TlsClient> + 'static,
) -> Box<dyn Fn() -> String> {
    Box::new(move || {
        let autorite = Authority::new();
        let server = Server::new(server(&autorite));
        let options = server.options();
        refused(match client(&autorite) {
            Some(tls) => options.tls(tls),
            None => options,
        })
    })
}

fn of_the_encryption() -> Refusals {
    let here = ["127.0.0.1"];
    let good = move |by: &Authority| Serveur::options(0).tls(tls_of(&by.sign(&here)));
    let trust = |by: &Authority| Some(trusting(by));
    vec![
        ("speaks cconn without TLS", encrypted(|_| Serveur::options(0), trust)),
        ("connect with `tls`", encrypted(good, |_| None)),
        ("authorit", encrypted(good, |_| Some(trusting(&Authority::new())))),
        ("another name", {
            encrypted(|by| Serveur::options(0).tls(tls_of(&by.sign(&["a.example"]))), trust)
        }),
        ("expired", {
            let old = move |by: &Authority| tls_of(&by.sign_for(&here, Validity::Past));
            encrypted(move |by| Serveur::options(0).tls(old(by)), trust)
        }),
        ("`certificat`", {
            let wants = move |by: &Authority| tls_of(&by.sign(&here)).exige_clients(by.pem());
            encrypted(move |by| Serveur::options(0).tls(wants(by).unwrap()), trust)
        }),
    ]
}

fn of_the_command() -> Refusals {
    let calls = |call: fn(&Client) -> Resultat<()>| -> Box<dyn Fn() -> String> {
        Box::new(move || {
            let server = Server::new(Serveur::options(0));
            let client = server.options().connecter().unwrap();
            let error = call(&client).unwrap_err();
            assert!(!error.a_pu_etre_executee() && !error.est_fatale(), "{error}");
            error.to_string()
        })
    };
    vec![
        ("the guard of `interdite`", calls(|client| client.appeler(interdite {}))),
        ("is it registered there", calls(|client| client.appeler(nommee("absente", ())))),
        ("another signature", {
            calls(|client| client.appeler(elsewhere::utile { quoi: String::new() }))
        }),
    ]
}

#[test]
fn every_refusal_has_an_error_of_its_own_and_runs_no_command() {
    with_watchdog("every_refusal_has_an_error_of_its_own_and_runs_no_command", LIMIT, || {
        let all = [of_the_greeting(), of_the_program(), of_the_encryption(), of_the_command()];
        let mut seen: Vec<String> = Vec::new();
        for (hint, refusal) in all.into_iter().flatten() {
            let watch = Stopwatch::start();
            let text = refusal();
            assert!(watch.elapsed() < 2 * SOON, "{hint}: {:?}", watch.elapsed());
            assert!(text.contains(hint), "{hint}: {text}");
            assert_eq!(text.lines().count(), 1, "{text}");
            // Without addresses, by which all would differ.
            let text: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
            assert!(!seen.contains(&text), "told twice: {text}");
            seen.push(text);
        }
        assert_eq!(seen.len(), 18);
        assert_eq!(RAN.load(Ordering::SeqCst), 0, "a command ran");
        // The commands do count.
        let server = Server::new(Serveur::options(0));
        server.options().connecter().unwrap().appeler(utile {}).unwrap();
        assert_eq!(RAN.load(Ordering::SeqCst), 1);
    });
}
