//! How the cost of a call grows with what is around it: commands, threads, bytes.

use std::thread;

use cconn::{Client, Erreur, Resultat, Serveur};

use crate::commands::{ALL, echo};
use crate::raw::Raw;
use crate::tables::{compare, head, measure, row};
use crate::work::calls;

const COMMANDS: [usize; 5] = [3, 10, 100, 1_000, 10_000];
const THREADS: [u32; 3] = [1, 4, 16];
const SIZES: [(usize, &str); 8] = [
    (0, "0 B"),
    (64, "64 B"),
    (1 << 10, "1 KiB"),
    (4 << 10, "4 KiB"),
    (64 << 10, "64 KiB"),
    (256 << 10, "256 KiB"),
    (1 << 20, "1 MiB"),
    (4 << 20, "4 MiB"),
];

/// Bytes of `somme`'s call behind its length, for the floor of a call.
const CALL: usize = 24;

/// Prints every table: microseconds of processor time, client and server together.
pub(crate) fn print() -> Resultat<()> {
    head(&["commands", "us a call", "times the plain echo"]);
    COMMANDS.into_iter().try_for_each(by_commands)?;
    head(&["threads on one connection", "us a call"]);
    THREADS.into_iter().try_for_each(by_threads)?;
    head(&["payload, echoed", "us a call", "us of a plain echo", "times the plain echo"]);
    SIZES.into_iter().try_for_each(|(size, name)| by_size(size, name))
}

/// A server with so many commands besides those that are used, and a client of it, while `work`
/// lasts.
fn with_client<T>(more: usize, work: impl FnOnce(&Client) -> Resultat<T>) -> Resultat<T> {
    let serveur = Serveur::new(0)?;
    for number in 0..more {
        serveur.enregistrer_commande(&format!("commande_{number}"), |_, (): ()| ())?;
    }
    serveur.enregistrer(ALL)?;
    thread::scope(|scope| {
        let running = scope.spawn(|| serveur.lancer());
        let result = Client::new(serveur.adresse().to_string()).and_then(|client| {
            let result = work(&client);
            client.eteindre().and(result)
        });
        serveur.eteindre()?;
        running.join().unwrap_or(Ok(())).and(result)
    })
}

fn by_commands(count: usize) -> Resultat<()> {
    let mut raw = raw(CALL)?;
    let [ours, floor] = with_client(count.saturating_sub(ALL.descriptions().len()), |client| {
        compare(|n| calls(client, n), |n| repeat(&mut raw, n))
    })?;
    row(&[&count.to_string(), &format!("{ours:.2}"), &format!("{:.2}", ours / floor)]);
    Ok(())
}

fn by_threads(threads: u32) -> Resultat<()> {
    let each = with_client(0, |client| measure(|n| all_call(client, threads, n)))?;
    row(&[&threads.to_string(), &format!("{:.2}", each / f64::from(threads))]);
    Ok(())
}

/// So many calls by each of some threads.
fn all_call(client: &Client, threads: u32, count: u32) -> Resultat<()> {
    thread::scope(|scope| {
        let callers: Vec<_> = (0..threads).map(|_| scope.spawn(|| calls(client, count))).collect();
        callers.into_iter().try_for_each(|caller| caller.join().unwrap_or(Ok(())))
    })
}

fn by_size(size: usize, name: &str) -> Resultat<()> {
    let mut raw = raw(size)?;
    let mut octets = vec![7; size];
    let [ours, floor] = with_client(0, |client| {
        let echoes = |count| {
            for _ in 0..count {
                octets = client.appeler(echo { octets: std::mem::take(&mut octets) })?;
            }
            Ok(())
        };
        compare(echoes, |n| repeat(&mut raw, n))
    })?;
    let times = format!("{:.2}", ours / floor);
    row(&[name, &format!("{ours:.1}"), &format!("{floor:.1}"), &times]);
    Ok(())
}

fn raw(size: usize) -> Resultat<Raw> {
    Raw::new(size).map_err(Erreur::echec)
}

fn repeat(raw: &mut Raw, count: u32) -> Resultat<()> {
    (0..count).try_for_each(|_| raw.call()).map_err(Erreur::echec)
}
