//! The waits of a socket where threads poll.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use super::*;

fn pair() -> (Arc<Socket>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hers = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (Arc::new(Socket::new(listener.accept().unwrap().0)), hers)
}

#[test]
fn a_shutdown_is_noticed_without_a_bell() {
    let noticed = || {
        let (ours, _hers) = pair();
        ours.bell.set(None).unwrap();
        let (inside, begin) = (ours.clone(), Instant::now());
        let waiting = thread::spawn(move || {
            inside.recv(&mut Vec::with_capacity(8), &mut Deadline::Never).unwrap()
        });
        thread::sleep(Duration::from_millis(5));
        ours.shutdown();
        assert_eq!(waiting.join().unwrap(), 0);
        begin.elapsed()
    };
    // What else the machine does makes some tries longer, and not each of ten.
    assert!((0..10).any(|_| noticed() < 3 * UNHEARD), "it looks too seldom");
    // A deadline is kept without a bell too.
    let (ours, _hers) = pair();
    ours.bell.set(None).unwrap();
    let mut deadline = Deadline::After(UNHEARD + UNHEARD / 4);
    let begin = Instant::now();
    let late = ours.recv(&mut Vec::with_capacity(8), &mut deadline).unwrap_err();
    assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    assert!(begin.elapsed() >= UNHEARD + UNHEARD / 4);
}

#[test]
fn a_bell_that_rings_for_no_reason_ends_no_wait() {
    let (ours, _hers) = pair();
    let bell = ours.bell().unwrap();
    bell.ring();
    let (time, begin) = (Duration::from_millis(20), Instant::now());
    let wanted = Ready { readable: true, writable: false };
    assert_eq!(ours.poll(wanted, begin.checked_add(time)).unwrap(), NEITHER);
    assert!(begin.elapsed() >= time);
}

#[test]
fn a_peer_that_has_gone_is_noticed_without_a_flag_for_that() {
    let none = PollFlags::empty();
    let (ours, mut hers) = pair();
    assert_eq!(ours.is_gone(none), Some(false), "nothing is unread");
    hers.write_all(b"half").unwrap();
    let soon = now().checked_add(Duration::from_secs(10));
    assert!(ours.poll(Ready { readable: true, writable: false }, soon).unwrap().readable);
    assert_eq!(ours.is_gone(none), None, "the end may stand behind these bytes");
    assert_eq!(ours.is_gone(LEFT), if LEFT.is_empty() { None } else { Some(false) });
    let mut buf = Vec::with_capacity(8);
    assert_eq!(ours.try_recv(&mut buf).unwrap(), 4);
    assert_eq!(ours.is_gone(none), Some(false), "it stood not there");
    hers.shutdown(Shutdown::Write).unwrap();
    assert!(ours.poll(Ready { readable: true, writable: false }, soon).unwrap().readable);
    assert_eq!(ours.is_gone(none), Some(true));
}

#[test]
fn a_stream_that_has_ended_makes_no_bell() {
    let (ours, _hers) = pair();
    ours.shutdown();
    assert_eq!(ours.recv(&mut Vec::with_capacity(8), &mut Deadline::Never).unwrap(), 0);
    assert!(ours.poll(BOTH, None).unwrap() == BOTH && ours.bell().is_none());
    assert!(matches!(ours.input(Waker::noop()), Input::There));
}

#[test]
fn one_send_takes_so_many_bytes_from_the_front() {
    let bytes = vec![0; MOST_SENT + 1];
    let taken = |lengths: &[usize]| -> usize {
        let parts: Vec<_> = lengths.iter().map(|n| IoSlice::new(&bytes[..*n])).collect();
        if fits_once(&parts) {
            return lengths.iter().sum();
        }
        let (cut, count) = first_bytes(&parts);
        assert!(cut[..count].iter().all(|part| !part.is_empty()), "{lengths:?}");
        cut[..count].iter().map(|part| part.len()).sum()
    };
    for all in [&[][..], &[0], &[1], &[0, 0], &[1, 0, 2], &[MOST_SENT], &[MOST_SENT - 1, 1]] {
        assert_eq!(taken(all), all.iter().sum(), "{all:?}");
    }
    let more: [&[usize]; 6] = [
        &[MOST_SENT + 1],
        &[0, MOST_SENT + 1],
        &[26, MOST_SENT],
        &[0, 26, 0, MOST_SENT, 7],
        &[MOST_SENT, MOST_SENT],
        &[MOST_SENT, 0, 1],
    ];
    for more in more {
        assert_eq!(taken(more), MOST_SENT, "{more:?}");
    }
    // Of many small parts one send takes at least a few.
    assert_eq!(taken(&[MOST_SENT / 16; 17]), MOST_PARTS * (MOST_SENT / 16));
}
