//! Types that the probe must accept, and types that it must refuse.

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
fn symmetric_types_are_sound() {
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
    faulty::<NotWritten>("`NotWritten` the fields that are written are 1, those that are read 2");
    faulty::<Vec<FieldNotRead>>(
        "`FieldNotRead` the fields that are written are 2, those that are read 1",
    );
    faulty::<Untagged>("asks the bytes what they are");
    faulty::<Option<Tagged>>("asks the bytes what they are");
    faulty::<Flat>("asks the bytes what they are");
    sound::<Neither>();
}

/// serde includes aliases in the names that it passes.
mod aliases {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub(super) struct Fields {
        #[serde(alias = "old", alias = "older")]
        first: u8,
        second: u8,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum Variants {
        #[serde(alias = "old", alias = "older")]
        First,
        Second(u8),
        #[serde(alias = "oldest")]
        Third {
            #[serde(alias = "old")]
            a: u8,
            b: u8,
        },
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum Shifted {
        #[serde(alias = "old")]
        First,
        #[serde(skip)]
        #[expect(dead_code, reason = "that is what is tried")]
        Second,
        Third(u8),
        Fourth,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum Rest {
        #[serde(alias = "old")]
        First,
        Second(Option<Box<Rest>>),
        #[serde(other)]
        Third,
    }
}

/// Types that are read as types of other names, beside types of the same name.
mod converted {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    #[serde(from = "Raw")]
    pub(super) struct Point {
        x: u8,
        y: u8,
    }

    #[derive(Serialize, Deserialize)]
    struct Raw(u8, u8);

    impl From<Raw> for Point {
        fn from(Raw(x, y): Raw) -> Self {
            Point { x, y }
        }
    }

    #[derive(Serialize, Deserialize)]
    #[serde(from = "RawKind")]
    pub(super) enum Kind {
        First,
        Second,
    }

    #[derive(Serialize, Deserialize)]
    enum RawKind {
        First,
        Second,
    }

    impl From<RawKind> for Kind {
        fn from(raw: RawKind) -> Self {
            match raw {
                RawKind::First => Kind::First,
                RawKind::Second => Kind::Second,
            }
        }
    }

    pub(super) mod other {
        use serde::{Deserialize, Serialize};

        #[derive(Serialize, Deserialize)]
        pub(in crate::message::probe::tests) struct Point(u8, u8, u8);

        #[derive(Serialize, Deserialize)]
        pub(in crate::message::probe::tests) enum Kind {
            Second,
            First,
        }
    }
}

#[test]
fn a_type_that_works_is_not_refused() {
    sound::<aliases::Fields>();
    sound::<aliases::Variants>();
    sound::<Vec<(aliases::Variants, Box<aliases::Variants>)>>();
    sound::<aliases::Rest>();
    sound::<(converted::Point, converted::other::Point)>();
    sound::<(converted::other::Kind, Option<converted::Kind>)>();
}

#[derive(Serialize, Deserialize)]
enum FieldsOfVariants {
    First {
        #[serde(skip_serializing)]
        a: u8,
        b: u8,
    },
    Second,
}

#[derive(Serialize, Deserialize)]
enum Row {
    First(u8),
    Second(#[serde(skip_deserializing)] u8, u8),
}

#[test]
fn aliases_and_variants_hide_no_fault() {
    faulty::<aliases::Shifted>("`Third` of the enum `Shifted` is written as number 2");
    faulty::<FieldsOfVariants>(
        "`FieldsOfVariants` the fields that are written are 1, those that are read 2",
    );
    faulty::<Vec<Row>>("`Row` the fields that are written are 2, those that are read 1");
}

/// A type that accepts no made-up value.
#[derive(Debug, Serialize)]
struct Severe(u8);

impl<'de> Deserialize<'de> for Severe {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Severe).map_err(serde::de::Error::custom)
    }
}

/// A type whose values never come to an end.
#[derive(Serialize, Deserialize)]
struct Endless(Box<Endless>);

#[test]
fn types_without_sample_values_are_not_judged() {
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

/// A type whose `Deserialize` panics on the made-up value.
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

/// A type that needs much of the stack at each level.
#[derive(Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "it is to take room")]
enum Wide {
    Both(Box<Wide>, Box<Wide>),
    Block(Box<[[[u64; 32]; 16]; 2]>),
    Row([[u64; 16]; 32]),
    End,
}

/// A type larger than many a stack.
#[derive(Serialize, Deserialize)]
struct Huge([[[[u64; 32]; 32]; 32]; 32]);

#[test]
fn a_small_stack_is_enough() {
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let tried = small.spawn(|| {
        sound::<Wide>();
        sound::<Huge>();
        sound::<Vec<Deep>>();
    });
    tried.unwrap().join().unwrap();
}

/// A type that contains itself wherever it can.
#[derive(Serialize, Deserialize)]
enum Deep {
    Two(Box<Deep>, Box<Deep>),
    Named { a: Box<Deep>, b: Vec<Deep>, c: [Box<Deep>; 4] },
    Map(HashMap<String, Deep>),
    Text(String),
}
