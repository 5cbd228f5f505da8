//! Finds types whose `Serialize` and `Deserialize` do not fit each other in a format without names.
//!
//! serde numbers the variants of an enum once for writing and once for reading, and an attribute
//! such as `skip` makes the two numberings differ: one variant is sent and another one arrives. No
//! byte shows the mistake. So, once for each command, values of its types are made up by letting
//! their `Deserialize` read made-up bytes, and their `Serialize` is watched as it writes the
//! values. A type of which no value can be made up is not judged: only what is certainly wrong is a
//! fault.

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

/// The most values made up of one type. Each variant of each enum in it takes one.
const MAX_VALUES: usize = 256;

/// The size in bytes up to which values of a type are made up: several of them are on the stack at
/// once.
const MAX_SIZE: usize = 32 << 10;

/// Texts for made-up values. The next one is tried only if no value can be made with those before.
const TEXTS: [&str; 5] = ["", "1", "a", "2000-01-01T00:00:00Z", "127.0.0.1"];

/// The result for every type that has been tried.
static TRIED: Mutex<BTreeMap<TypeId, Option<String>>> = Mutex::new(BTreeMap::new());

/// The fault of a type, if it certainly has one. Each type is tried once, however many commands use
/// it.
fn known_fault_of<T: Serialize + Deserialize<'static> + 'static>() -> Option<String> {
    let (key, tried) = (TypeId::of::<T>(), || TRIED.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(fault) = tried().get(&key) {
        return fault.clone();
    }
    // The lock is not held meanwhile: the type's own code may register commands.
    let fault = fault_of::<T>();
    tried().entry(key).or_insert(fault).clone()
}

/// Tries a type: its fault, if it certainly has one.
fn fault_of<T: Serialize + Deserialize<'static>>() -> Option<String> {
    // Without unwinding, a panic in the type's own code would end the process.
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

/// Whether a value of the type could be made up.
enum Tried {
    None,
    Some,
    /// The type's own code panicked. Nothing more is tried, so that the program's panic hook runs
    /// once.
    Panicked,
}

fn try_values<T: Serialize + Deserialize<'static>>(known: &mut Known) -> Tried {
    let mut tried = Tried::None;
    for _ in 0..MAX_VALUES {
        known.begin();
        // The type's own code may panic on a value that it does not expect.
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

/// The probe of a type that can be both written and read. For other types the name below leads to
/// `ProbeNothing`.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(std::marker::PhantomData<T>);

impl<T: Serialize + Deserialize<'static> + 'static> Probe<T> {
    /// Finds the type's fault, if it has one.
    pub const __CCONN_FAULT: fn() -> Option<String> = known_fault_of::<T>;
}

/// The fallback for types that can't be probed.
pub trait ProbeNothing {
    /// Finds no fault.
    const __CCONN_FAULT: fn() -> Option<String> = || None;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> ProbeNothing for Probe<T> {}
