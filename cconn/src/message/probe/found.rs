//! What types show of themselves while values of them are made up: their structure.
//!
//! The values are made up again and again, each time with variants that were not taken before and
//! with other samples where a type has refused one, until nothing new is shown.

use super::samples::SAMPLES;
use crate::codec::{OPEN, UNKNOWN};
use crate::forme::{Champ, Forme, Genre, Structure, TypeNomme, Variante};
use crate::order::Few;

/// How often a variant is taken at most before it is given up.
const MAX_ATTEMPTS: usize = SAMPLES + 4;

/// A shape that has not been shown yet.
pub(super) const fn unseen() -> Forme {
    Forme::Opaque(String::new())
}

/// What tells a named type apart from all others: the compiler's name of the type whose value is
/// made, and the names that the type shows.
pub(super) type TypeKey = (&'static str, &'static str, &'static [&'static str]);

/// What the types have shown so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    types: Vec<Type>,
    places: Few<TypeKey, usize>,
    /// For each type that has refused samples, how many.
    samples: Few<&'static str, usize>,
    /// Whether a type was found to have refused a sample of the current value. Only the innermost
    /// is to blame: the others fail because it did.
    blamed: bool,
    /// Whether the current value shows something for the first time.
    pub(super) is_new: bool,
    /// Names of fields as they were written, for each name of a struct.
    written: Few<&'static str, Vec<Vec<&'static str>>>,
    /// Names of variants as they were written, for each enum's name and each number.
    variants: Few<(&'static str, u32), Vec<&'static str>>,
}

#[derive(Debug)]
struct Type {
    key: TypeKey,
    /// Whether the current value has entered the type.
    entered: bool,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Struct(Row),
    Enum {
        variants: Vec<Variant>,
        finite: Option<usize>,
        refused: Option<usize>,
    },
    /// One type has shown itself in two ways.
    Confused,
}

/// Fields that follow each other.
#[derive(Clone, Debug, Default)]
struct Row {
    names: &'static [&'static str],
    fields: Vec<Forme>,
    /// How many of the fields were asked for when a value could be made.
    asked: Option<usize>,
}

#[derive(Clone, Debug, Default)]
struct Variant {
    attempts: usize,
    row: Row,
}

impl Found {
    /// Begins the next value.
    pub(super) fn begin(&mut self) {
        self.is_new = false;
        self.blamed = false;
        self.types.iter_mut().for_each(|one| one.entered = false);
    }

    /// Which of the samples a type is to get.
    pub(super) fn sample(&self, owner: &'static str) -> usize {
        self.samples.get(&owner).copied().unwrap_or(0)
    }

    /// Notes that no value could be made of a type with the samples that it got.
    pub(super) fn blame(&mut self, owner: &'static str) {
        if std::mem::replace(&mut self.blamed, true) {
            return;
        }
        let sample = self.samples.entry(owner, || 0);
        if *sample + 1 < SAMPLES {
            *sample += 1;
            self.is_new = true;
        }
    }

    /// Enters a struct. Returns its place, and whether the current value enters it for the first
    /// time: then all of its parts are made up, else only those that it can't do without.
    pub(super) fn enter_struct(&mut self, key: TypeKey, count: usize) -> (usize, bool) {
        let row = || Row { names: key.2, fields: vec![unseen(); count], asked: None };
        let (place, first) = self.enter(key, || Kind::Struct(row()));
        if let Some(known) = self.types.get_mut(place)
            && !matches!(&known.kind, Kind::Struct(row) if row.fields.len() == count)
        {
            known.kind = Kind::Confused;
        }
        (place, first)
    }

    /// Notes the fields that a struct has shown, and how many were asked for if a value was made.
    pub(super) fn leave_struct(&mut self, place: usize, fields: Vec<Forme>, asked: Option<usize>) {
        if let Some(Kind::Struct(row)) = self.types.get_mut(place).map(|one| &mut one.kind) {
            row.add(fields, asked);
        }
    }

    /// Enters an enum. Returns its place, whether the current value enters it for the first time,
    /// and the number of the variant to take: one of which no value was made yet, else one that
    /// comes to an end.
    pub(super) fn enter_enum(&mut self, key: TypeKey) -> (usize, bool, usize) {
        let count = key.2.iter().filter(|name| **name != UNKNOWN).count();
        let variants = || vec![Variant::default(); count];
        let kind = || Kind::Enum { variants: variants(), finite: None, refused: None };
        let (place, first) = self.enter(key, kind);
        let Some(Type { kind: Kind::Enum { variants, finite, refused }, .. }) =
            self.types.get_mut(place)
        else {
            return (place, first, 0);
        };
        let most = refused.unwrap_or(usize::MAX);
        let is_open =
            |variant: &Variant| variant.row.asked.is_none() && variant.attempts < MAX_ATTEMPTS;
        let mut open = variants.iter().enumerate().take(most).filter(|(_, one)| is_open(one));
        let chosen = match (finite, first) {
            (Some(finite), false) => *finite,
            (Some(finite), true) => open.next().map_or(*finite, |(number, _)| number),
            // Inside itself an enum takes the variants in turn, until one comes to an end.
            (None, _) => open
                .min_by_key(|(number, variant)| (variant.attempts, *number))
                .map_or(0, |(number, _)| number),
        };
        if let Some(variant) = variants.get_mut(chosen)
            && is_open(variant)
        {
            variant.attempts += 1;
            self.is_new = true;
        }
        (place, first, chosen)
    }

    /// Notes that an enum refused a number: it shows more names than it has variants.
    pub(super) fn refuse_variant(&mut self, place: usize, number: usize) {
        self.blamed = true;
        self.is_new = true;
        if let Some(Kind::Enum { refused, .. }) = self.types.get_mut(place).map(|t| &mut t.kind) {
            *refused = Some(refused.unwrap_or(number).min(number));
        }
    }

    /// Notes what a variant has shown, as `leave_struct` does.
    pub(super) fn leave_variant(
        &mut self,
        place: usize,
        number: usize,
        names: &'static [&'static str],
        fields: Vec<Forme>,
        asked: Option<usize>,
    ) {
        let kind = self.types.get_mut(place).map(|one| &mut one.kind);
        if let Some(Kind::Enum { variants, finite, .. }) = kind
            && let Some(variant) = variants.get_mut(number)
        {
            variant.row.names = names;
            variant.row.add(fields, asked);
            if asked.is_some() {
                finite.get_or_insert(number);
            }
        }
    }

    fn enter(&mut self, key: TypeKey, kind: impl FnOnce() -> Kind) -> (usize, bool) {
        let place = *self.places.entry(key, || {
            self.types.push(Type { key, entered: false, kind: kind() });
            self.types.len() - 1
        });
        let entered = self.types.get_mut(place).map(|one| &mut one.entered);
        (place, entered.is_some_and(|entered| !std::mem::replace(entered, true)))
    }

    /// Notes the names of fields as a struct was written.
    pub(super) fn wrote_struct(&mut self, name: &'static str, fields: Vec<&'static str>) {
        let known = self.written.entry(name, Vec::new);
        if !known.contains(&fields) {
            known.push(fields);
        }
    }

    /// Notes a variant as it was written.
    pub(super) fn wrote_variant(&mut self, name: &'static str, number: u32, variant: &'static str) {
        let known = self.variants.entry((name, number), Vec::new);
        if !known.contains(&variant) {
            known.push(variant);
        }
    }

    /// The structure of the type whose value has the shape `root`.
    pub(super) fn structure(self, root: &Forme) -> Structure {
        let mut is_complete = true;
        let mut finish = |shape: &Forme| finished(shape.clone(), &mut is_complete);
        let root = finish(root);
        let types: Vec<_> = self.types.iter().map(|one| self.named(one, &mut finish)).collect();
        let is_known = types.iter().all(Option::is_some);
        let types = types.into_iter().map(Option::unwrap_or_default).collect();
        let keys = self.types.iter().map(|one| format!("{:?}", one.key)).collect();
        Structure { root, types, keys, is_complete: is_complete && is_known }
    }

    fn named(&self, one: &Type, finish: &mut dyn FnMut(&Forme) -> Forme) -> Option<TypeNomme> {
        let (_, shown, names) = one.key;
        let (ouvert, name) = match shown.strip_prefix(OPEN) {
            Some(name) => (true, name),
            None => (false, shown),
        };
        let genre = match &one.kind {
            Kind::Confused => return None,
            Kind::Struct(row) => {
                let names = names_of(row, &|count| self.written_fields(shown, count))?;
                Genre::Structure(row.named(&names, finish))
            }
            Kind::Enum { variants, refused, .. } => {
                let appended = names.iter().position(|name| *name == UNKNOWN);
                let listed: Vec<_> = names.iter().filter(|name| **name != UNKNOWN).collect();
                let count = refused.unwrap_or(listed.len());
                let mut all = Vec::with_capacity(count);
                for (number, variant) in variants.iter().enumerate().take(count) {
                    let listed = listed.get(number).map(|name| **name);
                    let nom = match refused {
                        None => listed?.to_owned(),
                        Some(_) => self.written_variant(shown, number)?.to_owned(),
                    };
                    let names = names_of(&variant.row, &|_| None)?;
                    let champs = variant.row.named(&names, finish);
                    let ajoutee = appended.is_some_and(|appended| number >= appended);
                    all.push(Variante { nom, ajoutee, champs });
                }
                Genre::Enumeration(all)
            }
        };
        Some(TypeNomme { nom: name.to_owned(), ouvert, genre })
    }

    /// The names of a struct with so many fields, if it was written in one way only.
    fn written_fields(&self, name: &'static str, count: usize) -> Option<Vec<&'static str>> {
        let mut fitting = self.written.get(&name)?.iter().filter(|names| names.len() == count);
        let only = fitting.next()?.clone();
        fitting.next().is_none().then_some(only)
    }

    /// The name of a variant, if that number was written under one name only.
    fn written_variant(&self, name: &'static str, number: usize) -> Option<&'static str> {
        let names = self.variants.get(&(name, u32::try_from(number).ok()?))?;
        names.first().copied().filter(|_| names.len() == 1)
    }
}

impl Row {
    fn add(&mut self, fields: Vec<Forme>, asked: Option<usize>) {
        if self.fields.len() < fields.len() {
            self.fields.resize(fields.len(), unseen());
        }
        for (known, new) in self.fields.iter_mut().zip(fields) {
            merge(known, new);
        }
        self.asked = self.asked.or(asked);
    }

    fn named(&self, names: &[String], finish: &mut dyn FnMut(&Forme) -> Forme) -> Vec<Champ> {
        let fields = names.iter().zip(&self.fields).map(|(name, shape)| {
            let (defaut, nom) = match name.strip_prefix(UNKNOWN) {
                Some(name) => (true, name),
                None => (false, name.as_str()),
            };
            Champ { nom: nom.to_owned(), defaut, forme: finish(shape) }
        });
        fields.collect()
    }
}

/// The names of the fields in a row. The names that serde shows when it reads include aliases,
/// so if there are more of them than fields, `written` gives those that were written.
fn names_of(
    row: &Row,
    written: &dyn Fn(usize) -> Option<Vec<&'static str>>,
) -> Option<Vec<String>> {
    let asked = row.asked?;
    if row.names.is_empty() {
        return Some((0..asked).map(|place| place.to_string()).collect());
    }
    let names = if row.names.len() == asked { row.names.to_vec() } else { written(asked)? };
    Some(names.into_iter().map(ToOwned::to_owned).collect())
}

/// Adds to a shape what another value of the same type has shown.
pub(super) fn merge(known: &mut Forme, new: Forme) {
    match (known, new) {
        (_, Forme::Opaque(name)) if name.is_empty() => {}
        (known @ Forme::Opaque(_), new) => *known = new,
        (Forme::Facultative(known), Forme::Facultative(new))
        | (Forme::Suite(known), Forme::Suite(new)) => {
            merge(known, *new);
        }
        (Forme::Table(key, value), Forme::Table(new_key, new_value)) => {
            merge(key, *new_key);
            merge(value, *new_value);
        }
        (Forme::Tuple(known), Forme::Tuple(new)) if known.len() == new.len() => {
            known.iter_mut().zip(new).for_each(|(known, new)| merge(known, new));
        }
        (known, new) if *known == new => {}
        // What is read depends on the value: nothing certain can be said about the place.
        (known, _) => *known = Forme::Opaque("?".to_owned()),
    }
}

/// A shape as it is told to others; `is_complete` becomes false if a part of it was never shown.
fn finished(shape: Forme, is_complete: &mut bool) -> Forme {
    let mut boxed = |part: Box<Forme>| Box::new(finished(*part, is_complete));
    match shape {
        Forme::Opaque(_) => {
            *is_complete = false;
            shape
        }
        Forme::Facultative(content) => Forme::Facultative(boxed(content)),
        Forme::Suite(element) => Forme::suite(*boxed(element)),
        Forme::Table(key, value) => Forme::Table(boxed(key), boxed(value)),
        Forme::Tuple(parts) => {
            Forme::Tuple(parts.into_iter().map(|part| finished(part, is_complete)).collect())
        }
        other => other,
    }
}
