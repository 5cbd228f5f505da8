//! Every frame, written and read.

#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

use std::num::NonZeroU32;
use std::time::Duration;

use super::super::context::Context;
use super::super::outgoing::{Answering, Outgoing, Start};
use super::*;

const ID: CallId = CallId(7);
const ALL: Features = Features::ALL;
const BLOCK: &[u8] = &[1, 4, 250, 0, 0, 0];

fn every_frame() -> Vec<Frame<'static>> {
    let context = ContextBlock::parse(BLOCK).ok();
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
        Frame::Items { id: ID, lane: 0, rest: &[0, 1, 9] },
        Frame::Items { id: ID, lane: 255, rest: &[] },
        Frame::End { id: ID, lane: 0, how: StreamEnd::Complete },
        Frame::End { id: ID, lane: 1, how: StreamEnd::UserError(b"no") },
        Frame::End {
            id: ID,
            lane: 2,
            how: StreamEnd::Failure { code: FailureCode::Panic, text: "oups" },
        },
        Frame::Credit { id: ID, lane: 3, bytes: 0 },
        Frame::Credit { id: ID, lane: 0, bytes: 1 << 31 },
        Frame::Question { id: ID },
        Frame::Standing { id: ID, standing: Standing::Running },
        Frame::Standing { id: ID, standing: Standing::Unstarted { behind: 0x0102_0304_0506_0708 } },
        Frame::Standing { id: ID, standing: Standing::Unheard },
        Frame::Progress { id: ID, done: 3, total: 0, text: "" },
        Frame::Progress { id: ID, done: 1 << 40, total: u64::MAX, text: "à moitié" },
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
        let bytes = written(&frame, ALL);
        assert_eq!(parse(&bytes[LENGTH_PREFIX..], ALL), Ok(frame));
    }
    assert_eq!(frame_length(&[1, 2, 3]), None);
}

#[test]
fn frames_in_the_making_become_the_same() {
    let mut call = Outgoing::in_buffer(Vec::new());
    call.begin_call(Start::plain(1, 2, 3));
    call.set_call_id(ID);
    assert_eq!(call.finish(), Some(22));
    let whole =
        Frame::Call { depth: 1, id: ID, command: 2, fingerprint: 3, context: None, body: b"" };
    assert_eq!(call.bytes, written(&whole, Features::NONE));
    assert_eq!((call.command_of_call(), call.charged_call()), (2, 0));
    assert!(!blank_call(&mut call.bytes, CallId(8)) && blank_call(&mut call.bytes, ID));
    assert_eq!(call.command_of_call(), NO_COMMAND);
    let mut answer = Answering::default();
    answer.begin_answer(ID);
    answer.bytes.extend(b"no");
    answer.finish();
    answer.turn_into_user_error();
    assert_eq!(answer.bytes, written(&Frame::UserError { id: ID, body: b"no" }, Features::NONE));
}

#[test]
fn a_frame_in_the_making_may_have_a_context_block_and_a_tail() {
    // [context.block] [window.charge]
    let context = Context { time_left: Some(0), progress: true, ..Context::default() };
    let mut frame = Outgoing::in_buffer(Vec::new());
    let context = Some((&context, Features::CONTEXT));
    frame.begin_one_way(Start { context, ..Start::plain(1, 2, 3) });
    frame.set_time_left(Duration::from_millis(500));
    frame.bytes.extend(b"ab");
    frame.tail = b"cdef";
    assert_eq!(frame.finish(), Some(14 + 7 + 6));
    assert_eq!(frame.charged_one_way(), 7 + 6, "the block with its length byte, and the body");
    let context = ContextBlock::parse(&[1, 4, 0xf4, 1, 0, 0]).ok();
    let whole = Frame::OneWay { depth: 1, command: 2, fingerprint: 3, context, body: b"abcdef" };
    let whole = written(&whole, Features::NONE);
    assert_eq!((frame.parts().concat(), frame.len()), (whole.clone(), whole.len()));
}

#[test]
fn a_frame_cut_anywhere_is_refused_or_another_frame() {
    for frame in every_frame() {
        let bytes = written(&frame, ALL);
        for n in LENGTH_PREFIX..bytes.len() {
            let cut = parse(&bytes[LENGTH_PREFIX..n], ALL);
            assert_ne!(cut, Ok(frame), "{n} bytes");
        }
    }
}

#[test]
fn where_a_body_begins_is_known_from_the_first_bytes() {
    // [context.flag]
    for frame in every_frame() {
        let bytes = written(&frame, ALL);
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
    let context = ContextBlock::parse(BLOCK).ok();
    let flagged = Frame::OneWay { depth: 1, command: 2, fingerprint: 0, context, body: b"" };
    let bytes = written(&flagged, ALL);
    let undeclared = parse(&bytes[LENGTH_PREFIX..], Features::NONE);
    assert_eq!(undeclared, Err(WireError::ContextUndeclared));
    let accepted = Fingerprints::new(&[1, 2, 3, 4]).unwrap();
    let code = FailureCode::Signature;
    let failure = Frame::Failure { id: None, command: 2, code, accepted, text: "no" };
    let plain = written(&failure, Features::CLASSES);
    assert_eq!(plain.len(), layout::Failure::SIZE + 2);
    let listed = written(&failure, Features::FINGERPRINTS);
    assert_eq!(listed.len(), layout::Failure::SIZE + 1 + 4 + 2);
    let most = [&listed[LENGTH_PREFIX..layout::Failure::SIZE], &[8], &[0; 32]].concat();
    let read = parse(&most, ALL);
    assert!(matches!(read, Ok(Frame::Failure { accepted, .. }) if *accepted.to_vec() == [0; 8]));
    let many = [&listed[LENGTH_PREFIX..layout::Failure::SIZE], &[9], &[0; 36]].concat();
    assert_eq!(parse(&many, ALL), Err(WireError::Fingerprints(9)));
    for n in 1..=listed.len() - layout::Failure::SIZE - 2 {
        let cut = &listed[LENGTH_PREFIX..layout::Failure::SIZE + n - 1];
        assert_eq!(parse(cut, ALL), Err(WireError::Truncated), "{n}");
    }
}

#[test]
fn fingerprints_are_whole_and_at_most_eight() {
    // [failure.fingerprints]
    for length in 0..=40_usize {
        let bytes = vec![7; length];
        let is_list = length % 4 == 0 && length <= 32;
        assert_eq!(Fingerprints::new(&bytes).is_some(), is_list, "{length} bytes");
    }
    let two = Fingerprints::new(&[1, 0, 0, 0, 0, 1, 0, 2]).unwrap();
    assert_eq!(*two.to_vec(), [1, 0x0200_0100]);
}

#[test]
fn a_block_beyond_its_frame_is_refused() {
    // [context.room]
    let mut head = written(
        &Frame::OneWay {
            depth: 0x80,
            command: 2,
            fingerprint: 0,
            context: ContextBlock::parse(&[]).ok(),
            body: b"",
        },
        ALL,
    );
    assert!(parse(&head[LENGTH_PREFIX..], ALL).is_ok(), "an empty block");
    head.pop();
    assert_eq!(parse(&head[LENGTH_PREFIX..], ALL), Err(WireError::Truncated));
    for length in 1..=255 {
        let block = [&head[LENGTH_PREFIX..], &[length], &vec![0; usize::from(length) - 1]].concat();
        assert_eq!(parse(&block, ALL), Err(WireError::ContextRoom), "{length}");
    }
}

#[test]
fn cut_headers_and_unknown_kinds_are_errors() {
    let parse = |bytes: &[u8]| parse(bytes, ALL).map(|_| ());
    assert_eq!(parse(&[]), Err(WireError::Truncated));
    assert_eq!(parse(&[kind::CALL, 0, 1, 2]), Err(WireError::Truncated));
    assert_eq!(parse(&[kind::RETRAIT, 0]), Err(WireError::Leftover));
    assert_eq!(parse(&[kind::ANSWER, 0, 0, 0, 0, 0, 0, 0, 0]), Err(WireError::CallId));
    assert_eq!(parse(&[kind::ADIEU, 1, 0, 0xFF]), Err(WireError::Text));
    // [frame.unknown-kind]
    for kind in [0, 13].into_iter().chain(17..=255) {
        assert_eq!(parse(&[kind]), Err(WireError::Kind(kind)), "its number is named");
    }
}

#[test]
fn questions_and_standings_are_whole_and_a_standing_of_later_is_no_withdrawal() {
    // [question.fields] [standing.fields] [standing.numbers] [standing.unknown] [call.id-zero]
    fn parse(bytes: &[u8]) -> Result<Frame<'_>, WireError> {
        super::parse(bytes, ALL)
    }
    let id = [1, 0, 0, 0, 0, 0, 0, 0];
    let standing = |number: u8| [&[kind::STANDING][..], &id, &[number], &[0; 8]].concat();
    assert_eq!(parse(&[&[kind::QUESTION][..], &id, &[0]].concat()), Err(WireError::Leftover));
    assert_eq!(parse(&[&[kind::QUESTION][..], &id[1..]].concat()), Err(WireError::Truncated));
    assert_eq!(parse(&[kind::QUESTION, 0, 0, 0, 0, 0, 0, 0, 0]), Err(WireError::CallId));
    assert_eq!(parse(&[&standing(1)[..], &[0]].concat()), Err(WireError::Leftover));
    assert_eq!(parse(&standing(1)[..17]), Err(WireError::Truncated));
    for unknown in [0, 1, 4, 255] {
        let frame = standing(unknown);
        let read = parse(&frame).unwrap();
        assert!(matches!(read, Frame::Standing { standing: Standing::Running, .. }), "{read:?}");
    }
}

#[test]
fn reports_of_progress_are_whole_and_their_text_is_a_text() {
    // [progress.fields] [call.id-zero] [text.utf-8]
    fn parse(bytes: &[u8]) -> Result<Frame<'_>, WireError> {
        super::parse(bytes, ALL)
    }
    let frame = written(&Frame::Progress { id: ID, done: 1, total: 2, text: "é" }, ALL);
    let whole = &frame[LENGTH_PREFIX..];
    for end in 1..25 {
        assert_eq!(parse(&whole[..end]), Err(WireError::Truncated), "{end} bytes");
    }
    assert!(parse(&whole[..25]).is_ok(), "no text");
    assert_eq!(parse(&whole[..26]), Err(WireError::Text), "half of a letter");
    let zero = written(&Frame::Progress { id: CallId(0), done: 1, total: 2, text: "" }, ALL);
    assert_eq!(parse(&zero[LENGTH_PREFIX..]), Err(WireError::CallId));
    let long = "é".repeat(MAX_TEXT);
    let frame = written(&Frame::Progress { id: ID, done: 1, total: 2, text: &long }, ALL);
    assert!(frame.len() <= LENGTH_PREFIX + 25 + MAX_TEXT, "a longer text is shortened");
}

#[test]
fn frames_of_streams_are_read_only_where_they_are_declared_and_whole() {
    for kind in kind::ITEMS..=kind::CREDIT {
        // [features.streams]
        let frame = [kind];
        let undeclared = parse(&frame, Features::CONTEXT);
        assert_eq!(undeclared, Err(WireError::Kind(kind)), "of a feature that is not declared");
        assert_eq!(parse(&[kind], ALL), Err(WireError::Truncated));
    }
    // [end.unknown] [end.how]
    let parse = |bytes: &[u8]| parse(bytes, ALL).map(|_| ());
    let end = |how: &[u8]| parse(&[&[kind::END, 1, 0, 0, 0, 0, 0, 0, 0, 0], how].concat());
    assert_eq!(end(&[0]), Ok(()));
    assert_eq!(end(&[0, 0]), Err(WireError::Leftover));
    assert_eq!(end(&[2, 4]), Err(WireError::Truncated));
    assert_eq!(end(&[2, 4, 1, 0xFF]), Err(WireError::Text));
    assert_eq!(end(&[3]), Err(WireError::StreamEnd(3)));
    let credit = [kind::CREDIT, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7];
    assert_eq!(parse(&credit), Err(WireError::Leftover));
    assert_eq!(parse(&credit[..14]), Ok(()));
    let no_id = [kind::ITEMS, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(parse(&no_id), Err(WireError::CallId));
}

#[test]
fn the_longest_texts_fit_the_smallest_limit() {
    // [frame.smallest-limit] [text.bound]
    let text = "x".repeat(5000);
    for code in [FailureCode::Handler, FailureCode::Signature] {
        let accepted = Fingerprints(&[0; 32]);
        let failure = Frame::Failure { id: Some(ID), command: 1, code, accepted, text: &text };
        let length = failure.write(&mut Vec::new(), ALL).unwrap();
        assert!(length <= MIN_FRAME_LIMIT);
    }
}

#[test]
fn a_padding_is_a_grant_that_nobody_takes() {
    // [grant.padding]
    let mut bytes = Vec::new();
    write_padding(&mut bytes);
    assert_eq!(bytes.len(), PADDING);
    let frame = parse(&bytes[LENGTH_PREFIX..], Features::NONE);
    assert_eq!(frame, Ok(Frame::Grant { class: PADDING_CLASS, bytes: 0 }));
    assert_ne!(PADDING_CLASS, 0, "the class of the window");
}

#[test]
fn a_call_is_made_void_behind_its_paddings_only() {
    // [cancel.unsent]
    let id = CallId(7);
    let call =
        Frame::Call { depth: 0, id, command: 5, fingerprint: 0, context: None, body: &[1, 2] };
    for (paddings, grants, is_void) in [(0, 0, true), (3, 0, true), (0, 1, false), (1, 1, false)] {
        let mut bytes = Vec::new();
        (0..paddings).for_each(|_| write_padding(&mut bytes));
        (0..grants).for_each(|_| write_grant(&mut bytes, 0, 1));
        let at = bytes.len();
        call.write(&mut bytes, Features::NONE);
        let before = bytes.clone();
        assert!(!blank_call(&mut bytes, CallId(8)) && bytes == before, "another call");
        assert_eq!(blank_call(&mut bytes, id), is_void, "{paddings} {grants}");
        let command = parse(&bytes[at + LENGTH_PREFIX..], Features::NONE);
        let Ok(Frame::Call { command, .. }) = command else { panic!("{command:?}") };
        assert_eq!(command == NO_COMMAND, is_void, "{paddings} {grants}");
    }
    let mut cut = Vec::new();
    write_padding(&mut cut);
    cut.pop();
    assert!(!blank_call(&mut cut, id) && !blank_call(&mut [], id));
}

#[test]
fn a_call_tells_what_stream_it_expects_and_how_long_its_arguments_are() {
    for credit in [None, NonZeroU32::new(1), NonZeroU32::new(70_000)] {
        for flagged in [false, true] {
            let context = Context { stream: credit, progress: flagged, ..Context::default() };
            let mut call = Outgoing::in_buffer(Vec::with_capacity(64));
            assert_eq!(call.stream_of_call(), 0, "no frame yet");
            call.begin_call(Start { context: Some((&context, ALL)), ..Start::plain(1, 2, 3) });
            call.bytes.extend(b"abc");
            call.finish();
            assert_eq!(call.stream_of_call(), credit.map_or(0, NonZeroU32::get));
            #[cfg(feature = "tracing")]
            assert_eq!(call.arguments_of_call(), 3);
            assert_eq!(call.into_buffer().capacity(), 64, "the buffer is used again");
        }
    }
    let mut plain = Outgoing::in_buffer(Vec::new());
    plain.begin_call(Start::plain(1, 2, 3));
    plain.bytes.extend([6, 4, 4, 9, 0, 0, 0]);
    assert_eq!(plain.stream_of_call(), 0, "what looks like a block is the body");
}

#[test]
fn a_frame_that_the_core_writes_by_itself_says_what_it_was_asked_to_say() {
    let told = |write: &dyn Fn(&mut Vec<u8>), expected: Frame<'_>| {
        let mut bytes = Vec::new();
        write(&mut bytes);
        let frame = bytes.get(LENGTH_PREFIX..).unwrap_or_default();
        assert_eq!(parse(frame, ALL), Ok(expected));
    };
    let (id, text, code, reason) = (ID, "oups", FailureCode::Panic, EndReason::Finished);
    let (command, accepted) = (9, Fingerprints::default());
    let failure = Frame::Failure { id: Some(id), command, code, accepted, text };
    told(&|out| write_failure(out, ALL, Some(id), command, code, text), failure);
    told(&|out| write_cancel(out, id), Frame::Cancel { id });
    told(&|out| write_grant(out, 2, 5), Frame::Grant { class: 2, bytes: 5 });
    told(&|out| write_credit(out, id, 3, 5), Frame::Credit { id, lane: 3, bytes: 5 });
    told(&write_retrait, Frame::Retrait);
    told(&|out| write_adieu(out, reason, text), Frame::Adieu { reason, text });
}
