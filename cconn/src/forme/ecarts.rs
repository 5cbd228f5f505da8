//! Where two descriptions of one command differ.
//!
//! Descriptions may come from a peer, so types are followed by a list of what is left and not by
//! calls, and how much is looked at and told is bounded.

use std::collections::HashSet;
use std::fmt::{self, Display, Write as _};

use super::{Champ, CommandeDecrite, Forme, Genre, TypeNomme, Variante};

/// How many differences are listed. More say nothing more.
const MOST: usize = 32;

/// How many pairs of named types are compared.
const MOST_PAIRS: usize = 10_000;

/// The length in characters up to which a type is shown.
const LONGEST: usize = 200;

/// One difference between two descriptions of a command, one here and one there.
#[doc(alias = "Difference")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ecart {
    /// The place of the difference, for people to read: ``argument 2 `solde` ``, or
    /// ``argument 1 `compte`, field `solde` of `Compte` ``.
    #[doc(alias = "path")]
    pub chemin: String,
    /// What stands there on this side: a type, a variant, an order of fields; `None` if nothing does.
    #[doc(alias = "here")]
    pub ici: Option<String>,
    /// What stands there on the other side.
    #[doc(alias = "there")]
    pub la: Option<String>,
}

impl Display for Ecart {
    /// ``argument 2 `solde`: `f64` here, `i64` there``.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ecart { chemin, ici, la } = self;
        match (ici, la) {
            (Some(ici), Some(la)) => write!(f, "{chemin}: `{ici}` here, `{la}` there"),
            (Some(ici), None) => write!(f, "{chemin}: `{ici}` here, missing there"),
            (None, Some(la)) => write!(f, "{chemin}: missing here, `{la}` there"),
            (None, None) => f.write_str(chemin),
        }
    }
}

/// One of two sides.
#[doc(alias = "Side")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cote {
    /// This side.
    #[doc(alias = "Here")]
    Ici,
    /// The other side.
    #[doc(alias = "There")]
    La,
}

/// A command, with the table of the types that it names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Described<'a> {
    pub(crate) command: &'a CommandeDecrite,
    pub(crate) types: &'a [TypeNomme],
}

impl<'a> Described<'a> {
    #[inline]
    fn named(self, index: u32) -> Option<&'a TypeNomme> {
        self.types.get(usize::try_from(index).ok()?)
    }

    #[inline]
    fn text(self, shape: &Forme) -> String {
        shorten(&shape.texte(self.types).to_string())
    }
}

/// Text that is shown, cut where it is too long.
#[inline]
fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}..", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The name of a type without the number that tells it apart from others of its program.
#[inline]
pub(crate) fn bare(name: &str) -> &str {
    name.split_once('\'').map_or(name, |(bare, _)| bare)
}

/// The differences between a command here and there, as far as they count on the wire.
#[inline]
pub(crate) fn differences(here: Described<'_>, there: Described<'_>) -> Vec<Ecart> {
    let mut found = Found { here, there, list: Vec::new(), left: Vec::new(), seen: HashSet::new() };
    found.commands();
    found.list
}

/// Which side lacks something, if only one does: additions at the end show which side is older.
#[inline]
pub(crate) fn older(list: &[Ecart]) -> Option<Cote> {
    let all = |lacks: fn(&Ecart) -> bool| list.iter().all(lacks);
    match (list.is_empty(), all(|one| one.ici.is_none()), all(|one| one.la.is_none())) {
        (false, true, false) => Some(Cote::Ici),
        (false, false, true) => Some(Cote::La),
        _ => None,
    }
}

/// The comparison under way.
struct Found<'a> {
    here: Described<'a>,
    there: Described<'a>,
    list: Vec<Ecart>,
    /// Pairs of named types that are still to be compared, with the place where they were met.
    left: Vec<(u32, u32, String)>,
    seen: HashSet<(u32, u32)>,
}

impl<'a> Found<'a> {
    #[inline]
    fn add(&mut self, chemin: String, ici: Option<String>, la: Option<String>) {
        if self.list.len() < MOST {
            self.list.push(Ecart { chemin, ici, la });
        }
    }

    #[inline]
    fn commands(&mut self) {
        let (here, there) = (self.here.command, self.there.command);
        if let (Some(ours), Some(theirs)) = (&here.arguments, &there.arguments) {
            for place in 0..ours.len().max(theirs.len()) {
                let (our, their) = (ours.get(place), theirs.get(place));
                let name = our.or(their).map_or("", |one| &one.nom);
                let root = format!("argument {} `{name}`", place.saturating_add(1));
                self.place(&root, &root, our.map(|one| &one.forme), their.map(|one| &one.forme));
            }
        }
        let (answer, error) = ("the answer", "the command's own error");
        self.place(answer, answer, Some(&here.reponse), Some(&there.reponse));
        self.place(error, error, here.refus.as_ref(), there.refus.as_ref());
        while let Some((ours, theirs, root)) = self.left.pop() {
            self.types(ours, theirs, &root);
        }
    }

    /// Compares what stands at one place.
    #[inline]
    fn place(&mut self, root: &str, at: &str, here: Option<&'a Forme>, there: Option<&'a Forme>) {
        match (here, there) {
            (Some(ours), Some(theirs)) => {
                let mut pairs = Vec::new();
                if !same(ours, theirs, &mut pairs) || !self.named_alike(&pairs) {
                    let (ours, theirs) = (self.here.text(ours), self.there.text(theirs));
                    return self.add(at.to_owned(), Some(ours), Some(theirs));
                }
                for (ours, theirs) in pairs {
                    if self.seen.len() < MOST_PAIRS && self.seen.insert((ours, theirs)) {
                        self.left.push((ours, theirs, root.to_owned()));
                    }
                }
            }
            (None, None) => {}
            (ours, theirs) => {
                let ours = ours.map(|shape| self.here.text(shape));
                let theirs = theirs.map(|shape| self.there.text(shape));
                self.add(at.to_owned(), ours, theirs);
            }
        }
    }

    /// Whether the types of each pair have one name.
    #[inline]
    fn named_alike(&self, pairs: &[(u32, u32)]) -> bool {
        pairs.iter().all(|(ours, theirs)| {
            match (self.here.named(*ours), self.there.named(*theirs)) {
                (Some(ours), Some(theirs)) => bare(&ours.nom) == bare(&theirs.nom),
                _ => true,
            }
        })
    }

    /// Compares what two types of one name consist of.
    #[inline]
    fn types(&mut self, ours: u32, theirs: u32, root: &str) {
        let (Some(ours), Some(theirs)) = (self.here.named(ours), self.there.named(theirs)) else {
            return;
        };
        let name = bare(&ours.nom);
        let kinds = (kind(ours), kind(theirs));
        if kinds.0 != kinds.1 {
            let at = format!("{root}, kind of `{name}`");
            return self.add(at, Some(kinds.0.to_owned()), Some(kinds.1.to_owned()));
        }
        match (&ours.genre, &theirs.genre) {
            (Genre::Structure(our), Genre::Structure(their)) => {
                let (our, their) = (counted(ours, our), counted(theirs, their));
                self.fields(root, name, &our, &their);
            }
            (Genre::Enumeration(our), Genre::Enumeration(their)) => {
                let our: Vec<_> = our.iter().filter(|one| !(ours.ouvert && one.ajoutee)).collect();
                let their: Vec<_> =
                    their.iter().filter(|one| !(theirs.ouvert && one.ajoutee)).collect();
                self.variants(root, name, &our, &their);
            }
            _ => {}
        }
    }

    #[inline]
    fn fields(&mut self, root: &str, owner: &str, ours: &[&'a Champ], theirs: &[&'a Champ]) {
        let names = |all: &[&'a Champ]| all.iter().map(|one| &*one.nom).collect::<Vec<_>>();
        self.order(
            &format!("{root}, order of the fields of `{owner}`"),
            &names(ours),
            &names(theirs),
        );
        for (name, our, their) in matched(ours, theirs, |one| &one.nom) {
            let at = format!("{root}, field `{}` of `{owner}`", shorten(name));
            self.place(root, &at, our.map(|one| &one.forme), their.map(|one| &one.forme));
        }
    }

    #[inline]
    fn variants(
        &mut self,
        root: &str,
        owner: &str,
        ours: &[&'a Variante],
        theirs: &[&'a Variante],
    ) {
        let names = |all: &[&'a Variante]| all.iter().map(|one| &*one.nom).collect::<Vec<_>>();
        self.order(
            &format!("{root}, order of the variants of `{owner}`"),
            &names(ours),
            &names(theirs),
        );
        for (name, our, their) in matched(ours, theirs, |one| &one.nom) {
            let whole = format!("{owner}::{}", shorten(name));
            match (our, their) {
                (Some(our), Some(their)) => {
                    let fields = (
                        our.champs.iter().collect::<Vec<_>>(),
                        their.champs.iter().collect::<Vec<_>>(),
                    );
                    self.fields(root, &whole, &fields.0, &fields.1);
                }
                (our, their) => {
                    let shown = |one: &Variante| shorten(&one.nom);
                    let at = format!("{root}, variant of `{owner}`");
                    self.add(at, our.map(shown), their.map(shown));
                }
            }
        }
    }

    /// Notes that the same names stand in another order, which is the order of the bytes.
    #[inline]
    fn order(&mut self, at: &str, ours: &[&str], theirs: &[&str]) {
        let common = |all: &[&str], others: &[&str]| -> Vec<String> {
            all.iter().filter(|name| others.contains(name)).map(|name| (*name).to_owned()).collect()
        };
        let (our, their) = (common(ours, theirs), common(theirs, ours));
        if our != their {
            let shown = |all: &[String]| Some(shorten(&all.join(", ")));
            return self.add(at.to_owned(), shown(&our), shown(&their));
        }
        // What is new stands before what was there: the names alone do not tell that.
        let both = ours.len().min(theirs.len());
        let is_appended = ours.get(..both) == theirs.get(..both);
        if !is_appended && ours.len() != theirs.len() {
            let shown = |all: &[&str]| Some(shorten(&all.join(", ")));
            self.add(at.to_owned(), shown(ours), shown(theirs));
        }
    }
}

/// The parts of two lists that have one name, in the order of the first, and then those that only
/// the second has.
fn matched<'a, T>(
    ours: &[&'a T],
    theirs: &[&'a T],
    name: impl Fn(&'a T) -> &'a str,
) -> Vec<(&'a str, Option<&'a T>, Option<&'a T>)> {
    let find = |all: &[&'a T], wanted: &str| all.iter().find(|one| name(one) == wanted).copied();
    let mut all: Vec<_> =
        ours.iter().map(|one| (name(one), Some(*one), find(theirs, name(one)))).collect();
    let only_theirs = theirs.iter().filter(|one| find(ours, name(one)).is_none());
    all.extend(only_theirs.map(|one| (name(one), None, Some(*one))));
    all
}

/// The fields of a struct that count: what an open one may come without does not.
#[inline]
fn counted<'a>(owner: &TypeNomme, fields: &'a [Champ]) -> Vec<&'a Champ> {
    fields.iter().filter(|field| !(owner.ouvert && field.defaut)).collect()
}

#[inline]
fn kind(named: &TypeNomme) -> &'static str {
    match (&named.genre, named.ouvert) {
        (Genre::Structure(_), false) => "struct",
        (Genre::Structure(_), true) => "open struct",
        (Genre::Enumeration(_), false) => "enum",
        (Genre::Enumeration(_), true) => "open enum",
        (Genre::Autre(_), _) => "?",
    }
}

/// Whether two shapes are the same but for what the named types in them consist of, which are
/// noted. What is not known of one side is not held against it.
#[inline]
fn same(here: &Forme, there: &Forme, pairs: &mut Vec<(u32, u32)>) -> bool {
    match (here, there) {
        (Forme::Opaque(ours), Forme::Opaque(theirs)) => {
            ours == theirs || ours.is_empty() || theirs.is_empty()
        }
        (Forme::Opaque(_) | Forme::Autre(_), _) | (_, Forme::Opaque(_) | Forme::Autre(_)) => true,
        (Forme::Type(ours), Forme::Type(theirs)) => {
            pairs.push((*ours, *theirs));
            true
        }
        (Forme::Facultative(ours), Forme::Facultative(theirs))
        | (Forme::Suite(ours), Forme::Suite(theirs)) => same(ours, theirs, pairs),
        (Forme::Table(key, value), Forme::Table(other_key, other_value)) => {
            same(key, other_key, pairs) && same(value, other_value, pairs)
        }
        (Forme::Tuple(ours), Forme::Tuple(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs, pairs))
        }
        (Forme::Flux(item, error), Forme::Flux(other_item, other_error)) => {
            same(item, other_item, pairs)
                && match (error, other_error) {
                    (Some(ours), Some(theirs)) => same(ours, theirs, pairs),
                    (None, None) => true,
                    _ => false,
                }
        }
        (ours, theirs) => ours == theirs,
    }
}

/// Joins differences to one line.
#[inline]
pub(crate) fn joined(list: &[Ecart]) -> String {
    let mut text = String::new();
    for (place, one) in list.iter().enumerate() {
        let comma = if place == 0 { "" } else { "; " };
        // Writing to a text can't fail.
        let _ = write!(text, "{comma}{one}");
    }
    text
}

#[cfg(test)]
mod tests;
