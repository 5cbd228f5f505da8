//! A relay of one connection that writes down what passes, and may change a byte of it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

/// What is done to the bytes of one direction, at the place `at`, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are places, bits and bytes")]
pub enum Change {
    /// That bit, 0 to 7, becomes the other one.
    Flip { at: usize, bit: u8 },
    /// The byte there is left out.
    Drop { at: usize },
    /// This byte comes before the one there.
    Insert { at: usize, byte: u8 },
    /// The byte there comes twice.
    Double { at: usize },
    /// The byte there and the next change places.
    Swap { at: usize },
    /// Nothing comes from there on.
    Truncate { at: usize },
}

/// What one direction has carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// What came from its sender.
    pub taken: Vec<u8>,
    /// What went on to its receiver.
    pub given: Vec<u8>,
}

/// One direction as it goes on.
#[derive(Debug)]
struct Lane {
    change: Option<Change>,
    carried: Carried,
    /// The byte that changes places with the next.
    held: Option<u8>,
    /// How much has gone on or is about to.
    passed: Arc<AtomicUsize>,
}

impl Lane {
    fn new(change: Option<Change>, passed: Arc<AtomicUsize>) -> Lane {
        Lane { change, carried: Carried::default(), held: None, passed }
    }

    /// Takes a piece in; what goes on of it, and whether anything may come behind it.
    fn pass(&mut self, piece: &[u8]) -> (Vec<u8>, bool) {
        let mut out = Vec::with_capacity(piece.len() + 1);
        for byte in piece {
            if self.change == Some(Change::Truncate { at: self.carried.taken.len() }) {
                return (out, false);
            }
            self.pass_byte(*byte, &mut out);
        }
        (out, true)
    }

    fn pass_byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        let here = self.carried.taken.len();
        self.carried.taken.push(byte);
        match self.change {
            Some(Change::Flip { at, bit }) if at == here => out.push(byte ^ (1 << bit)),
            Some(Change::Drop { at }) if at == here => {}
            Some(Change::Insert { at, byte: more }) if at == here => out.extend([more, byte]),
            Some(Change::Double { at }) if at == here => out.extend([byte, byte]),
            Some(Change::Swap { at }) if at == here => self.held = Some(byte),
            _ => {
                out.push(byte);
                out.extend(self.held.take());
            }
        }
    }

    fn run(mut self, mut from: TcpStream, mut to: TcpStream) -> Carried {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            let (out, goes_on) = self.pass(&piece[..length]);
            self.passed.fetch_add(out.len(), Ordering::SeqCst);
            if to.write_all(&out).is_err() {
                break;
            }
            self.carried.given.extend(out);
            if !goes_on {
                break;
            }
        }
        let _gone = to.shutdown(Shutdown::Write);
        self.carried
    }
}

/// A relay of the next connection to its address.
#[derive(Debug)]
pub struct Relay {
    /// Where a client connects.
    pub address: SocketAddr,
    passed: [Arc<AtomicUsize>; 2],
    thread: JoinHandle<[Carried; 2]>,
}

impl Relay {
    /// A relay to that server, which makes these changes on the way to it and from it.
    ///
    /// # Panics
    /// If no port can be had. A server that is gone ends the relay's thread.
    #[must_use]
    pub fn start(server: SocketAddr, to: Option<Change>, from: Option<Change>) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let passed: [Arc<AtomicUsize>; 2] = Default::default();
        let [to, from] = [(to, &passed[0]), (from, &passed[1])]
            .map(|(change, passed)| Lane::new(change, passed.clone()));
        let thread = thread::spawn(move || {
            let client = listener.accept().expect("a client comes").0;
            let server = TcpStream::connect(server).expect("the server listens");
            for stream in [&client, &server] {
                stream.set_nodelay(true).expect("delays can be switched off");
            }
            let copy = |stream: &TcpStream| stream.try_clone().expect("a descriptor");
            let (client_too, server_too) = (copy(&client), copy(&server));
            let up = thread::spawn(move || to.run(client_too, server_too));
            let down = from.run(server, client);
            [up.join().expect("a lane does not panic"), down]
        });
        Relay { address, passed, thread }
    }

    /// How many bytes have gone on so far, or are about to: to the server, and from it.
    #[must_use]
    pub fn passed(&self) -> [usize; 2] {
        [0, 1].map(|way| self.passed[way].load(Ordering::SeqCst))
    }

    /// Waits until both sides have ended; what went to the server, and what came from it.
    ///
    /// # Panics
    /// If the server was gone.
    #[must_use]
    pub fn finish(self) -> [Carried; 2] {
        self.thread.join().expect("the relay does not panic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of `abc`, in pieces of one byte and in one.
    fn changed(change: Change) -> String {
        let results = [1, 3].map(|length| {
            let mut lane = Lane::new(Some(change), Arc::default());
            let pieces = b"abc".chunks(length);
            let out: Vec<u8> = pieces.flat_map(|piece| lane.pass(piece).0).collect();
            String::from_utf8(out).unwrap()
        });
        assert_eq!(results[0], results[1]);
        results[0].clone()
    }

    #[test]
    fn each_change_is_made_wherever_the_pieces_end() {
        assert_eq!(changed(Change::Flip { at: 1, bit: 0 }), "acc");
        assert_eq!(changed(Change::Drop { at: 0 }), "bc");
        assert_eq!(changed(Change::Insert { at: 2, byte: b'-' }), "ab-c");
        assert_eq!(changed(Change::Double { at: 2 }), "abcc");
        assert_eq!(changed(Change::Swap { at: 1 }), "acb");
        assert_eq!(changed(Change::Flip { at: 3, bit: 0 }), "abc");
    }

    #[test]
    fn nothing_goes_on_from_where_it_is_cut() {
        let mut lane = Lane::new(Some(Change::Truncate { at: 2 }), Arc::default());
        assert_eq!(lane.pass(b"abc"), (b"ab".to_vec(), false));
    }
}
