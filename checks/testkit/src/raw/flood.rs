//! A client that keeps to the rules and sends as fast as it may.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Greeting, greeting};

/// Frames that are sent in one piece.
const BLOCK: usize = 500;

/// The two threads of a client that floods its server until the server ends the connection.
#[derive(Debug)]
pub struct Flood([JoinHandle<()>; 2]);

impl Flood {
    /// A client that sends that frame again and again, as far as its window allows, and reads what
    /// comes back. `charge`: what each frame counts against the window.
    ///
    /// # Panics
    /// If the server does not let it in.
    #[must_use]
    pub fn start(address: SocketAddr, frame: &[u8], charge: u64) -> Flood {
        let mut stream = TcpStream::connect(address).expect("somebody listens there");
        let hello = Greeting { window: 1 << 50, ..Greeting::client() };
        stream.write_all(&hello.bytes()).expect("the server takes a greeting");
        let (answer, _) = greeting(&mut stream);
        assert_eq!(answer[14], 0, "let in");
        let window = u64::from_le_bytes(answer[20..28].try_into().expect("8 bytes"));
        let granted = Arc::new(AtomicU64::new(window));
        let (block, grants) = (frame.repeat(BLOCK), granted.clone());
        let answers = stream.try_clone().expect("a descriptor");
        let reads = thread::spawn(move || read(answers, &grants));
        let sends = thread::spawn(move || send(stream, &block, charge * BLOCK as u64, &granted));
        Flood([reads, sends])
    }

    /// Waits for the end of the connection.
    ///
    /// # Panics
    /// If one of the threads did.
    pub fn join(self) {
        self.0.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
    }
}

/// Reads until the end, and notes what is granted. Many frames a system call: what a flood costs
/// shall be the server's cost.
fn read(answers: TcpStream, grants: &Arc<AtomicU64>) {
    let mut answers = BufReader::with_capacity(1 << 16, answers);
    let (mut prefix, mut frame) = ([0; 4], Vec::new());
    while answers.read_exact(&mut prefix).is_ok() {
        frame.resize(u32::from_le_bytes(prefix) as usize, 0);
        if answers.read_exact(&mut frame).is_err() {
            break;
        }
        if let [7, 0, bytes @ ..] = &*frame {
            let bytes = u64::from_le_bytes(bytes.try_into().expect("8 bytes"));
            grants.fetch_add(bytes, Ordering::Relaxed);
        }
    }
    let _gone = answers.get_ref().shutdown(Shutdown::Both);
}

/// Sends until nobody reads any more.
fn send(mut stream: TcpStream, block: &[u8], charge: u64, granted: &Arc<AtomicU64>) {
    let mut used = 0;
    while Arc::strong_count(granted) == 2 {
        if used + charge > granted.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_micros(100));
            continue;
        }
        used += charge;
        if stream.write_all(block).is_err() {
            break;
        }
    }
}
