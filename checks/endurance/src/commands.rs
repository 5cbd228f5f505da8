//! Commands that several tests call.

use std::time::{Duration, Instant};

use cconn::{Client, commande};

/// Answers with the same bytes.
#[commande]
pub(crate) fn echo(octets: &[u8]) -> Vec<u8> {
    octets.to_vec()
}

/// Answers with that many bytes.
#[commande]
pub(crate) fn large(bytes: u32) -> Vec<u8> {
    vec![7; bytes as usize]
}

/// Answers after that long, or as soon as nobody waits any more.
#[commande]
pub(crate) fn sleep(client: &Client, millis: u64) {
    let until = Instant::now() + Duration::from_millis(millis);
    while Instant::now() < until && !client.est_annule() {
        std::thread::sleep(Duration::from_millis(1));
    }
}
