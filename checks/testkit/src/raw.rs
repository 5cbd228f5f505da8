//! A peer that says exactly the bytes it is told to: for tests of what bad bytes lead to.
//!
//! It knows the protocol page and none of cconn's own types, so that a mistake on one side is not
//! made on the other too.

mod flood;
mod frames;

pub use flood::Flood;
pub use frames::{
    Greeting, adieu, answer, call, cancel, credit, end, failure, frame, grant, hash, items,
    one_way, progress, record, retrait, user_error, with_context,
};

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Longest wait for bytes of the other side: far beyond what any of these tests takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of a greeting's head, and of its fields.
const HEAD: usize = 12;
const FIELDS: usize = 30;

/// One connection, raw.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
}

/// A frame that came from the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the protocol page")]
pub enum Seen {
    OneWay { command: u64, body: Vec<u8> },
    Call { id: u64, command: u64, body: Vec<u8> },
    Answer { id: u64, body: Vec<u8> },
    UserError { id: u64, body: Vec<u8> },
    Failure { id: u64, command: u64, code: u16, text: String },
    Cancel { id: u64 },
    Grant { class: u8, bytes: u64 },
    Items { id: u64, lane: u8, rest: Vec<u8> },
    End { id: u64, lane: u8, how: u8, rest: Vec<u8> },
    Credit { id: u64, lane: u8, bytes: u32 },
    Progress { id: u64, done: u64, total: u64, text: String },
    Retrait,
    Adieu { reason: u16, text: String },
}

impl Raw {
    /// Connects, and says nothing.
    ///
    /// # Panics
    /// If nobody listens there.
    #[must_use]
    pub fn connect(address: SocketAddr) -> Raw {
        Raw::over(TcpStream::connect(address).expect("somebody listens there"))
    }

    /// Connects, and says nothing; fails where a crowd's member may.
    ///
    /// # Errors
    /// If nobody listens there, or no connection can be had.
    pub fn try_connect(address: SocketAddr) -> io::Result<Raw> {
        TcpStream::connect(address).map(Raw::over)
    }

    /// Reads the server's greeting: whether it accepts.
    ///
    /// # Errors
    /// If the server says none.
    pub fn is_accepted(&mut self) -> io::Result<bool> {
        let mut head = [0; HEAD];
        self.stream.read_exact(&mut head)?;
        let mut rest = vec![0; usize::from(u16::from_le_bytes([head[10], head[11]]))];
        self.stream.read_exact(&mut rest)?;
        Ok(rest.get(2) == Some(&0))
    }

    /// Reads a whole frame, without its length.
    ///
    /// # Errors
    /// If the stream ends before it does.
    pub fn frame(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_le_bytes(length) as usize];
        self.stream.read_exact(&mut frame)?;
        Ok(frame)
    }

    /// How long any read may take from now on.
    ///
    /// # Panics
    /// If the system refuses it.
    pub fn set_patience(&self, patience: Duration) {
        self.stream.set_read_timeout(Some(patience)).expect("a timeout can be set");
    }

    /// The connection itself, for what no other method does.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Connects as a client does, and reads the server's greeting.
    ///
    /// # Panics
    /// If the server does not accept.
    #[must_use]
    pub fn client(address: SocketAddr) -> Raw {
        Raw::client_with(address, &Greeting::client())
    }

    /// The same, with that greeting.
    ///
    /// # Panics
    /// If the server does not accept.
    #[must_use]
    pub fn client_with(address: SocketAddr, greeting: &Greeting) -> Raw {
        let mut raw = Raw::connect(address);
        raw.send(&greeting.bytes());
        let answer = raw.greeting();
        assert_eq!(answer[14], 0, "accepted");
        raw
    }

    /// Takes the next connection of a listener, and says nothing.
    ///
    /// # Panics
    /// If nobody connects.
    #[must_use]
    pub fn accept(listener: &TcpListener) -> Raw {
        Raw::over(listener.accept().expect("somebody connects").0)
    }

    /// Takes a connection as it is.
    ///
    /// # Panics
    /// If the system refuses its settings.
    #[must_use]
    pub fn over(stream: TcpStream) -> Raw {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("delays can be switched off");
        Raw { stream }
    }

    /// This side's address.
    ///
    /// # Panics
    /// If the system does not know it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.stream.local_addr().expect("a connection has an address")
    }

    /// Sends those bytes. That the other side has gone already changes nothing.
    pub fn send(&mut self, bytes: &[u8]) {
        let _gone = self.stream.write_all(bytes);
    }

    /// Ends this direction of the stream.
    pub fn end(&mut self) {
        let _gone = self.stream.shutdown(Shutdown::Write);
    }

    /// The other side's greeting up to the end of its text: what an older peer looks at.
    ///
    /// # Panics
    /// If it is no greeting of version 1.
    pub fn greeting(&mut self) -> Vec<u8> {
        let (greeting, _records) = self.whole_greeting();
        greeting
    }

    /// The other side's greeting up to the end of its text, and the records behind it.
    ///
    /// # Panics
    /// If it is no greeting of version 1.
    pub fn whole_greeting(&mut self) -> (Vec<u8>, Vec<u8>) {
        greeting(&mut self.stream)
    }

    /// All frames until the end of the stream.
    ///
    /// # Panics
    /// If nothing comes for five seconds, or what comes is no frame of the page.
    pub fn rest(&mut self) -> Vec<Seen> {
        self.by_ref().collect()
    }

    /// Whether that many bytes came; not if the stream ended before the first. A reset is an end:
    /// it is what a closed socket makes of bytes that it has not read.
    fn read(&mut self, bytes: &mut [u8]) -> bool {
        match self.stream.read_exact(bytes) {
            Ok(()) => true,
            Err(error) if is_end(&error) => false,
            Err(error) => panic!("the other side neither answers nor closes: {error}"),
        }
    }
}

/// The frames that come, until the end of the stream.
impl Iterator for Raw {
    type Item = Seen;

    fn next(&mut self) -> Option<Seen> {
        let mut prefix = [0; 4];
        if !self.read(&mut prefix) {
            return None;
        }
        let mut frame = vec![0; u32::from_le_bytes(prefix) as usize];
        assert!(self.read(&mut frame), "the stream ends inside a frame");
        Some(frames::parse(&frame))
    }
}

/// Reads a greeting: up to the end of its text, and the records behind it.
///
/// # Panics
/// If it is no greeting of version 1.
pub fn greeting(stream: &mut impl Read) -> (Vec<u8>, Vec<u8>) {
    let mut bytes = vec![0; HEAD];
    stream.read_exact(&mut bytes).expect("a greeting comes");
    assert!(bytes.starts_with(b"cconn\r\n\0\x01\0"), "{bytes:02x?}");
    let length = usize::from(u16::from_le_bytes([bytes[10], bytes[11]]));
    bytes.resize(HEAD + length, 0);
    stream.read_exact(&mut bytes[HEAD..]).expect("the rest comes");
    let text = usize::from(u16::from_le_bytes([bytes[28], bytes[29]]));
    let records = bytes.split_off(FIELDS + text);
    (bytes, records)
}

/// Of what a side says that proves a secret: how long its greeting is, and the proof behind that.
///
/// # Panics
/// If there is less.
#[must_use]
pub fn opening(said: &[u8]) -> (usize, usize) {
    let greeting = HEAD + usize::from(u16::from_le_bytes([said[10], said[11]]));
    let length = said[greeting..].first_chunk().expect("a message follows");
    (greeting, 4 + u32::from_le_bytes(*length) as usize)
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset)
}
