//! Jobs that take long: their progress, one that is given up, and results that are fetched later.
//!
//!     cargo run --example travaux

use std::collections::HashMap;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use cconn::contexte::Avancement;
use cconn::{Client, Erreur, Etat, Promesse, Resultat, Serveur, commande, commandes};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

/// A job, as it travels.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Travail {
    Premiers { sous: u64 },
    Parfaits { sous: u64 },
}

impl Travail {
    /// How many numbers it looks at, and which of them it counts.
    fn parts(self) -> (u64, fn(u64) -> bool) {
        match self {
            Travail::Premiers { sous } => (sous, is_prime),
            Travail::Parfaits { sous } => (sous, is_perfect),
        }
    }
}

/// What the worker tells the program that runs it.
struct Journal(Sender<&'static str>);

/// Does a job and says how far it has come. Its caller may give it up.
#[commande]
fn executer(client: &Client, journal: &Etat<Journal>, travail: Travail) -> Resultat<u64> {
    let (sous, is_one) = travail.parts();
    let mut found = 0;
    for n in 0..sous {
        if n % 100 == 0 {
            client.avancement(n, sous, "counting");
            client.verifier().inspect_err(|_| {
                // Nobody waits for the result any more: the rest of the work is saved.
                let _nobody_listens = journal.0.send("stopped");
            })?;
        }
        found += u64::from(is_one(n));
    }
    Ok(found)
}

/// Those who wait for the result of a job, by its number.
#[derive(Clone, Default)]
struct Attendus(Arc<Mutex<HashMap<u64, Vec<Promesse<u64>>>>>);

/// The result of a job that was begun or will be. No thread waits for it.
#[commande]
fn resultat(attendus: &Etat<Attendus>, numero: u64, reponse: Promesse<u64>) {
    attendus.0.lock().unwrap().entry(numero).or_default().push(reponse);
}

/// Begins a job on a thread of the worker's, which answers all who wait for its result.
#[commande]
fn commencer(attendus: &Etat<Attendus>, numero: u64, travail: Travail) {
    let attendus = attendus.0.clone();
    thread::spawn(move || {
        let (sous, is_one) = travail.parts();
        let found = (0..sous).filter(|n| is_one(*n)).count() as u64;
        for reponse in attendus.lock().unwrap().remove(&numero).into_iter().flatten() {
            let _nobody_waits_any_more = reponse.tenir(found);
        }
    });
}

fn is_prime(n: u64) -> bool {
    n >= 2 && (2..n).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
}

fn is_perfect(n: u64) -> bool {
    n > 0 && (1..n).filter(|d| n.is_multiple_of(*d)).sum::<u64>() == n
}

fn main() -> Resultat<()> {
    let (sender, journal) = mpsc::channel();
    let serveur = Serveur::new(0)?;
    serveur.fournir(Journal(sender))?;
    serveur.fournir(Attendus::default())?;
    serveur.enregistrer(commandes![executer, commencer, resultat])?;
    let client = serveur.client_local()?;

    let bar = ProgressBar::new(0);
    let show = |p: Avancement| {
        bar.set_length(p.total.unwrap_or(p.fait));
        bar.set_position(p.fait);
        bar.set_message(p.texte.into_string());
    };
    let sous = 300_000;
    let primes = client.appeler_suivi(executer { travail: Travail::Premiers { sous } }, show)?;
    bar.finish_and_clear();
    println!("{primes} primes below {sous}");

    // This one would take hours. The deadline is one for the whole call, however much is reported.
    let travail = Travail::Parfaits { sous: 1 << 40 };
    let patient = client.avec_delai(Duration::from_millis(300));
    match patient.appeler_suivi(executer { travail }, show) {
        Err(Erreur::Delai(_)) => {}
        other => return other.map(drop),
    }
    let told = journal.recv().map_err(Erreur::echec)?;
    println!("the search for perfect numbers was given up, and the worker has {told}");

    // Results are asked for before the jobs begin, and fetched when they are there.
    let numbers = [(1, 10_000), (2, 100)];
    let awaited = numbers.map(|(numero, _)| client.differer(resultat { numero }));
    for (numero, sous) in numbers {
        client.appeler(commencer { numero, travail: Travail::Premiers { sous } })?;
    }
    for (attente, (numero, sous)) in awaited.into_iter().zip(numbers) {
        println!("job {numero}: {} primes below {sous}", attente?.attendre()?);
    }
    client.eteindre()
}
