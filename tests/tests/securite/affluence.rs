//! Many newcomers at once: who greets is let in whatever it takes, and who is not is told why.

use std::collections::VecDeque;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::secret::{LONGUEUR_MIN, Secret};
use cconn::{Client, OptionsClient, OptionsServeur, Resultat, Serveur, nommee};
use cconn_tests::certificates::Authority;
use cconn_tests::{far_away, with_watchdog};

use crate::tls::{tls_of, trusting};

const LIMIT: Duration = Duration::from_secs(60);

/// How long bytes take each way.
const FAR: Duration = Duration::from_millis(50);

const MILLISECOND: Duration = Duration::from_millis(1);

/// The connections that one thread of a flood keeps open.
const KEPT: usize = 300;

/// Opens connections, which say these bytes and no more, until it is dropped.
struct Flood {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Flood {
    fn of(address: SocketAddr, said: &[u8], pause: Duration) -> Flood {
        let is_over = Arc::new(AtomicBool::new(false));
        let pour = |is_over: Arc<AtomicBool>, said: Vec<u8>| {
            thread::spawn(move || {
                let mut open = VecDeque::new();
                while !is_over.load(Ordering::Relaxed) {
                    thread::sleep(pause);
                    let Ok(mut stream) = TcpStream::connect_timeout(&address, FAR) else {
                        continue;
                    };
                    let _refused = stream.write_all(&said);
                    open.push_back(stream);
                    if open.len() > KEPT {
                        open.pop_front();
                    }
                }
            })
        };
        let threads = (0..2).map(|_| pour(is_over.clone(), said.to_vec())).collect();
        Flood { is_over, threads }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

/// A server with that many places, and the way to it.
fn started(options: OptionsServeur, places: usize) -> (Serveur, JoinHandle<Resultat<()>>) {
    let serveur = options.max_clients(places).ouvrir().unwrap();
    serveur.enregistrer_commande("double", |_, (n,): (u32,)| 2 * n).unwrap();
    let running = serveur.clone();
    (serveur, thread::spawn(move || running.lancer()))
}

/// A kind of server, its settings, and what a client of it says besides its greeting.
type Kind = (&'static str, OptionsServeur, Box<dyn Fn(OptionsClient) -> OptionsClient>);

fn kinds() -> Vec<Kind> {
    let autorite = Arc::new(Authority::new());
    let secret = || [Secret::new("a", [1; LONGUEUR_MIN]).unwrap()];
    let encrypted = || Serveur::options(0).tls(tls_of(&autorite.sign(&["127.0.0.1"])));
    let trust = autorite.clone();
    let trust_too = autorite.clone();
    vec![
        ("plain", Serveur::options(0), Box::new(|options| options)),
        ("tls", encrypted(), Box::new(move |options| options.tls(trusting(&trust)))),
        (
            "secret",
            Serveur::options(0).secrets(secret()),
            Box::new(move |options| options.secrets(secret())),
        ),
        (
            "tls and secret",
            encrypted().secrets(secret()),
            Box::new(move |options| options.tls(trusting(&trust_too)).secrets(secret())),
        ),
    ]
}

fn options(address: SocketAddr) -> OptionsClient {
    Client::options(address).delai_connexion(LIMIT / 3)
}

/// What strangers say, the pause between two of them, and how long bytes of a caller take.
type Strangers<'a> = (&'a [Vec<u8>], Duration, Duration);

/// Calls from far away while strangers come, each of which says these bytes. `told`: what a proxy
/// tells of the caller.
fn call_in_a_flood(
    (kind, settings, tells): Kind,
    told: &'static str,
    (all_said, pause, far): Strangers<'_>,
) {
    let (serveur, lancer) = started(settings, 9);
    let near = serveur.adresse().socket().unwrap();
    let address = far_away(near, move |_| told.into(), far);
    for said in all_said {
        let flood = Flood::of(near, said, pause);
        let client = tells(options(address)).connecter();
        let client = client.unwrap_or_else(|error| panic!("{kind}, {said:?}: {error}"));
        assert_eq!(client.appeler::<u32, _>(nommee("double", (21_u32,))).unwrap(), 42);
        drop(flood);
    }
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
}

#[test]
fn no_flood_of_silent_strangers_keeps_out_who_comes_from_the_same_address() {
    with_watchdog("no_flood_of_silent_strangers_keeps_out_who_comes", LIMIT, || {
        // About a thousand a second, so that a stranger has some hundred milliseconds for each step.
        for kind in kinds() {
            call_in_a_flood(kind, "", (&[Vec::new()], 2 * MILLISECOND, FAR));
        }
    });
}

#[test]
fn no_flood_of_one_address_keeps_out_another() {
    with_watchdog("no_flood_of_one_address_keeps_out_another", LIMIT, || {
        // Nothing, the head of a greeting, the head of a record of TLS.
        let said = [&b""[..], b"CCON", &[0x16, 3, 1, 2, 0, 1, 0]];
        let flood = b"PROXY TCP4 192.0.2.9 192.0.2.1 1 2\r\n";
        let said = said.map(|said| [flood, said].concat());
        for (kind, settings, tells) in kinds() {
            let settings = settings.mandataires(["127.0.0.1"]);
            let told = "PROXY TCP4 192.0.2.4 192.0.2.1 1 2\r\n";
            call_in_a_flood((kind, settings, tells), told, (&said, Duration::ZERO, 4 * FAR));
        }
    });
}

#[test]
fn a_full_server_says_so_whatever_it_asks_of_newcomers() {
    with_watchdog("a_full_server_says_so_whatever_it_asks_of_newcomers", LIMIT, || {
        for (kind, settings, tells) in kinds() {
            let (serveur, lancer) = started(settings, 1);
            let near = serveur.adresse().socket().unwrap();
            let first = tells(options(near)).connecter().unwrap();
            for address in [near, far_away(near, |_| Vec::new(), FAR)] {
                let text = tells(options(address)).connecter().unwrap_err().to_string();
                assert!(text.contains("full"), "{kind}: {text}");
            }
            first.eteindre().unwrap();
            serveur.eteindre().unwrap();
            lancer.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_server_that_stops_during_a_handshake_is_told_as_such() {
    with_watchdog("a_server_that_stops_during_a_handshake_is_told_as_such", LIMIT, || {
        for (kind, settings, tells) in kinds() {
            let (serveur, lancer) = started(settings, 9);
            let address = far_away(serveur.adresse().socket().unwrap(), |_| Vec::new(), FAR);
            let options = tells(options(address));
            let newcomer = thread::spawn(move || options.connecter().map(drop));
            thread::sleep(FAR / 2);
            serveur.eteindre().unwrap();
            if let Err(error) = newcomer.join().unwrap() {
                let text = error.to_string();
                assert!(text.contains("stopping"), "{kind}: {text}");
            }
            lancer.join().unwrap().unwrap();
        }
    });
}
