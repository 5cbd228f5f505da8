//! Tests of two ends of a connection in one process, driven from the callers' side.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::unnecessary_wraps,
    reason = "tests overflow aloud, and their deadlines are always there"
)]

mod attack;
mod calls;
mod deadlines;
mod ends;
mod faults;
mod floods;
mod hostile;
mod latest;
mod limits;
mod overslept;
mod progress;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::sync::Deadline;
use crate::transport::{Memory, Socket, Transport, configure};
use crate::wire::{self, CallId, EndReason, FailureCode, Features, Frame, Outgoing, Start};

/// Commands by number; arguments and answers are plain bytes.
const ECHO: u64 = 1;
const NEST: u64 = 2;
const NOTE: u64 = 3;
const SLOW: u64 = 4;
const STOP: u64 = 5;
const LARGE: u64 = 6;
const PARALLEL: u64 = 7;
const CLOSE: u64 = 8;
const REPORT: u64 = 9;

#[derive(Default)]
struct Commands {
    ran: AtomicU64,
    notes: Mutex<Vec<u64>>,
    notices: Mutex<Vec<FailureCode>>,
}

impl Dispatch for Commands {
    fn runner<'a>(&'a self, link: &'a Arc<Link>) -> Box<dyn Runner + 'a> {
        Box::new(|incoming: &Incoming<'_>, out: &mut Vec<u8>| self.run(link, incoming, out))
    }

    fn notice(&self, _: &Arc<Link>, notice: &Notice) {
        self.notices.lock().unwrap().push(notice.code);
    }
}

impl Kinds for Commands {
    fn is_parallel(&self, command: u64) -> bool {
        command == PARALLEL
    }
}

impl Commands {
    fn run(&self, link: &Arc<Link>, incoming: &Incoming<'_>, out: &mut Vec<u8>) -> Outcome {
        self.ran.fetch_add(1, Ordering::SeqCst);
        match incoming.command {
            ECHO => out.extend(incoming.body),
            NEST => return nest(link, incoming.body, out),
            NOTE => {
                let number = u64::from_le_bytes(incoming.body.try_into().unwrap());
                self.notes.lock().unwrap().push(number);
            }
            SLOW | PARALLEL => {
                let deadline = Instant::now() + Duration::from_secs(5);
                while incoming.body.is_empty() && link.unwanted().is_none() {
                    assert!(Instant::now() < deadline, "never cancelled");
                    std::thread::yield_now();
                }
            }
            STOP => assert_eq!(link.stop(None), Stopped::Begun),
            REPORT => (1..=u64::from(incoming.body[0])).for_each(|done| {
                link.report(|| Report { done, total: 0, text: "".into() });
            }),
            LARGE => out.resize(100_000, 7),
            CLOSE => link.close(EndReason::Closed, ""),
            _ => return Outcome::Failure(FailureCode::UnknownCommand),
        }
        Outcome::Answer
    }
}

/// A command that calls back as many times as its first byte tells.
fn nest(link: &Arc<Link>, body: &[u8], out: &mut Vec<u8>) -> Outcome {
    let Some(left) = body.first().copied().filter(|left| *left > 0) else {
        return Outcome::Answer;
    };
    match call(link, NEST, &[left - 1]) {
        Ok(Answer::Value(bytes)) => {
            out.extend(bytes.as_slice());
            out.push(left);
            Outcome::Answer
        }
        Ok(_) => Outcome::Failure(FailureCode::Handler),
        Err(failure) => {
            out.extend(format!("{failure:?}").into_bytes());
            Outcome::Failure(FailureCode::Handler)
        }
    }
}

fn frame(
    link: &Link,
    command: u64,
    body: &[u8],
    is_call: bool,
) -> Result<Outgoing<&'static [u8]>, Failure> {
    let start = Start::plain(link.sends()?.0, command, 0);
    let mut frame = Outgoing::in_buffer(Vec::new());
    if is_call {
        frame.begin_call(start);
    } else {
        frame.begin_one_way(start);
    }
    frame.bytes.extend(body);
    frame.finish();
    Ok(frame)
}

/// The bytes of a note as a peer written by hand sends it.
fn note(number: u64) -> Vec<u8> {
    let (mut bytes, body) = (Vec::new(), &number.to_le_bytes()[..]);
    Frame::OneWay { depth: 0, command: NOTE, fingerprint: 0, context: None, body }
        .write(&mut bytes, Features::NONE);
    bytes
}

/// The bytes of an answer as a peer written by hand sends it.
fn answer_to(id: CallId, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Frame::Answer { id, body }.write(&mut bytes, Features::NONE);
    bytes
}

fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(10))
}

fn call(link: &Link, command: u64, body: &[u8]) -> Result<Answer, Failure> {
    link.call(&mut frame(link, command, body, true)?, soon())
}

fn send(link: &Link, command: u64, body: &[u8]) -> Result<(), Failure> {
    link.send(&mut frame(link, command, body, false)?, soon())
}

fn value(answer: Result<Answer, Failure>) -> Vec<u8> {
    match answer {
        Ok(Answer::Value(bytes)) => bytes.as_slice().to_vec(),
        other => panic!("{other:?}"),
    }
}

struct End {
    link: Arc<Link>,
    commands: Arc<Commands>,
}

fn end(io: Arc<dyn Transport>, limits: &Limits) -> End {
    end_with(io, limits, Vec::new())
}

fn end_with(io: Arc<dyn Transport>, limits: &Limits, rest: Vec<u8>) -> End {
    watched_end(io, limits, rest, Some(Watch::of_process()))
}

fn watched_end(
    io: Arc<dyn Transport>,
    limits: &Limits,
    rest: Vec<u8>,
    watch: Option<Arc<Watch>>,
) -> End {
    let commands = Arc::new(Commands::default());
    let (max_frame, window) = (limits.max_frame, limits.window);
    let peer = PeerLimits { max_frame, window, features: Features::OURS };
    let link = Link::new(Parts {
        io,
        commands: commands.clone(),
        limits: Arc::new(limits.clone()),
        peer,
        watch,
        identity: Identity::of_client(1, None),
        ends_with_handles: false,
        rest,
    });
    End { link, commands }
}

fn tcp_pair() -> (Arc<dyn Transport>, Arc<dyn Transport>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let left = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let right = listener.accept().unwrap().0;
    (Arc::new(Socket::new(left)), Arc::new(Socket::new(right)))
}

/// A pair of ends; the second one runs an executor on a thread of its own.
fn pair_with(limits: &Limits, memory: Option<usize>) -> (End, End) {
    let (left, right): (Arc<dyn Transport>, Arc<dyn Transport>) = match memory {
        Some(capacity) => {
            let (left, right) = Memory::pair(capacity);
            (Arc::new(left), Arc::new(right))
        }
        None => tcp_pair(),
    };
    let (client, server) = (end(left, limits), end(right, limits));
    execute(&server);
    (client, server)
}

fn execute(end: &End) {
    let link = end.link.clone();
    std::thread::spawn(move || {
        assert!(link.execute());
        link.linger();
    });
}

fn pair() -> (End, End) {
    pair_with(&Limits::default(), None)
}

fn small() -> Limits {
    Limits { max_frame: 4096, window: smallest_window(4096), high_water: 2048, ..Limits::default() }
}
