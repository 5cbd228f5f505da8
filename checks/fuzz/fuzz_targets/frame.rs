//! Any bytes as a frame, of either kind of peer: no panic, and what is read is written the same
//! again.

#![no_main]

use libfuzzer_sys::fuzz_target;

use cconn::wire::{FailureClass, Features, Frame, LENGTH_PREFIX, MAX_TEXT, frame_length, parse};

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
    let (Frame::Failure { text, .. } | Frame::Adieu { text, .. }) = frame else {
        return same(data, &frame, features);
    };
    if text.len() <= MAX_TEXT {
        same(data, &frame, features);
    }
}

/// A frame is written as it was read, but for a failure's code, which has two forms.
fn same(data: &[u8], frame: &Frame<'_>, features: Features) {
    let mut out = Vec::new();
    let length = frame.write(&mut out, features);
    assert_eq!(length, u32::try_from(data.len()).ok());
    assert_eq!(frame_length(&out), length);
    let again = parse(&out[LENGTH_PREFIX..], features);
    if let (Frame::Failure { code, .. }, Ok(Frame::Failure { code: told, .. })) = (frame, again) {
        // A peer without classes is told of an unknown one as of a command that ran.
        let has_run = |class| class != FailureClass::NotRun;
        assert_eq!(has_run(code.class()), has_run(told.class()));
    } else {
        assert_eq!(&out[LENGTH_PREFIX..], data);
        assert_eq!(again.as_ref(), Ok(frame));
    }
}
