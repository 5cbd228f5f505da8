//! Pieces of work without a connection: a call's frame, written and read.
//!
//! The library keeps its layers private: they are built in here, from where they stand.

use std::hint::black_box;

use self::layers::codec::{self, Decoder};
use self::layers::wire::{self, CallId, Features, Frame, LENGTH_PREFIX, Outgoing, Start};
pub(crate) use self::layers::{body, copy};

#[path = "../../../cconn/src"]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "only a part of the layers is needed")]
mod layers {
    pub(crate) mod body;
    pub(crate) mod codec;
    pub(crate) mod copy;
    pub(crate) mod wire;
}

/// Does so many units.
type Piece = fn(u32);

/// Any name's hash, and any fingerprint.
const HEAD: (u64, u32) = (0x1234_5678_9abc_def0, 0x1234_5678);

/// The piece of work of that name.
pub(crate) fn find(name: &str) -> Option<Piece> {
    match name {
        "encode" => Some(encode),
        "decode" => Some(decode),
        _ => None,
    }
}

/// Writes the frame of `somme`'s call, as a client does.
fn encode(count: u32) {
    let mut frame = Outgoing::in_buffer(Vec::new());
    for a in 0..i64::from(count) {
        frame.bytes.clear();
        write(&mut frame, black_box(a), black_box(1_000_000));
        black_box(&frame);
    }
}

/// Reads that frame, as a server does.
fn decode(count: u32) {
    let mut frame = Outgoing::in_buffer(Vec::new());
    write(&mut frame, 1, 1_000_000);
    let frame = frame.into_buffer();
    for _ in 0..count {
        black_box(read(black_box(&frame)));
    }
}

fn write(frame: &mut Outgoing<&[u8]>, a: i64, b: i64) {
    let (name, fingerprint) = black_box(HEAD);
    frame.begin_call(Start::plain(0, name, fingerprint));
    let body = &mut frame.bytes;
    let written = codec::encode(&a, body).and_then(|()| codec::encode(&b, body));
    assert!(written.is_ok() && frame.finish().is_some());
    frame.set_call_id(CallId(1));
}

fn read(frame: &[u8]) -> Option<(i64, i64)> {
    let Ok(Frame::Call { body, .. }) = wire::parse(frame.get(LENGTH_PREFIX..)?, Features::OURS)
    else {
        return None;
    };
    let mut decoder = Decoder::new(body.into());
    let arguments = (decoder.value().ok()?, decoder.value().ok()?);
    decoder.finish().ok()?;
    Some(arguments)
}
