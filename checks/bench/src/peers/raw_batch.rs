//! *raw-batch*: the floor for many messages on one connection. Like *raw*, but 128 messages a
//! system call, and two such batches in flight.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

use super::raw::{
    ANSWER, CALL, ITEM, MESSAGE, answer_to, call_frame, message_frame, number_in, number_item,
    sum_in, take_message,
};
use crate::drive::blocking::{self, Connection};
use crate::drive::{A, B, BATCH, FIRST, SUM};
use crate::outcome::{Outcome, expect};
use crate::peer::{Budget, Figure, Kind, Peer, Server};
use crate::session::Session;
use crate::work::{Senders, Work};

pub(crate) struct RawBatch;

impl Peer for RawBatch {
    fn name(&self) -> &'static str {
        "raw-batch"
    }

    fn kind(&self) -> Kind {
        Kind::Floor
    }

    fn has(&self, work: Work) -> bool {
        matches!(work, Work::Pipelined(_) | Work::OneWay | Work::Stream)
    }

    fn serve(&self, work: Work) -> Outcome<Box<dyn Server>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream?;
                stream.set_nodelay(true)?;
                thread::spawn(move || match work {
                    Work::OneWay => serve_messages(&stream),
                    Work::Stream => serve_numbers(&stream),
                    _ => serve_calls(&stream),
                });
            }
            Outcome::Ok(())
        });
        Ok(Box::new(BatchServer { port }))
    }

    fn measure(&self, work: Work, session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
        blocking::measure::<BatchConnection>(work, session, budget)
    }
}

struct BatchServer {
    port: u16,
}

impl Server for BatchServer {
    fn port(&self) -> u16 {
        self.port
    }
}

fn serve_calls(mut stream: &TcpStream) -> Outcome<()> {
    let mut answers = Vec::with_capacity(BATCH * ANSWER);
    read_batches(stream, |call: &[u8; CALL], is_last_here| {
        answers.extend_from_slice(&answer_to(call));
        if is_last_here {
            stream.write_all(&answers)?;
            answers.clear();
        }
        Ok(())
    })
}

fn serve_messages(mut stream: &TcpStream) -> Outcome<()> {
    let mut count = 0;
    read_batches(stream, |message: &[u8; MESSAGE], _| {
        if let Some(answer) = take_message(message, &mut count) {
            stream.write_all(&answer)?;
        }
        Ok(())
    })
}

/// Encodes every number of a batch anew, as a library has to.
fn serve_numbers(mut stream: &TcpStream) -> Outcome<()> {
    stream.read_exact(&mut [0; CALL])?;
    let mut batch = Vec::with_capacity(BATCH * ITEM);
    let mut numbers = FIRST..;
    loop {
        batch.clear();
        numbers.by_ref().take(BATCH).for_each(|n| batch.extend_from_slice(&number_item(n)));
        stream.write_all(&batch)?;
    }
}

/// Reads up to a batch at once, and hands over each message, with whether it is the last that is
/// there.
fn read_batches<const SIZE: usize>(
    mut stream: &TcpStream,
    mut take: impl FnMut(&[u8; SIZE], bool) -> Outcome<()>,
) -> Outcome<()> {
    let mut buffer = vec![0; BATCH * SIZE];
    let mut have = 0;
    loop {
        let read = stream.read(&mut buffer[have..])?;
        if read == 0 {
            return Ok(());
        }
        have += read;
        let whole = have / SIZE;
        let (messages, _) = buffer[..whole * SIZE].as_chunks();
        for (at, message) in messages.iter().enumerate() {
            take(message, at + 1 == whole)?;
        }
        buffer.copy_within(whole * SIZE..have, 0);
        have -= whole * SIZE;
    }
}

struct BatchConnection(TcpStream);

impl BatchConnection {
    fn read_answers(&mut self, buffer: &mut [u8]) -> Outcome<u64> {
        self.0.read_exact(buffer)?;
        let (answers, _) = buffer.as_chunks();
        for answer in answers {
            expect(&sum_in(answer), &SUM)?;
        }
        Ok(answers.len() as u64)
    }
}

impl Connection for BatchConnection {
    fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(BatchConnection(stream))
    }

    fn somme(&mut self, _a: i64, _b: i64) -> Outcome<i64> {
        crate::outcome::unsupported()
    }

    /// Encodes every call of a batch anew, as a library has to.
    fn pipelined(&mut self, depth: usize, until: Instant) -> Outcome<u64> {
        let mut calls = Vec::with_capacity(BATCH * CALL);
        let mut answers = vec![0; BATCH * ANSWER];
        let mut send = |stream: &mut TcpStream| {
            calls.clear();
            (0..BATCH).for_each(|_| calls.extend_from_slice(&call_frame(A, B)));
            stream.write_all(&calls)
        };
        let in_flight = depth / BATCH;
        let mut count = 0;
        for _ in 0..in_flight {
            send(&mut self.0)?;
        }
        while Instant::now() < until {
            count += self.read_answers(&mut answers)?;
            send(&mut self.0)?;
        }
        for _ in 0..in_flight {
            count += self.read_answers(&mut answers)?;
        }
        Ok(count)
    }

    fn stream(mut self, until: Instant) -> Outcome<u64> {
        self.0.write_all(&call_frame(A, B))?;
        let mut batch = vec![0; BATCH * ITEM];
        let mut next = FIRST;
        while Instant::now() < until {
            self.0.read_exact(&mut batch)?;
            let (items, _) = batch.as_chunks();
            for item in items {
                expect(&number_in(item), &next)?;
                next += 1;
            }
        }
        Ok(next - FIRST)
    }

    /// Its one thread stands for any number: more of them can't be faster.
    fn pipelined_from(&mut self, _senders: Senders, until: Instant) -> Outcome<u64> {
        self.pipelined(2 * BATCH, until)
    }

    fn one_way(&mut self, until: Instant) -> Outcome<u64> {
        let mut batch = Vec::with_capacity(BATCH * MESSAGE);
        let mut count = 1;
        while Instant::now() < until {
            batch.clear();
            (0..BATCH).for_each(|_| batch.extend_from_slice(&message_frame(A, B, false)));
            self.0.write_all(&batch)?;
            count += i64::try_from(BATCH)?;
        }
        self.0.write_all(&message_frame(A, B, true))?;
        let mut answer = [0; ANSWER];
        self.0.read_exact(&mut answer)?;
        expect(&sum_in(&answer), &count)?;
        Ok(u64::try_from(count)?)
    }
}
