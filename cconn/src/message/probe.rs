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
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::Plain;
use crate::erreur::Jamais;
use crate::flux::Flux;
use crate::forme::{Forme, Structure};
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
static TRIED: Mutex<BTreeMap<TypeId, Probed>> = Mutex::new(BTreeMap::new());

/// What is known about a type. Each type is tried once, however many commands use it.
fn known_of<T: Serialize + Deserialize<'static> + 'static>() -> Probed {
    let (key, tried) = (TypeId::of::<T>(), || TRIED.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(probed) = tried().get(&key) {
        return probed.clone();
    }
    // The lock is not held meanwhile: the type's own code may register commands.
    let probed = probe::<T>();
    tried().entry(key).or_insert(probed).clone()
}

/// Tries a type.
fn probe<T: Serialize + Deserialize<'static>>() -> Probed {
    // Without unwinding, a panic in the type's own code would end the process.
    if cfg!(panic = "abort") || size_of::<T>() > MAX_SIZE {
        return Probed::nothing(type_name::<T>());
    }
    let mut known = Known::default();
    let mut root = found::unseen();
    if try_values::<T>(&mut known, &mut root).is_none() {
        return Probed::nothing(type_name::<T>());
    }
    let structure = Arc::new(std::mem::take(&mut known.found).structure(&root));
    Probed { fault: known.fault().map(Into::into), structure }
}

/// Makes values up until they show nothing new. `None` if the type's own code panicked. Then
/// nothing more is tried, so that the program's panic hook runs once.
fn try_values<T: Serialize + Deserialize<'static>>(
    known: &mut Known,
    root: &mut Forme,
) -> Option<()> {
    for _ in 0..MAX_VALUES {
        known.begin();
        let mut shape = found::unseen();
        // The type's own code may panic on a value that it does not expect.
        let made = catch_unwind(AssertUnwindSafe(|| {
            let value = seeded(known, Place::top::<T>(), &mut shape, PhantomData::<T>).ok()?;
            value.serialize(Writer(&mut *known)).ok()
        }));
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
    probe::<T>().fault.map(|fault| fault.to_string())
}
