//! The bytes of values: fixed ones in hexadecimal, and equality with the crate behind the codec.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::{Decoder, Top, encode_answer, encode_bytes, plain, write_length};
use super::{Point, Shape, decode, encoded};
use crate::{Octets, OctetsRef};

/// Checks that a value has these bytes, that the crate behind the codec agrees, and that the bytes
/// are read back as the value.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "a table of values reads better without `&`")]
fn golden<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, hex: &str) {
    let bytes = encoded(&value);
    let shown: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(shown.join(" "), hex, "{value:?}");
    assert_eq!(bytes, plain::encode(&value), "{value:?}");
    assert_eq!(decode::<T>(&bytes).unwrap(), value);
}

#[test]
fn integers() {
    // [value.integers] [value.shortest]
    golden(200_u8, "c8");
    golden(-8_i8, "f8");
    golden(250_u16, "fa");
    golden(251_u16, "fb fb 00");
    golden(65_535_u32, "fb ff ff");
    golden(65_536_u32, "fc 00 00 01 00");
    golden(1_u64 << 32, "fd 00 00 00 00 01 00 00 00");
    golden(u64::MAX, "fd ff ff ff ff ff ff ff ff");
    golden(1_u128 << 64, "fe 00 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00");
    golden(12_i64, "18");
    golden(-1_i64, "01");
    golden(-126_i16, "fb fb 00");
    golden(i64::MIN, "fd ff ff ff ff ff ff ff ff");
    golden(-1_i128, "01");
}

#[test]
fn other_scalars() {
    golden((), "");
    golden(true, "01");
    golden(1.5_f32, "00 00 c0 3f");
    golden(-2.0_f64, "00 00 00 00 00 00 00 c0");
    golden('a', "61");
    golden('é', "c3 a9");
    golden('😀', "f0 9f 98 80");
    golden("bonjour".to_owned(), "07 62 6f 6e 6a 6f 75 72");
    golden(Some(5_u8), "01 05");
    golden(None::<u8>, "00");
}

#[test]
fn containers() {
    golden(vec![1_u16, 251], "02 01 fb fb 00");
    golden([1_u16, 251], "01 fb fb 00");
    golden((12_i64, 34_i64), "18 44");
    golden(BTreeMap::from([(1_u8, "é".to_owned())]), "01 01 02 c3 a9");
    golden(Octets(vec![1, 2, 3]), "03 01 02 03");
    golden(Some(Octets(vec![])), "01 00");
    golden(Duration::new(1, 2), "01 02");
    // The clock of Windows counts in steps of 100 ns.
    golden(SystemTime::UNIX_EPOCH + Duration::new(1, 200), "01 c8");
    golden(Ipv4Addr::LOCALHOST, "7f 00 00 01");
    golden(IpAddr::V4(Ipv4Addr::LOCALHOST), "00 7f 00 00 01");
    golden(1_u8..5, "01 05");
    golden(PathBuf::from("a"), "01 61");
    golden(Err::<u8, i8>(-1), "01 ff");
}

#[test]
fn structs_and_enums() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Metres(u32);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Nothing;

    let point = Point { x: 1, y: -1 };
    golden(point.clone(), "02 01");
    golden(Metres(7), "07");
    golden(Nothing, "");
    golden(Shape::Nothing, "00");
    golden(Shape::Dot(point.clone()), "01 02 01");
    golden(Shape::Line(point.clone(), point.clone()), "02 02 01 02 01");
    golden(Shape::Circle { centre: point, radius: 300 }, "03 02 01 fb 2c 01");
}

#[test]
fn fields_one_by_one_are_the_tuple() {
    let mut out = Vec::new();
    encode_bytes(b"bonjour", &mut out);
    encode_bytes(&[1, 2, 3], &mut out);
    super::encode(&-5_i32, &mut out).unwrap();
    assert_eq!(out, plain::encode(&("bonjour", [1_u8, 2, 3].as_slice(), -5_i32)));

    let mut decoder = Decoder::new(out.as_slice().into());
    let (text, bytes) = (decoder.str().unwrap(), decoder.bytes().unwrap());
    assert!(out.as_ptr_range().contains(&text.as_ptr()), "the text was copied");
    assert!(out.as_ptr_range().contains(&bytes.as_ptr()), "the bytes were copied");
    assert_eq!((text, bytes, decoder.value::<i32>().unwrap()), ("bonjour", &[1, 2, 3][..], -5));
    decoder.finish().unwrap();
}

#[test]
fn bytes_in_one_copy_are_the_sequence() {
    for length in [0, 1, 250, 251, 65_535, 65_536, 70_000] {
        let bytes = vec![7_u8; length];
        let mut out = Vec::new();
        encode_bytes(&bytes, &mut out);
        assert_eq!(out, plain::encode(&bytes), "{length}");
        assert_eq!(out, encoded(&OctetsRef(&bytes)), "{length}");
        assert_eq!(decode::<Vec<u8>>(&out).unwrap(), bytes);
        assert_eq!(decode::<OctetsRef<'_>>(&out).unwrap().0, bytes);
    }
    for length in [u64::from(u32::MAX), 1 << 32, u64::MAX] {
        let mut out = Vec::new();
        write_length(length, &mut out);
        assert_eq!(out, plain::encode(&length), "{length}");
    }
}

#[test]
fn the_result_at_the_top_loses_its_tag() {
    // [outcome.result]
    fn answer<T: Serialize + ?Sized>(value: &T) -> (Top, Vec<u8>) {
        let mut out = vec![9];
        let top = encode_answer(value, || true, &mut out).unwrap();
        (top, out)
    }
    type Answer = Result<u8, String>;

    assert_eq!(answer::<Answer>(&Ok(5)), (Top::Value, vec![9, 5]));
    assert_eq!(answer::<Answer>(&Err("a".to_owned())), (Top::Err, vec![9, 1, b'a']));
    assert_eq!(answer(&Box::new(Answer::Ok(5))), (Top::Value, vec![9, 5]));
    assert_eq!(answer::<Result<Answer, u8>>(&Ok(Ok(5))), (Top::Value, vec![9, 0, 5]));
    assert_eq!(answer(&Some(Answer::Ok(5))), (Top::Value, vec![9, 1, 0, 5]));
    assert_eq!(answer(&[Answer::Ok(5)]), (Top::Value, vec![9, 0, 5]));
    assert_eq!(answer(&()), (Top::Value, vec![9]));
    assert_eq!(answer(&Shape::Dot(Point { x: 0, y: 0 })), (Top::Value, vec![9, 1, 0, 0]));
}

#[test]
fn every_kind_of_value_is_the_same_at_the_top() {
    #[track_caller]
    fn same<T: Serialize + ?Sized>(value: &T) {
        let mut out = Vec::new();
        assert_eq!(encode_answer(value, || true, &mut out).unwrap(), Top::Value);
        assert_eq!(out, plain::encode(value));
    }
    let point = || Point { x: 300, y: -300 };
    same(&(true, -1_i8));
    same(&1_i8);
    same(&(1_u16, 2_u32, 3_u64, 4_u128, 5_i16, 6_i32, 7_i64, 8_i128, 0.5_f32, 0.5_f64, 'c'));
    same("texte");
    same(&Octets(vec![1]));
    same(&vec![1, 2]);
    same(&BTreeMap::from([(1, 2)]));
    same(&point());
    same(&Shape::Line(point(), point()));
    same(&Shape::Circle { centre: point(), radius: 1 });
    same(&Shape::Nothing);
    same(&Some(1));
    same(&None::<u8>);
}

/// A type with many kinds of parts, as which random bytes are decoded.
type Mixed = (u16, Option<i64>, String, Vec<(bool, char)>, BTreeMap<u8, i32>, Shape, u128, f32);

/// Values of the remaining kinds.
type Others = (
    (u8, u32, u64, i8, i16, i128, f64),
    (Unit, Newtype, Pair, Option<Newtype>),
    (Octets, Option<String>, Result<(), Box<str>>, Vec<Shape>),
    (BTreeMap<String, Vec<Option<u16>>>, [i32; 3], char),
);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Newtype(i64);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair(u16, String);

/// A value with bytes of it changed or cut off is read, or refused, as by the crate behind.
#[track_caller]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
fn agree_on_changes<T: Serialize + DeserializeOwned + Debug>(seed: &T, tries: usize) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut below = move |end: usize| usize::try_from(next() % end as u64).unwrap();
    let seed = encoded(seed);
    let mut read = 0;
    for _ in 0..tries {
        let mut body = seed.clone();
        for _ in 0..=below(3) {
            body[below(seed.len())] = below(256).to_le_bytes()[0];
        }
        if below(8) == 0 {
            body.truncate(below(seed.len()));
        }
        let ours = decode::<T>(&body).ok().map(|value| encoded(&value));
        let theirs = plain::decode::<T>(&body).map(|value| encoded(&value));
        read += usize::from(ours.is_some());
        assert_eq!(ours, theirs, "{body:?}");
    }
    assert!(read > tries / 10 && read < tries, "{read} of {tries} were read");
}

#[test]
fn ours_and_theirs_agree_on_random_bytes() {
    let point = || Point { x: 1, y: 2 };
    let mixed: Mixed = (
        300,
        Some(-5),
        "é".to_owned(),
        vec![(true, 'x')],
        BTreeMap::from([(1, 2)]),
        Shape::Circle { centre: point(), radius: 3 },
        1 << 100,
        1.5,
    );
    agree_on_changes(&mixed, 20_000);
    let others: Others = (
        (1, 70_000, 1 << 40, -1, -300, -1 << 70, 2.5),
        (Unit, Newtype(-7), Pair(251, "ab".to_owned()), Some(Newtype(1 << 33))),
        (
            Octets(vec![1, 2, 3]),
            Some("é".to_owned()),
            Err("no".into()),
            vec![Shape::Nothing, Shape::Dot(point()), Shape::Line(point(), point())],
        ),
        (BTreeMap::from([("k".to_owned(), vec![None, Some(9)])]), [1, -1, 400], '😀'),
    );
    agree_on_changes(&others, 20_000);
}
