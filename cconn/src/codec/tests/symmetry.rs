//! Whatever a reader would refuse is not written: every value that is encoded can be decoded.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::mem::discriminant;
use std::thread;

use serde::de::DeserializeOwned;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Serialize, Serializer};

use super::super::guard::EMPTY_ELEMENTS;
use super::super::{
    CodecError, Decoder, MAX_DEPTH, check_elements, encode_answer, encode_field, encode_fields,
    plain,
};
use super::{decode, encode, encoded, refusal};
use crate::Octets;

const DEPTH: usize = MAX_DEPTH as usize;

/// Values that hold another of their own type, one level deeper each time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Nest {
    End,
    Newtype(Box<Nest>),
    Tuple(u8, Box<Nest>),
    Struct { next: Box<Nest> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Options(Option<Box<Options>>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Sequences(Vec<Sequences>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Maps(BTreeMap<u8, Maps>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Results(Result<Box<Results>, ()>);

/// Checks that both sides accept a value, or refuse it for the same reason.
#[track_caller]
fn agree<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> bool {
    let mut out = vec![7];
    let bytes = plain::encode(value);
    match encode(value, &mut out) {
        Ok(()) => {
            assert_eq!(out[1..], bytes);
            assert_eq!(decode::<T>(&bytes).as_ref(), Ok(value));
            true
        }
        Err(error) => {
            assert_eq!(out, [7], "a refused value left something behind");
            // A reader reports the length that exceeded the budget, a writer the sum of all
            // lengths.
            assert_eq!(discriminant(&refusal::<T>(&bytes)), discriminant(&error));
            false
        }
    }
}

/// Checks that both sides take a value of `levels` levels, and not one level more.
#[track_caller]
fn deepest<T>(levels: usize, end: impl Fn() -> T, nest: impl Fn(T) -> T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let nested = |levels| (0..levels).fold(end(), |inner, _| nest(inner));
    assert!(agree(&nested(levels)));
    let deeper = nested(levels.saturating_add(1));
    assert!(!agree(&deeper));
    assert_eq!(encode(&deeper, &mut Vec::new()), Err(CodecError::TooDeep));
}

#[test]
fn each_kind_of_nesting_ends_at_the_same_level() {
    // [value.writer]
    let end = || Nest::End;
    deepest(DEPTH, end, |next| Nest::Newtype(Box::new(next)));
    deepest(DEPTH, end, |next| Nest::Tuple(1, Box::new(next)));
    deepest(DEPTH, end, |next| Nest::Struct { next: Box::new(next) });
    deepest(DEPTH, || Options(None), |next| Options(Some(Box::new(next))));
    deepest(DEPTH - 1, || Results(Err(())), |next| Results(Ok(Box::new(next))));
    deepest(DEPTH - 1, || Sequences(Vec::new()), |next| Sequences(vec![next]));
    deepest(DEPTH - 1, || Maps(BTreeMap::new()), |next| Maps(BTreeMap::from([(1, next)])));
}

/// A level is given back at its end: any number of them may follow each other.
#[test]
fn only_what_is_inside_another_is_deeper() {
    let inner = Nest::Struct { next: Box::new(Nest::End) };
    assert!(agree(&vec![Nest::Tuple(1, Box::new(Nest::Newtype(Box::new(inner)))); 1000]));
    assert!(agree(&vec![BTreeMap::from([(1_u8, Some([Some(2_u8); 3]))]); 500]));
    assert!(agree(&vec![(Some(Sequences(vec![Sequences(Vec::new())])), [[1_u8; 2]; 2]); 500]));
}

#[test]
#[expect(clippy::zero_sized_map_values, reason = "that is what is tried")]
fn elements_without_bytes_are_as_many_on_both_sides() {
    let most = EMPTY_ELEMENTS + 3;
    assert!(agree(&vec![(); most]));
    assert!(!agree(&vec![(); most + 1]));
    assert!(!agree(&vec![(); 1_000_000]));
    assert!(!agree(&vec![[0_u8; 0]; most + 1]));
    assert!(!agree(&vec![vec![(); 3000], vec![(); 3000]]));
    assert!(agree(&(vec![(); 3000], "long".repeat(1000), vec![(); 3000])));
    assert!(agree(&BTreeMap::from([((), ())])));
    assert!(agree(&vec![String::new(); 100_000]));
    assert!(agree(&"é".repeat(100_000)));
    assert!(agree(&Octets(vec![1; 100_000])));
    assert!(agree(&(0..10_000_u32).map(|n| (n, n)).collect::<HashMap<_, _>>()));
    assert!(agree(&(0..10_000_u32).collect::<BTreeSet<_>>()));
}

/// All fields of a body share one budget of elements, and each field has all levels.
#[test]
fn fields_are_counted_together() {
    let write = |second: usize| {
        let (mut out, mut elements) = (Vec::new(), 0);
        encode_field(&vec![(); EMPTY_ELEMENTS], &mut elements, &mut out).unwrap();
        encode_field(&vec![(); second], &mut elements, &mut out).unwrap();
        check_elements(elements, out.len()).map(|()| out)
    };
    let body = write(4).unwrap();
    let mut decoder = Decoder::new(body.as_slice().into());
    assert_eq!(decoder.value::<Vec<()>>().unwrap().len(), EMPTY_ELEMENTS);
    assert_eq!(decoder.value::<Vec<()>>().unwrap().len(), 4);
    assert_eq!(write(5), Err(CodecError::TooLong(EMPTY_ELEMENTS as u64 + 5)));

    let nested =
        |levels| (0..levels).fold(Options(None), |inner, _| Options(Some(Box::new(inner))));
    let mut out = Vec::new();
    encode_fields(&(nested(DEPTH), nested(DEPTH)), &mut out).unwrap();
    let mut decoder = Decoder::new(out.as_slice().into());
    decoder.value::<Options>().unwrap();
    decoder.value::<Options>().unwrap();
    decoder.finish().unwrap();
    assert_eq!(encode_fields(&(nested(DEPTH + 1),), &mut out), Err(CodecError::TooDeep));
    let top = encode_answer(&Ok::<_, ()>(nested(DEPTH)), || true, &mut Vec::new());
    assert!(top.is_ok());
}

/// A list a million elements deep overflows the stack without the limit.
#[test]
fn a_list_a_million_deep_is_refused_and_not_the_end() {
    #[derive(Serialize)]
    struct List(Option<Box<List>>);

    let attack = || {
        let mut list = List(None);
        for _ in 0..1_000_000 {
            list = List(Some(Box::new(list)));
        }
        let error = encode(&list, &mut Vec::new()).unwrap_err();
        // Dropping the list recursively would overflow the stack too.
        while let Some(next) = list.0.take() {
            list = *next;
        }
        error
    };
    let thread = thread::Builder::new().stack_size(2 << 20).spawn(attack).unwrap();
    assert_eq!(thread.join().unwrap(), CodecError::TooDeep);
}

/// A sequence that declares another length than it has.
struct Miscounted(usize, usize);

impl Serialize for Miscounted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0))?;
        (0..self.1).try_for_each(|n| seq.serialize_element(&n))?;
        seq.end()
    }
}

/// A map that declares another length than it has.
struct MiscountedMap;

impl Serialize for MiscountedMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("a", &1)?;
        map.end()
    }
}

#[test]
fn a_length_that_is_not_kept_is_refused() {
    let mut out = Vec::new();
    for (declared, written) in [(1, 0), (0, 1), (2, 3), (usize::MAX, 1)] {
        let error = encode(&Miscounted(declared, written), &mut out).unwrap_err();
        assert!(error.to_string().contains("another number"), "{error}");
        assert!(out.is_empty());
    }
    assert!(encode(&MiscountedMap, &mut out).is_err());
    assert_eq!(encoded(&Miscounted(3, 3)), [3, 0, 1, 2]);
}

#[test]
fn more_empty_elements_than_anything_pays_for_are_refused_in_time() {
    let endless = || vec![(); 1 << 40];
    let mut out = Vec::new();
    let too_long = |result| matches!(result, Err(CodecError::TooLong(_)));
    assert!(too_long(encode(&endless(), &mut out)));
    assert!(too_long(encode(&vec![[(); 3]; 1 << 40], &mut out)));
    assert!(too_long(encode(&vec![[0_u8; 0]; 1 << 40], &mut out)));
    assert!(too_long(encode(&(String::from("long"), Some(endless())), &mut out)));
    assert!(too_long(encode(&BTreeMap::from([(1, endless())]), &mut out)));
    assert!(too_long(encode(&vec![endless(), endless()], &mut out)));
    assert!(out.is_empty());
    // Bytes behind empty elements pay for them as bytes before them do.
    assert!(agree(&(vec![(); 500_000], "long".repeat(125_000))));
    assert!(agree(&("long".repeat(125_000), vec![(); 500_000])));
}
