//! Two ends of a connection in one process, driven from the callers' side.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::unnecessary_wraps,
    reason = "tests overflow aloud, and their deadlines are always there"
)]

mod attack;
mod faults;
mod hostile;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::sync::Deadline;
use crate::transport::{Memory, Tcp, configure};
use crate::wire::{self, EndReason, FailureCode};

/// Commands by number; the arguments and answers are plain bytes.
const ECHO: u64 = 1;
const NEST: u64 = 2;
const NOTE: u64 = 3;
const SLOW: u64 = 4;
const STOP: u64 = 5;
const LARGE: u64 = 6;
const PARALLEL: u64 = 7;
const CLOSE: u64 = 8;

#[derive(Default)]
struct Commands {
    ran: AtomicU64,
    notes: Mutex<Vec<u64>>,
    notices: Mutex<Vec<FailureCode>>,
}

impl Dispatch for Commands {
    fn runner<'a>(&'a self, lien: &'a Arc<Lien>) -> Box<dyn Runner + 'a> {
        Box::new(|incoming: &Incoming<'_>, out: &mut Vec<u8>| self.run(lien, incoming, out))
    }

    fn notice(&self, _: &Arc<Lien>, notice: &Notice) {
        self.notices.lock().unwrap().push(notice.code);
    }

    fn is_parallel(&self, command: u64) -> bool {
        command == PARALLEL
    }
}

impl Commands {
    fn run(&self, lien: &Arc<Lien>, incoming: &Incoming<'_>, out: &mut Vec<u8>) -> Outcome {
        self.ran.fetch_add(1, Ordering::SeqCst);
        match incoming.command {
            ECHO => out.extend(incoming.body),
            NEST => return nest(lien, incoming.body, out),
            NOTE => {
                let number = u64::from_le_bytes(incoming.body.try_into().unwrap());
                self.notes.lock().unwrap().push(number);
            }
            SLOW | PARALLEL => {
                let deadline = Instant::now() + Duration::from_secs(5);
                while incoming.body.is_empty() && !Lien::is_cancelled() {
                    assert!(Instant::now() < deadline, "never cancelled");
                    std::thread::yield_now();
                }
            }
            STOP => assert_eq!(lien.stop(None), Stopped::Begun),
            LARGE => out.resize(100_000, 7),
            CLOSE => lien.close(EndReason::Closed, ""),
            _ => return Outcome::Failure(FailureCode::UnknownCommand),
        }
        Outcome::Answer
    }
}

/// Calls back as often as the first byte says.
fn nest(lien: &Arc<Lien>, body: &[u8], out: &mut Vec<u8>) -> Outcome {
    let Some(left) = body.first().copied().filter(|left| *left > 0) else {
        return Outcome::Answer;
    };
    match call(lien, NEST, &[left - 1]) {
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

fn frame(lien: &Lien, command: u64, body: &[u8], is_call: bool) -> Result<Vec<u8>, Failure> {
    let mut frame = Vec::new();
    let depth = lien.depth()?;
    let begin = if is_call { wire::begin_call } else { wire::begin_one_way };
    let start = begin(&mut frame, depth, command, 0);
    frame.extend(body);
    wire::finish_with(&mut frame, start, 0);
    Ok(frame)
}

fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(10))
}

fn call(lien: &Lien, command: u64, body: &[u8]) -> Result<Answer, Failure> {
    lien.call((&mut frame(lien, command, body, true)?).into(), body.len(), soon())
}

fn send(lien: &Lien, command: u64, body: &[u8]) -> Result<(), Failure> {
    lien.send(&mut frame(lien, command, body, false)?, body.len(), soon())
}

fn value(answer: Result<Answer, Failure>) -> Vec<u8> {
    match answer {
        Ok(Answer::Value(bytes)) => bytes.as_slice().to_vec(),
        other => panic!("{other:?}"),
    }
}

struct End {
    lien: Arc<Lien>,
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
    let peer = PeerLimits { max_frame: limits.max_frame, window: limits.window };
    let lien = Lien::new(Parts {
        io,
        commands: commands.clone(),
        limits: Arc::new(limits.clone()),
        peer,
        watch,
        identity: Identity::of_client(1, None),
        ends_with_handles: false,
        rest,
    });
    End { lien, commands }
}

fn tcp_pair() -> (Arc<dyn Transport>, Arc<dyn Transport>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let left = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let right = listener.accept().unwrap().0;
    (Arc::new(Tcp::new(left)), Arc::new(Tcp::new(right)))
}

/// A pair of ends; the second runs an executor on a thread of its own.
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
    let lien = end.lien.clone();
    std::thread::spawn(move || {
        assert!(lien.execute());
        lien.linger();
    });
}

fn pair() -> (End, End) {
    pair_with(&Limits::default(), None)
}

fn small() -> Limits {
    Limits { max_frame: 4096, window: smallest_window(4096), high_water: 2048, ..Limits::default() }
}

#[test]
fn a_call_is_answered() {
    let (client, server) = pair();
    assert_eq!(value(call(&client.lien, ECHO, b"bonjour")), b"bonjour");
    assert_eq!(client.lien.stop(soon()), Stopped::Ended);
    assert!(matches!(*server.lien.ending().unwrap(), Ending::Finished));
    assert!(matches!(*client.lien.ending().unwrap(), Ending::Finished));
}

#[test]
fn one_ways_run_in_order_before_an_orderly_end() {
    for memory in [None, Some(64)] {
        let (client, server) = pair_with(&small(), memory);
        for number in 0..2000_u64 {
            send(&client.lien, NOTE, &number.to_le_bytes()).unwrap();
        }
        assert_eq!(client.lien.stop(soon()), Stopped::Ended);
        assert_eq!(*server.commands.notes.lock().unwrap(), (0..2000).collect::<Vec<_>>());
    }
}

#[test]
fn handlers_call_back_to_the_depth_limit_and_not_beyond() {
    for listening in [true, false] {
        let (client, _server) = pair();
        if listening {
            execute(&client);
        }
        assert_eq!(value(call(&client.lien, NEST, &[31])).len(), 31);
        let answer = call(&client.lien, NEST, &[40]).unwrap();
        assert!(
            matches!(&answer, Answer::Failure { code: FailureCode::Handler, .. }),
            "{answer:?}"
        );
        assert_eq!(value(call(&client.lien, ECHO, b"x")), b"x", "the connection lives");
    }
}

#[test]
fn many_threads_on_one_connection_both_ways() {
    for memory in [None, Some(100)] {
        let (client, server) = pair_with(&small(), memory);
        execute(&client);
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let lien = if thread % 2 == 0 { &client.lien } else { &server.lien };
                scope.spawn(move || {
                    for n in 0..100_u64 {
                        let body = vec![thread as u8; (n as usize * 37) % 3000];
                        assert_eq!(value(call(lien, ECHO, &body)), body);
                        send(lien, NOTE, &n.to_le_bytes()).unwrap();
                    }
                });
            }
        });
        assert_eq!(client.lien.stop(soon()), Stopped::Ended);
        assert_eq!(server.commands.notes.lock().unwrap().len(), 4 * 100);
        assert_eq!(client.commands.notes.lock().unwrap().len(), 4 * 100);
    }
}

#[test]
fn a_deadline_ends_a_call_and_cancels_it() {
    let (client, server) = pair();
    let mut slow = frame(&client.lien, SLOW, &[], true).unwrap();
    let deadline = Some(Instant::now() + Duration::from_millis(50));
    let failure = client.lien.call((&mut slow).into(), 0, deadline).unwrap_err();
    assert!(
        matches!(failure, Failure::Late { phase: Phase::Answer, may_have_run: true }),
        "{failure:?}"
    );
    // The handler ends because the cancel reaches it, and the late answer is dropped.
    assert_eq!(value(call(&client.lien, ECHO, b"x")), b"x");
    assert_eq!(server.commands.ran.load(Ordering::SeqCst), 2);
    assert_eq!(client.lien.lock().calls.late, 1);
}

#[test]
fn limits_of_size_hold_on_both_sides() {
    let (client, _server) = pair_with(&small(), None);
    let body = vec![0; 4096 - 22];
    assert_eq!(value(call(&client.lien, ECHO, &body)).len(), body.len());
    let body = vec![0; 4096 - 21];
    let failure = call(&client.lien, ECHO, &body).unwrap_err();
    assert!(matches!(failure, Failure::TooLarge { size: 4097, limit: 4096 }), "{failure:?}");
    let answer = call(&client.lien, LARGE, &[]).unwrap();
    assert!(matches!(answer, Answer::Failure { code: FailureCode::AnswerTooLarge, .. }));
    assert_eq!(value(call(&client.lien, ECHO, b"x")), b"x", "the connection lives");
}

#[test]
fn the_end_of_the_peer_ends_every_wait() {
    let (left, right) = tcp_pair();
    let client = end(left, &Limits::default());
    let waiting = {
        let lien = client.lien.clone();
        std::thread::spawn(move || call(&lien, ECHO, b"x"))
    };
    let mut buf = Vec::with_capacity(100);
    right.recv(&mut buf, &mut Deadline::Never).unwrap();
    drop(right);
    let failure = waiting.join().unwrap().unwrap_err();
    assert!(matches!(failure, Failure::Ended { may_have_run: true, .. }), "{failure:?}");
    let failure = call(&client.lien, ECHO, b"x").unwrap_err();
    assert!(matches!(failure, Failure::Ended { may_have_run: false, .. }), "{failure:?}");
}

#[test]
fn stop_and_close_work_from_inside_a_command() {
    let (client, server) = pair();
    assert_eq!(value(call(&client.lien, STOP, &[])), b"");
    assert_eq!(client.lien.stop(soon()), Stopped::Ended);
    assert!(server.lien.ending().unwrap().is_orderly());

    let (client, _server) = pair();
    let failure = call(&client.lien, CLOSE, &[]).unwrap_err();
    let Failure::Ended { ending, may_have_run: true } = failure else { panic!("{failure:?}") };
    assert!(matches!(*ending, Ending::Peer { reason: EndReason::Closed, .. }));
}

#[test]
fn failures_of_one_ways_come_back_as_notices() {
    let (client, _server) = pair();
    send(&client.lien, 999, &[]).unwrap();
    assert_eq!(value(call(&client.lien, ECHO, b"x")), b"x");
    client.lien.stop(soon());
    assert_eq!(*client.commands.notices.lock().unwrap(), [FailureCode::UnknownCommand]);
}

#[test]
fn what_a_notice_keeps_of_a_long_text_is_bounded() {
    let (left, right) = Memory::pair(100_000);
    let client = end(Arc::new(left), &small());
    let mut bytes = Vec::new();
    wire::write_failure(&mut bytes, None, NOTE, FailureCode::Handler, "");
    bytes.resize(bytes.len() + 4000, b'x');
    let length = (bytes.len() - wire::LENGTH_PREFIX) as u32;
    bytes.splice(..wire::LENGTH_PREFIX, length.to_le_bytes());
    right.try_send(&[std::io::IoSlice::new(&bytes)]).unwrap();
    let mut state = client.lien.lock();
    while state.turn.is_queue_empty() {
        let inbox = state.take_helm().unwrap();
        (state, _) = client.lien.read_pass(state, inbox, &mut soon().into(), route::Router::Runs);
    }
    let Some(turn::Work::Notice(notice)) = state.turn.start(turn::Runner::Executor) else {
        panic!("no notice")
    };
    assert_eq!(notice.text.len(), wire::MAX_TEXT);
}

#[test]
fn parallel_commands_do_not_hold_up_others() {
    let (client, _server) = pair();
    let mut slow = frame(&client.lien, PARALLEL, &[], true).unwrap();
    let pending = client.lien.defer(&mut slow, 0, soon()).unwrap();
    assert_eq!(value(call(&client.lien, ECHO, b"x")), b"x");
    assert!(!client.lien.is_ready(pending));
    client.lien.give_up(pending);
    assert_eq!(client.lien.stop(soon()), Stopped::Ended);
}

#[test]
fn deferred_calls_are_answered_in_any_order_of_waiting() {
    let (client, _server) = pair();
    let calls: Vec<_> = (0..100_u8)
        .map(|n| {
            let mut frame = frame(&client.lien, ECHO, &[n], true).unwrap();
            client.lien.defer(&mut frame, 1, soon()).unwrap()
        })
        .collect();
    for (n, pending) in calls.into_iter().enumerate().rev() {
        assert_eq!(value(client.lien.wait_for(pending, soon())), [n as u8]);
    }
}

#[test]
fn bytes_that_make_no_sense_end_the_connection_with_a_reason_on_both_sides() {
    let (left, right) = tcp_pair();
    let client = end(left, &Limits::default());
    execute(&client);
    right.try_send(&[std::io::IoSlice::new(&[1, 0, 0, 0, 99])]).unwrap();
    let mut buf = Vec::with_capacity(1000);
    right.recv(&mut buf, &mut Deadline::Never).unwrap();
    let said = wire::parse(&buf[4..]).unwrap();
    assert!(matches!(said, wire::Frame::Adieu { reason: EndReason::Protocol, .. }), "{said:?}");
    let ending = client.lien.ending().unwrap();
    assert!(matches!(*ending, Ending::Here { reason: EndReason::Protocol, .. }));
}

/// Retrait, one note, adieu and the end of the stream, from a peer that is written by hand.
fn leave_with_a_note(peer: &Memory) {
    let mut bytes = Vec::new();
    wire::write_retrait(&mut bytes);
    let start = wire::begin_one_way(&mut bytes, 0, NOTE, 0);
    bytes.extend(7_u64.to_le_bytes());
    wire::finish_with(&mut bytes, start, 0);
    wire::write_adieu(&mut bytes, EndReason::Finished, "");
    peer.try_send(&[std::io::IoSlice::new(&bytes)]).unwrap();
    peer.shutdown_write();
}

#[test]
fn what_came_before_adieu_and_the_end_of_the_stream_still_runs() {
    let (left, right) = Memory::pair(1000);
    let client = end(Arc::new(left), &small());
    // The peer says `adieu` when it has had our `retrait`.
    client.lien.begin_stop();
    leave_with_a_note(&right);
    client.lien.execute();
    assert_eq!(*client.commands.notes.lock().unwrap(), [7]);
    assert!(matches!(*client.lien.ending().unwrap(), Ending::Finished));
}

/// A thread that waits for window; it ends with why it got none. The peer is written by hand.
fn wait_for_window() -> (End, Memory, std::thread::JoinHandle<Failure>) {
    let (left, right) = Memory::pair(20_000);
    let client = end(Arc::new(left), &small());
    let lien = client.lien.clone();
    let sending = std::thread::spawn(move || {
        loop {
            if let Err(failure) = send(&lien, NOTE, &[0; 1000]) {
                return failure;
            }
        }
    });
    // The pipe has room for all that the window lets through: who reads waits for window.
    while client.lien.lock().inbox.is_some() {
        std::thread::yield_now();
    }
    (client, right, sending)
}

#[test]
fn a_wait_for_window_ends_with_a_stop() {
    let (_client, right, sending) = wait_for_window();
    let mut bytes = Vec::new();
    wire::write_retrait(&mut bytes);
    right.try_send(&[std::io::IoSlice::new(&bytes)]).unwrap();
    let failure = sending.join().unwrap();
    assert!(matches!(failure, Failure::Stopping), "{failure:?}");
}

#[test]
fn two_full_windows_with_nobody_listening_get_on() {
    let limits = small();
    let (left, right) = Memory::pair(20_000);
    let ends = [end(Arc::new(left), &limits), end(Arc::new(right), &limits)];
    let sent = [AtomicU64::new(0), AtomicU64::new(0)];
    // Several times what the window takes.
    let enough = 8 * limits.window / 1000;
    std::thread::scope(|scope| {
        for (end, sent) in ends.iter().zip(&sent) {
            scope.spawn(|| {
                while send(&end.lien, ECHO, &[0; 1000]).is_ok() {
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let deadline = soon();
        while sent.iter().any(|sent| sent.load(Ordering::SeqCst) < enough) {
            assert!(!wait::is_past(deadline), "both wait for the other: {sent:?}");
            std::thread::yield_now();
        }
        for end in &ends {
            end.lien.close(EndReason::Closed, "");
        }
    });
}

#[test]
fn commands_that_came_with_the_greeting_are_run() {
    let (left, right) = tcp_pair();
    let client = end(left, &Limits::default());
    let call = {
        let mut frame = frame(&client.lien, ECHO, b"early", true).unwrap();
        let call = client.lien.defer(&mut frame, 5, soon()).unwrap();
        let mut rest = Vec::with_capacity(1000);
        right.recv(&mut rest, &mut Deadline::Never).unwrap();
        let server = end_with(right, &Limits::default(), rest);
        execute(&server);
        call
    };
    assert_eq!(value(client.lien.wait_for(call, soon())), b"early");
}

#[test]
fn where_no_thread_can_be_had_any_number_of_commands_is_refused() {
    // No such stack exists, so that no stand-in can be started.
    let limits = Limits { stack: Some(1 << 60), ..Limits::default() };
    let (client, _server) = pair_with(&limits, Some(1 << 20));
    let calls: Vec<_> = (0..10_000)
        .map(|_| {
            let mut frame = frame(&client.lien, PARALLEL, b"x", true).unwrap();
            client.lien.defer(&mut frame, 1, soon()).unwrap()
        })
        .collect();
    for call in calls {
        let answer = client.lien.wait_for(call, soon()).unwrap();
        let code = FailureCode::NoResources;
        assert!(matches!(answer, Answer::Failure { code: c, .. } if c == code), "{answer:?}");
    }
}

#[test]
fn who_reads_an_ended_connection_out_is_woken_by_whoever_read_before() {
    let (left, _right) = tcp_pair();
    let client = end(left, &Limits::default());
    // A reader that the end of the connection met in the middle of a read.
    let inbox = client.lien.lock().inbox.take().unwrap();
    client.lien.close(EndReason::Closed, "");
    let deadline = soon();
    let drain = {
        let lien = client.lien.clone();
        std::thread::spawn(move || lien.drain(deadline))
    };
    while !client.lien.lock().sleepers.any(|sleep| sleep == sleepers::Sleep::End) {
        std::thread::yield_now();
    }
    let mut state = client.lien.lock();
    state.end_input(Ending::vanished());
    state.put_helm(inbox);
    drop(state);
    drain.join().unwrap();
    assert!(deadline > Some(Instant::now()), "it slept until its deadline");
}

#[test]
fn a_close_ends_a_call_that_reads_from_a_silent_peer() {
    let (left, _silent) = tcp_pair();
    let forever = Duration::from_secs(1_000_000);
    let client = end(left, &Limits { linger: forever, ..Limits::default() });
    let deadline = soon();
    let caller = {
        let lien = client.lien.clone();
        let mut frame = frame(&client.lien, ECHO, b"x", true).unwrap();
        std::thread::spawn(move || lien.call((&mut frame).into(), 1, deadline))
    };
    while client.lien.lock().inbox.is_some() {
        std::thread::yield_now();
    }
    client.lien.close(EndReason::Closed, "");
    let failure = caller.join().unwrap().unwrap_err();
    assert!(matches!(failure, Failure::Ended { may_have_run: true, .. }), "{failure:?}");
    assert!(deadline > Some(Instant::now()), "it read until its deadline");
}

#[test]
fn a_call_that_goes_out_with_the_goodbye_may_have_run() {
    let (client, server) = pair();
    // Another thread is in the middle of a write, and leaves the last words to be said after it.
    client.lien.lock().flusher = true;
    let mut frame = frame(&client.lien, ECHO, b"x", true).unwrap();
    let call = client.lien.defer(&mut frame, 1, soon()).unwrap();
    client.lien.close(EndReason::Closed, "");
    let failure = client.lien.wait_for(call, soon()).unwrap_err();
    client.lien.lock().flusher = false;
    client.lien.say_goodbye();
    while server.lien.ending().is_none() {
        std::thread::yield_now();
    }
    let ran = server.commands.ran.load(Ordering::SeqCst);
    assert!(matches!(failure, Failure::Ended { may_have_run: true, .. }), "{failure:?}, ran {ran}");
}

#[test]
fn a_peer_that_takes_nothing_is_cut_however_short_each_call_is() {
    let (left, _right) = Memory::pair(100);
    let limits = Limits { write_deadline: Duration::from_millis(50), ..small() };
    let client = watched_end(Arc::new(left), &limits, Vec::new(), None).lien;
    let end = soon();
    while client.ending().is_none() && !wait::is_past(end) {
        let mut frame = frame(&client, ECHO, &[0; 200], true).unwrap();
        let deadline = Some(Instant::now() + Duration::from_millis(10));
        client.call((&mut frame).into(), 200, deadline).unwrap_err();
    }
    let ending = client.ending();
    let slow = |ending: &Ending| matches!(ending, Ending::Here { reason: EndReason::SlowPeer, .. });
    assert!(ending.as_deref().is_some_and(slow), "{ending:?}");
}

#[test]
fn what_came_before_adieu_runs_even_if_nothing_can_be_written() {
    let (left, right) = Memory::pair(1000);
    let client = watched_end(Arc::new(left), &small(), Vec::new(), None);
    client.lien.begin_stop();
    let mut bytes = Vec::new();
    wire::write_retrait(&mut bytes);
    for number in 0..3_u64 {
        let start = wire::begin_one_way(&mut bytes, 0, NOTE, 0);
        bytes.extend(number.to_le_bytes());
        wire::finish_with(&mut bytes, start, 0);
    }
    wire::write_adieu(&mut bytes, EndReason::Finished, "");
    right.try_send(&[std::io::IoSlice::new(&bytes)]).unwrap();
    drop(right);
    client.lien.execute();
    assert_eq!(*client.commands.notes.lock().unwrap(), [0, 1, 2]);
    assert!(matches!(*client.lien.ending().unwrap(), Ending::Finished));
}

#[test]
fn a_flush_handed_over_to_a_thread_whose_answer_comes_is_not_lost() {
    let (left, _right) = tcp_pair();
    let client = end(left, &Limits::default());
    let _reader_elsewhere = client.lien.lock().inbox.take().unwrap();
    let mut frame = frame(&client.lien, ECHO, b"x", true).unwrap();
    let call = client.lien.defer(&mut frame, 1, soon()).unwrap();
    let caller = {
        let lien = client.lien.clone();
        std::thread::spawn(move || lien.wait_for(call, soon()))
    };
    while !client.lien.lock().sleepers.any(|sleep| sleep == sleepers::Sleep::Answer(call)) {
        std::thread::yield_now();
    }
    let mut state = client.lien.lock();
    // What a flusher does that hands over, and what a reader does before the thread is awake.
    let parker = state.sleepers.take(|_| true).unwrap();
    state.due.wake(parker);
    state.append_with(|out| wire::write_cancel(out, wire::CallId(7)));
    state.calls.answer(call, Answer::Value(bytes::Bytes::copy(b"x")), 100);
    drop(state);
    assert_eq!(value(caller.join().unwrap()), b"x");
    assert!(!client.lien.lock().is_unflushed(), "nobody writes what was handed over");
}

#[test]
fn a_peer_that_does_not_read_is_cut_with_that_reason() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let left = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let _never_reads = listener.accept().unwrap();
    let limits = Limits { write_deadline: Duration::from_millis(300), ..Limits::default() };
    // With the options of a real connection, for the kernel has a deadline of its own.
    configure(&left, limits.write_deadline);
    let client = end(Arc::new(Tcp::new(left)), &limits);
    let body = vec![0; 1 << 20];
    while client.lien.ending().is_none() {
        let _ended = send(&client.lien, NOTE, &body);
    }
    let ending = client.lien.ending().unwrap();
    assert!(matches!(*ending, Ending::Here { reason: EndReason::SlowPeer, .. }), "{ending:?}");
}

/// Waits for what a quiet second does, at most two of them.
fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_quiet_second_after_a_burst_ends_the_buffers_of_both_sides() {
    let (client, server) = pair();
    client.lien.leave_helm();
    let kept = |end: &End| end.lien.lock().outbox.kept();
    let body = [7; 9000];
    let pending: Vec<_> = (0..50)
        .map(|_| {
            let mut frame = frame(&client.lien, ECHO, &body, true).unwrap();
            client.lien.defer(&mut frame, body.len(), soon()).unwrap()
        })
        .collect();
    for call in pending {
        assert_eq!(value(client.lien.wait_for(call, soon())), body);
    }
    assert!(kept(&client) > 1024, "what this test is about");
    for end in [&client, &server] {
        until("buffers are kept for ever", || kept(end) == 0);
    }
    let inbox = client.lien.lock().inbox.as_ref().map(|inbox| inbox.kept());
    assert!(inbox.is_some_and(|kept| kept <= 512), "{inbox:?}");
    assert_eq!(value(call(&client.lien, ECHO, b"x")), b"x", "the connection lives");
}
