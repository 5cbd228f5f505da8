//! Replays `docs/PROTOCOL.md`: every example and every table of numbers on the page holds here.
//!
//! It stands above `wire` and `codec`, since the page covers both.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::codec::{decode, encode};
use crate::wire::{
    CallId, EndReason, FailureCode, Frame, GREETING_HEAD, Greeting, GreetingHead, LENGTH_PREFIX,
    Refusal, Role, VERSION, begin_answer, begin_call, begin_one_way, finish_with, frame_length,
    parse, patch_call_id, turn_into_user_error, write_adieu, write_cancel, write_failure,
    write_grant, write_retrait,
};

const PAGE: &str = include_str!("../../docs/PROTOCOL.md");

const SOMME: u64 = 0x373e_c261_0f13_c154;
const PING: u64 = 0xbf30_e00d_c533_07a9;

/// The examples of the page: their names and their lines.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let fenced = PAGE.split("```").skip(1).step_by(2);
    fenced.filter_map(|block| block.strip_prefix("hex ")?.split_once('\n')).collect()
}

/// The bytes of one line, and its remark.
fn line(line: &str) -> (Vec<u8>, &str) {
    let (hex, remark) = line.split_once('#').expect(line);
    let byte = |digits| u8::from_str_radix(digits, 16).expect(line);
    (hex.split_whitespace().map(byte).collect(), remark.trim())
}

fn greeting(role: Role, refusal: Refusal, text: &str) -> Greeting {
    Greeting { role, refusal, max_frame: 8 << 20, window: 32 << 20, text: text.to_owned() }
}

fn greeting_of(name: &str) -> Option<Greeting> {
    Some(match name {
        "client-greeting" => greeting(Role::Client, Refusal::Accepted, ""),
        "server-greeting" => greeting(Role::Server, Refusal::Accepted, ""),
        "server-refusal" => greeting(Role::Server, Refusal::Full, "1 client of 1"),
        _ => return None,
    })
}

fn frame_of(name: &str) -> Option<Frame<'static>> {
    let id = CallId;
    Some(match name {
        "call-somme" => {
            Frame::Call { depth: 0, id: id(1), command: SOMME, fingerprint: 0, body: &[24, 68] }
        }
        "answer-somme" => Frame::Answer { id: id(1), body: &[92] },
        "one-way-ping" => Frame::OneWay {
            depth: 1,
            command: PING,
            fingerprint: 0x2b1d_5c07,
            body: b"\x07bonjour",
        },
        "failure-unknown-command" => Frame::Failure {
            id: Some(id(2)),
            command: PING,
            code: FailureCode::UnknownCommand,
            text: "no \"ping\" here",
        },
        "failure-one-way" => {
            Frame::Failure { id: None, command: PING, code: FailureCode::Arguments, text: "" }
        }
        "user-error" => Frame::UserError { id: id(3), body: b"\xfb\x94\x01\x0bintrouvable" },
        "cancel" => Frame::Cancel { id: id(4) },
        "grant" => Frame::Grant { class: 0, bytes: 16 << 20 },
        "retrait" => Frame::Retrait,
        "adieu" => Frame::Adieu { reason: EndReason::Finished, text: "" },
        "adieu-abrupt" => Frame::Adieu { reason: EndReason::Protocol, text: "frame kind 17" },
        _ => return None,
    })
}

/// The frame as this crate's own writers make it.
fn written(frame: &Frame<'_>) -> Vec<u8> {
    let out = &mut Vec::new();
    let with_body = match *frame {
        Frame::OneWay { depth, command, fingerprint, body } => {
            Some((begin_one_way(out, depth, command, fingerprint), body))
        }
        Frame::Call { depth, id, command, fingerprint, body } => {
            let start = begin_call(out, depth, command, fingerprint);
            patch_call_id(out, id);
            Some((start, body))
        }
        Frame::Answer { id, body } | Frame::UserError { id, body } => {
            Some((begin_answer(out, id), body))
        }
        _ => None,
    };
    if let Some((start, body)) = with_body {
        out.extend(body);
        finish_with(out, start, 0).unwrap();
        if matches!(frame, Frame::UserError { .. }) {
            turn_into_user_error(out);
        }
    } else {
        write_control(frame, out);
    }
    out.clone()
}

fn write_control(frame: &Frame<'_>, out: &mut Vec<u8>) {
    match *frame {
        Frame::Failure { id, command, code, text } => write_failure(out, id, command, code, text),
        Frame::Cancel { id } => write_cancel(out, id),
        Frame::Grant { class, bytes } => write_grant(out, class, bytes),
        Frame::Retrait => write_retrait(out),
        Frame::Adieu { reason, text } => write_adieu(out, reason, text),
        _ => panic!("{frame:?} has a body"),
    }
}

fn replay_greeting(name: &str, bytes: &[u8], greeting: &Greeting) {
    let mut out = Vec::new();
    greeting.write(&mut out);
    assert_eq!(out, bytes, "{name}");
    let (head, rest) = bytes.split_first_chunk::<GREETING_HEAD>().unwrap();
    let head = GreetingHead::parse(head).unwrap();
    assert_eq!((head.version, head.rest), (VERSION, rest.len()), "{name}");
    assert_eq!(Greeting::parse(rest).as_ref(), Ok(greeting), "{name}");
}

fn replay_frame(name: &str, bytes: &[u8], frame: &Frame<'_>) {
    assert_eq!(written(frame), bytes, "{name}");
    assert_eq!(frame_length(bytes).unwrap() as usize, bytes.len() - LENGTH_PREFIX, "{name}");
    assert_eq!(parse(&bytes[LENGTH_PREFIX..]).as_ref(), Ok(frame), "{name}");
}

#[test]
fn every_example_of_the_page_is_written_and_read() {
    let mut names = Vec::new();
    for (name, text) in blocks() {
        let bytes: Vec<u8> = text.lines().flat_map(|text| line(text).0).collect();
        match (greeting_of(name), frame_of(name)) {
            (Some(greeting), _) => replay_greeting(name, &bytes, &greeting),
            (_, Some(frame)) => replay_frame(name, &bytes, &frame),
            _ if name == "values" => continue,
            _ => panic!("the page has an example that no test knows: {name}"),
        }
        names.push(name);
    }
    assert_eq!(names.len(), 14, "{names:?}");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Nothing,
    Dot(u8),
    Size(i32, i32),
}

/// Whether a value has these bytes and they are read as that value.
fn both_ways<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8], value: &T) -> bool {
    let mut out = Vec::new();
    encode(value, &mut out).unwrap();
    out == bytes && decode::<T>(bytes).as_ref() == Ok(value)
}

/// Whether the bytes are the value that the page describes in these words.
fn holds(bytes: &[u8], value: &str) -> bool {
    match value {
        "u8 200" => both_ways(bytes, &200_u8),
        "i8 -8" => both_ways(bytes, &-8_i8),
        "u16 250" => both_ways(bytes, &250_u16),
        "u16 251" => both_ways(bytes, &251_u16),
        "u32 65536" => both_ways(bytes, &65_536_u32),
        "u64 4294967296" => both_ways(bytes, &(1_u64 << 32)),
        "i64 12" => both_ways(bytes, &12_i64),
        "i64 -1" => both_ways(bytes, &-1_i64),
        "i16 -126" => both_ways(bytes, &-126_i16),
        "i64 -9223372036854775808" => both_ways(bytes, &i64::MIN),
        "bool true" => both_ways(bytes, &true),
        "f32 1.5" => both_ways(bytes, &1.5_f32),
        "char é" => both_ways(bytes, &'é'),
        "text bonjour" => both_ways(bytes, &"bonjour".to_owned()),
        "bytes 1 2 3" => both_ways(bytes, &crate::Octets(vec![1, 2, 3])),
        "sequence of u16: 1, 251" => both_ways(bytes, &vec![1_u16, 251]),
        "array of two u16: 1, 251" => both_ways(bytes, &[1_u16, 251]),
        "map from u8 to text: 1 to é" => {
            both_ways(bytes, &BTreeMap::from([(1_u8, "é".to_owned())]))
        }
        "option of u8: none" => both_ways(bytes, &None::<u8>),
        "option of u8: some 5" => both_ways(bytes, &Some(5_u8)),
        "tuple of two i64: 12, 34" => both_ways(bytes, &(12_i64, 34_i64)),
        "struct of two i32: 1, -1" => both_ways(bytes, &Point { x: 1, y: -1 }),
        "third variant of an enum, with two i32: 1, 2" => both_ways(bytes, &Shape::Size(1, 2)),
        "Result of u8, inside a value: ok 5" => both_ways(bytes, &Ok::<u8, ()>(5)),
        unknown => panic!("the page has a value that no test knows: {unknown}"),
    }
}

#[test]
fn every_value_of_the_page_has_its_bytes() {
    let (_, values) = blocks().into_iter().find(|(name, _)| *name == "values").unwrap();
    for text in values.lines() {
        let (bytes, value) = line(text);
        assert!(holds(&bytes, value), "{text}");
    }
    assert!(values.lines().count() >= 20);
}

/// The numbers in the first column of the table that has this head.
fn numbers(head: &str) -> Vec<u16> {
    let (_, table) = PAGE.split_once(head).expect(head);
    let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).unwrap().trim().parse().expect(row)).collect()
}

#[test]
fn the_numbered_sets_of_the_page_are_ours() {
    let all = |known: fn(u16) -> bool| (0..=u16::MAX).filter(|n| known(*n)).collect::<Vec<_>>();
    assert_eq!(numbers("| code | meaning |"), all(|n| FailureCode::from_number(n).is_some()));
    assert_eq!(numbers("| reason | meaning |"), all(|n| EndReason::from_number(n).is_some()));
    let known = |n| u8::try_from(n).ok().and_then(Refusal::from_number).is_some();
    assert_eq!(numbers("| refusal | meaning |"), all(known));
}

#[test]
fn the_hashes_of_the_page_are_right() {
    let hash = |name: &str| {
        name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    assert_eq!((hash("somme"), hash("ping")), (SOMME, PING));
    for name in ["somme", "ping", "été"] {
        let bytes: Vec<_> = hash(name).to_le_bytes().map(|byte| format!("{byte:02x}")).into();
        let row = format!("| `{name}` | `{:#018x}` | `{}` |", hash(name), bytes.join(" "));
        assert!(PAGE.contains(&row), "{row}");
    }
}
