//! Finds out what types are on the wire, and finds those whose `Serialize` and `Deserialize` do not
//! fit each other in a format without names.
//!
//! Once for each type, values of it are made up by letting its `Deserialize` read made-up bytes,
//! and its `Serialize` is watched as it writes the values.
//!
//! What `Deserialize` asks for shows the type's structure: the names of its fields and variants,
//! and what they hold. The structure counts in fingerprints and is told to peers that ask for it.
//!
//! serde numbers the variants of an enum once for writing and once for reading, and an attribute
//! such as `skip` makes the two numberings differ: one variant is sent and another one arrives. No
//! byte shows the mistake, but the comparison does. A type of which no value can be made up is not
//! judged: only what is certainly wrong is a fault.

mod access;
mod found;
mod known;
mod reader;
mod samples;
#[cfg(test)]
mod structures;
#[cfg(test)]
mod tests;
mod writer;

use std::any::{TypeId, type_name};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::Plain;
use crate::erreur::Jamais;
use crate::flux::Flux;
use crate::forme::{Forme, Structure};
use crate::order::Few;
use access::seeded;
use known::Known;
use reader::Place;
use writer::Writer;

/// The most values made up of one type. Each variant of each enum in it takes one.
const MAX_VALUES: usize = 1024;

/// The size in bytes up to which values of a type are made up: several of them are on the stack at
/// once.
const MAX_SIZE: usize = 32 << 10;

/// What was found out about a type.
#[derive(Clone, Debug)]
pub struct Probed {
    /// The type's fault, if it certainly has one.
    pub(crate) fault: Option<Arc<str>>,
    pub(crate) structure: Arc<Structure>,
}

impl Probed {
    fn nothing(name: &str) -> Self {
        let last = name.rsplit("::").next().unwrap_or(name);
        Probed { fault: None, structure: Arc::new(Structure::opaque(last)) }
    }
}

/// The result for every type that has been tried.
static TRIED: Mutex<Few<TypeId, Probed>> = Mutex::new(Few::new());

/// A type to try. What needs the type itself stands in functions for it, which are all that is
/// compiled for each type.
struct Trial {
    name: &'static str,
    size: usize,
    /// Makes a value up and writes it; `None` if the type refuses either.
    try_value: fn(&mut Known, &mut Forme) -> Option<()>,
}

impl Trial {
    fn of<T: Serialize + Deserialize<'static>>() -> Self {
        Trial { name: type_name::<T>(), size: size_of::<T>(), try_value: try_value::<T> }
    }
}

fn try_value<T: Serialize + Deserialize<'static>>(
    known: &mut Known,
    shape: &mut Forme,
) -> Option<()> {
    let value = seeded(known, Place::top::<T>(), shape, PhantomData::<T>).ok()?;
    value.serialize(Writer(known)).ok()
}

/// What is known about a type. Each type is tried once, however many commands use it.
fn known_of<T: Serialize + Deserialize<'static> + 'static>() -> Probed {
    known_or_tried(TypeId::of::<T>(), &Trial::of::<T>())
}

fn known_or_tried(key: TypeId, trial: &Trial) -> Probed {
    let tried = || TRIED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(probed) = tried().get(&key) {
        return probed.clone();
    }
    // The lock is not held meanwhile: the type's own code may register commands.
    let probed = probe(trial);
    tried().entry(key, || probed).clone()
}

/// Tries a type.
fn probe(trial: &Trial) -> Probed {
    // Without unwinding, a panic in the type's own code would end the process.
    if cfg!(panic = "abort") || trial.size > MAX_SIZE {
        return Probed::nothing(trial.name);
    }
    let mut known = Known::default();
    let mut root = found::unseen();
    if try_values(trial, &mut known, &mut root).is_none() {
        return Probed::nothing(trial.name);
    }
    let structure = Arc::new(std::mem::take(&mut known.found).structure(&root));
    Probed { fault: known.fault().map(Into::into), structure }
}

/// Makes values up until they show nothing new. `None` if the type's own code panicked. Then
/// nothing more is tried, so that the program's panic hook runs once.
fn try_values(trial: &Trial, known: &mut Known, root: &mut Forme) -> Option<()> {
    for _ in 0..MAX_VALUES {
        known.begin();
        let mut shape = found::unseen();
        // The type's own code may panic on a value that it does not expect.
        let made = catch_unwind(AssertUnwindSafe(|| (trial.try_value)(known, &mut shape)));
        found::merge(root, shape);
        if made.ok()?.is_some() {
            known.judge();
        }
        if known.is_faulty() || !known.found.is_new {
            break;
        }
    }
    Some(())
}

/// The probe of a type that can be both written and read. For other types the names below lead to
/// `ProbeNothing`.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: Serialize + Deserialize<'static> + 'static> Probe<T> {
    /// Finds out what there is to know about the type.
    pub const __CCONN_PROBE: fn() -> Probed = known_of::<T>;
}

impl<T: Serialize + Deserialize<'static> + 'static> Probe<[T]> {
    /// Finds out what there is to know about the slice: serde can read its elements, though not the
    /// slice itself.
    pub const __CCONN_PROBE: fn() -> Probed = || {
        let Probed { fault, structure } = known_of::<T>();
        let mut structure = Structure::clone(&structure);
        structure.root = Forme::suite(structure.root);
        Probed { fault, structure: Arc::new(structure) }
    };
}

impl<T: Plain> Probe<Flux<T, Jamais>> {
    /// Finds out what there is to know about the stream, which is what its items show.
    pub const __CCONN_PROBE: fn() -> Probed = || {
        let Probed { fault, structure } = known_of::<T>();
        let mut structure = Structure::clone(&structure);
        structure.root = Forme::Flux(Box::new(structure.root), None);
        Probed { fault, structure: Arc::new(structure) }
    };
}

impl<T: Plain, E: Plain> Probe<Flux<T, E>> {
    /// Finds out what there is to know about the stream, which is what its items and its error show.
    pub const __CCONN_PROBE: fn() -> Probed = || {
        // Both at once, so that a type which they share is in the structure once.
        let Probed { fault, structure } = known_of::<(T, E)>();
        let mut structure = Structure::clone(&structure);
        structure.root = match structure.root {
            Forme::Tuple(parts) => match <[Forme; 2]>::try_from(parts) {
                Ok([item, error]) => Forme::Flux(Box::new(item), Some(Box::new(error))),
                Err(parts) => Forme::Tuple(parts),
            },
            other => other,
        };
        Probed { fault, structure: Arc::new(structure) }
    };
}

/// Probes of types that serde can't read, of which all is known.
macro_rules! certain {
    ($($ty:ty: $shape:expr;)*) => {$(
        impl Probe<$ty> {
            /// Tells what there is to know about the type.
            pub const __CCONN_PROBE: fn() -> Probed =
                || Probed { fault: None, structure: Arc::new(Structure::plain($shape)) };
        }
    )*};
}

certain! {
    // A command without an error of its own.
    Jamais: Forme::Tuple(Vec::new());
    str: Forme::Texte;
    Path: Forme::Texte;
}

/// The fallback for types that can't be probed.
pub trait ProbeNothing {
    /// Knows the type's name only.
    const __CCONN_PROBE: fn() -> Probed = || Probed::nothing(type_name::<Self>());
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> ProbeNothing for Probe<T> {}

#[cfg(test)]
fn fault_of<T: Serialize + Deserialize<'static>>() -> Option<String> {
    probe(&Trial::of::<T>()).fault.map(|fault| fault.to_string())
}
