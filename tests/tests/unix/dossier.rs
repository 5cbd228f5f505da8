//! A folder of a test, and a server in it.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::{Resultat, Serveur};
pub(super) use cconn_tests::Folder as Dossier;

/// Longer than any test here takes unless it hangs.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

pub(super) fn launch(serveur: &Serveur) -> JoinHandle<Resultat<()>> {
    let serveur = serveur.clone();
    thread::spawn(move || serveur.lancer())
}

pub(super) fn stop(serveur: &Serveur, lancer: JoinHandle<Resultat<()>>) {
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
}
