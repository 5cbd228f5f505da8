//! The servers at which somebody is refused, and who is honest there.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cconn::secret::{LONGUEUR_MIN, Secret};
use cconn::tls::{TlsClient, TlsServeur};
use cconn::{Client, Erreur, OptionsClient, OptionsServeur, Serveur};
use testkit::certificates::{Authority, Identity, Validity, self_signed};
use testkit::other_tls::{OtherServer, Version};

use super::{Told, told};
use crate::company::Door;
use crate::counted;
use crate::host::Host;
use crate::run::Run;

/// The name in a certificate of a client that a guard keeps from every command, and in that of one
/// that is sent away.
pub(super) const REVOKED: &str = "revoked.example";
pub(super) const BANISHED: &str = "banished.example";

const HERE: [&str; 1] = ["127.0.0.1"];

/// Places of a server that is never full.
const MANY: usize = 200;

/// A server at which somebody is refused, and what it was told of each.
pub(super) struct Target {
    pub(super) name: &'static str,
    host: Host,
    told: Arc<Mutex<Vec<Told>>>,
    /// What an honest client gives besides, where one can come in.
    dress: Option<Dress>,
    /// Whether there is room for another honest one.
    has_room: bool,
}

pub(super) type Dress = Arc<dyn Fn(OptionsClient) -> OptionsClient + Send + Sync>;

impl Target {
    fn start(
        name: &'static str,
        options: OptionsServeur,
        dress: impl Into<Option<Dress>>,
    ) -> Target {
        let told_here: Arc<Mutex<Vec<Told>>> = Arc::default();
        let kept = told_here.clone();
        let options = options.quand_refuse(move |_, why| kept.lock().unwrap().push(told(why)));
        let host = Host::start(options, counted::register);
        Target { name, host, told: told_here, dress: dress.into(), has_room: true }
    }

    fn without_room(self) -> Target {
        Target { has_room: false, ..self }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.host.address()
    }

    /// What it was told, once that is so many or the time is over.
    pub(super) fn wait_for(&self, wanted: usize, most: Duration) -> Vec<Told> {
        let until = Instant::now() + most;
        loop {
            let told = self.told.lock().unwrap().clone();
            if told.len() >= wanted || Instant::now() > until {
                return told;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// A client that is let in: over the network, or inside of this process where nobody believes
    /// the server.
    fn honest(&self) -> Client {
        match &self.dress {
            Some(dress) => dress(Client::options(self.address())).connecter().unwrap(),
            None => self.host.serveur.client_local().unwrap(),
        }
    }

    fn door(&self) -> Option<Door> {
        let (address, dress) = (self.address(), self.dress.clone().filter(|_| self.has_room)?);
        Some(Box::new(move || dress(Client::options(address))))
    }
}

/// All servers, and the authorities.
pub(super) struct Stage {
    pub(super) authority: Arc<Authority>,
    pub(super) another: Arc<Authority>,
    targets: Vec<Target>,
    pub(super) old: OtherServer,
    pub(super) foreign: OtherServer,
}

pub(super) fn secret(byte: u8) -> [Secret; 1] {
    [Secret::new("a", [byte; LONGUEUR_MIN]).expect("it is long enough")]
}

pub(super) fn trusting(pem: &str) -> TlsClient {
    TlsClient::new(pem).expect("a certificate")
}

pub(super) fn known_as(tls: TlsClient, identity: &Identity) -> TlsClient {
    tls.certificat(&identity.chain, &identity.key).expect("a certificate and its key")
}

fn tls_of(identity: &Identity) -> TlsServeur {
    TlsServeur::new(&identity.chain, &identity.key).expect("a certificate and its key")
}

fn encrypted(identity: &Identity) -> OptionsServeur {
    Serveur::options(0).max_clients(MANY).tls(tls_of(identity))
}

fn plain() -> OptionsServeur {
    Serveur::options(0).max_clients(MANY)
}

fn dressed(dress: impl Fn(OptionsClient) -> OptionsClient + Send + Sync + 'static) -> Dress {
    Arc::new(dress)
}

/// Who trusts that certificate, and calls the server by that name.
fn believing(pem: String, name: &'static str) -> Dress {
    dressed(move |options| options.tls(trusting(&pem).nom(name).expect("a name")))
}

impl Stage {
    pub(super) fn new() -> Stage {
        let (authority, another) = (Arc::new(Authority::new()), Arc::new(Authority::new()));
        let good = authority.sign(&HERE);
        let mut targets = encrypted_targets(&authority, &another);
        targets.push(mutual(&authority));
        targets.extend(plain_targets());
        let old = OtherServer::start(&good, Version::Tls12, b"cconn");
        let foreign = OtherServer::start(&good, Version::Tls13, b"h2");
        Stage { authority, another, targets, old, foreign }
    }

    pub(super) fn targets(&self) -> &[Target] {
        &self.targets
    }

    pub(super) fn address(&self, name: &str) -> SocketAddr {
        let target = self.targets.iter().find(|target| target.name == name);
        target.expect("a target of that name").address()
    }

    /// An honest client of each server.
    pub(super) fn held(&self) -> Vec<Client> {
        self.targets.iter().map(Target::honest).collect()
    }

    pub(super) fn doors(&self) -> Vec<Door> {
        self.targets.iter().filter_map(Target::door).collect()
    }

    pub(super) fn stop(self, run: &Run) {
        for target in self.targets {
            let stopped = target.host.stop();
            run.require(stopped.is_ok(), || format!("the stop of {}: {stopped:?}", target.name));
        }
    }
}

/// Servers that encrypt, of which only the first is believed by who trusts the authority.
fn encrypted_targets(authority: &Arc<Authority>, another: &Arc<Authority>) -> Vec<Target> {
    let alone = self_signed(&HERE);
    let [past, future] =
        [Validity::Past, Validity::Future].map(|when| authority.sign_for(&HERE, when));
    let elsewhere = authority.sign(&["elsewhere.example"]);
    let trust = |by: &Authority| believing(by.pem(), HERE[0]);
    vec![
        Target::start("encrypted", encrypted(&authority.sign(&HERE)), trust(authority)),
        Target::start("expired", encrypted(&past), None),
        Target::start("not valid yet", encrypted(&future), None),
        Target::start(
            "another name",
            encrypted(&elsewhere),
            believing(authority.pem(), "elsewhere.example"),
        ),
        Target::start("another authority", encrypted(&another.sign(&HERE)), trust(another)),
        Target::start("self-signed", encrypted(&alone), believing(alone.chain.clone(), HERE[0])),
    ]
}

/// A server that wants certificates, and does not take every name in them.
fn mutual(authority: &Authority) -> Target {
    let tls = tls_of(&authority.sign(&HERE)).exige_clients(authority.pem()).expect("an authority");
    let has_name = |client: &Client, name: &str| {
        client.identite().certificat().is_some_and(|own| own.noms().iter().any(|n| n == name))
    };
    let options = plain().tls(tls).garde(move |client, _| !has_name(client, REVOKED)).session(
        move |client| {
            if has_name(client, BANISHED) {
                return Err(Erreur::echec("this name was banished"));
            }
            Ok(Welcome)
        },
    );
    let (pem, own) = (authority.pem(), authority.sign(&["ada.example"]));
    Target::start(
        "mutual",
        options,
        dressed(move |options| options.tls(known_as(trusting(&pem), &own))),
    )
}

/// The session of a client that may stay.
struct Welcome;

fn plain_targets() -> Vec<Target> {
    let simple = || dressed(|options| options);
    vec![
        Target::start("plain", plain(), simple()),
        Target::start("full", Serveur::options(0), simple()).without_room(),
        Target::start("crowded", plain().max_par_adresse(1), simple()).without_room(),
        Target::start(
            "secret",
            plain().secrets(secret(1)),
            dressed(|options| options.secrets(secret(1))),
        ),
        Target::start(
            "program",
            plain().programme("demon", "2", ""),
            dressed(|options| options.programme("demon", "2", "")),
        ),
    ]
}
