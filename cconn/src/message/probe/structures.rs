//! The structures that types show.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU8;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::forme::structural_hash;
use crate::{Octets, OctetsRef};

/// What a type shows, as text: its root, and the named types in it.
fn shown<T: Serialize + Deserialize<'static>>() -> String {
    let structure = probe(&Trial::of::<T>()).structure;
    let types = &structure.types;
    let mut text = structure.root.texte(types).to_string();
    for named in types {
        write!(text, "; {} = {}", named.nom, named.texte(types)).unwrap();
    }
    if !structure.is_complete {
        text += " (incomplete)";
    }
    text
}

fn hash<T: Serialize + Deserialize<'static>>() -> Option<u64> {
    structural_hash(&probe(&Trial::of::<T>()).structure)
}

#[track_caller]
fn same<A: Serialize + Deserialize<'static>, B: Serialize + Deserialize<'static>>() {
    assert!(hash::<A>().is_some(), "{}", shown::<A>());
    assert_eq!(hash::<A>(), hash::<B>(), "{} and {}", shown::<A>(), shown::<B>());
}

#[track_caller]
fn different<A: Serialize + Deserialize<'static>, B: Serialize + Deserialize<'static>>() {
    assert!(hash::<A>().is_some() && hash::<B>().is_some(), "{} {}", shown::<A>(), shown::<B>());
    assert_ne!(hash::<A>(), hash::<B>(), "{} and {}", shown::<A>(), shown::<B>());
}

#[test]
fn types_of_the_standard_library_are_what_they_are_on_the_wire() {
    assert_eq!(shown::<(u8, i128, f64, char, bool, String)>(), "(u8, i128, f64, char, bool, str)");
    assert_eq!(shown::<HashMap<String, Vec<Option<u8>>>>(), "Map<str, Vec<Option<u8>>>");
    assert_eq!(shown::<(&str, Cow<'_, str>, PathBuf, [u16; 4])>(), "(str, str, str, [u16; 4])");
    assert_eq!(shown::<(Vec<u8>, Octets, OctetsRef<'_>)>(), "[bytes; 3]");
    assert_eq!(shown::<()>(), "()");
    let address = "IpAddr; IpAddr = enum V4 { 0: [u8; 4] } | V6 { 0: [u8; 16] }";
    assert_eq!(shown::<IpAddr>(), address);
    assert!(hash::<SocketAddr>().is_some(), "{}", shown::<SocketAddr>());
    assert_eq!(shown::<Duration>(), "Duration; Duration = { secs: u64, nanos: u32 }");
    same::<Vec<i8>, HashSet<i8>>();
    same::<BTreeSet<NonZeroU8>, Octets>();
    same::<HashMap<u8, String>, BTreeMap<u8, &str>>();
    same::<usize, u64>();
    same::<PhantomData<String>, ()>();
}

mod one {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub(super) struct Point {
        x: f64,
        y: f64,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum Level {
        Low,
        High(u8),
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Held<'a, T> {
        #[serde(borrow)]
        name: &'a str,
        points: Vec<Point>,
        inner: Option<T>,
    }
}

mod two {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub(super) struct Point {
        y: f64,
        x: f64,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum Level {
        High(u8),
        Low,
    }
}

#[test]
fn swapped_fields_and_variants_are_seen_wherever_they_are() {
    different::<one::Point, two::Point>();
    different::<Vec<(u8, Option<one::Point>)>, Vec<(u8, Option<two::Point>)>>();
    different::<one::Level, two::Level>();
    different::<BTreeMap<String, one::Level>, BTreeMap<String, two::Level>>();
    different::<one::Held<'_, one::Level>, one::Held<'_, two::Level>>();
    same::<one::Held<'_, one::Level>, Box<one::Held<'_, Box<one::Level>>>>();
    same::<(one::Point, one::Point), [one::Point; 2]>();
}

#[derive(Serialize, Deserialize)]
enum Expr {
    Add(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    All { of: Vec<Expr>, named: HashMap<String, Expr> },
    Number(i64),
    Empty,
}

#[derive(Serialize, Deserialize)]
struct Tree {
    left: Option<Box<Tree>>,
    middle: Option<Box<Tree>>,
    right: Option<Box<Tree>>,
    value: one::Level,
}

/// Two types that contain each other.
#[derive(Serialize, Deserialize)]
struct Folder {
    name: String,
    entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
enum Entry {
    Folder(Folder),
    File { size: u64 },
    Link(Box<str>),
}

#[test]
fn types_that_contain_themselves_end() {
    assert_eq!(
        shown::<Expr>(),
        "Expr; Expr = enum Add { 0: Expr, 1: Expr } | Not { 0: Expr } | All { of: Vec<Expr>, named: \
         Map<str, Expr> } | Number { 0: i64 } | Empty"
    );
    assert_eq!(
        shown::<Tree>(),
        "Tree; Tree = { left: Option<Tree>, middle: Option<Tree>, right: Option<Tree>, value: \
         Level }; Level = enum Low | High { 0: u8 }"
    );
    assert_eq!(
        shown::<Vec<Entry>>(),
        "Vec<Entry>; Entry = enum Folder { 0: Folder } | File { size: u64 } | Link { 0: str }; \
         Folder = { name: str, entries: Vec<Entry> }"
    );
}

#[derive(Serialize, Deserialize)]
struct Pair<T> {
    first: T,
    second: Option<T>,
}

#[derive(Serialize, Deserialize)]
enum Either<A, B> {
    Left(A),
    Right(B),
    Both(Box<Either<A, B>>, Pair<B>),
}

#[test]
fn each_use_of_a_generic_type_is_one_of_its_own() {
    different::<Pair<u8>, Pair<u16>>();
    different::<(Pair<u8>, Pair<u16>), (Pair<u8>, Pair<u8>)>();
    different::<Pair<Pair<u8>>, Pair<Pair<u16>>>();
    different::<Either<u8, String>, Either<u8, u8>>();
    assert_eq!(
        shown::<Pair<Pair<u8>>>(),
        "Pair; Pair = { first: Pair, second: Option<Pair> }; Pair = { first: u8, second: \
         Option<u8> }"
    );
}

mod attributes {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    pub(super) struct Transparent(u16);

    #[derive(Serialize, Deserialize)]
    pub(super) struct Metres(u16);

    #[derive(Serialize, Deserialize)]
    #[serde(try_from = "u8", into = "u8")]
    #[derive(Clone)]
    pub(super) struct Hour(u8);

    impl TryFrom<u8> for Hour {
        type Error = &'static str;

        fn try_from(hour: u8) -> Result<Self, Self::Error> {
            if (8..=20).contains(&hour) { Ok(Hour(hour)) } else { Err("closed") }
        }
    }

    impl From<Hour> for u8 {
        fn from(hour: Hour) -> u8 {
            hour.0
        }
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename = "Renamed")]
    pub(super) struct Fields {
        #[serde(rename = "a")]
        pub first: u8,
        #[serde(skip)]
        #[expect(dead_code, reason = "that is what is tried")]
        pub skipped: u8,
        #[serde(with = "as_text")]
        pub second: u8,
        #[serde(default)]
        pub third: Option<Hour>,
    }

    mod as_text {
        use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

        #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
        pub(super) fn serialize<S: Serializer>(n: &u8, s: S) -> Result<S::Ok, S::Error> {
            s.serialize_str(&n.to_string())
        }

        pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<u8, D::Error> {
            String::deserialize(d)?.parse().map_err(D::Error::custom)
        }
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Aliased {
        #[serde(alias = "old", alias = "older")]
        first: u8,
        second: u16,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum Variants {
        #[serde(alias = "old")]
        First,
        Second {
            a: u8,
        },
    }

    pub(super) mod plain {
        use serde::{Deserialize, Serialize};

        #[derive(Serialize, Deserialize)]
        pub(in super::super) struct Aliased {
            first: u8,
            second: u16,
        }

        #[derive(Serialize, Deserialize)]
        pub(in super::super) enum Variants {
            First,
            Second { a: u8 },
        }
    }
}

#[test]
fn attributes_of_serde_count_as_what_they_do() {
    same::<attributes::Transparent, u16>();
    different::<attributes::Metres, u16>();
    assert_eq!(shown::<attributes::Metres>(), "Metres; Metres = { 0: u16 }");
    assert_eq!(shown::<attributes::Hour>(), "u8", "a type that refuses some samples");
    assert_eq!(
        shown::<attributes::Fields>(),
        "Renamed; Renamed = { a: u8, second: str, third: Option<u8> }"
    );
    same::<attributes::Aliased, attributes::plain::Aliased>();
    same::<attributes::Variants, attributes::plain::Variants>();
}

/// Types that refuse what they are given, in several places of one value.
mod severe {
    use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

    macro_rules! severe {
        ($($name:ident accepts $accepts:expr;)*) => {$(
            #[derive(Serialize)]
            pub(super) struct $name(String);

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                    let text = String::deserialize(d)?;
                    let accepts: fn(&str) -> bool = $accepts;
                    if accepts(&text) { Ok($name(text)) } else { Err(D::Error::custom("refused")) }
                }
            }
        )*};
    }

    severe! {
        Email accepts |text| text.contains('@');
        Address accepts |text| text.parse::<std::net::IpAddr>().is_ok();
        Nothing accepts |_| false;
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Account {
        email: Email,
        addresses: Vec<(Address, Option<Email>)>,
        state: State,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum State {
        Open { by: Email, from: Address },
        Closed(Box<Account>),
        New,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Refused {
        first: u8,
        nothing: Nothing,
    }
}

#[test]
fn types_that_check_their_values_get_the_samples_that_they_like() {
    assert_eq!(
        shown::<severe::Account>(),
        "Account; Account = { email: str, addresses: Vec<(str, Option<str>)>, state: State }; \
         State = enum Open { by: str, from: str } | Closed { 0: Account } | New"
    );
    assert!(shown::<severe::Refused>().ends_with("(incomplete)"));
    assert_eq!(hash::<severe::Refused>(), None, "it counts by its name only");
    assert_eq!(hash::<Vec<(severe::Nothing, u8)>>(), None);
}

#[derive(Serialize, Deserialize)]
struct Endless(Box<Endless>);

#[test]
fn types_without_an_end_are_known_by_name_only() {
    assert_eq!(hash::<Endless>(), None);
    assert_eq!(hash::<(u8, Endless)>(), None);
}

macro_rules! wide {
    ($($variant:ident)*) => {
        #[derive(Serialize, Deserialize)]
        enum Wide {
            $($variant(one::Point, Option<Box<Wide>>)),*
        }
    };
}

wide! {
    A B C D E F G H I J K L M N O P Q R S T U V W X Y Z Aa Ab Ac Ad Ae Af Ag Ah Ai Aj Ak Al Am An Ao
    Ap Aq Ar As At Au Av Aw Ax Ay Az Ba Bb Bc Bd Be Bf Bg Bh Bi Bj Bk Bl Bm Bn Bo Bp Bq Br Bs Bt Bu
}

#[test]
fn an_enum_of_many_variants_is_known_whole() {
    assert!(hash::<Vec<Wide>>().is_some());
}
