//! Every frame, written and read.

use super::*;

const ID: CallId = CallId(7);

fn every_frame() -> Vec<Vec<u8>> {
    let writers: [fn(&mut Vec<u8>); 9] = [
        |out| {
            let start = begin_one_way(out, 1, 2, 3);
            out.extend(b"body");
            finish(out, start);
        },
        |out| {
            let start = begin_call(out, 1, 2, 3);
            finish(out, start);
            patch_call_id(out, ID);
        },
        |out| {
            let start = begin_answer(out, ID);
            finish(out, start);
        },
        |out| {
            let start = begin_answer(out, ID);
            finish(out, start);
            turn_into_user_error(out);
        },
        |out| write_failure(out, None, 9, FailureCode::Panic, "oups"),
        |out| write_cancel(out, ID),
        |out| write_grant(out, 0, 1 << 40),
        write_retrait,
        |out| write_adieu(out, EndReason::Finished, "à bientôt"),
    ];
    writers
        .map(|write| {
            let mut out = Vec::new();
            write(&mut out);
            out
        })
        .into()
}

#[test]
fn frames_round_trip() {
    let frames = every_frame();
    let parsed: Vec<_> = frames.iter().map(|f| parse(&f[LENGTH_PREFIX..]).unwrap()).collect();
    let empty: &[u8] = &[];
    assert_eq!(
        parsed,
        [
            Frame::OneWay { depth: 1, command: 2, fingerprint: 3, body: b"body" },
            Frame::Call { depth: 1, id: ID, command: 2, fingerprint: 3, body: empty },
            Frame::Answer { id: ID, body: empty },
            Frame::UserError { id: ID, body: empty },
            Frame::Failure { id: None, command: 9, code: FailureCode::Panic, text: "oups" },
            Frame::Cancel { id: ID },
            Frame::Grant { class: 0, bytes: 1 << 40 },
            Frame::Retrait,
            Frame::Adieu { reason: EndReason::Finished, text: "à bientôt" },
        ]
    );
}

#[test]
fn lengths_count_what_follows_them() {
    for frame in every_frame() {
        let length = frame_length(&frame).unwrap() as usize;
        assert_eq!(length, frame.len() - LENGTH_PREFIX);
    }
    assert_eq!(frame_length(&[1, 2, 3]), None);
}

#[test]
fn the_header_of_a_call_has_its_size() {
    let mut out = Vec::new();
    let _ = begin_call(&mut out, 0, 0, 0);
    assert_eq!(out.len(), CALL_HEADER);
}

#[test]
fn cut_headers_unknown_kinds_and_codes_are_errors() {
    for frame in every_frame() {
        assert!(parse(&frame[LENGTH_PREFIX..LENGTH_PREFIX]).is_err());
    }
    assert_eq!(parse(&[CALL, 0, 1, 2]), Err(WireError::Truncated));
    assert_eq!(parse(&[99]), Err(WireError::Kind(99)));
    assert_eq!(parse(&[RETRAIT, 0]), Err(WireError::Leftover));
    assert_eq!(parse(&[ADIEU, 255, 255]), Err(WireError::Code(u16::MAX)));
    assert_eq!(parse(&[ANSWER, 0, 0, 0, 0, 0, 0, 0, 0]), Err(WireError::CallId));
    assert_eq!(parse(&[ADIEU, 1, 0, 0xFF]), Err(WireError::Text));
}

#[test]
fn the_longest_texts_fit_the_smallest_limit() {
    let text = "x".repeat(5000);
    let mut out = Vec::new();
    write_failure(&mut out, Some(ID), 1, FailureCode::Handler, &text);
    assert!(frame_length(&out).unwrap() <= MIN_FRAME_LIMIT);
}
