//! A proxy on the loopback that spoils connections: delays, slices, slows down, cuts.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::net::sockopt;

use crate::host::spawn;
use testkit::Dice;

/// Bytes read at once.
const CHUNK: usize = 16 << 10;

/// The longest that a pump waits for a peer that takes nothing.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Both sides see the end of the stream.
    End,
    /// Both sides see a reset.
    Reset,
}

/// What happens to the bytes of one direction.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// After that many bytes the whole connection is cut.
    pub(crate) cut: Option<(u64, Cut)>,
    /// Chunks are sliced into random pieces of at most so many bytes.
    pub(crate) slice: usize,
    /// Before each piece there is a pause of less than so many microseconds.
    pub(crate) pause: u64,
    pub(crate) dice: Dice,
}

impl Way {
    /// Leaves the bytes as they are.
    pub(crate) fn clear() -> Way {
        Way { cut: None, slice: CHUNK, pause: 0, dice: Dice::new(0) }
    }
}

/// Both directions: to the server, and from it.
pub(crate) type Ways = (Way, Way);

/// Accepts until it is dropped; what it has accepted lives on.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A proxy to that server; `plan` says what happens to each connection, by its number.
    pub(crate) fn start(
        server: SocketAddr,
        mut plan: impl FnMut(u64) -> Ways + Send + 'static,
    ) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let over = Arc::new(AtomicBool::new(false));
        let ends = over.clone();
        let thread = spawn("proxy", move || {
            for number in 0.. {
                let accepted = listener.accept();
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                if let (Ok((client, _)), Ok(server)) = (accepted, TcpStream::connect(server)) {
                    join(client, server, plan(number));
                }
            }
        });
        Proxy { address, over, thread: Some(thread) }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is over.
        let _woken = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// Starts the two pumps of a connection.
fn join(client: TcpStream, server: TcpStream, (to, from): Ways) {
    for stream in [&client, &server] {
        // A stream without these settings is slower, and no more.
        let _unset = stream.set_nodelay(true);
        let _unset = stream.set_write_timeout(Some(PATIENCE));
    }
    let (client, server) = (Arc::new(client), Arc::new(server));
    let (left, right) = (client.clone(), server.clone());
    spawn("pump", move || pump(&left, &right, to));
    spawn("pump", move || pump(&server, &client, from));
}

fn pump(from: &TcpStream, to: &TcpStream, mut way: Way) {
    let mut buf = [0; CHUNK];
    loop {
        let n = match { from }.read(&mut buf) {
            Ok(n @ 1..) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Ok(_) | Err(_) => break,
        };
        if !way.forward(&buf[..n], from, to) {
            return;
        }
    }
    // An end is an end to both; what comes the other way is still forwarded.
    let _gone = to.shutdown(Shutdown::Write);
}

impl Way {
    /// Forwards a chunk; false once the connection is cut.
    fn forward(&mut self, mut chunk: &[u8], from: &TcpStream, mut to: &TcpStream) -> bool {
        while !chunk.is_empty() {
            let mut piece = (1 + self.dice.size(self.slice)).min(chunk.len());
            if let Some((left, cut)) = &mut self.cut {
                piece = piece.min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= piece as u64;
                if piece == 0 {
                    sever(from, to, *cut);
                    return false;
                }
            }
            if self.pause > 0 {
                thread::sleep(self.dice.micros(self.pause));
            }
            if to.write_all(&chunk[..piece]).is_err() {
                // The reader is gone: its side is told by the other pump. Bytes that nobody
                // reads would make closing a reset.
                let _gone = from.shutdown(Shutdown::Read);
                return false;
            }
            chunk = &chunk[piece..];
        }
        true
    }
}

/// Cuts both sides of a connection.
fn sever(from: &TcpStream, to: &TcpStream, cut: Cut) {
    for stream in [from, to] {
        let _gone = match cut {
            Cut::End => stream.shutdown(Shutdown::Both),
            Cut::Reset => {
                let _unset = sockopt::set_socket_linger(stream, Some(Duration::ZERO));
                // Ends the other pump, with which the last descriptor goes: that is the reset.
                stream.shutdown(Shutdown::Read)
            }
        };
    }
}
