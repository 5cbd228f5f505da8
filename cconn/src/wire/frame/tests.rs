//! Every frame, written and read.

#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

use super::*;

const ID: CallId = CallId(7);
const BLOCK: &[u8] = &[1, 4, 250, 0, 0, 0];

fn every_frame() -> Vec<Frame<'static>> {
    let context = Context::parse(BLOCK).ok();
    let failure = |code, text| {
        let accepted = Fingerprints::default();
        Frame::Failure { id: None, command: 9, code, accepted, text }
    };
    let (command, fingerprint) = (2, 3);
    vec![
        Frame::OneWay { depth: 1, command, fingerprint, context: None, body: b"body" },
        Frame::OneWay { depth: 127, command, fingerprint, context, body: b"" },
        Frame::Call { depth: 1, id: ID, command, fingerprint, context: None, body: b"" },
        Frame::Call { depth: 0, id: ID, command, fingerprint, context, body: b"body" },
        Frame::Answer { id: ID, body: b"" },
        Frame::UserError { id: ID, body: b"no" },
        failure(FailureCode::Panic, "oups"),
        failure(FailureCode::Signature, ""),
        Frame::Failure {
            id: Some(ID),
            command,
            code: FailureCode::Signature,
            accepted: Fingerprints(&[1, 2, 3, 4, 5, 6, 7, 8]),
            text: "two",
        },
        failure(FailureCode::Other(0x0342), "later"),
        Frame::Cancel { id: ID },
        Frame::Grant { class: 0, bytes: 1 << 40 },
        Frame::Retrait,
        Frame::Adieu { reason: EndReason::Finished, text: "à bientôt" },
        Frame::Adieu { reason: EndReason::Other(999), text: "" },
    ]
}

fn written(frame: &Frame<'_>, features: Features) -> Vec<u8> {
    let mut out = Vec::new();
    let length = frame.write(&mut out, features).unwrap();
    assert_eq!(frame_length(&out), Some(length));
    assert_eq!(length as usize, out.len() - LENGTH_PREFIX);
    out
}

#[test]
fn frames_round_trip() {
    for frame in every_frame() {
        let bytes = written(&frame, Features::OURS);
        assert_eq!(parse(&bytes[LENGTH_PREFIX..], Features::OURS), Ok(frame));
    }
    assert_eq!(frame_length(&[1, 2, 3]), None);
}

#[test]
fn frames_in_the_making_become_the_same() {
    let mut out = Vec::new();
    let start = begin_call(&mut out, 1, 2, 3);
    patch_call_id(&mut out, ID);
    finish_with(&mut out, start, 0);
    let call =
        Frame::Call { depth: 1, id: ID, command: 2, fingerprint: 3, context: None, body: b"" };
    assert_eq!(out, written(&call, Features::NONE));
    assert_eq!(command_of_call(&out), 2);
    assert!(!blank_call(&mut out, CallId(8)) && blank_call(&mut out, ID));
    assert_eq!(command_of_call(&out), NO_COMMAND);
    out.clear();
    let start = begin_answer(&mut out, ID);
    out.extend(b"no");
    finish_with(&mut out, start, 0);
    turn_into_user_error(&mut out);
    assert_eq!(out, written(&Frame::UserError { id: ID, body: b"no" }, Features::NONE));
}

#[test]
fn a_frame_cut_anywhere_is_refused_or_another_frame() {
    for frame in every_frame() {
        let bytes = written(&frame, Features::OURS);
        for n in LENGTH_PREFIX..bytes.len() {
            let cut = parse(&bytes[LENGTH_PREFIX..n], Features::OURS);
            assert_ne!(cut, Ok(frame), "{n} bytes");
        }
    }
}

#[test]
fn where_a_body_begins_is_known_from_the_first_bytes() {
    // [context.flag]
    for frame in every_frame() {
        let bytes = written(&frame, Features::OURS);
        let (Frame::OneWay { body, .. }
        | Frame::Call { body, .. }
        | Frame::Answer { body, .. }
        | Frame::UserError { body, .. }) = frame
        else {
            assert_eq!(body_at(&bytes), BodyAt::None);
            continue;
        };
        let at = BodyAt::At(bytes.len() - body.len() - LENGTH_PREFIX);
        assert_eq!(body_at(&bytes), at);
        for n in 0..bytes.len() {
            assert!([at, BodyAt::Undecided].contains(&body_at(&bytes[..n])), "{n} bytes");
        }
    }
}

#[test]
fn an_undeclared_feature_is_refused() {
    // [context.undeclared] [failure.fingerprints]
    let context = Context::parse(BLOCK).ok();
    let flagged = Frame::OneWay { depth: 1, command: 2, fingerprint: 0, context, body: b"" };
    let bytes = written(&flagged, Features::OURS);
    let undeclared = parse(&bytes[LENGTH_PREFIX..], Features::NONE);
    assert_eq!(undeclared, Err(WireError::ContextUndeclared));
    let accepted = Fingerprints::one(&[1, 2, 3, 4]);
    let code = FailureCode::Signature;
    let failure = Frame::Failure { id: None, command: 2, code, accepted, text: "no" };
    let plain = written(&failure, Features::CLASSES);
    assert_eq!(plain.len(), layout::Failure::SIZE + 2);
    let listed = written(&failure, Features::FINGERPRINTS);
    assert_eq!(listed.len(), layout::Failure::SIZE + 1 + 4 + 2);
    let many = [&listed[LENGTH_PREFIX..layout::Failure::SIZE], &[9], &[0; 36]].concat();
    assert_eq!(parse(&many, Features::OURS), Err(WireError::Fingerprints(9)));
    for n in 1..=listed.len() - layout::Failure::SIZE - 2 {
        let cut = &listed[LENGTH_PREFIX..layout::Failure::SIZE + n - 1];
        assert_eq!(parse(cut, Features::OURS), Err(WireError::Truncated), "{n}");
    }
}

#[test]
fn a_block_beyond_its_frame_is_refused() {
    // [context.room]
    let mut head = written(
        &Frame::OneWay {
            depth: 0x80,
            command: 2,
            fingerprint: 0,
            context: Context::parse(&[]).ok(),
            body: b"",
        },
        Features::OURS,
    );
    assert!(parse(&head[LENGTH_PREFIX..], Features::OURS).is_ok(), "an empty block");
    head.pop();
    assert_eq!(parse(&head[LENGTH_PREFIX..], Features::OURS), Err(WireError::Truncated));
    for length in 1..=255 {
        let block = [&head[LENGTH_PREFIX..], &[length], &vec![0; usize::from(length) - 1]].concat();
        assert_eq!(parse(&block, Features::OURS), Err(WireError::ContextRoom), "{length}");
    }
}

#[test]
fn cut_headers_and_unknown_kinds_are_errors() {
    let parse = |bytes: &[u8]| parse(bytes, Features::OURS).map(|_| ());
    assert_eq!(parse(&[]), Err(WireError::Truncated));
    assert_eq!(parse(&[kind::CALL, 0, 1, 2]), Err(WireError::Truncated));
    assert_eq!(parse(&[kind::RETRAIT, 0]), Err(WireError::Leftover));
    assert_eq!(parse(&[kind::ANSWER, 0, 0, 0, 0, 0, 0, 0, 0]), Err(WireError::CallId));
    assert_eq!(parse(&[kind::ADIEU, 1, 0, 0xFF]), Err(WireError::Text));
    // [frame.unknown-kind]
    for kind in [0, 8, 9, 10].into_iter().chain(13..=255) {
        assert_eq!(parse(&[kind]), Err(WireError::Kind(kind)), "its number is named");
    }
}

#[test]
fn the_longest_texts_fit_the_smallest_limit() {
    // [frame.smallest-limit] [text.bound]
    let text = "x".repeat(5000);
    for code in [FailureCode::Handler, FailureCode::Signature] {
        let accepted = Fingerprints(&[0; 32]);
        let failure = Frame::Failure { id: Some(ID), command: 1, code, accepted, text: &text };
        let length = failure.write(&mut Vec::new(), Features::OURS).unwrap();
        assert!(length <= MIN_FRAME_LIMIT);
    }
}
