//! `contrat`: two contracts of a program, or one and a live peer.

use std::fs;
use std::path::Path;

use cconn::essais::contrat::{Changement, Contrat, Effet, comparer};
use serde_json::{Value, json};

use crate::arguments::Common;
use crate::dial;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::{self, DIM, NAME, harmless, styled};
use crate::remote::listed;

pub fn run(before: &str, now: &str, common: &Common) -> Outcome<()> {
    let (old, new) = (contract(before, common)?, contract(now, common)?);
    let changes = comparer(&old, &new);
    let breaking = changes.iter().filter(|change| change.est_rupture()).count();
    for change in &changes {
        if common.json {
            output::json(&as_json(change))?;
        } else {
            show(change)?;
        }
    }
    if !common.json && changes.is_empty() {
        output::line("the same")?;
    }
    match breaking {
        0 => Ok(()),
        count => {
            let text = format!("{count} of {} changes break older programs", changes.len());
            Err(Failure::new(Kind::Command, text))
        }
    }
}

/// The contract in a file, or that of the peer at an address. What is a file is taken as one.
pub fn contract(source: &str, common: &Common) -> Outcome<Contrat> {
    if Path::new(source).is_file() {
        let text = fs::read_to_string(source)
            .map_err(|error| Failure::usage(format!("{source} can't be read: {error}")))?;
        return Contrat::lire(&text).map_err(|error| Failure::usage(format!("{source}, {error}")));
    }
    if !dial::is_program(source)
        && let Err(error) = dial::address(source)
    {
        return Err(Failure::usage(format!("there is no such file, and {error}")));
    }
    let (client, _child) = dial::connect(source, common)?;
    Ok(Contrat::du_programme(listed(source, &client)?))
}

fn show(change: &Changement) -> Outcome<()> {
    let name = styled(&harmless(&change.commande), NAME);
    output::line(&format!("{name}: {}", harmless(&change.quoi)))?;
    let effects =
        [("old callers", &change.anciens_appelants), ("old receivers", &change.anciens_receveurs)];
    effects.into_iter().try_for_each(|(who, effect)| {
        let text = harmless(&effect.to_string());
        let text = if effect.est_rupture() { text } else { styled(&text, DIM) };
        output::line(&format!("    {who}: {text}"))
    })
}

fn as_json(change: &Changement) -> Value {
    let effect = |effect: &Effet| {
        let (kind, text) = match effect {
            Effet::Aucun => ("aucun", None),
            Effet::Conditionnel(text) => ("conditionnel", Some(text)),
            Effet::Rupture(text) => ("rupture", Some(text)),
            _ => ("autre", None),
        };
        json!({ "effet": kind, "texte": text })
    };
    json!({
        "commande": change.commande,
        "quoi": change.quoi,
        "anciens_appelants": effect(&change.anciens_appelants),
        "anciens_receveurs": effect(&change.anciens_receveurs),
        "octets": change.octets,
        "rupture": change.est_rupture(),
    })
}
