//! Fingerprints: 32 bits that differ if the two sides disagree on a signature.
//!
//! The fingerprint of a type is made from the name that the compiler gives to the type. In that
//! name aliases, paths, associated types and constants are resolved, so one type has one
//! fingerprint however it is written.
//!
//! Primitives, and the types of the standard library that serde knows, count as what they are on
//! the wire: `Vec<u8>`, `&[u8]` and `HashSet<u8>` have one fingerprint. Other types count by their
//! name and parameters, without the path.
//!
//! The compiler's names are known at run time only, so each command's fingerprint is made at its
//! first use.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::ValueError;
use super::type_name::{Name, STD};
use crate::codec::CodecError;

/// What is known about the types of a command; found out when it is first asked for.
#[derive(Debug)]
pub struct Fingerprint {
    /// The fingerprint; 0 until it is made. No fingerprint is 0.
    known: AtomicU32,
    /// Set once the types have been tried without finding a fault.
    is_sound: AtomicBool,
    make: fn() -> u32,
    probes: &'static [fn() -> Option<String>],
}

impl Fingerprint {
    /// A fingerprint that `make` gives, always the same, and the probes of the types.
    pub const fn new(make: fn() -> u32, probes: &'static [fn() -> Option<String>]) -> Self {
        let (known, is_sound) = (AtomicU32::new(0), AtomicBool::new(false));
        Fingerprint { known, is_sound, make, probes }
    }

    /// The fingerprint.
    #[inline]
    pub fn get(&self) -> u32 {
        match self.known.load(Ordering::Relaxed) {
            0 => self.make(),
            known => known,
        }
    }

    /// Makes the fingerprint. Threads that do so at the same time store the same number.
    #[cold]
    fn make(&self) -> u32 {
        let made = (self.make)();
        self.known.store(made, Ordering::Relaxed);
        made
    }

    /// Checks that what is written of the types is what is read.
    #[inline]
    pub fn check(&self) -> Result<(), ValueError> {
        if self.is_sound.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.fault().map_or(Ok(()), |fault| Err(ValueError(CodecError::from_text(fault))))
    }

    /// The fault in the types, if they certainly have one.
    #[cold]
    pub fn fault(&self) -> Option<String> {
        if self.is_sound.load(Ordering::Relaxed) {
            return None;
        }
        let fault = self.probes.iter().find_map(|probe| probe());
        self.is_sound.store(fault.is_none(), Ordering::Relaxed);
        fault
    }
}

/// The fingerprint of a type.
pub fn print<T: ?Sized>() -> u32 {
    of_name(std::any::type_name::<T>())
}

fn of_name(type_name: &str) -> u32 {
    Name::parse(type_name).map_or_else(|| name(type_name), |name| of(&name))
}

const SEED: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

/// The fingerprint of a command, from those of its arguments, its answer and its error. Never 0.
pub fn fingerprint(arguments: &[u32], answer: u32, refusal: u32) -> u32 {
    let all = mix(mix(mix_all(SEED, arguments), answer), refusal);
    if all == 0 { 1 } else { all }
}

/// Mixes the parts and then their number into the hash, so that no list hashes like the beginning
/// of another.
fn mix_all(hash: u32, parts: &[u32]) -> u32 {
    let mixed = parts.iter().fold(hash, |hash, part| mix(hash, *part));
    mix(mixed, u32::try_from(parts.len()).unwrap_or(u32::MAX))
}

fn mix(hash: u32, part: u32) -> u32 {
    hashed(hash, &part.to_le_bytes())
}

/// Hashes the bytes with FNV-1a, 32 bits.
fn hashed(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(PRIME))
}

/// The fingerprint of a name.
fn name(name: &str) -> u32 {
    hashed(SEED, name.as_bytes())
}

/// The fingerprint of a container; `kind` tells sequences, tuples and maps apart.
fn container(kind: &str, parts: &[u32]) -> u32 {
    mix_all(name(kind), parts)
}

/// The longest array that counts as a tuple of as many elements, which it is on the wire.
const LONGEST_TUPLE: u64 = 1024;

fn of(ty: &Name<'_>) -> u32 {
    match ty {
        Name::Tuple(parts) => container("tuple", &all(parts)),
        Name::Slice(element) => container("seq", &[of(element)]),
        Name::Array(element, length @ 0..=LONGEST_TUPLE) => {
            let part = of(element);
            container("tuple", &(0..*length).map(|_| part).collect::<Vec<_>>())
        }
        Name::Array(element, length) => {
            container("array", &[of(element), name(&length.to_string())])
        }
        Name::Constant(value) => name(value),
        Name::Path { root, last, parameters } => path(root, last, &all(parameters)),
    }
}

fn all(names: &[Name<'_>]) -> Vec<u32> {
    names.iter().map(of).collect()
}

fn path(root: &str, last: &str, parameters: &[u32]) -> u32 {
    let known = match root {
        _ if root == last && parameters.is_empty() => Some(primitive(last)),
        "cconn" => ours(last),
        "serde_bytes" => Some(bytes()),
        root if STD.contains(&root) => standard(last, parameters),
        _ => None,
    };
    known.unwrap_or_else(|| container("named", &[&[name(last)], parameters].concat()))
}

/// The fingerprint of a name without a path: a primitive type, or the value of a constant
/// parameter.
fn primitive(ident: &str) -> u32 {
    match ident {
        "usize" => name("u64"),
        "isize" => name("i64"),
        ident => name(ident),
    }
}

fn bytes() -> u32 {
    container("seq", &[name("u8")])
}

fn ours(last: &str) -> Option<u32> {
    match last {
        "Jamais" => Some(0),
        "Octets" | "OctetsRef" => Some(bytes()),
        _ => None,
    }
}

/// The fingerprint of a type of the standard library, by what serde writes for it.
fn standard(last: &str, parameters: &[u32]) -> Option<u32> {
    Some(match (last, parameters) {
        ("String" | "Path" | "PathBuf", _) => name("str"),
        ("CStr" | "CString", _) => bytes(),
        (
            "Box" | "Rc" | "Arc" | "Cow" | "Cell" | "RefCell" | "Mutex" | "RwLock" | "Wrapping"
            | "Saturating" | "Reverse" | "NonZero" | "Atomic",
            [content, ..],
        ) => *content,
        (
            "Vec" | "VecDeque" | "LinkedList" | "BinaryHeap" | "BTreeSet" | "HashSet",
            [element, ..],
        ) => container("seq", &[*element]),
        ("BTreeMap" | "HashMap", [key, value, ..]) => container("map", &[*key, *value]),
        ("Option", [content]) => container("option", &[*content]),
        ("Result", [value, error]) => container("result", &[*value, *error]),
        ("PhantomData", _) => container("tuple", &[]),
        // `AtomicU16` and `NonZeroU8` count as their integers.
        (last, []) => match last.strip_prefix("Atomic").or(last.strip_prefix("NonZero")) {
            Some(content) if !content.is_empty() => primitive(&content.to_ascii_lowercase()),
            _ => name(last),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
    use std::num::{NonZeroU8, Wrapping};
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU16;

    use super::*;
    use crate::erreur::Jamais;
    use crate::{Octets, OctetsRef};

    #[derive(Clone)]
    struct Point(#[expect(dead_code, reason = "only its type counts")] u8);

    mod other {
        pub(super) struct Point;
        pub(super) struct Page<T, const N: usize>(pub(super) T);
    }

    #[track_caller]
    fn same<A: ?Sized, B: ?Sized>() {
        let (a, b) = (std::any::type_name::<A>(), std::any::type_name::<B>());
        assert_eq!(print::<A>(), print::<B>(), "{a} and {b}");
    }

    #[test]
    fn types_with_the_same_bytes_have_the_same_one() {
        same::<str, Cow<'_, str>>();
        same::<&String, Box<str>>();
        same::<PathBuf, Arc<str>>();
        same::<[u8], Vec<u8>>();
        same::<&[u8], HashSet<u8>>();
        same::<Octets, OctetsRef<'_>>();
        same::<Option<Octets>, Option<&[u8]>>();
        same::<[u8; 3], (u8, u8, u8)>();
        same::<[u8; 0], ()>();
        same::<HashMap<u8, i8>, BTreeMap<u8, i8>>();
        same::<usize, u64>();
        same::<NonZeroU8, u8>();
        same::<AtomicU16, Wrapping<u16>>();
    }

    /// Types of the program's own, written and held in all the ways that should not matter.
    #[test]
    fn a_type_of_the_program_s_own_has_one_however_it_is_written() {
        trait Has {
            type It;
        }
        impl Has for u8 {
            type It = Point;
        }
        type Place = Point;
        const N: usize = 3;
        same::<Place, Point>();
        same::<Point, other::Point>();
        same::<&Place, Box<Point>>();
        same::<[Point], VecDeque<<u8 as Has>::It>>();
        same::<[Place; N], [Point; 3]>();
        same::<HashMap<String, Point>, BTreeMap<&str, Arc<Place>>>();
        same::<Cow<'_, [Point]>, Vec<Point>>();
        same::<Option<(Place, u8)>, Option<(Point, u8)>>();
        same::<other::Page<Place, N>, other::Page<other::Point, 3>>();
    }

    #[test]
    fn types_with_other_bytes_have_another() {
        let all = [
            print::<()>(),
            print::<(u8,)>(),
            print::<(u8, u8)>(),
            print::<((u8,), u8)>(),
            print::<(u8, (u8,))>(),
            print::<u8>(),
            print::<i8>(),
            print::<Option<u8>>(),
            print::<Vec<u8>>(),
            print::<BTreeSet<i8>>(),
            print::<BTreeMap<u8, u8>>(),
            print::<Result<u8, u8>>(),
            print::<String>(),
            print::<Point>(),
            print::<Vec<Point>>(),
            print::<[Point; 2000]>(),
            print::<[Point; 2001]>(),
            print::<other::Page<u8, 3>>(),
            print::<other::Page<u8, 4>>(),
            print::<other::Page<i8, 3>>(),
            print::<std::time::Duration>(),
            print::<std::net::IpAddr>(),
        ];
        let distinct: HashSet<_> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn a_command_has_one_that_never_changes() {
        let somme =
            fingerprint(&[print::<i64>(), print::<i64>()], print::<i64>(), print::<Jamais>());
        assert_eq!(somme, SOMME, "{somme:#x}");
        let point = fingerprint(&[print::<&[Point]>()], print::<()>(), print::<String>());
        assert_eq!(point, POINT, "{point:#x}");
        assert_ne!(somme, fingerprint(&[print::<i64>()], print::<i64>(), print::<i64>()));
        assert_ne!(fingerprint(&[], 0, 0), 0);
    }

    /// Peers of every version count on both: a change here breaks them all.
    const SOMME: u32 = 0xa2d2_f4a2;
    const POINT: u32 = 0xd6d7_0396;
}
