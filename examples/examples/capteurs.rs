//! Sensors and a hundred subscribers: each reading goes to all that follow the sensor, and no stream
//! needs a thread on the server. A display is shown the latest reading of each sensor, and misses
//! those between if it is slow.
//!
//!     cargo run --example capteurs

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use cconn::flux::{Emetteur, Flux};
use cconn::salon::{Lenteur, Salon};
use cconn::{Client, Etat, Resultat, Serveur, commande, commandes};
use serde::{Deserialize, Serialize};

const ABONNES: usize = 100;
const CAPTEURS: [&str; 2] = ["cave", "grenier"];
const MESURES: u8 = 10;

/// A reading of a sensor.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Mesure {
    numero: u8,
    degres: f32,
}

/// Who follows which sensor.
#[derive(Clone, Default)]
struct Abonnes(Arc<Mutex<BTreeMap<String, Vec<Emetteur<Mesure>>>>>);

impl Abonnes {
    fn table(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Emetteur<Mesure>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a reading to all that follow the sensor, and forgets those that have gone.
    fn publier(&self, capteur: &str, mesure: Mesure) {
        if let Some(emetteurs) = self.table().get_mut(capteur) {
            // `essayer` never waits, so the table may be locked.
            emetteurs.retain(|emetteur| emetteur.essayer(mesure).is_ok());
        }
    }
}

/// The readings of a sensor from now on.
#[commande]
fn suivre(abonnes: &Etat<Abonnes>, capteur: String) -> Flux<Mesure> {
    let (emetteur, flux) = Flux::canal(64);
    abonnes.table().entry(capteur).or_default().push(emetteur);
    flux
}

/// How many follow any sensor.
#[commande]
fn presents(abonnes: &Etat<Abonnes>) -> usize {
    let table = abonnes.table();
    table.values().flatten().filter(|emetteur| !emetteur.est_ferme()).count()
}

/// Shows the caller the latest readings from now on.
#[commande]
fn regarder(serveur: &Serveur, client: &Client) -> Resultat<()> {
    serveur.salon("ecrans").entrer(client)?;
    Ok(())
}

/// The latest readings, one of each sensor; its body is in the displays.
#[commande]
fn afficher(degres: Vec<f32>);

/// What the sensors measure.
fn mesurer(abonnes: &Abonnes, ecrans: &Salon, numeros: std::ops::Range<u8>) -> Resultat<()> {
    for numero in numeros {
        let degres = [12.0, 20.0].map(|base| base + f32::from(numero) / 4.0);
        for (capteur, degres) in CAPTEURS.into_iter().zip(degres) {
            abonnes.publier(capteur, Mesure { numero, degres });
        }
        // Never waits either: for a display without room it waits in the display's slot.
        ecrans.diffuser(afficher { degres: degres.to_vec() })?;
    }
    Ok(())
}

/// Takes all readings; returns how many they were, and the last.
fn ecouter(flux: Flux<Mesure>) -> Resultat<(u8, f32)> {
    let mut seen = (0, 0.0);
    for mesure in flux {
        let Mesure { numero, degres } = mesure?;
        assert_eq!(numero, seen.0, "in order, and none is missing");
        seen = (numero + 1, degres);
    }
    Ok(seen)
}

fn main() -> Resultat<()> {
    let abonnes = Abonnes::default();
    let serveur = Serveur::options(0).max_clients(ABONNES + 1).fournir(abonnes.clone()).ouvrir()?;
    serveur.enregistrer(commandes![suivre, presents, regarder])?;
    let ecrans = serveur.salon_avec("ecrans", Lenteur::Remplacer);

    let suivre_un = |n: usize| -> Resultat<(Client, Flux<Mesure>)> {
        let client = serveur.client_local()?;
        let flux = client.appeler(suivre { capteur: CAPTEURS[n % 2].to_owned() })?;
        Ok((client, flux))
    };
    let mut tous: Vec<_> = (0..ABONNES).map(suivre_un).collect::<Resultat<_>>()?;
    println!("{ABONNES} subscribers of {} sensors", CAPTEURS.len());

    let ecran = serveur.client_local()?;
    let (montrer, montre) = mpsc::channel();
    ecran.enregistrer_commande("afficher", move |_, (degres,): (Vec<f32>,)| {
        let _ = montrer.send(degres);
    })?;
    ecran.ecouter()?;
    ecran.appeler(regarder {})?;

    // One takes its first reading and leaves: the stream is dropped, its connection goes on.
    mesurer(&abonnes, &ecrans, 0..1)?;
    let Some((client, mut flux)) = tous.pop() else { return Ok(()) };
    let premiere = flux.next().transpose()?;
    println!("one leaves after {premiere:?}");
    drop(flux);
    println!("{} are left", client.appeler(presents {})?);

    // The others listen to the end, each on a thread of its own.
    let ecoutent: Vec<_> = tous
        .into_iter()
        .map(|(client, flux)| {
            thread::spawn(move || {
                let vu = ecouter(flux);
                client.eteindre().and(vu)
            })
        })
        .collect();
    mesurer(&abonnes, &ecrans, 1..MESURES)?;
    // The last emitter of a stream ends it.
    abonnes.table().clear();

    let mut compte = BTreeMap::new();
    for vu in ecoutent {
        let (nombre, derniere) =
            vu.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        *compte.entry(format!("{nombre} readings, the last {derniere} degrees")).or_insert(0) += 1;
    }
    for (vu, combien) in compte {
        println!("{combien} have seen {vu}");
    }
    client.eteindre()?;
    // A stop sends what waits in a slot: the last readings are shown whatever happens.
    serveur.eteindre()?;
    println!("the display shows {:?}", montre.try_iter().last());
    ecran.eteindre()
}
