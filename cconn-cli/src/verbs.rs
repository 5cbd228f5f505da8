//! The verbs of the program, one module for each.

mod call;
mod charge;
mod console;
mod contract;
mod frames;
mod list;
mod manual;
mod picture;
mod ping;
mod watch;

use crate::arguments::{Arguments, Verb};
use crate::failure::Outcome;

pub fn run(arguments: &Arguments) -> Outcome<()> {
    let common = &arguments.common;
    match &arguments.verb {
        Verb::Liste { adresse, commande } => list::run(adresse, commande.as_deref(), common),
        Verb::Appeler { max, call } => call::call(call, *max, common),
        Verb::Envoyer(call) => call::send(call, common),
        Verb::Ping { adresse } => ping::run(adresse, common),
        Verb::Console { adresse } => console::run(adresse, common),
        Verb::Charge(load) => charge::run(load, common),
        Verb::Veille(watch) => watch::run(watch, common),
        Verb::Contrat { avant, apres } => contract::run(avant, apres, common),
        Verb::Trame { fichier, noms } => frames::run(fichier, noms.as_deref(), common),
        Verb::Completions { shell } => manual::completions(*shell, common),
        Verb::Manuel { dossier } => manual::pages(dossier),
    }
}
