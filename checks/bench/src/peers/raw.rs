//! *raw*, and beside it *raw-unix* and *raw-tls*: the floors. Blocking sockets, a thread for each
//! connection, no library but rustls where it is encrypted. What carries the bytes: see `carrier`.
//!
//! Messages have the sizes of cconn's frames for the same work, each is one system call to write,
//! and one to read unless it is larger than the socket takes. Small ones have a fixed size; echoes
//! have a length in front, and buffers that are used again. What a message means follows from the
//! work, which both sides know: there is no dispatch.

mod carrier;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::drive::blocking::{self, Connection};
use crate::drive::{A, B, FIRST, SUM, Source, Tally, check_echo, payload, repeat_until};
use crate::laps::Laps;
use crate::outcome::{Outcome, expect};
use crate::peer::{Budget, Figure, Kind, Peer, Server};
use crate::session::Session;
use crate::work::Work;

use carrier::{Carrier, Stream};
pub(crate) use carrier::{Tcp, Tls, Unix};

/// Bytes of a call: a frame of cconn's with two small numbers.
pub(super) const CALL: usize = 28;
/// Bytes of an answer: a frame of cconn's with one small number.
pub(super) const ANSWER: usize = 14;
/// Bytes of an item of a stream: its length, and one large number.
pub(super) const ITEM: usize = 10;
/// Bytes of a message without an answer.
pub(super) const MESSAGE: usize = 20;

pub(crate) struct Raw<C>(pub(crate) C);

impl<C: Carrier> Peer for Raw<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn kind(&self) -> Kind {
        Kind::Floor
    }

    fn has(&self, work: Work) -> bool {
        C::has(work)
    }

    fn serve(&self, work: Work) -> Outcome<Box<dyn Server>> {
        let (listener, port) = C::listen()?;
        let (send, reversed) = channel();
        let audience = Audience::<C>::default();
        let joined = Arc::clone(&audience);
        thread::spawn(move || -> Outcome<()> {
            loop {
                take::<C>(work, C::accept(&listener)?, &send, &joined)?;
            }
        });
        Ok(Box::new(RawServer::<C> { port, reversed, caller: None, audience }))
    }

    fn measure(&self, work: Work, session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
        if work == Work::Listening {
            return blocking::without_listening::<RawConnection<C>>(session, budget);
        }
        blocking::measure::<RawConnection<C>>(work, session, budget)
    }
}

/// Who gets broadcasts.
type Audience<C> = Arc<Mutex<Vec<<C as Carrier>::Accepted>>>;

fn take<C: Carrier>(
    work: Work,
    mut stream: C::Accepted,
    reversed: &Sender<C::Accepted>,
    audience: &Audience<C>,
) -> Outcome<()> {
    if work == Work::Reverse {
        return Ok(reversed.send(stream).map_err(|_| "nobody asks for the client")?);
    }
    if work == Work::Broadcast {
        audience.lock().unwrap_or_else(PoisonError::into_inner).push(stream.share()?);
    }
    thread::Builder::new().spawn(move || serve_one(work, &mut stream))?;
    Ok(())
}

struct RawServer<C: Carrier> {
    port: u16,
    reversed: Receiver<C::Accepted>,
    caller: Option<C::Accepted>,
    audience: Audience<C>,
}

impl<C: Carrier> Server for RawServer<C> {
    fn port(&self) -> u16 {
        self.port
    }

    fn reverse(&mut self, budget: Duration) -> Outcome<f64> {
        let mut stream = match self.caller.take() {
            Some(stream) => stream,
            None => self.reversed.recv()?,
        };
        let mut laps = Laps::start(budget);
        while laps.goes_on() {
            expect(&call(&mut stream, A, B)?, &SUM)?;
            laps.lap();
        }
        self.caller = Some(stream);
        Ok(laps.finish().percentile(0.50))
    }

    fn broadcast(&mut self) -> Outcome<usize> {
        let mut audience = self.audience.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in audience.iter_mut() {
            stream.write_all(&[0; MESSAGE])?;
        }
        Ok(audience.len())
    }
}

/// One connection on the server's side, until it ends.
fn serve_one(work: Work, stream: &mut impl Stream) {
    // However it ends, its client sees it.
    let _ = match work {
        Work::OneWay => serve_messages(stream),
        Work::Echo(bytes) => serve_echo(stream, bytes),
        Work::Nested => serve_nested(stream),
        Work::Stream => serve_numbers(stream),
        Work::Octets(bytes) => serve_octets(stream, bytes),
        _ => serve_calls(stream),
    };
}

fn serve_calls(stream: &mut impl Stream) -> Outcome<()> {
    let mut request = [0; CALL];
    loop {
        stream.read_exact(&mut request)?;
        stream.write_all(&answer_to(&request))?;
    }
}

fn serve_nested(stream: &mut impl Stream) -> Outcome<()> {
    let mut request = [0; CALL];
    loop {
        stream.read_exact(&mut request)?;
        stream.write_all(&request)?;
        let mut answer = [0; ANSWER];
        stream.read_exact(&mut answer)?;
        stream.write_all(&answer)?;
    }
}

fn serve_messages(stream: &mut impl Stream) -> Outcome<()> {
    let mut message = [0; MESSAGE];
    let mut count = 0;
    loop {
        stream.read_exact(&mut message)?;
        if let Some(answer) = take_message(&message, &mut count) {
            stream.write_all(&answer)?;
        }
    }
}

fn serve_numbers(stream: &mut impl Stream) -> Outcome<()> {
    stream.read_exact(&mut [0; CALL])?;
    for number in FIRST.. {
        stream.write_all(&number_item(number))?;
    }
    Ok(())
}

fn serve_octets(stream: &mut impl Stream, bytes: usize) -> Outcome<()> {
    stream.read_exact(&mut [0; CALL])?;
    let mut source = Source(payload(bytes));
    let mut buffer = vec![0; PREFIX + bytes];
    buffer[..PREFIX].copy_from_slice(&u32::try_from(bytes)?.to_le_bytes());
    loop {
        source.read_exact(&mut buffer[PREFIX..])?;
        stream.write_all(&buffer)?;
    }
}

fn serve_echo(stream: &mut impl Stream, bytes: usize) -> Outcome<()> {
    let mut buffer = vec![0; PREFIX + bytes];
    loop {
        let size = read_prefixed(stream, &mut buffer)?;
        stream.write_all(&buffer[..size])?;
    }
}

/// Bytes of the length in front of an echo.
const PREFIX: usize = 4;
/// Bytes of the smaller of the large payloads.
const LARGE: usize = 64 << 10;

/// Reads a whole message, in as few calls as the socket allows: its size, prefix included.
fn read_prefixed(stream: &mut impl Stream, buffer: &mut [u8]) -> Outcome<usize> {
    let mut have = 0;
    let mut want = PREFIX;
    while have < want {
        let read = stream.read(&mut buffer[have..])?;
        if read == 0 {
            return Err("the connection has ended".into());
        }
        have += read;
        if let (true, Some(prefix)) = (have >= PREFIX, buffer.first_chunk()) {
            want = PREFIX + u32::from_le_bytes(*prefix) as usize;
        }
    }
    Ok(want)
}

pub(super) fn call_frame(a: i64, b: i64) -> [u8; CALL] {
    let mut frame = [0; CALL];
    frame[12..20].copy_from_slice(&a.to_le_bytes());
    frame[20..28].copy_from_slice(&b.to_le_bytes());
    frame
}

pub(super) fn answer_to(call: &[u8; CALL]) -> [u8; ANSWER] {
    answer(number_at(call, 12) + number_at(call, 20))
}

fn answer(number: i64) -> [u8; ANSWER] {
    let mut frame = [0; ANSWER];
    frame[6..].copy_from_slice(&number.to_le_bytes());
    frame
}

pub(super) fn number_item(number: u64) -> [u8; ITEM] {
    let mut item = [9; ITEM];
    item[2..].copy_from_slice(&number.to_le_bytes());
    item
}

pub(super) fn number_in(item: &[u8; ITEM]) -> u64 {
    item[2..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn number_at(frame: &[u8], at: usize) -> i64 {
    frame[at..].first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
}

pub(super) fn sum_in(answer: &[u8; ANSWER]) -> i64 {
    number_at(answer, 6)
}

/// A message without an answer. To the last one the server answers how many it has taken.
pub(super) fn message_frame(a: i64, b: i64, is_last: bool) -> [u8; MESSAGE] {
    let mut frame = [0; MESSAGE];
    frame[0] = u8::from(is_last);
    frame[4..12].copy_from_slice(&a.to_le_bytes());
    frame[12..].copy_from_slice(&b.to_le_bytes());
    frame
}

/// Counts a message, as a handler would; the answer to it if it is the last.
pub(super) fn take_message(message: &[u8; MESSAGE], count: &mut i64) -> Option<[u8; ANSWER]> {
    *count += i64::from(number_at(message, 4) + number_at(message, 12) == SUM);
    (message[0] != 0).then(|| answer(std::mem::take(count)))
}

fn call(stream: &mut impl Stream, a: i64, b: i64) -> Outcome<i64> {
    stream.write_all(&call_frame(a, b))?;
    read_answer(stream)
}

fn read_answer(stream: &mut impl Stream) -> Outcome<i64> {
    let mut answer = [0; ANSWER];
    stream.read_exact(&mut answer)?;
    Ok(sum_in(&answer))
}

struct RawConnection<C: Carrier> {
    stream: C::Connected,
    buffer: Vec<u8>,
}

impl<C: Carrier> Connection for RawConnection<C> {
    fn connect(address: SocketAddr) -> Outcome<Self> {
        Ok(RawConnection { stream: C::connect(address)?, buffer: Vec::new() })
    }

    fn somme(&mut self, a: i64, b: i64) -> Outcome<i64> {
        call(&mut self.stream, a, b)
    }

    /// A number there and back: the least that a stream of one number can take.
    fn first(&mut self, laps: &mut Laps) -> Outcome<()> {
        expect(&self.somme(A, B)?, &SUM)?;
        laps.lap();
        Ok(())
    }

    fn echo(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.buffer.resize(PREFIX + bytes.len(), 0);
        self.buffer[..PREFIX].copy_from_slice(&u32::try_from(bytes.len())?.to_le_bytes());
        self.buffer[PREFIX..].copy_from_slice(bytes);
        self.stream.write_all(&self.buffer)?;
        let size = read_prefixed(&mut self.stream, &mut self.buffer)?;
        check_echo(bytes, &self.buffer[PREFIX..size])
    }

    fn nested(&mut self, a: i64, b: i64) -> Outcome<i64> {
        let mut request = [0; CALL];
        self.stream.write_all(&call_frame(a, b))?;
        self.stream.read_exact(&mut request)?;
        self.stream.write_all(&answer_to(&request))?;
        read_answer(&mut self.stream)
    }

    fn pipelined(&mut self, depth: usize, until: Instant) -> Outcome<u64> {
        for _ in 0..depth {
            self.stream.write_all(&call_frame(A, B))?;
        }
        let count = repeat_until(until, || {
            expect(&read_answer(&mut self.stream)?, &SUM)?;
            Ok(self.stream.write_all(&call_frame(A, B))?)
        })?;
        for _ in 0..depth {
            expect(&read_answer(&mut self.stream)?, &SUM)?;
        }
        Ok(count + depth as u64)
    }

    fn one_way(&mut self, until: Instant) -> Outcome<u64> {
        let send = || Ok(self.stream.write_all(&message_frame(A, B, false))?);
        let count = 1 + repeat_until(until, send)?;
        self.stream.write_all(&message_frame(A, B, true))?;
        expect(&read_answer(&mut self.stream)?, &i64::try_from(count)?)?;
        Ok(count)
    }

    fn stream(mut self, until: Instant) -> Outcome<u64> {
        self.stream.write_all(&call_frame(A, B))?;
        let mut next = FIRST;
        repeat_until(until, || {
            let mut item = [0; ITEM];
            self.stream.read_exact(&mut item)?;
            expect(&number_in(&item), &next)?;
            next += 1;
            Ok(())
        })
    }

    fn octets(mut self, bytes: usize, until: Instant) -> Outcome<u64> {
        self.stream.write_all(&call_frame(A, B))?;
        let sent = payload(bytes);
        self.buffer.resize(PREFIX + bytes, 0);
        let mut count = 0;
        while Instant::now() < until {
            // No byte of the next piece is read with this one.
            self.stream.read_exact(&mut self.buffer)?;
            check_echo(&sent, &self.buffer[PREFIX..])?;
            count += 1;
        }
        Ok(count)
    }

    /// Calls or messages, as the server's work has it: their sizes tell.
    fn listen(mut self, messages: Arc<Tally>) -> Outcome<()> {
        let mut buffer = [0; CALL];
        loop {
            match self.stream.read(&mut buffer)? {
                0 => return Ok(()),
                MESSAGE => messages.count(),
                CALL => self.stream.write_all(&answer_to(&buffer))?,
                size => return Err(format!("a message of {size} bytes").into()),
            }
        }
    }
}
