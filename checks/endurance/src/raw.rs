//! Raw peers as these tests want them: with much room, with long patience, and in crowds.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType};
use testkit::raw::Greeting;
pub(crate) use testkit::raw::{Raw, call, cancel, one_way};

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
    Ok(greet(Raw::try_connect(server)?, window))
}

/// `connect` from an address of this machine. An address has 28,000 ports for its connections to one
/// server, and takes milliseconds to find one of the last.
pub(crate) fn connect_from(here: IpAddr, server: SocketAddr, window: u64) -> io::Result<Raw> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    rustix::net::bind(&socket, &SocketAddr::new(here, 0))?;
    rustix::net::connect(&socket, &server)?;
    Ok(greet(Raw::over(socket.into()), window))
}

fn greet(mut raw: Raw, window: u64) -> Raw {
    raw.set_patience(PATIENCE);
    raw.send(&greeting(window));
    raw
}

/// A number as the codec writes it.
pub(crate) fn number(n: u32) -> Vec<u8> {
    match u8::try_from(n) {
        Ok(small @ ..251) => vec![small],
        _ => [&[252][..], &n.to_le_bytes()].concat(),
    }
}
