//! What a large payload costs in allocated bytes beyond the values that the program itself makes
//! or is handed, client and server counted together.
//!
//! The counter is that of the whole process, so this binary holds one test only.

#![allow(clippy::needless_pass_by_value, reason = "a command owns what it is handed")]

use std::alloc::System;
use std::thread;
use std::time::Duration;

use cconn::{Client, Octets, OctetsRef, Resultat, Serveur, commande, commandes};
use cconn_tests::with_watchdog;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTER: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Calls before anything is counted.
const WARM_UP: usize = 6;

/// Calls that are counted; the median counts. Where threads overtake each other, the next payload
/// may come before the place of the last one is given back.
const COUNTED: usize = 9;

/// Bytes of a call that small things may take: none of them is a payload.
const SMALL: usize = 8 << 10;

#[commande]
fn echo(octets: Vec<u8>) -> Vec<u8> {
    octets
}

#[commande]
fn copie(octets: &[u8]) -> Vec<u8> {
    octets.to_vec()
}

#[commande]
fn texte(texte: String) -> String {
    texte
}

#[commande]
fn emballe(octets: Octets) -> Octets {
    octets
}

#[commande]
fn longueur(octets: &[u8]) -> usize {
    octets.len()
}

#[commande]
fn garde(octets: Vec<u8>) -> usize {
    octets.len()
}

#[commande]
fn donne(combien: usize) -> Vec<u8> {
    vec![7; combien]
}

#[commande]
fn place(debut: u64, nom: &str, octets: OctetsRef<'_>) -> u64 {
    debut + octets.0.len() as u64 + nom.len() as u64
}

/// Declared here, and a closure over there.
#[commande]
fn fermeture(octets: &[u8]) -> Vec<u8>;

/// A way to call: its name, how many payloads the program itself makes or is handed in a call, and
/// one call.
type Way = (&'static str, usize, fn(&Client, &[u8]) -> Resultat<usize>);

/// The values: an answer that the caller is handed, and what a command makes or takes by itself.
const WAYS: [Way; 9] = [
    ("echo", 1, |client, octets| Ok(client.appeler(echo { octets: octets.to_vec() })?.len())),
    ("copie", 2, |client, octets| Ok(client.appeler(copie { octets })?.len())),
    ("texte", 1, |client, octets| {
        let texte = str::from_utf8(octets).unwrap_or_default().to_owned();
        Ok(client.appeler(texte { texte })?.len())
    }),
    ("emballe", 1, |client, octets| {
        Ok(client.appeler(emballe { octets: octets.to_vec().into() })?.0.len())
    }),
    ("longueur", 0, |client, octets| client.appeler(longueur { octets })),
    ("garde", 1, |client, octets| client.appeler(garde { octets: octets.to_vec() })),
    ("donne", 2, |client, octets| Ok(client.appeler(donne { combien: octets.len() })?.len())),
    ("place", 0, |client, octets| {
        let sum = client.appeler(place { debut: 3, nom: "abc", octets: octets.into() })?;
        Ok(usize::try_from(sum - 6).unwrap_or(0))
    }),
    ("fermeture", 1, |client, octets| Ok(client.appeler(fermeture { octets })?.len())),
];

/// Bytes that a call allocates.
fn allocated(client: &Client, way: &Way, octets: &[u8]) -> Resultat<usize> {
    let (name, _, call) = way;
    let mut found = Vec::with_capacity(WARM_UP + COUNTED);
    for _ in 0..WARM_UP + COUNTED {
        let region = Region::new(COUNTER);
        assert_eq!(call(client, octets)?, octets.len(), "{name}");
        let change = region.change();
        let grown = usize::try_from(change.bytes_reallocated).unwrap_or(0);
        found.push(change.bytes_allocated + grown);
    }
    let mut counted = found.split_off(WARM_UP);
    counted.sort_unstable();
    Ok(counted[COUNTED / 2])
}

/// Arguments that the caller makes for a call.
fn arguments(name: &str) -> usize {
    usize::from(matches!(name, "echo" | "texte" | "emballe" | "garde"))
}

fn measure(client: &Client) -> Resultat<()> {
    for size in [64 << 10, 1 << 20, 4 << 20] {
        let octets = vec![b'x'; size];
        for way in &WAYS {
            let (name, values, _) = way;
            let found = allocated(client, way, &octets)?;
            let own = (values + arguments(name)) * size;
            println!("{name}, {size} bytes: {found} allocated, {own} of them the program's");
            assert!(found <= own + SMALL, "{name}, {size} bytes: {found} allocated, not {own}");
        }
    }
    Ok(())
}

#[test]
fn a_large_payload_allocates_the_program_s_values_and_nothing_else() {
    with_watchdog("large allocations", Duration::from_secs(30), || {
        let serveur = Serveur::new(0).expect("a free port");
        let all = commandes![echo, copie, texte, emballe, longueur, garde, donne, place];
        serveur.enregistrer(all).expect("eight names");
        serveur
            .enregistrer_commande("fermeture", |_, (octets,): (Vec<u8>,)| octets)
            .expect("another");
        thread::scope(|scope| {
            let launched = scope.spawn(|| serveur.lancer());
            let client = Client::new(serveur.adresse().to_string()).expect("it listens");
            let measured = measure(&client);
            client.eteindre().expect("an orderly stop");
            serveur.eteindre().expect("an orderly stop");
            launched.join().expect("no panic").expect("an orderly end");
            measured.expect("the connection lives");
        });
    });
}
