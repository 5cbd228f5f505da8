//! A child process that tells which trace and span its command belongs to, as its subscriber saw
//! it.

use cconn::{Resultat, Serveur};

fn main() -> Resultat<()> {
    observation::observe();
    let serveur = Serveur::depuis_parent()?;
    serveur.enregistrer_commande("la_bas", |_, (): ()| {
        let spans = observation::commands("la_bas");
        let span = spans.last().cloned().unwrap_or_default();
        ["trace_id", "span_id", "parent_id", "depth"].map(|field| span.field(field).to_owned())
    })?;
    serveur.lancer()
}
