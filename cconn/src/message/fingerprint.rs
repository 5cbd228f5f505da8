//! Fingerprints: 32 bits that differ where two sides disagree on a signature.
//!
//! A type's is made from its structure where that is known (primitives, the standard containers)
//! and from its name otherwise. Two types whose bytes are always the same have the same one.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::{net, num, time};

use crate::erreur::Jamais;

/// A type whose structure is known.
pub trait Schema {
    /// The fingerprint of its structure.
    const FINGERPRINT: u32;
}

/// The fingerprint of `T`: its structure's where that is known, else `NAME`.
#[derive(Debug)]
pub struct Print<T: ?Sized, const NAME: u32>(PhantomData<T>);

impl<T: Schema + ?Sized, const NAME: u32> Print<T, NAME> {
    /// The fingerprint of the structure: an inherent constant comes before a trait's.
    pub const VALUE: u32 = T::FINGERPRINT;
}

/// What a type without a known structure has.
pub trait PrintByName {
    /// The fingerprint of the name.
    const VALUE: u32;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized, const NAME: u32> PrintByName for Print<T, NAME> {
    const VALUE: u32 = NAME;
}

const SEED: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

/// The fingerprint of a command, never 0: its arguments, its answer, its error.
pub const fn fingerprint(arguments: &[u32], answer: u32, refusal: u32) -> u32 {
    let all = mix(mix(mix_all(SEED, arguments), answer), refusal);
    if all == 0 { 1 } else { all }
}

/// Mixes in the parts and then their number, so that no list is the beginning of another.
const fn mix_all(mut hash: u32, parts: &[u32]) -> u32 {
    let mut rest = parts;
    let mut length = 0;
    while let [part, tail @ ..] = rest {
        hash = mix(hash, *part);
        rest = tail;
        length += 1;
    }
    mix(hash, length)
}

/// One step of FNV-1a, 32 bits, for each byte.
const fn mix(mut hash: u32, part: u32) -> u32 {
    let bytes = part.to_le_bytes();
    let mut rest = bytes.as_slice();
    while let [byte, tail @ ..] = rest {
        hash = (hash ^ *byte as u32).wrapping_mul(PRIME);
        rest = tail;
    }
    hash
}

/// The fingerprint of a name.
const fn name(name: &str) -> u32 {
    let mut hash = SEED;
    let mut rest = name.as_bytes();
    while let [byte, tail @ ..] = rest {
        hash = (hash ^ *byte as u32).wrapping_mul(PRIME);
        rest = tail;
    }
    hash
}

/// The fingerprint of a container of some kind.
const fn container(kind: &str, parts: &[u32]) -> u32 {
    mix_all(name(kind), parts)
}

macro_rules! named {
    ($($ty:ty as $name:literal),* $(,)?) => {
        $(impl Schema for $ty { const FINGERPRINT: u32 = name($name); })*
    };
}

named! {
    bool as "bool", char as "char", u8 as "u8", i8 as "i8", f32 as "f32", f64 as "f64",
    u16 as "u16", u32 as "u32", u64 as "u64", u128 as "u128", usize as "u64",
    i16 as "i16", i32 as "i32", i64 as "i64", i128 as "i128", isize as "i64",
    num::NonZeroU8 as "u8", num::NonZeroU16 as "u16", num::NonZeroU32 as "u32",
    num::NonZeroU64 as "u64", num::NonZeroU128 as "u128", num::NonZeroUsize as "u64",
    num::NonZeroI8 as "i8", num::NonZeroI16 as "i16", num::NonZeroI32 as "i32",
    num::NonZeroI64 as "i64", num::NonZeroI128 as "i128", num::NonZeroIsize as "i64",
    str as "str", String as "str", Path as "str", PathBuf as "str",
    time::Duration as "Duration", time::SystemTime as "SystemTime",
    net::IpAddr as "IpAddr", net::SocketAddr as "SocketAddr",
    net::Ipv4Addr as "Ipv4Addr", net::Ipv6Addr as "Ipv6Addr",
    net::SocketAddrV4 as "SocketAddrV4", net::SocketAddrV6 as "SocketAddrV6",
}

impl Schema for Jamais {
    const FINGERPRINT: u32 = 0;
}

macro_rules! like_their_content {
    ($($ty:ty),* $(,)?) => {
        $(impl<T: Schema + ?Sized> Schema for $ty { const FINGERPRINT: u32 = T::FINGERPRINT; })*
    };
}

like_their_content!(&T, Box<T>, Rc<T>, Arc<T>);

impl<T: Schema + ToOwned + ?Sized> Schema for Cow<'_, T> {
    const FINGERPRINT: u32 = T::FINGERPRINT;
}

macro_rules! sequences {
    ($($ty:ty),* $(,)?) => {
        $(impl<T: Schema> Schema for $ty {
            const FINGERPRINT: u32 = container("seq", &[T::FINGERPRINT]);
        })*
    };
}

sequences!([T], Vec<T>, VecDeque<T>, LinkedList<T>, BinaryHeap<T>, BTreeSet<T>);

impl<T: Schema, S> Schema for HashSet<T, S> {
    const FINGERPRINT: u32 = container("seq", &[T::FINGERPRINT]);
}

impl<K: Schema, V: Schema> Schema for BTreeMap<K, V> {
    const FINGERPRINT: u32 = container("map", &[K::FINGERPRINT, V::FINGERPRINT]);
}

impl<K: Schema, V: Schema, S> Schema for HashMap<K, V, S> {
    const FINGERPRINT: u32 = container("map", &[K::FINGERPRINT, V::FINGERPRINT]);
}

impl<T: Schema> Schema for Option<T> {
    const FINGERPRINT: u32 = container("option", &[T::FINGERPRINT]);
}

impl<T: Schema, E: Schema> Schema for Result<T, E> {
    const FINGERPRINT: u32 = container("result", &[T::FINGERPRINT, E::FINGERPRINT]);
}

impl<T: Schema, const N: usize> Schema for [T; N] {
    const FINGERPRINT: u32 = container("tuple", &[T::FINGERPRINT; N]);
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {
        $(impl<$($name: Schema),*> Schema for ($($name,)*) {
            const FINGERPRINT: u32 = container("tuple", &[$($name::FINGERPRINT),*]);
        })*
    };
}

tuples! {
    ; A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H;
    A B C D E F G H I; A B C D E F G H I J; A B C D E F G H I J K; A B C D E F G H I J K L;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<T: Schema + ?Sized>() -> u32 {
        T::FINGERPRINT
    }

    struct Opaque;

    #[test]
    fn types_with_the_same_bytes_have_the_same_one() {
        assert_eq!(of::<str>(), of::<Cow<'_, str>>());
        assert_eq!(of::<&String>(), of::<Box<str>>());
        assert_eq!(of::<[u8]>(), of::<Vec<u8>>());
        assert_eq!(of::<&[u8]>(), of::<HashSet<u8>>());
        assert_eq!(of::<[u8; 3]>(), of::<(u8, u8, u8)>());
        assert_eq!(of::<HashMap<u8, i8>>(), of::<BTreeMap<u8, i8>>());
        assert_eq!(of::<usize>(), of::<u64>());
    }

    #[test]
    fn types_with_other_bytes_have_another() {
        let all = [
            of::<()>(),
            of::<(u8,)>(),
            of::<(u8, u8)>(),
            of::<((u8,), u8)>(),
            of::<(u8, (u8,))>(),
            of::<u8>(),
            of::<i8>(),
            of::<Option<u8>>(),
            of::<Vec<u8>>(),
            of::<Vec<i8>>(),
            of::<BTreeMap<u8, u8>>(),
            of::<Result<u8, u8>>(),
            of::<String>(),
        ];
        let distinct: HashSet<_> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn a_type_without_a_structure_goes_by_its_name() {
        assert_eq!(Print::<Opaque, 7>::VALUE, 7);
        assert_eq!(Print::<Vec<Opaque>, 7>::VALUE, 7);
        assert_eq!(Print::<Vec<u8>, 7>::VALUE, of::<[u8]>());
    }

    #[test]
    fn a_command_has_one_that_never_changes() {
        let somme = fingerprint(&[of::<i64>(), of::<i64>()], of::<i64>(), of::<Jamais>());
        assert_eq!(somme, SOMME, "{somme:#x}");
        assert_ne!(somme, fingerprint(&[of::<i64>()], of::<i64>(), of::<i64>()));
        assert_ne!(fingerprint(&[], 0, 0), 0);
    }

    /// The peers of every version know it: changing it breaks them all.
    const SOMME: u32 = 0xa2d2_f4a2;
}
