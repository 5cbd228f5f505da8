//! Raw peers as these tests want them: with much room, with long patience, and in crowds.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use testkit::raw::Greeting;
pub(crate) use testkit::raw::{Raw, call, cancel};

/// What any peer's window may be at most, bytes of commands.
pub(crate) const WINDOW: u64 = 16 << 20;

/// The kinds of frames that these tests read.
pub(crate) const ONE_WAY: u8 = 1;
pub(crate) const ANSWER: u8 = 3;

/// How long any read may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The greeting of a client with that window.
pub(crate) fn greeting(window: u64) -> Vec<u8> {
    let client = Greeting::client();
    let room = u32::try_from(window / 2 - 64).unwrap_or(u32::MAX);
    Greeting { window, max_frame: client.max_frame.min(room), ..client }.bytes()
}

/// Connects and sends the greeting of a client with that window.
pub(crate) fn connect(server: SocketAddr, window: u64) -> io::Result<Raw> {
    let mut raw = Raw::try_connect(server)?;
    raw.set_patience(PATIENCE);
    raw.send(&greeting(window));
    Ok(raw)
}

/// A number as the codec writes it.
pub(crate) fn number(n: u32) -> Vec<u8> {
    match u8::try_from(n) {
        Ok(small @ ..251) => vec![small],
        _ => [&[252][..], &n.to_le_bytes()].concat(),
    }
}
