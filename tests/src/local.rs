//! A server and its client in one process, joined without a socket.

use cconn::{Client, Serveur};

/// A server, and a client of it that is connected.
///
/// # Panics
///
/// If no port or no thread can be had.
#[must_use]
pub fn local() -> (Serveur, Client) {
    let serveur = Serveur::new(0).expect("a free port");
    let client = serveur.client_local().expect("a free thread");
    (serveur, client)
}

/// The first client of a server, once the server lists it: a client that has connected may not be
/// listed yet.
///
/// # Panics
/// If there is none for five seconds.
#[must_use]
pub fn first_client(serveur: &Serveur) -> Client {
    testkit::until_some("somebody has come", || serveur.clients().into_iter().next())
}
