//! A TCP stream (or any stream socket) as a transport: one descriptor, blocking mode.
//!
//! Deadlines are absolute while a socket's receive timeout bounds one system call, so the timeout
//! is armed early and re-armed only when a call would sleep past its deadline: an ordinary call
//! finds it armed already and pays no system call for it. The kernel counts that timeout in its
//! ticks, and late: the last piece of a wait is slept in a poll, which is exact.

use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};

use super::{End, Input, Ready, Transport};
use crate::copy;
use crate::sync::{Deadline, first_piece, timespec};

/// The last piece of a wait, which is slept in a poll: where more is left, half of it is surely
/// over in time.
const LAST_PIECE: Duration = Duration::from_millis(80);

/// How late a receive timeout may end besides a part of its length: two ticks of the slowest
/// clock that Linux is built with.
const TICKS: Duration = Duration::from_millis(20);

/// Least that is granted to a peer that acknowledges nothing: two probes fit into it.
const SHORTEST_SILENCE: Duration = Duration::from_millis(2250);

/// Keep-alive probes that an idle peer is given, for one lost packet must not end a connection:
/// fewer where whole seconds leave no room for them, more where the write deadline is long.
const PROBES: u32 = 5;

/// Most that an idle connection lets pass before a probe; what forgets idle connections on the
/// way (address translation) mostly grants more.
const LONGEST_IDLE: Duration = Duration::from_secs(15);

/// Most that passes between two probes.
const LONGEST_INTERVAL: Duration = Duration::from_secs(5);

/// What tells of a peer that has ended its side, besides what is told in any case.
#[cfg(target_os = "linux")]
const LEFT: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const LEFT: PollFlags = PollFlags::empty();

/// A connected TCP stream.
#[derive(Debug)]
pub(crate) struct Tcp {
    stream: TcpStream,
    /// What must be left of a wait at least, for the armed receive timeout to end in it: whole
    /// seconds in the upper half and nanoseconds in the lower; 0 means that none is armed. Only
    /// the receiving thread writes it.
    suits: AtomicU64,
}

impl Tcp {
    /// Takes a connected stream in blocking mode.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Tcp { stream, suits: AtomicU64::new(0) }
    }

    /// The peer's address.
    pub(crate) fn peer_address(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    /// The socket, to wait for several at once.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Whether the next receive returns by the deadline.
    #[inline]
    fn is_armed_for(&self, deadline: &mut Deadline) -> bool {
        let Some(rest) = deadline.rest() else { return true };
        match self.suits.load(Ordering::Relaxed) {
            0 => false,
            packed => unpack(packed) <= rest,
        }
    }

    fn arm(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_read_timeout(timeout)?;
        let packed = timeout.map_or(0, |timeout| {
            let suits = shortest_rest(timeout);
            let seconds = suits.as_secs().min(u64::from(u32::MAX));
            seconds << 32 | u64::from(suits.subsec_nanos())
        });
        self.suits.store(packed, Ordering::Relaxed);
        Ok(())
    }

    /// Makes sure that the next receive returns by the deadline; false where that is too near for
    /// a receive timeout.
    ///
    /// Half of what remains is armed, so that the next calls, whose deadlines lie a little later,
    /// need not arm again; a wake-up before the deadline only goes round the loop.
    #[cold]
    fn arm_for(&self, deadline: &mut Deadline) -> io::Result<bool> {
        match deadline.rest() {
            None => self.arm(None)?,
            Some(rest) if rest <= LAST_PIECE => return Ok(false),
            Some(rest) => self.arm(Some(rest / 2))?,
        }
        Ok(true)
    }

    /// Receives once, after input came, unless the near deadline passes first.
    #[cold]
    fn recv_near(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        loop {
            let rest = deadline.rest().unwrap_or(LAST_PIECE);
            if rest.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let mut fds = [PollFd::new(&self.stream, PollFlags::IN)];
            match rustix::event::poll(&mut fds, Some(&timespec(rest))) {
                Ok(0) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => match self.recv_once(buf, RecvFlags::DONTWAIT) {
                    Err(Errno::INTR | Errno::AGAIN) => {}
                    result => return result.map_err(broken),
                },
            }
        }
    }

    fn recv_once(&self, buf: &mut Vec<u8>, flags: RecvFlags) -> Result<usize, Errno> {
        rustix::net::recv(&self.stream, rustix::buffer::spare_capacity(buf), flags).map(|(n, _)| n)
    }

    #[inline]
    fn send(&self, parts: &[IoSlice<'_>], flags: SendFlags) -> io::Result<usize> {
        if copy::is_slow_to_send(parts) {
            return copy::moved(parts, |bytes| self.send_from(&[IoSlice::new(bytes)], flags));
        }
        self.send_from(parts, flags)
    }

    fn send_from(&self, parts: &[IoSlice<'_>], flags: SendFlags) -> io::Result<usize> {
        loop {
            let sent = if let [part] = parts {
                rustix::net::send(&self.stream, part, flags)
            } else {
                let mut control = SendAncillaryBuffer::default();
                rustix::net::sendmsg(&self.stream, parts, &mut control, flags)
            };
            match sent {
                Err(Errno::INTR) => {}
                result => return result.map_err(broken),
            }
        }
    }
}

impl Transport for Tcp {
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        if !self.is_armed_for(deadline) && !self.arm_for(deadline)? {
            return self.recv_near(buf, deadline);
        }
        loop {
            match self.recv_once(buf, RecvFlags::empty()) {
                Ok(n) => return Ok(n),
                // Each interruption starts the socket's own timeout anew.
                Err(Errno::INTR) if self.is_armed_for(deadline) => {}
                Err(Errno::INTR | Errno::AGAIN) => {
                    if !self.arm_for(deadline)? {
                        return self.recv_near(buf, deadline);
                    }
                }
                Err(error) => return Err(broken(error)),
            }
        }
    }

    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            match self.recv_once(buf, RecvFlags::DONTWAIT) {
                Err(Errno::INTR) => {}
                result => return result.map_err(broken),
            }
        }
    }

    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.send(parts, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
    }

    #[cfg(target_os = "linux")]
    fn try_send_last(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.send(parts, SendFlags::DONTWAIT | SendFlags::NOSIGNAL | SendFlags::MORE)
    }

    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready> {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, wanted.readable);
        flags.set(PollFlags::OUT, wanted.writable);
        loop {
            let rest = deadline.map(|d| d.saturating_duration_since(crate::sync::now()));
            let piece = rest.map(first_piece);
            let mut fds = [PollFd::new(&self.stream, flags)];
            match rustix::event::poll(&mut fds, piece.map(timespec).as_ref()) {
                Err(Errno::INTR) => {}
                Ok(0) if piece < rest => {}
                Err(error) => return Err(error.into()),
                Ok(_) => {
                    let [fd] = fds;
                    let found = fd.revents();
                    let broken = found.intersects(PollFlags::ERR | PollFlags::HUP);
                    return Ok(Ready {
                        readable: broken || found.contains(PollFlags::IN),
                        writable: broken || found.contains(PollFlags::OUT),
                    });
                }
            }
        }
    }

    fn input(&self, _: &Waker) -> Input<'_> {
        Input::Polled(Box::new(self.stream.as_fd()))
    }

    fn is_peer_gone(&self) -> bool {
        let mut fds = [PollFd::new(&self.stream, LEFT)];
        rustix::event::poll(&mut fds, Some(&timespec(Duration::ZERO))).is_ok_and(|n| n > 0)
    }

    fn ends(&self) -> Option<[End; 2]> {
        let ends = [self.stream.local_addr().ok()?, self.stream.peer_addr().ok()?];
        // A socket that listens for both families calls an IPv4 address by an IPv6 one.
        Some(ends.map(|end| End::Socket(SocketAddr::new(end.ip().to_canonical(), end.port()))))
    }

    // A stream that is gone already can't be shut down, which is what was wanted.
    fn shutdown_write(&self) {
        let _gone = self.stream.shutdown(Shutdown::Write);
    }

    fn shutdown(&self) {
        let _gone = self.stream.shutdown(Shutdown::Both);
    }
}

/// The kernel gives up on a peer that acknowledges nothing with an error that reads like a
/// deadline of ours; it is the end of the stream.
fn broken(error: Errno) -> io::Error {
    match error {
        Errno::TIMEDOUT => {
            let text = "the peer acknowledged nothing in time";
            io::Error::new(io::ErrorKind::ConnectionAborted, text)
        }
        other => other.into(),
    }
}

/// Sets what every connection wants: no delay for small writes, and a kernel that finds dead
/// peers. Keep-alive finds them while nothing is sent, the user timeout while something is; either
/// alone leaves the other case hanging.
///
/// The kernel takes a peer that lives and does not read for a dead one. The write deadline cuts
/// such a peer and says why, so the user timeout must not come first.
///
/// On Linux accepted sockets take all of it over from their listener: see `TAKEN_OVER`.
pub(crate) fn configure(socket: impl AsFd, write_deadline: Duration) {
    use rustix::net::sockopt;
    let socket = socket.as_fd();
    let silence = Silence::after(write_deadline);
    // A socket that refuses a setting (a Unix socket, say) works without it.
    let _unsupported = [
        sockopt::set_tcp_nodelay(socket, true),
        sockopt::set_socket_keepalive(socket, true),
        sockopt::set_tcp_keepidle(socket, silence.idle),
        sockopt::set_tcp_keepintvl(socket, silence.interval),
        sockopt::set_tcp_keepcnt(socket, PROBES),
        set_user_timeout(socket, silence.most),
    ];
}

/// How long a peer may be silent, and when it is asked for a sign of life.
///
/// Linux, once it has a user timeout, no longer counts probes: it gives an idle peer up at the
/// first look after that timeout which finds a probe unanswered (`tcp_keepalive_timer`). So several
/// probes must fall into it.
#[derive(Debug, PartialEq, Eq)]
struct Silence {
    most: Duration,
    /// Whole seconds, as the kernel counts them; so is the next.
    idle: Duration,
    interval: Duration,
}

impl Silence {
    fn after(write_deadline: Duration) -> Silence {
        let second = Duration::from_secs(1);
        let most = write_deadline.saturating_mul(2).max(SHORTEST_SILENCE);
        let idle = whole_seconds(most / 2).clamp(second, LONGEST_IDLE);
        let interval =
            whole_seconds(most.saturating_sub(idle) / PROBES).clamp(second, LONGEST_INTERVAL);
        Silence { most, idle, interval }
    }
}

fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

/// Whether accepted sockets take over what `configure` set on their listener.
pub(crate) const TAKEN_OVER: bool = cfg!(target_os = "linux");

/// A timeout out of its packed form.
fn unpack(packed: u64) -> Duration {
    let [_, _, _, _, nanos @ ..] = packed.to_be_bytes();
    Duration::new(packed >> 32, u32::from_be_bytes(nanos))
}

/// What must be left of a wait for that receive timeout to end in it surely: long ones the kernel
/// counts in steps of up to an eighth of their length.
fn shortest_rest(timeout: Duration) -> Duration {
    timeout.saturating_add(timeout / 2).saturating_add(TICKS)
}

/// How long sent bytes may go unacknowledged; only Linux knows it.
#[cfg(target_os = "linux")]
fn set_user_timeout(socket: BorrowedFd<'_>, timeout: Duration) -> rustix::io::Result<()> {
    // The kernel takes a signed number.
    let most = i32::MAX.unsigned_abs();
    let millis = u32::try_from(timeout.as_millis()).unwrap_or(most).clamp(1, most);
    rustix::net::sockopt::set_tcp_user_timeout(socket, millis)
}

#[cfg(not(target_os = "linux"))]
fn set_user_timeout(_: BorrowedFd<'_>, _: Duration) -> rustix::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use rustix::net::sockopt;

    use super::*;

    #[test]
    fn accepted_sockets_take_over_what_their_listener_was_set_to() {
        let write_deadline = Duration::from_secs(7);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        configure(&listener, write_deadline);
        let _newcomer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().unwrap();
        if !TAKEN_OVER {
            configure(&socket, write_deadline);
        }
        assert!(sockopt::tcp_nodelay(&socket).unwrap());
        assert!(sockopt::socket_keepalive(&socket).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&socket).unwrap(), Duration::from_secs(7));
        assert_eq!(sockopt::tcp_keepintvl(&socket).unwrap(), Duration::from_secs(1));
        assert_eq!(sockopt::tcp_keepcnt(&socket).unwrap(), PROBES);
        #[cfg(target_os = "linux")]
        assert_eq!(sockopt::tcp_user_timeout(&socket).unwrap(), 14_000);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_longest_user_timeout_is_the_longest_that_the_kernel_takes() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        for deadline in [Duration::from_millis(1 << 30), Duration::MAX] {
            configure(&socket, deadline);
            let timeout = sockopt::tcp_user_timeout(&socket).unwrap();
            assert_eq!(timeout, i32::MAX.unsigned_abs(), "{deadline:?}");
        }
    }

    #[test]
    fn several_probes_fall_into_the_user_timeout() {
        for millis in [0, 1, 300, 1125, 1126, 2000, 5000, 10_000, 17_500, 60_000, u64::MAX] {
            let Silence { most, idle, interval } = Silence::after(Duration::from_millis(millis));
            assert!(idle + interval < most, "{millis} ms: the second probe comes too late");
            let wanted = if most < Duration::from_secs(10) { 2 } else { PROBES };
            assert!(idle + interval * (wanted - 1) < most, "{millis} ms: too few probes");
        }
    }

    #[test]
    fn the_default_write_deadline_asks_after_ten_seconds_and_gives_up_after_twenty() {
        let second = Duration::from_secs(1);
        let silence = Silence { most: second * 20, idle: second * 10, interval: second * 2 };
        assert_eq!(Silence::after(second * 10), silence);
    }
}
