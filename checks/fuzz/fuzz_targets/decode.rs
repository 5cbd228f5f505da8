//! Any body as any of eight types: no panic, no overflow, and a value survives a round trip.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use cconn::body;
use cconn::codec::{CodecError, Decoder, decode, encode, encode_bytes};
use cconn::copy;
use cconn::octets::Octets;

/// The library keeps its layers private: they are built in here, from where they stand.
#[path = "../../../cconn/src"]
#[allow(dead_code, unused_imports, reason = "only a part of the layer is needed")]
mod cconn {
    pub mod body;
    pub mod codec;
    pub mod copy;
    pub mod octets;
}

#[derive(Serialize, Deserialize)]
struct Record {
    id: u32,
    name: String,
    image: Octets,
    score: f64,
    initial: char,
    parent: Option<Box<Record>>,
}

#[derive(Serialize, Deserialize)]
enum Shape {
    Nothing,
    Dot(i16),
    Line(u128, i128),
    Group { shapes: Vec<Shape>, shown: bool },
}

#[derive(Serialize, Deserialize)]
struct Tree(Vec<Tree>);

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    match choice % 8 {
        0 => round_trip::<(i64, i64)>(body),
        1 => round_trip::<Vec<String>>(body),
        2 => round_trip::<Vec<[u64; 32]>>(body),
        3 => round_trip::<BTreeMap<String, Result<u16, i8>>>(body),
        4 => round_trip::<Record>(body),
        5 => round_trip::<Shape>(body),
        6 => round_trip::<(Tree, Vec<()>, BTreeMap<(), ()>)>(body),
        _ => fields(body),
    }
});

/// A value that was read is written, read and written again: the same bytes.
///
/// The first bytes may differ from these, since an integer may be longer than it need be. Elements
/// without bytes count against the length, which may then be too small: that is told when the
/// value is written, and what is written can be read.
fn round_trip<T: Serialize + DeserializeOwned>(body: &[u8]) {
    let Ok(value) = decode::<T>(body) else { return };
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    match encode(&value, &mut once) {
        Ok(()) => {}
        Err(CodecError::TooLong(_)) => return,
        Err(error) => panic!("a value that was read is refused: {error}"),
    }
    let again = decode::<T>(&once).expect("what was written");
    encode(&again, &mut twice).expect("a value that was read");
    assert_eq!(once, twice);
}

/// The arguments of a command, which point into the body.
fn fields(body: &[u8]) {
    let mut decoder = Decoder::new(body.into());
    let (Ok(text), Ok(bytes)) = (decoder.str(), decoder.bytes()) else { return };
    let Ok(number) = decoder.value::<Option<i32>>() else { return };
    if decoder.finish().is_err() {
        return;
    }
    let mut out = Vec::new();
    encode_bytes(text.as_bytes(), &mut out);
    encode_bytes(bytes, &mut out);
    encode(&number, &mut out).expect("a number");
    assert!(out.len() <= body.len());
    let pair = decode::<(&str, Octets, Option<i32>)>(&out).expect("our own bytes");
    assert_eq!((pair.0, pair.1.as_ref(), pair.2), (text, bytes, number));
}
