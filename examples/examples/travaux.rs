//! Jobs that take long: their progress, and one that is given up.
//!
//!     cargo run --example travaux

use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use cconn::contexte::Avancement;
use cconn::{Client, Erreur, Etat, Resultat, Serveur, commande, commandes};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

/// A job, as it travels.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Travail {
    Premiers { sous: u64 },
    Parfaits { sous: u64 },
}

/// What the worker tells the program that runs it.
struct Journal(Sender<&'static str>);

/// Does a job and says how far it has come. Its caller may give it up.
#[commande]
fn executer(client: &Client, journal: &Etat<Journal>, travail: Travail) -> Resultat<u64> {
    let (sous, is_one): (u64, fn(u64) -> bool) = match travail {
        Travail::Premiers { sous } => (sous, is_prime),
        Travail::Parfaits { sous } => (sous, is_perfect),
    };
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
    serveur.enregistrer(commandes![executer])?;
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
    client.eteindre()
}
