//! The floor: frames of bytes echoed by a thread over plain TCP, one write a frame.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// A connection to an echo of the same process, which ends with it.
pub(crate) struct Raw {
    stream: TcpStream,
    frame: Vec<u8>,
    answer: Vec<u8>,
}

/// Bytes of the length in front of a frame.
const PREFIX: usize = 4;

impl Raw {
    /// A connection whose frames have that many bytes behind their length.
    pub(crate) fn new(size: usize) -> io::Result<Raw> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let stream = TcpStream::connect(listener.local_addr()?)?;
        stream.set_nodelay(true)?;
        let (peer, _) = listener.accept()?;
        peer.set_nodelay(true)?;
        thread::spawn(move || echo(peer, size));
        let length = u32::try_from(size).map_err(io::Error::other)?;
        let mut frame = vec![7; PREFIX + size];
        frame[..PREFIX].copy_from_slice(&length.to_le_bytes());
        Ok(Raw { stream, answer: vec![0; frame.len()], frame })
    }

    /// One frame there and back.
    pub(crate) fn call(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.frame)?;
        self.stream.read_exact(&mut self.answer)
    }
}

/// Sends back what comes, until nothing does.
fn echo(mut stream: TcpStream, size: usize) -> io::Result<()> {
    let mut frame = vec![0; PREFIX + size];
    loop {
        stream.read_exact(&mut frame)?;
        stream.write_all(&frame)?;
    }
}
