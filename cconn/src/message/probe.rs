//! Finds types whose two halves, writing and reading, do not fit in a format without names.
//!
//! serde counts the variants of an enum when it writes and again when it reads, and an attribute
//! such as `skip` makes the two counts differ: what was sent as one variant arrives as another.
//! No byte shows it. So, once for each command, values of its types are made up, by letting their
//! `Deserialize` read made-up bytes, and their `Serialize` is watched as it writes them.
//! What can't be made up is not judged: only what is certainly wrong is a fault.

mod reader;
mod writer;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

use reader::Reader;
use writer::Writer;

/// Most values made up of one type: one for each variant of each enum in it.
const MAX_VALUES: usize = 256;

/// Most parts of all these values together.
const MAX_PARTS: usize = 20_000;

/// Texts to make values up with: the first of them with which a value can be made is enough.
const TEXTS: [&str; 5] = ["", "1", "a", "2000-01-01T00:00:00Z", "127.0.0.1"];

/// What is known of the types inside the one that is looked at.
#[derive(Debug, Default)]
struct Known {
    /// By name and by the variants as they are read: two enums may have one name.
    enums: HashMap<(&'static str, &'static [&'static str]), Enum>,
    /// The numbers of fields that structs of a name are read with.
    structs: HashMap<&'static str, Vec<usize>>,
    /// What every text in the values is.
    text: &'static str,
    parts: usize,
    fault: Option<String>,
    /// Whether a variant was taken in this value that was not taken before.
    is_new: bool,
}

/// What is known of an enum.
#[derive(Debug, Default)]
struct Enum {
    /// Variants that were taken: the first ones.
    taken: usize,
    /// A variant that could be made up: where an enum holds itself, it comes to an end with this.
    finite: Option<usize>,
}

impl Known {
    /// Notes the first fault.
    fn note(&mut self, fault: impl FnOnce() -> String) {
        self.fault.get_or_insert_with(fault);
    }

    /// Counts one part; whether there may be more.
    fn count(&mut self) -> bool {
        self.parts = self.parts.saturating_add(1);
        self.parts <= MAX_PARTS
    }
}

/// What is certainly wrong with a type, if anything is.
fn fault_of<T: Serialize + Deserialize<'static>>() -> Option<String> {
    // A panic of the type's own code could not be kept here.
    if cfg!(panic = "abort") {
        return None;
    }
    TEXTS.iter().find_map(|text| {
        let mut known = Known { text, ..Known::default() };
        match try_values::<T>(&mut known) {
            Tried::None => None,
            Tried::Some => Some(known.fault),
        }
    })?
}

/// Whether any value of a type could be made up.
enum Tried {
    None,
    Some,
}

fn try_values<T: Serialize + Deserialize<'static>>(known: &mut Known) -> Tried {
    let mut tried = Tried::None;
    for _ in 0..MAX_VALUES {
        known.is_new = false;
        // The type's own code may not be prepared for every value.
        let made = catch_unwind(AssertUnwindSafe(|| {
            let value = T::deserialize(Reader::new(&mut *known)).ok()?;
            value.serialize(Writer(&mut *known)).ok()
        }));
        match made {
            Ok(None) => {}
            Ok(Some(())) => tried = Tried::Some,
            Err(_) => break,
        }
        if known.fault.is_some() {
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

impl<T: Serialize + Deserialize<'static>> Probe<T> {
    /// Says what is wrong with the type.
    pub const __CCONN_FAULT: fn() -> Option<String> = fault_of::<T>;
}

/// The probe of a type of which nothing can be said.
pub trait ProbeNothing {
    /// Says nothing.
    const __CCONN_FAULT: fn() -> Option<String> = || None;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> ProbeNothing for Probe<T> {}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::{BTreeMap, HashMap};
    use std::net::{IpAddr, SocketAddr};
    use std::num::NonZeroU8;
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::{Octets, OctetsRef};

    #[track_caller]
    fn sound<T: Serialize + Deserialize<'static>>() {
        assert_eq!(fault_of::<T>(), None);
    }

    #[track_caller]
    fn faulty<T: Serialize + Deserialize<'static>>(words: &str) {
        let fault = fault_of::<T>().expect("a fault");
        assert!(fault.contains(words), "{fault}");
    }

    #[derive(Serialize, Deserialize)]
    enum Shifted {
        #[serde(skip)]
        #[expect(dead_code, reason = "that is what is tried")]
        Intern,
        Remove(u32),
        Keep(u32),
    }

    #[derive(Serialize, Deserialize)]
    enum NotRead {
        First,
        #[serde(skip_deserializing)]
        #[expect(dead_code, reason = "that is what is tried")]
        Second,
        Third {
            a: u8,
        },
    }

    #[derive(Serialize, Deserialize)]
    enum SkippedLast {
        First(u8),
        Second,
        #[serde(skip)]
        #[expect(dead_code, reason = "that is what is tried")]
        Last(u8),
    }

    #[derive(Serialize, Deserialize)]
    enum Renamed {
        #[serde(rename(serialize = "a", deserialize = "b"))]
        First,
        #[serde(alias = "c")]
        Second,
    }

    #[derive(Serialize, Deserialize)]
    struct Holder {
        before: Option<String>,
        inside: Vec<BTreeMap<u8, (SkippedLast, Box<Shifted>)>>,
    }

    #[derive(Serialize, Deserialize)]
    enum Expr {
        Add(Box<Expr>, Box<Expr>),
        Not(Box<Expr>),
        All(Vec<Expr>),
        Number(i64),
        Order(Option<Box<Shifted>>),
    }

    #[derive(Serialize, Deserialize)]
    enum Tree {
        Node { left: Box<Tree>, right: Option<Box<Tree>> },
        Leaf(NonZeroU8),
    }

    #[test]
    fn variants_that_are_counted_in_two_ways_are_found_wherever_they_are() {
        faulty::<Shifted>("`Remove` of the enum `Shifted` is written as number 1 and read as 0");
        faulty::<NotRead>("`Third` of the enum `NotRead` is written as number 2 and read as 1");
        faulty::<Holder>("`Shifted`");
        faulty::<(u8, [Option<Shifted>; 2])>("`Shifted`");
        faulty::<Result<u8, Shifted>>("`Shifted`");
        faulty::<Expr>("`Shifted`");
    }

    #[test]
    fn what_reads_as_it_writes_is_sound() {
        sound::<SkippedLast>();
        sound::<Renamed>();
        sound::<Tree>();
        sound::<(u8, i128, f64, char, bool, String, (), [u16; 4])>();
        sound::<(&str, Cow<'_, str>, Octets, OctetsRef<'_>, PathBuf)>();
        sound::<(Duration, SystemTime, IpAddr, SocketAddr, std::ops::Range<u8>)>();
        sound::<HashMap<String, Result<Option<Vec<u8>>, Box<[Tree]>>>>();
    }

    #[derive(Serialize, Deserialize)]
    struct NotWritten {
        first: u8,
        #[serde(skip_serializing)]
        #[expect(dead_code, reason = "that is what is tried")]
        second: u8,
    }

    #[derive(Serialize, Deserialize)]
    struct FieldNotRead {
        #[serde(skip_deserializing)]
        first: u8,
        second: u8,
    }

    #[derive(Serialize, Deserialize)]
    struct Neither {
        #[serde(skip)]
        #[expect(dead_code, reason = "that is what is tried")]
        first: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        second: Option<u8>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Number(u8),
        Text(String),
    }

    #[derive(Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Number { n: u8 },
    }

    #[derive(Serialize, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }

    #[test]
    fn fields_and_types_that_need_names_are_found() {
        faulty::<NotWritten>(
            "`NotWritten` the fields that are written are 1, those that are read 2",
        );
        faulty::<Vec<FieldNotRead>>(
            "`FieldNotRead` the fields that are written are 2, those that are read 1",
        );
        faulty::<Untagged>("asks the bytes what they are");
        faulty::<Option<Tagged>>("asks the bytes what they are");
        faulty::<Flat>("asks the bytes what they are");
        sound::<Neither>();
    }

    /// Takes no value that is made up.
    #[derive(Debug, Serialize)]
    struct Severe(u8);

    impl<'de> Deserialize<'de> for Severe {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            text.parse().map(Severe).map_err(serde::de::Error::custom)
        }
    }

    /// Never comes to an end.
    #[derive(Serialize, Deserialize)]
    struct Endless(Box<Endless>);

    #[test]
    fn what_can_not_be_made_up_is_not_judged() {
        sound::<Severe>();
        sound::<Endless>();
        sound::<(Shifted, Endless)>();
    }

    mod other {
        #[derive(serde::Serialize, serde::Deserialize)]
        pub(super) enum Shifted {
            Remove,
            Keep(u8),
            Third,
        }
    }

    #[test]
    fn two_enums_may_have_one_name() {
        sound::<(other::Shifted, Option<other::Shifted>)>();
        faulty::<(other::Shifted, Vec<Shifted>)>("of the enum `Shifted`");
    }

    #[test]
    fn a_type_that_checks_its_text_does_not_hide_the_others() {
        faulty::<(Severe, Shifted)>("`Shifted`");
        faulty::<(Shifted, Severe)>("`Shifted`");
    }

    /// Is not prepared for what is made up.
    #[derive(Debug, Serialize)]
    struct Panics;

    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let first = String::deserialize(deserializer)?.chars().next();
            first.expect("a text");
            Ok(Panics)
        }
    }

    #[test]
    fn a_panic_in_a_type_is_kept_here() {
        sound::<Panics>();
    }
}
