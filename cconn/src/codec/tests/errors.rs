//! Each error, provoked.

use std::collections::BTreeMap;
use std::num::NonZeroU8;

use serde::de::IgnoredAny;
use serde::ser::{Error, SerializeSeq};
use serde::{Deserialize, Serialize, Serializer};

use super::super::{CodecError, Decoder, Invalid, encode, encode_answer, plain};
use super::{Shape, decode, encoded, refusal};

#[test]
fn bytes_left_over_are_counted() {
    // [value.left-over]
    assert_eq!(refusal::<u8>(&[1, 2, 3]), CodecError::Leftover(2));
    assert_eq!(refusal::<()>(&[0]), CodecError::Leftover(1));
    let mut decoder = Decoder::new([1, 2].as_slice().into());
    decoder.value::<u8>().unwrap();
    assert_eq!(decoder.finish(), Err(CodecError::Leftover(1)));
}

#[test]
fn every_truncation_is_an_error() {
    let body = encoded(&(300_u16, "é", 'é', 1.5_f64, Some(vec![1_u8]), u128::MAX));
    for end in 0..body.len() {
        let cut = &body[..end];
        let error = refusal::<(u16, String, char, f64, Option<Vec<u8>>, u128)>(cut);
        let inside_char = error == CodecError::Invalid(Invalid::Char);
        assert!(error == CodecError::Truncated || inside_char, "{end}: {error:?}");
    }
}

#[test]
fn bytes_without_meaning_are_told_apart() {
    // [value.no-meaning]
    let invalid = CodecError::Invalid;
    assert_eq!(refusal::<bool>(&[2]), invalid(Invalid::Bool));
    assert_eq!(refusal::<char>(&[0xFF]), invalid(Invalid::Char));
    assert_eq!(refusal::<char>(&[0xED, 0xA0, 0x80]), invalid(Invalid::Char));
    assert_eq!(refusal::<String>(&[1, 0xFF]), invalid(Invalid::Utf8));
    assert_eq!(refusal::<Option<u8>>(&[2, 0]), invalid(Invalid::OptionTag));
}

#[test]
fn bad_integers_never_show_the_words_of_the_crate_behind() {
    let bad = CodecError::Invalid(Invalid::Integer);
    let wide = [252, 0x70, 0x11, 1, 0];
    assert_eq!(refusal::<u16>(&wide), bad);
    assert_eq!(refusal::<i16>(&wide), bad);
    assert_eq!(refusal::<u32>(&[253, 0, 0, 0, 0, 1, 0, 0, 0]), bad);
    assert_eq!(refusal::<i32>(&[253, 0, 0, 0, 0, 1, 0, 0, 0]), bad);
    assert_eq!(refusal::<u64>(&[254; 17]), bad);
    assert_eq!(refusal::<u64>(&[255; 17]), bad);
    assert_eq!(refusal::<u128>(&[255; 17]), bad);
    assert_eq!(refusal::<Vec<u8>>(&[255; 17]), bad);
}

#[test]
fn integers_wider_than_needed_are_accepted() {
    // [value.longer]
    assert_eq!(decode::<u64>(&[251, 5, 0]), Ok(5));
    assert_eq!(decode::<u16>(&[252, 5, 0, 0, 0]), Ok(5));
}

#[test]
fn the_type_speaks_for_itself() {
    let error = refusal::<NonZeroU8>(&[0]);
    assert_eq!(error.to_string(), "invalid value: integer `0`, expected a nonzero u8");
    let error = refusal::<Shape>(&[4]);
    assert!(matches!(&error, CodecError::Custom(_)), "{error:?}");
    assert!(error.to_string().contains("variant index 0 <= i < 4"), "{error}");
}

#[test]
fn types_that_ask_the_bytes_what_they_are_get_told() {
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u8),
        Text(String),
    }
    #[derive(Debug, Serialize, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }

    assert_eq!(refusal::<Either>(&encoded(&Either::Number(1))), CodecError::SelfDescribing);
    let text = refusal::<Either>(&encoded(&Either::Text(String::new()))).to_string();
    assert!(text.contains("`untagged`") && text.contains("`deserialize_any`"), "{text}");
    assert_eq!(refusal::<IgnoredAny>(&[1]), CodecError::SelfDescribing);
    let flat = Flat { rest: BTreeMap::new() };
    assert_eq!(encode(&flat, &mut Vec::new()), Err(CodecError::UnknownLength));
}

#[test]
fn a_field_left_out_is_noticed() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Gap {
        #[serde(skip_serializing_if = "Option::is_none")]
        gap: Option<u8>,
        last: u16,
    }
    let gap = Gap { gap: None, last: 0 };
    assert_eq!(refusal::<Gap>(&plain::encode(&gap)), CodecError::Truncated);
    let mut out = vec![1];
    let text = encode(&gap, &mut out).unwrap_err().to_string();
    assert!(text.contains("`gap`") && text.contains("`skip_serializing_if`"), "{text}");
    assert_eq!(out, [1]);
    // A field that is present is written like any other.
    let whole = Gap { gap: Some(1), last: 0 };
    assert_eq!(encoded(&whole), [1, 1, 0]);
}

/// A type that writes something and then fails.
struct Fails;

impl Serialize for Fails {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(2))?;
        seq.serialize_element("written already")?;
        Err(S::Error::custom("no more"))
    }
}

#[test]
fn a_failed_value_leaves_nothing_behind() {
    let mut out = vec![1, 2, 3];
    assert_eq!(encode(&Fails, &mut out).unwrap_err().to_string(), "no more");
    assert_eq!(out, [1, 2, 3]);
    let error = encode_answer(&Err::<(), _>(Fails), || true, &mut out).unwrap_err();
    assert_eq!((error.to_string().as_str(), out.as_slice()), ("no more", &[1, 2, 3][..]));
}
