//! The limits of depth and of declared lengths, each at its limit and one beyond.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::guard::EMPTY_ELEMENTS;
use super::super::{CodecError, Decoder, MAX_DEPTH, plain};
use super::{decode, encoded, refusal};

const DEPTH: usize = MAX_DEPTH as usize;

#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Options(#[allow(dead_code, reason = "only its depth counts")] Option<Box<Options>>);

#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Sequences(#[allow(dead_code, reason = "only its depth counts")] Vec<Sequences>);

#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Maps(#[allow(dead_code, reason = "only its depth counts")] BTreeMap<u8, Maps>);

#[derive(Debug, Deserialize)]
enum Newtypes {
    End,
    Link(#[allow(dead_code, reason = "only its depth counts")] Box<Newtypes>),
}

#[derive(Debug, Deserialize)]
enum Tuples {
    End,
    #[allow(dead_code, reason = "only its depth counts")]
    Link(u8, Box<Tuples>),
}

#[derive(Debug, Deserialize)]
enum Structs {
    End,
    Link {
        #[allow(dead_code, reason = "only its depth counts")]
        next: Box<Structs>,
    },
}

/// Checks that a value of `DEPTH` levels is read, and that one more level is refused.
#[track_caller]
fn deepest<T: DeserializeOwned + Debug>(level: &[u8], end: &[u8]) {
    let nested = |levels| [level.repeat(levels), end.to_vec()].concat();
    decode::<T>(&nested(DEPTH)).unwrap();
    assert_eq!(refusal::<T>(&nested(DEPTH + 1)), CodecError::TooDeep);
}

#[test]
fn each_kind_of_nesting_is_one_level() {
    // [value.levels]
    deepest::<Options>(&[1], &[0]);
    deepest::<Newtypes>(&[1], &[0]);
    deepest::<Tuples>(&[1, 9], &[0]);
    deepest::<Structs>(&[1], &[0]);
}

/// An empty sequence or map counts as a level too.
#[test]
fn an_empty_sequence_is_a_level() {
    let sequences = |levels| [vec![1; levels - 1], vec![0]].concat();
    decode::<Sequences>(&sequences(DEPTH)).unwrap();
    assert_eq!(refusal::<Sequences>(&sequences(DEPTH + 1)), CodecError::TooDeep);
    let maps = |levels| [[1, 5].repeat(levels - 1), vec![0]].concat();
    decode::<Maps>(&maps(DEPTH)).unwrap();
    assert_eq!(refusal::<Maps>(&maps(DEPTH + 1)), CodecError::TooDeep);
}

/// A struct with one field, like a newtype: one level for it and one for `Some`.
#[test]
fn structs_are_levels_of_their_own() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Node {
        next: Option<Box<Node>>,
    }
    #[derive(Debug, Serialize, Deserialize)]
    struct Link(Option<Box<Link>>);

    let half = [vec![1; DEPTH / 2 - 1], vec![0]].concat();
    let more = [vec![1; DEPTH / 2], vec![0]].concat();
    decode::<Node>(&half).unwrap();
    decode::<Link>(&half).unwrap();
    assert_eq!(refusal::<Node>(&more), CodecError::TooDeep);
    assert_eq!(refusal::<Link>(&more), CodecError::TooDeep);
}

#[test]
fn each_field_has_the_whole_depth() {
    let body = [vec![1; DEPTH], vec![0], vec![1; DEPTH], vec![0]].concat();
    let mut decoder = Decoder::new(body.as_slice().into());
    decoder.value::<Options>().unwrap();
    decoder.value::<Options>().unwrap();
    decoder.finish().unwrap();
}

#[test]
fn elements_without_bytes_are_counted() {
    // [value.elements]
    // A declared length, in three bytes, and no other bytes.
    let most = EMPTY_ELEMENTS + 3;
    assert_eq!(decode::<Vec<()>>(&encoded(&vec![(); most])).unwrap().len(), most);
    let error = refusal::<Vec<()>>(&plain::encode(&vec![(); most + 1]));
    assert_eq!(error, CodecError::TooLong(most as u64 + 1));
}

#[test]
fn all_fields_share_one_budget() {
    let read = |second: usize| {
        let body = plain::encode(&(vec![(); EMPTY_ELEMENTS], vec![(); second]));
        assert_eq!(body.len(), 4);
        let mut decoder = Decoder::new(body.as_slice().into());
        decoder.value::<Vec<()>>().unwrap();
        decoder.value::<Vec<()>>()
    };
    assert_eq!(read(4).unwrap().len(), 4);
    assert_eq!(read(5), Err(CodecError::TooLong(5)));
}

#[test]
fn a_full_body_is_never_refused() {
    let bools = vec![vec![true; 3]; 100_000];
    assert_eq!(decode::<Vec<Vec<bool>>>(&encoded(&bools)).unwrap(), bools);
    let empty = vec![Vec::<u64>::new(); 300_000];
    assert_eq!(decode::<Vec<Vec<u64>>>(&encoded(&empty)).unwrap(), empty);
}
