//! Fingerprints: 32 bits that differ if the two sides disagree on a signature.
//!
//! A fingerprint has two halves. The lower one is made from the names that the compiler gives to
//! the types; in such a name aliases, paths, associated types and constants are resolved, so one
//! type has one name however it is written. The upper half is made from the structure of the types,
//! as `probe` finds it, and is 0 if not all of it is known. Halves that are 0 agree with all others.
//!
//! In the lower half primitives, and the types of the standard library that serde knows, count as
//! what they are on the wire: `Vec<u8>`, `&[u8]` and `HashSet<u8>` have one. Other types count by
//! their name and parameters, without the path.
//!
//! The compiler's names are known at run time only, so each command's fingerprint is made at its
//! first use.

use super::type_name::{Name, STD};

/// A fingerprint, from what the names of a signature's types and their structures hash to. Never 0.
pub(super) fn halves(names: u32, structure: Option<u64>) -> u32 {
    let structure = structure.map_or(0, |hash| folded(fold(hash)));
    (u32::from(structure) << 16) | u32::from(folded(names))
}

fn fold(hash: u64) -> u32 {
    let halves = hash ^ hash.rotate_right(32);
    u32::try_from(halves & u64::from(u32::MAX)).unwrap_or_default()
}

/// The two halves of a hash in one. Never 0, which would mean that nothing is known.
fn folded(hash: u32) -> u16 {
    let [a, b, c, d] = hash.to_le_bytes();
    (u16::from_le_bytes([a, b]) ^ u16::from_le_bytes([c, d])).max(1)
}

/// Whether two fingerprints mean one signature, as far as both sides know it.
// [fingerprint.halves]
pub(crate) fn agree(ours: u32, theirs: u32) -> bool {
    let differs = ours ^ theirs;
    let agrees = |half: u32| differs & half == 0 || ours & half == 0 || theirs & half == 0;
    agrees(0xffff) && agrees(0xffff << 16)
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

/// The hash of a signature's names, from those of its arguments, its answer and its error. Never 0.
pub(super) fn fingerprint(arguments: &[u32], answer: u32, refusal: u32) -> u32 {
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
    fn halves_that_are_not_known_agree_with_all() {
        // [fingerprint.halves]
        let whole = halves(0x1234_5678, Some(7));
        let by_name = halves(0x1234_5678, None);
        assert!(agree(whole, whole) && agree(whole, by_name) && agree(by_name, whole));
        assert!(agree(0, whole) && agree(whole, 0));
        assert!(!agree(whole, halves(0x1234_5678, Some(8))));
        assert!(!agree(whole, halves(0x1234_5679, Some(7))));
        assert!(!agree(by_name, halves(0x1234_5679, None)));
        assert_eq!(halves(0, None), 1, "no fingerprint is 0");
        assert_eq!(halves(0x5678_5678, Some(0)), 0x0001_0001);
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
