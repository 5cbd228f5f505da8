//! Newcomers: let in, kept waiting, and refused.

use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;

use super::*;
use crate::client::Client;
use crate::erreur::Resultat;
use crate::handshake::{self, Greeted};
use crate::link::Limits;
use crate::message::nommee;
use crate::transport::{Memory, Socket};

type Told = Result<Greeted, HandshakeError>;

/// A newcomer that has sent its greeting.
fn newcomer(serveur: &Serveur) -> Socket {
    let io = silent(serveur);
    let accepted = Refusal::Accepted;
    let told = handshake::Told::default();
    handshake::greet(&io, Role::Client, &Limits::default(), accepted, "", told, None).unwrap();
    io
}

fn silent(serveur: &Serveur) -> Socket {
    Socket::new(TcpStream::connect(serveur.adresse()).unwrap())
}

fn greeting(io: &Socket) -> Told {
    let deadline = Instant::now() + Duration::from_secs(10);
    handshake::read_greeting(io, Role::Client, Some(deadline))
}

fn is_refused(greeting: &Told, wanted: Refusal) -> bool {
    matches!(greeting, Err(HandshakeError::Refused { refusal, .. }) if *refusal == wanted)
}

/// A server with room for one client, whose thread is inside a command although the connection
/// has ended. The command returns once the sender is dropped.
fn with_one_leaving() -> (Serveur, thread::JoinHandle<Resultat<()>>, mpsc::Sender<()>) {
    let mut options = Serveur::options(0);
    options.leaving = Duration::from_secs(1000);
    let serveur = options.ouvrir().unwrap();
    let (started, starts) = mpsc::channel();
    let (sender, ends) = mpsc::channel();
    let ends = Mutex::new(ends);
    let busy = move |_: &Client, (): ()| {
        started.send(()).unwrap();
        let _hung_up = ends.lock().recv();
    };
    serveur.enregistrer_commande("busy", busy).unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    let client = Client::new(serveur.adresse()).unwrap();
    client.envoyer(nommee("busy", ())).unwrap();
    starts.recv().unwrap();
    client.close();
    while !serveur.clients().is_empty() {
        thread::yield_now();
    }
    (serveur, lancer, sender)
}

#[test]
fn a_newcomer_that_can_not_be_greeted_is_refused() {
    let (sender, refused) = mpsc::channel();
    let options = Serveur::options(0);
    let options = options.quand_refuse(move |_, why| sender.send(why.to_string()).unwrap());
    let serveur = options.ouvrir().unwrap();
    let (ours, hers) = Memory::pair(1000);
    assert!(serveur.welcome(&ours, None));
    drop(hers);
    assert!(!serveur.welcome(&ours, None));
    assert!(refused.try_recv().is_ok(), "nobody was told");
}

#[test]
fn a_newcomer_that_waits_for_a_place_delays_no_client() {
    let (serveur, lancer, busy) = with_one_leaving();
    let waiting: Vec<Socket> = (0..MAX_WAITING).map(|_| newcomer(&serveur)).collect();
    let beyond = greeting(&newcomer(&serveur));
    assert!(is_refused(&beyond, Refusal::Full), "{beyond:?}");
    let mut buf = Vec::with_capacity(100);
    let first = waiting[0].try_recv(&mut buf).unwrap_err();
    assert_eq!(first.kind(), std::io::ErrorKind::WouldBlock);
    drop(busy);
    let first = greeting(&waiting[0]);
    assert!(first.is_ok(), "{first:?}");
    for other in &waiting[1..] {
        let other = greeting(other);
        assert!(is_refused(&other, Refusal::Full), "{other:?}");
    }
    drop(waiting);
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
}

#[test]
fn a_stop_sends_those_away_who_wait_for_a_place() {
    let (serveur, lancer, busy) = with_one_leaving();
    let waiting = newcomer(&serveur);
    let stopping = serveur.clone();
    let stop = thread::spawn(move || stopping.eteindre());
    let told = greeting(&waiting);
    assert!(!matches!(told, Ok(_) | Err(HandshakeError::Late)), "{told:?}");
    drop(busy);
    stop.join().unwrap().unwrap();
    lancer.join().unwrap().unwrap();
}

/// Waits until so many clients are listed, far longer than that takes.
fn until_listed(serveur: &Serveur, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while serveur.clients().len() != count {
        assert!(Instant::now() < deadline, "{} and not {count}", serveur.clients().len());
        thread::yield_now();
    }
}

#[test]
fn an_unused_client_gives_its_place_to_a_newcomer() {
    let mut options = Serveur::options(0).max_clients(2);
    options.bounds.unused = Duration::ZERO;
    let serveur = options.ouvrir().unwrap();
    serveur.enregistrer_commande("simple", |_, (): ()| 7_u32).unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    let used = Client::new(serveur.adresse()).unwrap();
    used.appeler::<u32, _>(nommee("simple", ())).unwrap();
    for _ in 0..10 {
        // Thirty bytes, and nothing more.
        let silent = newcomer(&serveur);
        assert!(greeting(&silent).is_ok());
        // One that was greeted a moment ago may not be listed yet.
        until_listed(&serveur, 2);
        let third = Client::new(serveur.adresse()).unwrap();
        third.appeler::<u32, _>(nommee("simple", ())).unwrap();
        let refused = Client::new(serveur.adresse()).unwrap_err();
        assert!(refused.to_string().contains("full"), "both are used: {refused}");
        third.eteindre().unwrap();
        until_listed(&serveur, 1);
    }
    assert_eq!(used.appeler::<u32, _>(nommee("simple", ())).unwrap(), 7);
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
}
