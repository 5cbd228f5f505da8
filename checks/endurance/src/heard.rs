//! What can be heard of a client and a server that prove a secret to each other.

use std::net::SocketAddr;

use cconn::Client;
use cconn::secret::{LONGUEUR_MIN, Secret};
use testkit::Relay;
use testkit::raw::opening;

/// The head of a proof's message: 34 bytes of kind 13, without a refusal. The proof is behind it.
pub(crate) const HEAD: [u8; 6] = [34, 0, 0, 0, 13, 0];
pub(crate) const PROOF: usize = 32;

/// The secret made of that byte. Those of the honest are made of 1.
pub(crate) fn secret(byte: u8) -> Secret {
    Secret::new("a", [byte; LONGUEUR_MIN]).expect("it is long enough")
}

pub(crate) struct Heard {
    pub(crate) client: Side,
    pub(crate) server: Side,
}

/// What one side has said.
pub(crate) struct Side {
    pub(crate) greeting: Vec<u8>,
    /// The message with the proof.
    pub(crate) proof: Vec<u8>,
}

impl Heard {
    /// Listens to an honest client of that server, over plain TCP.
    pub(crate) fn at(server: SocketAddr) -> Heard {
        let relay = Relay::start(server, None, None);
        let client = Client::options(relay.address).secrets([secret(1)]).connecter();
        client.and_then(|client| client.eteindre()).expect("it knows the secret");
        let [client, server] = relay.finish().map(|carried| Side::of(&carried.taken));
        Heard { client, server }
    }
}

impl Side {
    fn of(said: &[u8]) -> Side {
        let (greeting, proof) = opening(said);
        let proof = said[greeting..][..proof].to_vec();
        Side { greeting: said[..greeting].to_vec(), proof }
    }
}
