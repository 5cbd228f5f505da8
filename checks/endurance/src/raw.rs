//! A peer without the library: a socket, the greeting, and frames by hand.
//!
//! It does what a library would not: it sends half of things, reads nothing, or holds ten
//! thousand connections with no thread. The bytes are those of the protocol page.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use cconn::nommee;
use cconn::traits::Message as _;

/// What any peer's window may be at most, bytes of commands.
const WINDOW: u64 = 16 << 20;

/// Largest frame that this peer takes.
const MAX_FRAME: u32 = 1 << 20;

const CALL: u8 = 2;
const CANCEL: u8 = 6;
pub(crate) const ANSWER: u8 = 3;
pub(crate) const ONE_WAY: u8 = 1;

/// How long any read may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A greeted connection, or one about to be.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
}

/// The greeting of a client with that window.
pub(crate) fn greeting(window: u64) -> Vec<u8> {
    let mut bytes = b"cconn\r\n\0".to_vec();
    let max_frame = MAX_FRAME.min(u32::try_from(window / 2 - 64).unwrap_or(MAX_FRAME));
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(18_u16.to_le_bytes());
    bytes.extend([0, 1, 0, 0]);
    bytes.extend(max_frame.to_le_bytes());
    bytes.extend(window.to_le_bytes());
    bytes.extend(0_u16.to_le_bytes());
    bytes
}

impl Raw {
    /// Connects and sends the greeting.
    pub(crate) fn connect(server: SocketAddr) -> io::Result<Raw> {
        Raw::connect_with(server, WINDOW)
    }

    pub(crate) fn connect_with(server: SocketAddr, window: u64) -> io::Result<Raw> {
        let mut raw = Raw::mute(server)?;
        raw.stream.write_all(&greeting(window))?;
        Ok(raw)
    }

    /// Connects and says nothing.
    pub(crate) fn mute(server: SocketAddr) -> io::Result<Raw> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Raw { stream })
    }

    /// Reads the server's greeting: whether it accepts.
    pub(crate) fn is_accepted(&mut self) -> io::Result<bool> {
        let mut head = [0; 12];
        self.stream.read_exact(&mut head)?;
        let mut rest = vec![0; usize::from(u16::from_le_bytes([head[10], head[11]]))];
        self.stream.read_exact(&mut rest)?;
        Ok(rest[2] == 0)
    }

    /// Sends a call of a command by name, at depth 0.
    pub(crate) fn call(&mut self, id: u64, name: &str, body: &[u8]) -> io::Result<()> {
        self.stream.write_all(&call(id, name, body))
    }

    /// Gives a call up.
    pub(crate) fn cancel(&mut self, id: u64) -> io::Result<()> {
        let mut content = vec![CANCEL];
        content.extend(id.to_le_bytes());
        self.stream.write_all(&framed(&content))
    }

    /// Reads a whole frame, without its length.
    pub(crate) fn frame(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_le_bytes(length) as usize];
        self.stream.read_exact(&mut frame)?;
        Ok(frame)
    }
}

/// A call's frame. The name's arguments stand in `body` as the codec writes them.
pub(crate) fn call(id: u64, name: &str, body: &[u8]) -> Vec<u8> {
    let mut content = vec![CALL, 0];
    content.extend(id.to_le_bytes());
    content.extend(nommee(name, ()).entete().hash().to_le_bytes());
    content.extend(0_u32.to_le_bytes());
    content.extend(body);
    framed(&content)
}

fn framed(content: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(content.len()).expect("frames are small").to_le_bytes().to_vec();
    frame.extend(content);
    frame
}

/// A number as the codec writes it.
pub(crate) fn number(n: u32) -> Vec<u8> {
    match u8::try_from(n) {
        Ok(small @ ..251) => vec![small],
        _ => [&[252][..], &n.to_le_bytes()].concat(),
    }
}
