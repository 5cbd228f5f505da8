//! Each way to be refused: who comes, where, and what either side must be told.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;

use cconn::erreur::{NatureSecret, NatureTls};
use cconn::{Client, OptionsClient};
use testkit::certificates::{Authority, Identity, Validity, self_signed};
use testkit::other_tls::{Version, greet};
use testkit::raw::{Greeting, call};

use super::stage::{BANISHED, REVOKED, Stage, known_as, secret, trusting};
use super::{MOST, Told, Why, refusal};
use crate::counted::{REFUSED, touch};

/// What the server is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum There {
    Told(Why),
    /// It is the client that refuses, and the server learns that it has gone.
    Something,
    /// The client was let in, and not served.
    Nothing,
}

/// Comes and is refused; what it is told, if it is a client of cconn.
type Act = Box<dyn Fn() -> Result<Option<Told>, String> + Send + Sync>;

/// One way to be refused.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// The server, if it is one of cconn.
    pub(super) at: Option<&'static str>,
    pub(super) here: Option<Why>,
    pub(super) there: There,
    pub(super) act: Act,
}

pub(super) fn all(stage: &Stage) -> Vec<Kind> {
    [of_servers(stage), of_clients(stage), of_protocols(stage), of_others(stage), of_plain(stage)]
        .into_iter()
        .flatten()
        .collect()
}

/// Connects and calls.
fn call_it(address: SocketAddr, dress: impl Fn(OptionsClient) -> OptionsClient) -> Seen {
    let options = dress(Client::options(address).delai_connexion(4 * MOST));
    let called = options.connecter().and_then(|client| client.appeler(touch { caller: REFUSED }));
    refusal(called).map(Some)
}

type Seen = Result<Option<Told>, String>;

/// A client of cconn.
fn client(
    (name, here, there): (&'static str, Why, There),
    stage: &Stage,
    at: &'static str,
    dress: impl Fn(OptionsClient) -> OptionsClient + Send + Sync + 'static,
) -> Kind {
    let address = stage.address(at);
    let act = Box::new(move || call_it(address, &dress));
    Kind { name, at: Some(at), here: Some(here), there, act }
}

/// A peer that says these bytes, and calls right behind them.
fn raw(name: &'static str, why: Why, stage: &Stage, at: &'static str, said: Vec<u8>) -> Kind {
    let address = stage.address(at);
    let said = [said, call(1, "touch", &[REFUSED.0])].concat();
    let act = Box::new(move || {
        let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
        let patient = stream.set_read_timeout(Some(4 * MOST));
        // It may have been refused before it has said all, and be told so by a reset.
        let _refused = stream.write_all(&said).and_then(|()| stream.shutdown(Shutdown::Write));
        let _reset = stream.read_to_end(&mut Vec::new());
        patient.map(|()| None).map_err(|error| error.to_string())
    });
    Kind { name, at: Some(at), here: None, there: There::Told(why), act }
}

/// Servers that are not believed.
fn of_servers(stage: &Stage) -> Vec<Kind> {
    use NatureTls as N;
    let at = |at, nature, pem: String| {
        let told = (at, Why::Tls(nature), There::Something);
        client(told, stage, at, move |options| options.tls(trusting(&pem)))
    };
    let good = || stage.authority.pem();
    vec![
        at("expired", N::Expire, good()),
        at("not valid yet", N::PasEncoreValable, good()),
        at("another name", N::AutreNom, good()),
        at("another authority", N::AutoriteInconnue, good()),
        at("self-signed", N::AutoriteInconnue, good()),
        at("encrypted", N::AutoriteInconnue, stage.another.pem()),
    ]
}

/// Clients that are not believed, or whose name is not welcome.
fn of_clients(stage: &Stage) -> Vec<Kind> {
    use NatureTls as N;
    let ada = ["ada.example"];
    let pem = stage.authority.pem();
    let with = |name, here, there, own: Option<Identity>| {
        let pem = pem.clone();
        client((name, here, there), stage, "mutual", move |options| {
            let tls = trusting(&pem);
            options.tls(match &own {
                Some(own) => known_as(tls, own),
                None => tls,
            })
        })
    };
    let bad = |name, nature, own| with(name, Why::Tls(nature), There::Told(Why::Tls(nature)), own);
    let by = |authority: &Authority, name| Some(authority.sign(&[name]));
    let when = |when| Some(stage.authority.sign_for(&ada, when));
    vec![
        bad("no certificate", N::CertificatManquant, None),
        bad("an expired certificate", N::Expire, when(Validity::Past)),
        // TLS has one alert for both.
        with(
            "a certificate of tomorrow",
            Why::Tls(N::Expire),
            There::Told(Why::Tls(N::PasEncoreValable)),
            when(Validity::Future),
        ),
        bad("a client of another authority", N::AutoriteInconnue, by(&stage.another, ada[0])),
        bad("a self-signed client", N::AutoriteInconnue, Some(self_signed(&ada))),
        with("a revoked name", Why::Forbidden, There::Nothing, by(&stage.authority, REVOKED)),
        with("a banished name", Why::SentAway, There::Something, by(&stage.authority, BANISHED)),
    ]
}

/// A TLS 1.1 client's first message: RFC 4346, 7.4.1.2, with one cipher and no extension.
fn old_hello() -> Vec<u8> {
    let hello = [&[3, 2][..], &[7; 32], &[0], &[0, 2, 0, 0x2f], &[1, 0]].concat();
    let length = u8::try_from(hello.len()).expect("a short message");
    let message = [&[1, 0, 0, length][..], &hello].concat();
    [&[0x16, 3, 1, 0, length + 4][..], &message].concat()
}

/// TLS on one side only, other versions of it, and other protocols inside.
fn of_protocols(stage: &Stage) -> Vec<Kind> {
    use NatureTls as N;
    let pem = stage.authority.pem();
    let on_one_side = |name, at, here, there, tls: Option<String>| {
        let told = (name, Why::Tls(here), There::Told(Why::Tls(there)));
        client(told, stage, at, move |options| match &tls {
            Some(pem) => options.tls(trusting(pem)),
            None => options,
        })
    };
    let web = || b"GET / HTTP/1.1\r\n\r\n".to_vec();
    let greeted =
        |name, version, protocol, there| greeting(name, stage, (version, protocol), there);
    vec![
        on_one_side("plain to an encrypted port", "encrypted", N::Exige, N::EnClair, None),
        on_one_side("TLS to a plain port", "plain", N::EnClair, N::Inattendu, Some(pem)),
        raw("the web to an encrypted port", Why::Tls(N::EnClair), stage, "encrypted", web()),
        raw("TLS 1.1", Why::Tls(N::Version), stage, "encrypted", old_hello()),
        greeted("TLS 1.2", Version::Tls12, b"cconn", Why::Tls(N::Version)),
        greeted("another protocol", Version::Tls13, b"h2", Why::Tls(N::Version)),
        other("a server of TLS 1.2", stage.old.address, stage),
        other("a server of another protocol", stage.foreign.address, stage),
    ]
}

/// A client of another program that speaks TLS.
fn greeting(name: &'static str, stage: &Stage, speech: (Version, &'static [u8]), why: Why) -> Kind {
    let (address, authority) = (stage.address("encrypted"), Arc::clone(&stage.authority));
    let said = [Greeting::client().bytes(), call(1, "touch", &[REFUSED.0])].concat();
    let act = Box::new(move || match greet(address, &authority, speech, &said) {
        Ok(()) => Err("was answered".to_owned()),
        Err(_) => Ok(None),
    });
    Kind { name, at: Some("encrypted"), here: None, there: There::Told(why), act }
}

/// A server of another program that speaks TLS.
fn other(name: &'static str, address: SocketAddr, stage: &Stage) -> Kind {
    let pem = stage.authority.pem();
    let act = Box::new(move || call_it(address, |options| options.tls(trusting(&pem))));
    Kind { name, at: None, here: Some(Why::Tls(NatureTls::Version)), there: There::Nothing, act }
}

/// Peers that greet otherwise, or are not the program that is wanted.
fn of_others(stage: &Stage) -> Vec<Kind> {
    let odd = |name, said| raw(name, Why::Incompatible, stage, "plain", said);
    vec![
        odd("the web to a plain port", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        odd("another version", Greeting { version: 0, ..Greeting::client() }.bytes()),
        odd("another server", Greeting::server().bytes()),
        client(
            ("another program", Why::OtherProgram, There::Told(Why::OtherProgram)),
            stage,
            "program",
            |options| options.programme("demon", "1", ""),
        ),
    ]
}

/// Full servers, and secrets.
fn of_plain(stage: &Stage) -> Vec<Kind> {
    use NatureSecret as N;
    let same = |name, at, why| {
        client((name, why, There::Told(why)), stage, at, |options: OptionsClient| options)
    };
    let unknown = Why::Secret(N::Inconnu);
    let absent = Why::Secret(N::Absent);
    vec![
        same("a full server", "full", Why::Full),
        same("too many of one address", "crowded", Why::Crowded),
        same("no secret", "secret", absent),
        client(("another secret", unknown, There::Told(unknown)), stage, "secret", |options| {
            options.secrets(secret(2))
        }),
        client(("a server without a secret", absent, There::Nothing), stage, "plain", |options| {
            options.secrets(secret(1))
        }),
    ]
}
