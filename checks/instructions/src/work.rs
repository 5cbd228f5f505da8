//! Pieces of work over a connection. The other side is a process of its own.

use cconn::{Client, Resultat};

use crate::commands::{echo, noter, somme};

/// Does so many units.
type Work = fn(&Client, u32) -> Resultat<()>;

/// Deferred calls in flight together.
const IN_FLIGHT: u32 = 256;

const KIB: usize = 1 << 10;

/// The piece of work of that name.
pub(crate) fn find(name: &str) -> Option<Work> {
    Some(match name {
        "appel" => calls,
        "envoi" => messages,
        "differe" => deferred,
        "echo64k" => echoes,
        _ => return None,
    })
}

/// Does a piece of work on a connection of its own.
pub(crate) fn run(work: Work, address: &str, count: u32) -> Resultat<()> {
    let client = Client::new(address)?;
    work(&client, count)?;
    client.eteindre()
}

/// One call at a time.
pub(crate) fn calls(client: &Client, count: u32) -> Resultat<()> {
    for a in 0..i64::from(count) {
        client.appeler(somme { a, b: 1 })?;
    }
    Ok(())
}

/// One-way messages, one after the other; the stop waits until all are handled.
fn messages(client: &Client, count: u32) -> Resultat<()> {
    for valeur in 0..i64::from(count) {
        client.envoyer(noter { valeur })?;
    }
    Ok(())
}

/// Deferred calls in groups.
fn deferred(client: &Client, count: u32) -> Resultat<()> {
    let mut waiting = Vec::with_capacity(IN_FLIGHT as usize);
    for a in 0..i64::from(count) {
        waiting.push(client.differer(somme { a, b: 1 })?);
        if waiting.len() == waiting.capacity() {
            for attente in waiting.drain(..) {
                attente.attendre()?;
            }
        }
    }
    for attente in waiting {
        attente.attendre()?;
    }
    Ok(())
}

/// 64 KiB there and back.
fn echoes(client: &Client, count: u32) -> Resultat<()> {
    let mut octets = vec![7; 64 * KIB];
    for _ in 0..count {
        octets = client.appeler(echo { octets })?;
    }
    Ok(())
}
