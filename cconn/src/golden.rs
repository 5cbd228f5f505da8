//! Replays `docs/PROTOCOL.md`: every example and every table of numbers on the page holds here.
//!
//! This file is above `wire` and `codec`, because the page covers both.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::codec::{decode, encode};
use crate::wire::{
    CallId, ContextBlock, EndReason, FailureCode, Features, Fingerprints, Frame, GREETING_HEAD,
    Greeting, GreetingHead, LENGTH_PREFIX, Refusal, Role, Standing, StreamEnd, VERSION,
    frame_length, parse,
};

const PAGE: &str = include_str!("../../docs/PROTOCOL.md");

const SOMME: u64 = 0x373e_c261_0f13_c154;
const PING: u64 = 0xbf30_e00d_c533_07a9;

/// The examples of the page, each with its name and its lines.
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
    let (text, features) = (text.to_owned(), Features::OURS);
    // A number that a server chose at random.
    let instance = (role == Role::Server).then_some(0x8f3a_6c01_d27b_94e5);
    Greeting { role, refusal, max_frame: 8 << 20, window: 32 << 20, text, features, instance }
}

fn greeting_of(name: &str) -> Option<Greeting> {
    let accepted = |role| greeting(role, Refusal::Accepted, "");
    Some(match name {
        "client-greeting" => accepted(Role::Client),
        "older-client-greeting" => Greeting { features: Features::NONE, ..accepted(Role::Client) },
        "server-greeting" => accepted(Role::Server),
        "server-refusal" => greeting(Role::Server, Refusal::Full, "1 client of 1"),
        _ => return None,
    })
}

fn frame_of(name: &str) -> Option<Frame<'static>> {
    let id = CallId;
    Some(match name {
        "call-somme" => call(0, None),
        "call-with-context" => call(2, ContextBlock::parse(TIME_LEFT_AND_PROGRESS).ok()),
        "answer-somme" => Frame::Answer { id: id(1), body: &[92] },
        "one-way-ping" => Frame::OneWay {
            depth: 1,
            command: PING,
            fingerprint: 0x2b1d_5c07,
            context: None,
            body: b"\x07bonjour",
        },
        "failure-unknown-command" => {
            failure(2, FailureCode::UnknownCommand, &[], "no \"ping\" here")
        }
        "failure-one-way" => failure(0, FailureCode::Arguments, &[], ""),
        "failure-signature" => {
            let accepted = &[0xaa, 0xbb, 0xcc, 0xdd, 0x11, 0x22, 0x33, 0x44];
            failure(5, FailureCode::Signature, accepted, "ping(u8)")
        }
        "failure-panic" | "older-failure-panic" => failure(6, FailureCode::Panic, &[], ""),
        "failure-of-later" => failure(7, FailureCode::Other(0x0142), &[], ""),
        "user-error" => Frame::UserError { id: id(3), body: b"\xfb\x94\x01\x0bintrouvable" },
        "cancel" => Frame::Cancel { id: id(4) },
        "grant" => Frame::Grant { class: 0, bytes: 16 << 20 },
        "question" => Frame::Question { id: id(4) },
        "standing" => {
            let standing = Standing::Unstarted { behind: 0x0807_0605_0403_0201 };
            Frame::Standing { id: id(4), standing }
        }
        "progress" => Frame::Progress { id: id(4), done: 3, total: 10, text: "reading" },
        "retrait" => Frame::Retrait,
        "adieu" => Frame::Adieu { reason: EndReason::Finished, text: "" },
        "adieu-abrupt" => Frame::Adieu { reason: EndReason::Protocol, text: "frame kind 17" },
        _ => return frame_of_a_stream(name),
    })
}

fn frame_of_a_stream(name: &str) -> Option<Frame<'static>> {
    let id = CallId;
    Some(match name {
        "items" => Frame::Items { id: id(9), lane: 0, rest: &[1, 1, 5, 3, 251, 44, 1] },
        "end-complete" => Frame::End { id: id(9), lane: 0, how: StreamEnd::Complete },
        "end-user-error" => {
            Frame::End { id: id(9), lane: 0, how: StreamEnd::UserError(&[251, 148, 1]) }
        }
        "end-failure" => {
            let how = StreamEnd::Failure { code: FailureCode::Panic, text: "" };
            Frame::End { id: id(9), lane: 0, how }
        }
        "credit" => Frame::Credit { id: id(9), lane: 0, bytes: 128 << 10 },
        "stop" => Frame::Credit { id: id(9), lane: 0, bytes: 0 },
        "call-with-streams" => Frame::Call {
            depth: 0,
            id: id(9),
            command: SOMME,
            fingerprint: 0,
            context: ContextBlock::parse(TWO_STREAMS).ok(),
            body: &[],
        },
        "lane-opened" => Frame::Credit { id: id(9), lane: 1, bytes: 256 << 10 },
        "lane-items" => Frame::Items { id: id(9), lane: 1, rest: &[0, 3, 251, 44, 1] },
        "lane-end" => Frame::End { id: id(9), lane: 1, how: StreamEnd::Complete },
        "lane-end-failure" => {
            let how = StreamEnd::Failure { code: FailureCode::Handler, text: "the disk is gone" };
            Frame::End { id: id(9), lane: 2, how }
        }
        "lane-stop" => Frame::Credit { id: id(9), lane: 2, bytes: 0 },
        _ => return None,
    })
}

/// 2.5 seconds are left, and progress is wanted.
const TIME_LEFT_AND_PROGRESS: &[u8] = &[1, 4, 0xc4, 0x09, 0, 0, 5, 0];

/// Two arguments are streams, of which nothing is sent before there is credit.
const TWO_STREAMS: &[u8] = &[6, 4, 0, 0, 0, 0, 7, 1, 2];

fn call(depth: u8, context: Option<ContextBlock<'static>>) -> Frame<'static> {
    let (command, fingerprint) = (SOMME, 0);
    Frame::Call { depth, id: CallId(1), command, fingerprint, context, body: &[24, 68] }
}

fn failure(
    id: u64,
    code: FailureCode,
    accepted: &'static [u8],
    text: &'static str,
) -> Frame<'static> {
    let id = (id != 0).then_some(CallId(id));
    let accepted = Fingerprints::new(accepted).unwrap();
    Frame::Failure { id, command: PING, code, accepted, text }
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

/// The features used in the examples: all of them, unless the example is about an older peer.
fn features_of(name: &str) -> Features {
    if name.starts_with("older-") { Features::NONE } else { Features::ALL }
}

fn replay_frame(name: &str, bytes: &[u8], frame: &Frame<'_>) {
    let (mut out, features) = (Vec::new(), features_of(name));
    let length = frame.write(&mut out, features).unwrap();
    assert_eq!(out, bytes, "{name}");
    assert_eq!(frame_length(bytes), Some(length), "{name}");
    assert_eq!(length as usize, bytes.len() - LENGTH_PREFIX, "{name}");
    let parsed = parse(&bytes[LENGTH_PREFIX..], features);
    assert_eq!(parsed.as_ref(), Ok(frame), "{name}");
    for end in LENGTH_PREFIX..bytes.len() {
        let cut = parse(&bytes[LENGTH_PREFIX..end], features);
        assert_ne!(cut.as_ref(), Ok(frame), "{name}, cut after {end} bytes");
    }
}

#[test]
fn every_example_of_the_page_is_written_and_read() {
    // [frame.kinds] [one-way.fields] [call.fields] [answer.fields] [user-error.fields] [failure.fields] [cancel.fields] [grant.fields] [items.fields] [end.fields] [end.how] [credit.fields] [retrait.fields] [adieu.fields]
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
    assert_eq!(names.len(), 35, "{names:?}");
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

/// Whether `value` has these bytes, and they are read as that value.
fn both_ways<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8], value: &T) -> bool {
    let mut out = Vec::new();
    encode(value, &mut out).unwrap();
    out == bytes && decode::<T>(bytes).as_ref() == Ok(value)
}

/// Whether the bytes are the value that the page describes with these words.
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

/// The numbers in the first column of the table with this head.
fn numbers(head: &str) -> Vec<u16> {
    let (_, table) = PAGE.split_once(head).expect(head);
    let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
    let number = |cell: &str| match cell.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16),
        None => cell.parse(),
    };
    rows.map(|row| number(row.split('|').nth(1).unwrap().trim()).expect(row)).collect()
}

#[test]
fn the_numbered_sets_of_the_page_are_ours() {
    // [codes.numbers] [adieu.reasons] [refusal.numbers]
    let all = |known: fn(u16) -> bool| (0..=u16::MAX).filter(|n| known(*n)).collect::<Vec<_>>();
    let code = |n| !matches!(FailureCode::from_number(n), FailureCode::Other(_));
    assert_eq!(numbers("| code | meaning |"), all(code));
    let reason = |n| !matches!(EndReason::from_number(n), EndReason::Other(_));
    assert_eq!(numbers("| reason | meaning |"), all(reason));
    let known = |n| u8::try_from(n).ok().and_then(Refusal::from_number).is_some();
    assert_eq!(numbers("| refusal | meaning |"), all(known));
}

#[test]
fn the_hashes_of_the_page_are_right() {
    // [command.hash]
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
