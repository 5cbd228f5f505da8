//! Tests of what every TCP stream does, whichever way it waits.

use std::io::{IoSlice, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::*;
use crate::sync::Deadline;
use crate::transport::Transport;

/// Longer than anything here takes unless it hangs.
const LONG: Duration = Duration::from_secs(10);

const READABLE: Ready = Ready { readable: true, writable: false };
const WRITABLE: Ready = Ready { readable: false, writable: true };
const BOTH: Ready = Ready { readable: true, writable: true };

/// Our end, and the peer's end as a plain socket.
fn pair() -> (Arc<Socket>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hers = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let ours = Socket::accepted(listener.accept().unwrap().0, LONG);
    (Arc::new(ours), hers)
}

fn within(time: Duration) -> Deadline {
    Deadline::After(time)
}

fn moment(time: Duration) -> Option<Instant> {
    Instant::now().checked_add(time)
}

fn recv(ours: &Socket, time: Duration) -> io::Result<Vec<u8>> {
    let mut buf = Vec::with_capacity(100);
    ours.recv(&mut buf, &mut within(time)).map(|n| {
        assert_eq!(n, buf.len());
        buf
    })
}

fn fill(ours: &Socket) {
    let bytes = vec![7; 1 << 20];
    let time = Duration::from_millis(20);
    let mut taken = Instant::now();
    loop {
        match ours.try_send(&[IoSlice::new(&bytes)]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                // The system may still be moving bytes to the peer's side. If the peer has ended
                // its side, a system may call the full socket ready.
                let found = ours.poll(WRITABLE, moment(time)).unwrap();
                if found == NEITHER || taken.elapsed() >= time {
                    return;
                }
            }
            sent => {
                assert!(sent.unwrap() > 0);
                taken = Instant::now();
            }
        }
    }
}

const NEITHER: Ready = Ready { readable: false, writable: false };

/// Starts a thread that waits, and gives it time to fall asleep.
fn asleep<T: Send + 'static>(
    ours: &Arc<Socket>,
    wait: impl FnOnce(&Socket) -> T + Send + 'static,
) -> JoinHandle<T> {
    let ours = ours.clone();
    let thread = thread::spawn(move || wait(&ours));
    thread::sleep(Duration::from_millis(10));
    thread
}

#[test]
fn each_bit_of_readiness_counts_alone() {
    for bit in PollFlags::IN.iter() {
        assert_eq!(found_ready(bit), READABLE, "{bit:?}");
    }
    for bit in PollFlags::OUT.iter() {
        assert_eq!(found_ready(bit), WRITABLE, "{bit:?}");
    }
    assert_eq!(found_ready(PollFlags::IN | PollFlags::OUT), BOTH);
    assert_eq!(found_ready(PollFlags::ERR), BOTH);
    assert_eq!(found_ready(PollFlags::NVAL), BOTH);
    assert_eq!(found_ready(PollFlags::empty()), NEITHER);
    // The input has ended, though nothing has been received.
    assert!(found_ready(PollFlags::HUP).readable);
    assert_eq!(found_ready(PollFlags::HUP).writable, !cfg!(windows));
}

#[test]
fn a_receive_ends_with_bytes_with_the_end_or_at_its_deadline() {
    let (ours, mut hers) = pair();
    for millis in [0, 1, 30, 120] {
        let (time, begin) = (Duration::from_millis(millis), Instant::now());
        let error = recv(&ours, time).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
        assert!(begin.elapsed() >= time, "{time:?}: {:?}", begin.elapsed());
    }
    hers.write_all(b"early").unwrap();
    assert_eq!(recv(&ours, LONG).unwrap(), b"early");
    let waiting = asleep(&ours, |ours| recv(ours, LONG));
    hers.write_all(b"late").unwrap();
    assert_eq!(waiting.join().unwrap().unwrap(), b"late");
    let waiting = asleep(&ours, |ours| recv(ours, LONG));
    hers.shutdown(Shutdown::Write).unwrap();
    assert_eq!(waiting.join().unwrap().unwrap(), b"");
    assert_eq!(recv(&ours, LONG).unwrap(), b"");
}

#[test]
fn a_look_never_waits() {
    let (ours, mut hers) = pair();
    let mut buf = Vec::with_capacity(100);
    let nothing = ours.try_recv(&mut buf).unwrap_err();
    assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
    hers.write_all(b"x").unwrap();
    assert!(ours.poll(READABLE, moment(LONG)).unwrap().readable);
    assert_eq!(ours.try_recv(&mut buf).unwrap(), 1);
    drop(hers);
    assert!(ours.poll(READABLE, moment(LONG)).unwrap().readable);
    assert_eq!(ours.try_recv(&mut buf).unwrap(), 0);
}

#[test]
fn a_shutdown_wakes_whoever_waits() {
    let waits: [fn(&Socket) -> bool; 5] = [
        |ours| recv(ours, LONG).is_ok_and(|bytes| bytes.is_empty()),
        |ours| {
            let mut buf = Vec::with_capacity(1);
            ours.recv(&mut buf, &mut Deadline::Never).is_ok_and(|n| n == 0)
        },
        |ours| ours.poll(READABLE, None).is_ok_and(|ready| ready.readable),
        |ours| ours.poll(WRITABLE, None).is_ok_and(|ready| ready.writable),
        |ours| ours.poll(BOTH, moment(LONG)).is_ok_and(|ready| ready.readable),
    ];
    for (which, wait) in waits.into_iter().enumerate() {
        let (ours, _hers) = pair();
        fill(&ours);
        let (begin, waiting) = (Instant::now(), asleep(&ours, wait));
        ours.shutdown();
        assert!(waiting.join().unwrap(), "wait {which} was not told of the end");
        assert!(begin.elapsed() < LONG, "wait {which} was not woken");
    }
}

#[test]
fn after_a_shutdown_what_has_arrived_can_be_received_and_nothing_sent() {
    for waits in [true, false] {
        let (ours, mut hers) = pair();
        hers.write_all(b"last words").unwrap();
        assert!(ours.poll(READABLE, moment(LONG)).unwrap().readable);
        ours.shutdown();
        if waits {
            assert_eq!(recv(&ours, LONG).unwrap(), b"last words");
            assert_eq!(recv(&ours, LONG).unwrap(), b"");
        } else {
            let mut buf = Vec::with_capacity(100);
            assert_eq!(ours.try_recv(&mut buf).unwrap(), 10);
            assert_eq!(ours.try_recv(&mut buf).unwrap(), 0);
        }
        let sent = ours.try_send(&[IoSlice::new(b"x")]).unwrap_err();
        assert_eq!(sent.kind(), io::ErrorKind::BrokenPipe, "{sent}");
        // The peer sees the end though this side still has its socket.
        hers.set_read_timeout(Some(LONG)).unwrap();
        assert_eq!(hers.read_to_end(&mut Vec::new()).unwrap(), 0);
    }
}

#[test]
fn the_end_of_sending_leaves_the_other_direction_open() {
    let (ours, mut hers) = pair();
    assert_eq!(ours.try_send_last(&[IoSlice::new(b"by"), IoSlice::new(b"e")]).unwrap(), 3);
    ours.shutdown_write();
    let mut heard = Vec::new();
    hers.set_read_timeout(Some(LONG)).unwrap();
    hers.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, b"bye");
    hers.write_all(b"bye too").unwrap();
    assert_eq!(recv(&ours, LONG).unwrap(), b"bye too");
    let sent = ours.try_send(&[IoSlice::new(b"x")]).unwrap_err();
    assert_eq!(sent.kind(), io::ErrorKind::BrokenPipe, "{sent}");
}

#[test]
fn a_full_socket_is_not_ready_to_write_though_the_peer_has_ended_its_side() {
    let (ours, mut hers) = pair();
    fill(&ours);
    hers.shutdown(Shutdown::Write).unwrap();
    assert!(ours.poll(READABLE, moment(LONG)).unwrap().readable);
    let (time, start) = (Duration::from_millis(100), Instant::now());
    let (mut begin, mut polls) = (start, 0);
    while begin.elapsed() < time {
        assert!(start.elapsed() < LONG, "it takes ever more");
        // A system may call the socket ready, but not all the time.
        if ours.poll(WRITABLE, begin.checked_add(time)).unwrap().writable {
            let sent = ours.try_send(&[IoSlice::new(b"x")]);
            if sent.is_ok() {
                // It was not full yet: bytes were still on their way to the peer's side.
                fill(&ours);
                (begin, polls) = (Instant::now(), 0);
                continue;
            }
            assert_eq!(sent.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
        polls += 1;
    }
    assert!(polls < 30, "{polls} polls in {time:?}");
    // Once the peer takes bytes again, more can be sent.
    let reader = thread::spawn(move || hers.read(&mut vec![0; 1 << 22]).unwrap());
    let begin = Instant::now();
    while ours.try_send(&[IoSlice::new(b"x")]).is_err() {
        assert!(begin.elapsed() < LONG && ours.poll(WRITABLE, moment(LONG)).unwrap().writable);
        thread::yield_now();
        if reader.is_finished() && begin.elapsed() > Duration::from_secs(1) {
            break;
        }
    }
    assert!(reader.join().unwrap() > 0);
}

#[test]
fn huge_sends_are_taken_in_part_and_in_order() {
    let (ours, mut hers) = pair();
    let bytes: Vec<u8> = (0..=250).cycle().take(24 << 20).collect();
    let (front, back) = bytes.split_at(3 << 20);
    let small: Vec<IoSlice<'_>> = front.chunks(10_000).map(IoSlice::new).collect();
    let all = bytes.len();
    let reader = thread::spawn(move || {
        let mut heard = vec![0; all];
        hers.read_exact(&mut heard).unwrap();
        heard
    });
    let mut sent = 0;
    while sent < all {
        let rest = &bytes[sent..];
        let parts = if sent == 0 { &small[..] } else { &[IoSlice::new(rest)] };
        match ours.try_send(parts) {
            Ok(n) => {
                assert!(n > 0 && n < back.len(), "{n} bytes at once");
                sent += n;
            }
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}");
                assert!(ours.poll(WRITABLE, moment(LONG)).unwrap().writable);
            }
        }
    }
    assert!(reader.join().unwrap() == bytes, "other bytes came than were sent");
}

#[test]
fn empty_parts_hold_nothing_up() {
    let (ours, mut hers) = pair();
    let (large, none) = (vec![7; 2 << 20], IoSlice::new(&[]));
    for parts in [
        &[none, IoSlice::new(b"x")][..],
        &[none, none, IoSlice::new(&large)],
        &[none, IoSlice::new(b"y"), none, IoSlice::new(&large), none],
    ] {
        let sent = ours.try_send(parts).unwrap();
        assert!(sent > 0, "nothing was sent of {} parts", parts.len());
        hers.read_exact(&mut vec![0; sent]).unwrap();
    }
}

#[test]
fn a_peer_that_has_gone_is_noticed_without_reading() {
    for unread in [&b""[..], b"half a frame"] {
        let (ours, mut hers) = pair();
        assert_eq!(ours.is_peer_gone(), Some(false));
        hers.write_all(unread).unwrap();
        drop(hers);
        let begin = Instant::now();
        assert!(ours.poll(READABLE, moment(LONG)).unwrap().readable);
        // The end may arrive a moment after the bytes.
        while ours.is_peer_gone() == Some(false) {
            assert!(begin.elapsed() < LONG, "{unread:?}");
            thread::yield_now();
        }
        assert_eq!(recv(&ours, LONG).unwrap(), unread);
        // Once they are read, no system is in doubt.
        while ours.is_peer_gone() != Some(true) {
            assert!(begin.elapsed() < LONG, "{unread:?}");
            thread::yield_now();
        }
    }
}

#[test]
fn each_end_is_named_as_the_other_names_it() {
    let (ours, hers) = pair();
    let hers = Socket::new(hers);
    let [left, right] = ours.ends().unwrap();
    assert_eq!(hers.ends(), Some([right, left]));
}
