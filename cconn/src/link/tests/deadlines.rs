//! Deadlines towards a peer that reads nothing: how long a thread still writes once its wait is
//! over.

use std::io::{self, IoSlice};
use std::task::Waker;

use super::limits::Nothing;
use super::*;
use crate::transport::{Input, Ready};

const DEADLINE: Duration = Duration::from_millis(100);

/// The polls of a stream: when each began, and until when it may last.
type Polls = Arc<Mutex<Vec<(Instant, Instant)>>>;

/// A stream that notes its polls.
struct Noted(Memory, Polls);

impl Transport for Noted {
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        self.0.recv(buf, deadline)
    }

    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.0.try_recv(buf)
    }

    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_send(parts)
    }

    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready> {
        self.1.lock().unwrap().push((Instant::now(), deadline.unwrap()));
        self.0.poll(wanted, deadline)
    }

    fn input(&self, waker: &Waker) -> Input<'_> {
        self.0.input(waker)
    }

    fn shutdown_write(&self) {
        self.0.shutdown_write();
    }

    fn shutdown(&self) {
        self.0.shutdown();
    }
}

/// Whether no write of `wait` is waited for longer than the deadline that begins with the first.
fn keeps_its_deadline(wait: impl Fn(&Arc<Link>) -> Result<Answer, Failure>) {
    let (left, _right) = Memory::pair(100);
    let polls = Polls::default();
    let limits = Limits { write_deadline: Duration::from_secs(1000), ..small() };
    let io = Arc::new(Noted(left, polls.clone()));
    let client = watched_end(io, &limits, Vec::new(), None);
    let answer = wait(&client.link);
    let late = matches!(answer, Err(Failure::Late { phase: WaitedFor::Answer(_), .. }));
    assert!(late, "{answer:?}");
    let polls = polls.lock().unwrap();
    let last = polls[0].0 + DEADLINE;
    assert!(polls.iter().all(|(_, until)| *until <= last), "{polls:?}");
}

fn large(link: &Link) -> Outgoing<&'static [u8]> {
    frame(link, ECHO, &[0; 1000], true).unwrap()
}

#[test]
fn the_wait_for_a_deferred_call_with_streams_keeps_its_deadline() {
    keeps_its_deadline(|link| {
        let call = link.try_defer(&mut large(link)).unwrap();
        link.wait_out_fed(call, Deadline::After(DEADLINE))
    });
}

#[test]
fn a_call_with_streams_keeps_its_deadline() {
    keeps_its_deadline(|link| {
        let arguments = Arguments::new(vec![Box::new(Nothing)]);
        link.call_fed(&mut large(link), Deadline::After(DEADLINE), arguments, (false, None))
    });
}

#[test]
fn a_call_without_streams_keeps_its_deadline() {
    keeps_its_deadline(|link| link.call(&mut large(link), Deadline::After(DEADLINE)));
    keeps_its_deadline(|link| {
        let call = link.try_defer(&mut large(link)).unwrap();
        link.wait_out(call, Deadline::After(DEADLINE))
    });
}
