//! A sleep that another thread's signal or a socket's input ends, whichever comes first.

#[cfg(any(not(target_os = "linux"), cconn_polling))]
mod datagram;
#[cfg(all(target_os = "linux", not(cconn_polling)))]
mod pair;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[cfg(any(not(target_os = "linux"), cconn_polling))]
use datagram::Line;
#[cfg(all(target_os = "linux", not(cconn_polling)))]
use pair::Line;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use super::BorrowedFd;

/// The longest poll that ends in time. The kernel lets a poll end late by a thousandth of its
/// length, so a longer sleep is made of two polls: `first_piece`, and what is left.
const LONGEST_EXACT: Duration = Duration::from_millis(100);

/// How many times a ring is tried if the system lacks something, and the pause between two tries.
const RINGS: usize = 1000;
const RING_AGAIN: Duration = Duration::from_millis(1);

/// A signal that a poll sees beside its sockets. One owner has both ends, so neither end can be
/// closed while the other is used. No method blocks.
///
/// A poll may find the bell rung without a reason, so a woken thread checks again what it waits
/// for.
#[derive(Debug)]
pub(crate) struct Bell {
    line: Line,
    /// False if there is surely no ring to take back, which saves a system call.
    rung: AtomicBool,
}

impl Bell {
    /// Makes an unrung bell. Fails if the process has no file descriptor left.
    pub(crate) fn new() -> io::Result<Bell> {
        Ok(Bell { line: Line::new()?, rung: AtomicBool::new(false) })
    }

    /// Ends the owner's current poll, or its next one.
    pub(crate) fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        for _ in 0..RINGS {
            match self.line.send() {
                Ok(()) => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A bell that can take no further ring has rung already.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // The system lacks something for now. An unheard bell would be a wait that never
                // ends, so it is rung again until it sounds.
                Err(_) => std::thread::sleep(RING_AGAIN),
            }
        }
    }

    /// Takes back rings that came while no poll looked. After a poll that found the bell rung, call
    /// `hear_out` instead.
    pub(crate) fn silence(&self) {
        if self.rung.load(Ordering::SeqCst) {
            self.hear_out();
        }
    }

    /// Takes back the rings that a poll has found; otherwise the next poll would find them too.
    pub(crate) fn hear_out(&self) {
        // A thread that rings from here on sets the flag again before its ring can be heard.
        self.rung.store(false, Ordering::SeqCst);
        loop {
            match self.line.hear() {
                Ok(true) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(false) | Err(_) => return,
            }
        }
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }
}

/// Sleeps until a socket has input or has ended, the bell rings, or the deadline passes. The result
/// holds a flag for each of `sockets`, in their order: true if that socket has input or has ended.
pub(crate) fn poll_any(
    sockets: &[BorrowedFd<'_>],
    bell: Option<&Bell>,
    deadline: Option<Instant>,
) -> Vec<bool> {
    let socket = sockets.iter().map(|socket| PollFd::new(socket, PollFlags::IN));
    let own = bell.map(|bell| PollFd::from_borrowed_fd(bell.as_fd(), PollFlags::IN));
    let mut fds: Vec<_> = socket.chain(own).collect();
    loop {
        let rest = deadline.map(|deadline| deadline.saturating_duration_since(super::now()));
        let piece = rest.map(first_piece);
        match rustix::event::poll(&mut fds, piece.map(timespec).as_ref()) {
            Err(Errno::INTR) => {}
            Ok(0) if piece < rest => {}
            // A socket that can't be polled counts as readable: the read then fails and tells why.
            Err(_) => return vec![true; sockets.len()],
            Ok(_) => {
                let mut found: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
                if let Some(bell) = bell
                    && found.pop() == Some(true)
                {
                    bell.hear_out();
                }
                return found;
            }
        }
    }
}

/// The part of `rest` that the first poll sleeps: a second poll sleeps what is left, and ends in
/// time because it is short.
pub(crate) fn first_piece(rest: Duration) -> Duration {
    if rest > LONGEST_EXACT { rest.saturating_sub(rest / 64) } else { rest }
}

pub(crate) fn timespec(duration: Duration) -> Timespec {
    // A duration beyond what the kernel can count is replaced by its largest, 68 years.
    Timespec::try_from(duration).unwrap_or(Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::sync::AsFd;

    const LONG: Duration = Duration::from_secs(10);

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (ours, listener.accept().unwrap().0)
    }

    fn soon(time: Duration) -> Option<Instant> {
        Instant::now().checked_add(time)
    }

    /// Whether a poll ends before `time`, because the bell has rung.
    fn is_rung(bell: &Bell, time: Duration) -> bool {
        let begin = Instant::now();
        poll_any(&[], Some(bell), soon(time));
        begin.elapsed() < time
    }

    #[test]
    fn a_ring_and_input_end_a_sleep_and_time_does() {
        let (bell, (ours, theirs)) = (Bell::new().unwrap(), pair());
        let (quiet, _kept) = pair();
        let sockets = [quiet.as_fd(), ours.as_fd()];
        bell.ring();
        assert_eq!(poll_any(&sockets, Some(&bell), soon(LONG)), [false, false]);
        let time = Duration::from_millis(3);
        let begin = Instant::now();
        assert_eq!(poll_any(&sockets, Some(&bell), soon(time)), [false, false]);
        assert!(begin.elapsed() >= time);
        (&theirs).write_all(b"x").unwrap();
        assert_eq!(poll_any(&sockets, Some(&bell), soon(LONG)), [false, true]);
        drop(theirs);
        assert_eq!(poll_any(&sockets, None, soon(LONG)), [false, true]);
    }

    #[test]
    fn a_bell_that_was_heard_is_silent_and_can_ring_again() {
        let bell = Bell::new().unwrap();
        for rings in [1, 2, 100, 5000] {
            (0..rings).for_each(|_| bell.ring());
            assert!(is_rung(&bell, LONG), "{rings} rings were not heard");
            // Some systems deliver a ring a moment after it was sent.
            let late = (0..10).find(|_| !is_rung(&bell, Duration::from_millis(5)));
            assert!(late.is_some(), "after {rings} rings");
            bell.silence();
        }
    }

    #[test]
    fn a_ring_wakes_who_sleeps_already() {
        let bell = Arc::new(Bell::new().unwrap());
        let hers = bell.clone();
        let sleeper = thread::spawn(move || is_rung(&hers, LONG));
        thread::sleep(Duration::from_millis(5));
        bell.ring();
        assert!(sleeper.join().unwrap(), "the sleeper was not woken");
    }

    /// A datagram socket may have received something before it was told whom to hear.
    #[test]
    #[cfg(any(not(target_os = "linux"), cconn_polling))]
    fn a_bell_that_was_not_rung_is_emptied_too() {
        let bell = Bell::new().unwrap();
        for length in [0, 1, 8, 9, 1000] {
            // `rung` knows nothing of these rings.
            bell.line.send_many(&vec![0; length]).unwrap();
            assert!(is_rung(&bell, LONG), "{length} bytes");
            assert!(!is_rung(&bell, Duration::from_millis(5)), "{length} bytes");
        }
    }
}
