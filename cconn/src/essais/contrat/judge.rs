//! What a change of a command means for programs that are not replaced yet.

use std::fmt;

use super::Contrat;
use crate::forme::{Argument, CommandeDecrite, Described, Ecart, differences};
use crate::message::agree;
use crate::order;
use crate::text::Harmless;

/// What a change means for one kind of older program.
#[doc(alias("Impact", "Effect"))]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effet {
    /// Everything works as before.
    #[doc(alias("None", "Safe"))]
    Aucun,
    /// It works under this condition.
    #[doc(alias = "Conditional")]
    Conditionnel(String),
    /// What worked does not any more, in this way.
    #[doc(alias = "Breaking")]
    Rupture(String),
}

impl Effet {
    /// Whether something that worked before does not any more.
    #[doc(alias = "is_breaking")]
    #[inline]
    pub fn est_rupture(&self) -> bool {
        matches!(self, Effet::Rupture(_))
    }
}

impl fmt::Display for Effet {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Effet::Aucun => f.write_str("safe"),
            Effet::Conditionnel(condition) => write!(f, "safe {}", Harmless(condition)),
            Effet::Rupture(how) => write!(f, "BREAKING: {}", Harmless(how)),
        }
    }
}

/// A command that two contracts hold in two ways.
#[doc(alias = "Change")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changement {
    /// The command.
    #[doc(alias = "command")]
    pub commande: String,
    /// What has changed, for people to read.
    #[doc(alias = "what")]
    pub quoi: String,
    /// What callers of before find where the command is run as it is now.
    #[doc(alias = "old_callers")]
    pub anciens_appelants: Effet,
    /// What callers of now find where the command is run as it was before.
    #[doc(alias = "old_receivers")]
    pub anciens_receveurs: Effet,
    /// Whether more than names of arguments has changed.
    #[doc(alias = "counts_on_the_wire")]
    pub octets: bool,
}

impl Changement {
    /// Whether older programs break in one of the two roles.
    #[doc(alias = "is_breaking")]
    #[inline]
    pub fn est_rupture(&self) -> bool {
        self.anciens_appelants.est_rupture() || self.anciens_receveurs.est_rupture()
    }
}

impl fmt::Display for Changement {
    /// One line.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Changement { commande, quoi, anciens_appelants, anciens_receveurs, .. } = self;
        write!(
            f,
            "`{}`: {}; old callers: {anciens_appelants}; old receivers: {anciens_receveurs}",
            Harmless(commande),
            Harmless(quoi)
        )
    }
}

/// What has changed from one contract to another, in the order of the commands' names.
///
/// Docs do not count, and an order of commands has no meaning.
#[doc(alias("diff", "compare"))]
#[inline]
pub fn comparer(ancien: &Contrat, nouveau: &Contrat) -> Vec<Changement> {
    let find = |contract: &'_ Contrat, name: &str| {
        contract.programme.commandes.iter().position(|one| one.nom == name)
    };
    let at = |contract: &'_ Contrat, place: usize| contract.programme.commandes.get(place).cloned();
    let mut names: Vec<&str> = [ancien, nouveau]
        .into_iter()
        .flat_map(|contract| contract.programme.commandes.iter().map(|one| &*one.nom))
        .collect();
    order::sort(&mut names);
    names.dedup();
    let mut changes = Vec::new();
    for name in names {
        let before = find(ancien, name).and_then(|place| at(ancien, place));
        let now = find(nouveau, name).and_then(|place| at(nouveau, place));
        match (before, now) {
            (Some(before), Some(now)) => {
                let before = Described { command: &before, types: &ancien.programme.types };
                let now = Described { command: &now, types: &nouveau.programme.types };
                changes.extend(changed(before, now));
            }
            (Some(_), None) => changes.push(removed(name)),
            (None, Some(now)) => changes.push(added(&now)),
            (None, None) => {}
        }
    }
    changes
}

#[inline]
fn removed(name: &str) -> Changement {
    Changement {
        commande: name.to_owned(),
        quoi: "the command is gone".to_owned(),
        anciens_appelants: Effet::Rupture("the command is unknown".to_owned()),
        anciens_receveurs: Effet::Aucun,
        octets: true,
    }
}

#[inline]
fn added(now: &CommandeDecrite) -> Changement {
    let quoi = match &now.ancien_nom_de {
        Some(present) => format!("a new name of `{present}`"),
        None => "a new command".to_owned(),
    };
    Changement {
        commande: now.nom.clone(),
        quoi,
        anciens_appelants: Effet::Aucun,
        anciens_receveurs: Effet::Conditionnel(
            "as long as it is not called there, where it is unknown".to_owned(),
        ),
        octets: true,
    }
}

/// The change of one command, if there is one.
#[inline]
fn changed(before: Described<'_>, now: Described<'_>) -> Option<Changement> {
    let list = differences(before, now);
    let mut what: Vec<String> = list.iter().map(told).collect();
    let defaults = other_defaults(before.command, now.command);
    what.extend(defaults.iter().cloned());
    let (callers, receivers) = if let Some(known) = unchecked(before.command, now.command) {
        what.extend(
            known.then(|| "one of the two is a closure, of which no types are known".into()),
        );
        let effect = if known { Effet::Conditionnel(CLOSURE.to_owned()) } else { Effet::Aucun };
        (effect.clone(), effect)
    } else {
        let pair = (accepts(before.command, now.command), accepts(now.command, before.command));
        let is_silent = !list.is_empty() && pair == (Effet::Aucun, Effet::Aucun);
        if is_silent && !is_only_longer(before.command, now.command) {
            let how = "nobody is told, and bytes are read as other values";
            (Effet::Rupture(how.to_owned()), Effet::Rupture(how.to_owned()))
        } else {
            pair
        }
    };
    let (callers, receivers) = if defaults.is_empty() {
        (callers, receivers)
    } else {
        (silent(callers), silent(receivers))
    };
    if what.is_empty() {
        what.extend(defaults_come_and_gone(before.command, now.command));
    }
    if what.is_empty() && (&callers, &receivers) != (&Effet::Aucun, &Effet::Aucun) {
        what.push("the fingerprint, by the name of a type or by what is inside one".to_owned());
    }
    let mut octets = !what.is_empty();
    if before.command.ancien_nom_de != now.command.ancien_nom_de {
        octets = true;
        what.push(match &now.command.ancien_nom_de {
            Some(present) => format!("an earlier name of `{present}` now"),
            None => "a command of its own now".to_owned(),
        });
    }
    what.extend(other_names(before.command, now.command));
    if what.is_empty() {
        return None;
    }
    Some(Changement {
        commande: now.command.nom.clone(),
        quoi: what.join("; "),
        anciens_appelants: callers,
        anciens_receveurs: receivers,
        octets,
    })
}

const CLOSURE: &str = "as long as the bytes fit, which nobody checks";

/// Whether messages go unchecked because a side is a closure; true if only one is.
#[inline]
fn unchecked(before: &CommandeDecrite, now: &CommandeDecrite) -> Option<bool> {
    match (before.empreintes.is_empty(), now.empreintes.is_empty()) {
        (false, false) => None,
        (before, now) => Some(before != now),
    }
}

/// A difference in the words of a contract: before and now, not here and there.
#[inline]
fn told(one: &Ecart) -> String {
    let Ecart { chemin, ici, la } = one;
    match (ici, la) {
        (Some(before), Some(now)) => format!("{chemin}: `{before}` before, `{now}` now"),
        (Some(before), None) => format!("{chemin}: `{before}` before, gone now"),
        (None, Some(now)) => format!("{chemin}: `{now}` is new"),
        (None, None) => chemin.clone(),
    }
}

/// A default that each side fills in by itself.
#[inline]
fn silent(effect: Effet) -> Effet {
    match effect {
        Effet::Rupture(_) => effect,
        _ => Effet::Rupture("each side takes its own default, and nobody is told".to_owned()),
    }
}

/// Whether messages of one form of the caller's are understood by the receiver, and which.
#[inline]
fn accepts(caller: &CommandeDecrite, receiver: &CommandeDecrite) -> Effet {
    let is_accepted = |form: &u32| receiver.empreintes.iter().any(|theirs| agree(*form, *theirs));
    let forms: Vec<bool> = caller.empreintes.iter().map(is_accepted).collect();
    let understood = forms.iter().position(|accepted| *accepted);
    let Some(omitted) = understood else {
        return Effet::Rupture("refused, the signature is another".to_owned());
    };
    if forms.iter().all(|accepted| *accepted) {
        return Effet::Aucun;
    }
    let arguments = caller.arguments.as_deref().unwrap_or_default();
    let quoted = |all: &[Argument]| {
        all.iter().map(|one| format!("`{}`", one.nom)).collect::<Vec<_>>().join(", ")
    };
    let count = arguments.len();
    if omitted > 0 {
        // The full form is not understood: the last arguments are too new.
        let new = arguments.get(count.saturating_sub(omitted)..).unwrap_or_default();
        let have = if new.len() == 1 { "has its default" } else { "have their defaults" };
        return Effet::Conditionnel(format!("as long as {} {have}, else refused", quoted(new)));
    }
    let sent = forms.iter().take_while(|accepted| **accepted).count();
    let needed = count.checked_sub(sent).and_then(|at| arguments.get(at..at.saturating_add(1)));
    let needed = quoted(needed.unwrap_or_default());
    Effet::Conditionnel(format!("unless {needed} is left out for its default, then refused"))
}

/// Whether the two differ only in arguments at the end that one of them has more.
#[inline]
fn is_only_longer(before: &CommandeDecrite, now: &CommandeDecrite) -> bool {
    let count = |one: &CommandeDecrite| one.arguments.as_ref().map_or(0, Vec::len);
    count(before) != count(now)
}

/// Defaults that have another value now, where an argument can be left out before and now.
#[inline]
fn other_defaults(before: &CommandeDecrite, now: &CommandeDecrite) -> Vec<String> {
    both(before, now)
        .filter_map(|(place, old, new)| match (&old.defaut, &new.defaut) {
            (Some(before), Some(after)) if before != after => Some(format!(
                "argument {place} `{}`: the default was `{before}`, and is `{after}` now",
                new.nom
            )),
            _ => None,
        })
        .collect()
}

/// Arguments that can be left out now and could not before, or the other way round.
#[inline]
fn defaults_come_and_gone(before: &CommandeDecrite, now: &CommandeDecrite) -> Vec<String> {
    both(before, now)
        .filter_map(|(place, old, new)| match (&old.defaut, &new.defaut) {
            (Some(gone), None) => {
                Some(format!("argument {place} `{}`: the default `{gone}` is gone", new.nom))
            }
            (None, Some(come)) => {
                Some(format!("argument {place} `{}`: the default `{come}` is new", new.nom))
            }
            _ => None,
        })
        .collect()
}

/// Arguments that have another name now.
#[inline]
fn other_names(before: &CommandeDecrite, now: &CommandeDecrite) -> Vec<String> {
    both(before, now)
        .filter(|(_, old, new)| old.nom != new.nom)
        .map(|(place, old, new)| {
            format!("argument {place} `{}` is called `{}` now", old.nom, new.nom)
        })
        .collect()
}

/// The arguments that both have, with their places from 1.
#[inline]
fn both<'a>(
    before: &'a CommandeDecrite,
    now: &'a CommandeDecrite,
) -> impl Iterator<Item = (usize, &'a Argument, &'a Argument)> {
    let (old, new) = (before.arguments.iter().flatten(), now.arguments.iter().flatten());
    old.zip(new).zip(1_usize..).map(|((old, new), place)| (place, old, new))
}
