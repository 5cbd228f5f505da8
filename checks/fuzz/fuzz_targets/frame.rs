//! Any bytes as a greeting and as a frame: no panic, and what is read is written the same again.

#![no_main]

use libfuzzer_sys::fuzz_target;

use cconn::wire::{
    Frame, GREETING_HEAD, Greeting, GreetingHead, LENGTH_PREFIX, begin_answer, begin_call,
    begin_one_way, finish_with, frame_length, parse, patch_call_id, turn_into_user_error,
    write_adieu, write_cancel, write_failure, write_grant, write_retrait,
};

/// The library keeps its layers private: they are built in here, from where they stand.
#[path = "../../../cconn/src"]
#[allow(dead_code, unused_imports, reason = "only a part of the layer is needed")]
mod cconn {
    pub mod wire;
}

/// Longest text that a greeting and a frame are written with.
const GREETING_TEXT: usize = 512;
const FRAME_TEXT: usize = 900;

fuzz_target!(|data: &[u8]| {
    if let Some((head, rest)) = data.split_first_chunk::<GREETING_HEAD>() {
        let _ = GreetingHead::parse(head);
        greeting(rest);
    }
    greeting(data);
    frame(data);
});

fn greeting(rest: &[u8]) {
    let Ok(greeting) = Greeting::parse(rest) else { return };
    if greeting.text.len() > GREETING_TEXT {
        return;
    }
    let mut out = Vec::new();
    greeting.write(&mut out);
    let (head, again) = out.split_first_chunk::<GREETING_HEAD>().expect("a head");
    assert_eq!(GreetingHead::parse(head).expect("our own head").rest, again.len());
    assert_eq!(Greeting::parse(again).as_ref(), Ok(&greeting));
}

fn frame(data: &[u8]) {
    let Ok(frame) = parse(data) else { return };
    if let Frame::Failure { text, .. } | Frame::Adieu { text, .. } = frame {
        if text.len() > FRAME_TEXT {
            return;
        }
    }
    let out = written(&frame);
    assert_eq!(frame_length(&out), u32::try_from(data.len()).ok());
    assert_eq!(&out[LENGTH_PREFIX..], data);
}

fn written(frame: &Frame<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let with_body = match *frame {
        Frame::OneWay { depth, command, fingerprint, body } => {
            Some((begin_one_way(&mut out, depth, command, fingerprint), body))
        }
        Frame::Call { depth, id, command, fingerprint, body } => {
            let start = begin_call(&mut out, depth, command, fingerprint);
            patch_call_id(&mut out, id);
            Some((start, body))
        }
        Frame::Answer { id, body } | Frame::UserError { id, body } => {
            Some((begin_answer(&mut out, id), body))
        }
        _ => None,
    };
    if let Some((start, body)) = with_body {
        out.extend(body);
        finish_with(&mut out, start, 0).expect("a short frame");
        if matches!(frame, Frame::UserError { .. }) {
            turn_into_user_error(&mut out);
        }
    }
    match *frame {
        Frame::Failure { id, command, code, text } => {
            write_failure(&mut out, id, command, code, text);
        }
        Frame::Cancel { id } => write_cancel(&mut out, id),
        Frame::Grant { class, bytes } => write_grant(&mut out, class, bytes),
        Frame::Retrait => write_retrait(&mut out),
        Frame::Adieu { reason, text } => write_adieu(&mut out, reason, text),
        _ => {}
    }
    out
}
