//! A valid session with one bit flipped or its end cut off, for every bit and every byte.
//!
//! Whatever the bytes become, the server answers, says what failed, or closes, in bounded time;
//! and another client of the same server notices nothing.

use std::fmt;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use cconn::{Client, Resultat, Serveur, commande, commandes, nommee};

use crate::raw::{Raw, Seen, adieu, cancel, failure, grant, retrait};

/// Clients that the server takes: those whose end it still waits for count too.
const MAX_CLIENTS: usize = 1000;

/// Mutants between two calls of the client that must notice nothing.
const WITNESS_EVERY: usize = 64;

/// What is done to the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The bit of that number is the other one.
    Flipped(usize),
    /// Nothing from that byte on is sent.
    Cut(usize),
}

impl Mutant {
    /// The mutants of so many bytes: each bit flipped, each truncation.
    #[must_use]
    pub fn all(bytes: usize) -> Vec<Mutant> {
        let flipped = (0..bytes * 8).map(Mutant::Flipped);
        flipped.chain((0..bytes).map(Mutant::Cut)).collect()
    }

    fn apply(self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        match self {
            Mutant::Flipped(bit) => bytes[bit / 8] ^= 1 << (bit % 8),
            Mutant::Cut(at) => bytes.truncate(at),
        }
        bytes
    }
}

/// How many of the mutants came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub mutants: usize,
    /// The server closed without a word: the greeting was bad, or the stream was cut.
    pub closed: usize,
    /// The server said why it ends the connection.
    pub ended: usize,
    /// The connection lived to its orderly end, with an answer or a failure for each call.
    pub lived: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { mutants, closed, ended, lived } = self;
        write!(f, "{mutants} mutants: {closed} closed, {ended} ended by an adieu, {lived} lived")
    }
}

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande]
fn echo(mots: Vec<String>) -> Vec<String> {
    mots
}

#[commande]
fn note(_texte: &str) {}

/// Attacks a server with every `step`th mutant of a session, beginning with that of number
/// `first`; with 0 and 1 these are all.
///
/// # Panics
/// If a mutant comes to anything but an answer, a typed failure or a close, if the server does
/// not answer within five seconds, or if another client of it is disturbed.
///
/// # Blocking
/// About half a millisecond for each mutant.
#[must_use]
pub fn attack(first: usize, step: usize) -> Tally {
    let serveur = Serveur::options(0).max_clients(MAX_CLIENTS).ouvrir().expect("it opens");
    serveur.enregistrer(commandes![somme, echo, note]).expect("three names");
    let running = serveur.clone();
    let thread = thread::spawn(move || running.lancer());
    let session = session(serveur.adresse().socket().unwrap());
    let witness = Client::new(serveur.adresse()).expect("it accepts");

    let mut tally = Tally::default();
    for mutant in Mutant::all(session.len()).into_iter().skip(first).step_by(step) {
        send_mutant(serveur.adresse().socket().unwrap(), &session, mutant, &mut tally);
        if tally.mutants.is_multiple_of(WITNESS_EVERY) {
            assert_serves(&witness, mutant);
        }
    }
    assert_serves(&Client::new(serveur.adresse()).expect("it accepts"), "all");
    assert_serves(&witness, "all");
    witness.eteindre().expect("an orderly end");
    serveur.eteindre().expect("an orderly end of all");
    thread.join().expect("no panic").expect("an orderly end of all");
    tally
}

fn assert_serves(client: &Client, after: impl fmt::Debug) {
    let total = client.appeler(somme { a: 12, b: 34 });
    assert!(matches!(total, Ok(46)), "after {after:?}: {total:?}");
}

/// The bytes of a session from its greeting to its goodbye, with frames that a client does not
/// send by itself at times that a test can tell.
fn session(address: SocketAddr) -> Vec<u8> {
    let mut bytes = record(address, |client| {
        client.appeler(somme { a: 12, b: -34_000 })?;
        client.appeler(nommee::<_, _>("somme", (1_i64, 2_i64))).map(|_: i64| ())?;
        client.envoyer(note { _texte: "à bientôt" })?;
        client.appeler(echo { mots: vec!["un".to_owned(), "deux".to_owned()] })?;
        client.eteindre()
    });
    let goodbye = [retrait(), adieu(1, b"")].concat();
    assert!(bytes.ends_with(&goodbye), "the session ends in order");
    bytes.truncate(bytes.len() - goodbye.len());
    let others = [cancel(7), grant(1, 300), grant(0, 0), failure(0, "note", 4, b"oups")];
    bytes.extend(others.concat());
    bytes.extend(goodbye);
    bytes
}

/// What a client sends while `session` runs.
fn record(address: SocketAddr, session: impl FnOnce(&Client) -> Resultat<()>) -> Vec<u8> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let front = listener.local_addr().expect("it has an address");
    let between = thread::spawn(move || {
        let (down, _) = listener.accept().expect("the client comes");
        let up = TcpStream::connect(address).expect("the server is there");
        thread::scope(|scope| {
            scope.spawn(|| pump(&up, &down));
            pump(&down, &up)
        })
    });
    let client = Client::new(front).expect("it accepts");
    session(&client).expect("a valid session");
    between.join().expect("both directions have ended")
}

/// Passes bytes on until the end of the stream; returns them.
fn pump(mut from: &TcpStream, mut to: &TcpStream) -> Vec<u8> {
    let (mut all, mut buf) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = from.read(&mut buf) {
        to.write_all(&buf[..n]).expect("the other side reads");
        all.extend(&buf[..n]);
    }
    let _gone = to.shutdown(Shutdown::Write);
    all
}

/// Names the mutant where the test fails.
struct Named(Mutant);

impl Drop for Named {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("with {:?}", self.0);
        }
    }
}

fn send_mutant(address: SocketAddr, session: &[u8], mutant: Mutant, tally: &mut Tally) {
    let _named = Named(mutant);
    let mut raw = Raw::connect(address);
    raw.send(&mutant.apply(session));
    raw.end();
    raw.greeting();
    let seen = raw.rest();
    tally.mutants += 1;
    match seen.last() {
        Some(Seen::Adieu { reason: 1, .. }) => {
            let outcomes = seen.iter().filter(|seen| is_outcome(seen)).count();
            assert!(outcomes <= 4, "three calls and a message: {seen:?}");
            tally.lived += 1;
        }
        Some(Seen::Adieu { reason: 5..=7, text }) => {
            assert!(!text.is_empty(), "an end without a reason: {seen:?}");
            tally.ended += 1;
        }
        Some(Seen::Adieu { .. }) => panic!("an end for another reason: {seen:?}"),
        _ => tally.closed += 1,
    }
}

fn is_outcome(seen: &Seen) -> bool {
    matches!(seen, Seen::Answer { .. } | Seen::Failure { .. } | Seen::UserError { .. })
}
