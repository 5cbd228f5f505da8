//! Any bytes as a frame, of either kind of peer: no panic, and what is read is written the same
//! again.

#![no_main]

use libfuzzer_sys::fuzz_target;

use cconn::wire::{
    FailureClass, FailureCode, Features, Frame, LENGTH_PREFIX, MAX_TEXT, StreamEnd, frame_length,
    parse,
};

/// The library keeps its layers private: they are built in here, from where they stand.
#[path = "../../../cconn/src"]
#[allow(dead_code, unused_imports, reason = "only a part of the layer is needed")]
mod cconn {
    pub mod wire;
}

fuzz_target!(|data: &[u8]| {
    for features in [Features::NONE, Features::OURS] {
        frame(data, features);
    }
});

fn frame(data: &[u8], features: Features) {
    let Ok(frame) = parse(data, features) else { return };
    if text_of(&frame).len() <= MAX_TEXT {
        same(data, &frame, features);
    }
}

/// The text of a frame, which is written no longer than so many bytes.
fn text_of<'a>(frame: &Frame<'a>) -> &'a str {
    match *frame {
        Frame::Failure { text, .. } | Frame::Adieu { text, .. } => text,
        Frame::End { how: StreamEnd::Failure { text, .. }, .. } => text,
        _ => "",
    }
}

/// The failure code of a frame.
fn code_of(frame: &Frame<'_>) -> Option<FailureCode> {
    match *frame {
        Frame::Failure { code, .. } => Some(code),
        Frame::End { how: StreamEnd::Failure { code, .. }, .. } => Some(code),
        _ => None,
    }
}

/// A frame is written as it was read, but for a failure's code, which has two forms.
fn same(data: &[u8], frame: &Frame<'_>, features: Features) {
    let mut out = Vec::new();
    let length = frame.write(&mut out, features);
    assert_eq!(length, u32::try_from(data.len()).ok());
    assert_eq!(frame_length(&out), length);
    let again = parse(&out[LENGTH_PREFIX..], features).expect("what was written");
    if let (Some(code), Some(told)) = (code_of(frame), code_of(&again)) {
        // A peer without classes is told of an unknown one as of a command that ran.
        let has_run = |class| class != FailureClass::NotRun;
        assert_eq!(has_run(code.class()), has_run(told.class()));
        return;
    }
    assert_eq!(&again, frame);
    // An unknown answer to a question is read as one that is known.
    if !matches!(frame, Frame::Standing { .. }) {
        assert_eq!(&out[LENGTH_PREFIX..], data);
    }
}
