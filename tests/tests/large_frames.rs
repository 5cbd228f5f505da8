//! Large frames on a processor that copies slowly to some places: paddings go before them.
//!
//! What kind of processor it is holds for the whole process, so these tests have a binary of their
//! own.

use std::thread;
use std::time::Duration;

use cconn::{Client, Octets, Resultat, Serveur, commande, commandes};
use cconn_tests::with_watchdog;

/// Sizes in bytes around the least size that paddings go before, and well above it.
const SIZES: [usize; 4] = [(256 << 10) - 1, 256 << 10, (256 << 10) + 1, 3 << 20];

#[commande]
fn echo(octets: Vec<u8>) -> Vec<u8> {
    octets
}

#[commande(nom = "echo")]
fn echo_de(octets: &[u8]) -> Vec<u8>;

#[commande]
fn emballe(octets: Octets) -> Octets {
    octets
}

/// A server and a connection to it, in a process that takes its processor for a slow one.
fn connected(adresse: &str) -> Resultat<(Serveur, Client)> {
    cconn::__prive::assume_slow_places(true);
    let serveur = Serveur::new(adresse)?;
    serveur.enregistrer(commandes![echo, emballe])?;
    let running = serveur.clone();
    thread::spawn(move || running.lancer());
    let client = Client::new(serveur.adresse())?;
    Ok((serveur, client))
}

/// Numbered bytes, to be sent from each place behind the first one.
fn numbered(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length + 64).collect()
}

#[test]
fn large_frames_arrive_whole_from_every_place() {
    with_watchdog("large frames", Duration::from_secs(60), || {
        let (serveur, client) = connected("127.0.0.1:0").unwrap();
        for size in SIZES {
            let bytes = numbered(size);
            for behind in (0..40).step_by(if size > 1 << 20 { 8 } else { 1 }) {
                let octets = &bytes[behind..behind + size];
                let answer = client.appeler(echo_de { octets }).unwrap();
                assert!(answer == octets, "{size} bytes, {behind} behind");
            }
        }
        serveur.eteindre().unwrap();
    });
}

#[test]
fn large_answers_that_wait_for_each_other_arrive_whole() {
    with_watchdog("large frames", Duration::from_secs(60), || {
        let (serveur, client) = connected("127.0.0.1:0").unwrap();
        thread::scope(|scope| {
            for size in SIZES {
                let client = &client;
                scope.spawn(move || {
                    let octets = numbered(size);
                    for _ in 0..4 {
                        let first = client.differer(echo { octets: octets.clone() }).unwrap();
                        let second = client
                            .differer(emballe { octets: Octets::from(octets.clone()) })
                            .unwrap();
                        assert!(second.attendre().unwrap().as_ref() == octets, "{size} bytes");
                        assert!(first.attendre().unwrap() == octets, "{size} bytes");
                    }
                });
            }
        });
        assert!(client.est_connecte());
        serveur.eteindre().unwrap();
    });
}
