//! Any bytes as a context block, alone and in a command: no panic, and both see the same.

#![no_main]

use libfuzzer_sys::fuzz_target;

use cconn::wire::{BodyAt, CallId, ContextBlock, Features, Frame, LENGTH_PREFIX, body_at, parse};

/// The library keeps its layers private: they are built in here, from where they stand.
#[path = "../../../cconn/src"]
#[allow(dead_code, unused_imports, reason = "only a part of the layer is needed")]
mod cconn {
    pub mod wire;
}

/// Where the depth of a command stands, and where its fixed fields end.
const DEPTH: usize = 5;
const FIELDS: [usize; 2] = [18, 26];
const FLAG: u8 = 0x80;

fuzz_target!(|data: &[u8]| {
    let block = &data[..data.len().min(255)];
    let context = ContextBlock::parse(block);
    let (command, fingerprint, body) = (1, 2, &data[block.len()..]);
    let frames = [
        Frame::OneWay { depth: 3, command, fingerprint, context: None, body },
        Frame::Call { depth: 3, id: CallId(9), command, fingerprint, context: None, body },
    ];
    for (frame, fields) in frames.into_iter().zip(FIELDS) {
        let mut plain = Vec::new();
        frame.write(&mut plain, Features::OURS);
        plain[DEPTH] |= FLAG;
        let (head, body) = plain.split_at(fields);
        let length = u8::try_from(block.len()).expect("a short block");
        let flagged = [head, &[length], block, body].concat();
        let parsed = parse(&flagged[LENGTH_PREFIX..], Features::OURS);
        assert!(parse(&flagged[LENGTH_PREFIX..], Features::NONE).is_err());
        assert_eq!(body_at(&flagged), BodyAt::At(fields + 1 + block.len() - LENGTH_PREFIX));
        match (parsed, context) {
            (Err(one), Err(other)) => assert_eq!(one, other),
            (Ok(parsed), Ok(_)) => {
                let mut out = Vec::new();
                let _length = parsed.write(&mut out, Features::OURS);
                assert_eq!(out[LENGTH_PREFIX..], flagged[LENGTH_PREFIX..]);
            }
            (frame, block) => panic!("{frame:?}, {block:?}"),
        }
    }
    // Any bytes behind a command's fields, block and all.
    let loose = [&[1, FLAG][..], &[0; 12], data].concat();
    if let Ok(Frame::OneWay { context, body, .. }) = parse(&loose, Features::OURS) {
        assert_eq!(ContextBlock::size_of(context) + body.len(), data.len());
    }
});
