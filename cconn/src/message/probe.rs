//! Finds types whose two halves, writing and reading, do not fit in a format without names.
//!
//! serde counts the variants of an enum when it writes and again when it reads, and an attribute
//! such as `skip` makes the two counts differ: what was sent as one variant arrives as another.
//! No byte shows it. So, once for each command, values of its types are made up, by letting their
//! `Deserialize` read made-up bytes, and their `Serialize` is watched as it writes them.
//! What can't be made up is not judged: only what is certainly wrong is a fault.

mod known;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

use std::any::TypeId;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use known::Known;
use reader::Reader;
use writer::Writer;

/// Most values made up of one type: one for each variant of each enum in it.
const MAX_VALUES: usize = 256;

/// Largest type of which values are made up: they stand on the stack several times over.
const MAX_SIZE: usize = 32 << 10;

/// Texts to make values up with: the first of them with which a value can be made is enough.
const TEXTS: [&str; 5] = ["", "1", "a", "2000-01-01T00:00:00Z", "127.0.0.1"];

/// What was found out of types that were tried.
static TRIED: Mutex<BTreeMap<TypeId, Option<String>>> = Mutex::new(BTreeMap::new());

/// What is certainly wrong with a type, which is tried once, however many commands have it.
fn known_fault_of<T: Serialize + Deserialize<'static> + 'static>() -> Option<String> {
    let (key, tried) = (TypeId::of::<T>(), || TRIED.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(fault) = tried().get(&key) {
        return fault.clone();
    }
    // Without the lock: the type's own code may register commands.
    let fault = fault_of::<T>();
    tried().entry(key).or_insert(fault).clone()
}

/// What is certainly wrong with a type, if anything is.
fn fault_of<T: Serialize + Deserialize<'static>>() -> Option<String> {
    // A panic of the type's own code could not be kept here, nor could an end of the stack.
    if cfg!(panic = "abort") || size_of::<T>() > MAX_SIZE {
        return None;
    }
    for text in TEXTS {
        let mut known = Known::new(text);
        match try_values::<T>(&mut known) {
            Tried::None if known.is_spent() => return None,
            Tried::None => {}
            Tried::Some => return known.fault(),
            Tried::Panicked => return None,
        }
    }
    None
}

/// Whether any value of a type could be made up.
enum Tried {
    None,
    Some,
    /// Nothing more is tried: the program's panic hook is not to speak twice.
    Panicked,
}

fn try_values<T: Serialize + Deserialize<'static>>(known: &mut Known) -> Tried {
    let mut tried = Tried::None;
    for _ in 0..MAX_VALUES {
        known.begin();
        // The type's own code may not be prepared for every value.
        let made = catch_unwind(AssertUnwindSafe(|| {
            let value = T::deserialize(Reader::new(&mut *known)).ok()?;
            value.serialize(Writer(&mut *known)).ok()
        }));
        match made {
            Ok(None) => {}
            Ok(Some(())) => {
                known.judge();
                tried = Tried::Some;
            }
            Err(_) => return Tried::Panicked,
        }
        if known.is_faulty() {
            return Tried::Some;
        }
        if !known.is_new {
            break;
        }
    }
    tried
}

/// The probe of a type that can be both written and read.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(std::marker::PhantomData<T>);

impl<T: Serialize + Deserialize<'static> + 'static> Probe<T> {
    /// Says what is wrong with the type.
    pub const __CCONN_FAULT: fn() -> Option<String> = known_fault_of::<T>;
}

/// The probe of a type of which nothing can be said.
pub trait ProbeNothing {
    /// Says nothing.
    const __CCONN_FAULT: fn() -> Option<String> = || None;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> ProbeNothing for Probe<T> {}
