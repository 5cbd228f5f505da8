//! A TCP stream (or any stream socket) as a transport: one descriptor, blocking mode.
//!
//! A deadline is a moment, but a socket's receive timeout is a duration that bounds one system
//! call. So the timeout is armed early, and armed anew only if a receive would sleep past its
//! deadline: an ordinary call finds a timeout that fits, and pays no system call to set one. The
//! kernel counts the timeout in clock ticks and ends it late, so the last piece of a wait is slept
//! in a poll, which ends in time.

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

/// The last piece of a wait, which is slept in a poll. If more is left, a receive timeout of half
/// of the rest ends in time even at the kernel's largest error (see `shortest_rest`).
const LAST_PIECE: Duration = Duration::from_millis(80);

/// How late a receive timeout may end, besides an error proportional to its length: two ticks of
/// the slowest clock that Linux is built with.
const TICKS: Duration = Duration::from_millis(20);

/// The least time that a peer may acknowledge nothing: two probes fit into it.
const SHORTEST_SILENCE: Duration = Duration::from_millis(2250);

/// Keep-alive probes before an idle peer is given up: more than one, because a single lost packet
/// must not end a connection. A short write deadline leaves room for fewer (the kernel counts whole
/// seconds), a long one for more.
const PROBES: u32 = 5;

/// The longest time that an idle connection waits before it sends a probe. Devices that translate
/// addresses forget idle connections, but mostly after a longer time than this.
const LONGEST_IDLE: Duration = Duration::from_secs(15);

/// The longest time between two probes.
const LONGEST_INTERVAL: Duration = Duration::from_secs(5);

/// The poll flag of a peer that has ended its side. A hang-up and errors are reported without
/// asking.
#[cfg(target_os = "linux")]
const LEFT: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const LEFT: PollFlags = PollFlags::empty();

/// A connected TCP stream.
#[derive(Debug)]
pub(crate) struct Tcp {
    stream: TcpStream,
    /// The shortest rest of a wait in which the armed receive timeout surely ends: whole seconds in
    /// the upper half, nanoseconds in the lower. 0 means that no timeout is armed. Only the
    /// receiving thread writes it.
    suits: AtomicU64,
}

impl Tcp {
    /// Takes over a connected stream, which must be in blocking mode.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Tcp { stream, suits: AtomicU64::new(0) }
    }

    /// The peer's address.
    pub(crate) fn peer_address(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    /// The socket's descriptor, for a poll of several sockets.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Whether a receive with the timeout armed now returns by the deadline.
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

    /// Arms a receive timeout that ends by the deadline; `Ok(false)` if the deadline is too near
    /// for one.
    ///
    /// Half of the time left is armed, so that the following calls, whose deadlines lie a little
    /// later, find it fitting. A timeout that ends before the deadline is harmless: `recv` goes
    /// round its loop.
    #[cold]
    fn arm_for(&self, deadline: &mut Deadline) -> io::Result<bool> {
        match deadline.rest() {
            None => self.arm(None)?,
            Some(rest) if rest <= LAST_PIECE => return Ok(false),
            Some(rest) => self.arm(Some(rest / 2))?,
        }
        Ok(true)
    }

    /// Polls until input has come, then receives once; fails with `TimedOut` if the near deadline
    /// passes first.
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
        // Some places in memory are slow to copy from: such bytes are moved first, see `copy`.
        if copy::is_slow_to_send(parts) {
            return copy::moved(parts, |bytes| self.send_from(&[IoSlice::new(bytes)], flags));
        }
        self.send_from(parts, flags)
    }

    fn send_from(&self, parts: &[IoSlice<'_>], flags: SendFlags) -> io::Result<usize> {
        loop {
            // `send` spares the kernel the copy of a message header.
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
                // An interrupted receive starts its timeout from the beginning, which may end too
                // late.
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
        // Held back until `shutdown_write`, which sends the bytes and the end as one packet.
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
                    // A broken stream is ready in both directions: the next call returns the error.
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
        // A socket that listens for both address families names an IPv4 peer by a mapped IPv6
        // address.
        Some(ends.map(|end| End::Socket(SocketAddr::new(end.ip().to_canonical(), end.port()))))
    }

    // Shutting down fails only if the stream is gone already, which was the aim.
    fn shutdown_write(&self) {
        let _gone = self.stream.shutdown(Shutdown::Write);
    }

    fn shutdown(&self) {
        let _gone = self.stream.shutdown(Shutdown::Both);
    }
}

/// Renames one error. The kernel reports a peer that acknowledges nothing as `TIMEDOUT`, which
/// reads like a deadline of ours; in truth it is the end of the stream.
fn broken(error: Errno) -> io::Error {
    match error {
        Errno::TIMEDOUT => {
            let text = "the peer acknowledged nothing in time";
            io::Error::new(io::ErrorKind::ConnectionAborted, text)
        }
        other => other.into(),
    }
}

/// Sets the socket options of every connection: small writes are not delayed, and the kernel finds
/// dead peers. Keep-alive finds them while nothing is sent, the user timeout while sent bytes are
/// unacknowledged; either one alone would leave the other case hanging.
///
/// The kernel also takes a peer that lives but does not read for a dead one. The write deadline
/// cuts such a peer with an error that names the reason, so the user timeout is twice as long.
///
/// On Linux accepted sockets inherit these options from their listener: see `TAKEN_OVER`.
pub(crate) fn configure(socket: impl AsFd, write_deadline: Duration) {
    use rustix::net::sockopt;
    let socket = socket.as_fd();
    let silence = Silence::after(write_deadline);
    // Errors are ignored: a socket that refuses an option (a Unix socket, say) works without it.
    let _unsupported = [
        sockopt::set_tcp_nodelay(socket, true),
        sockopt::set_socket_keepalive(socket, true),
        sockopt::set_tcp_keepidle(socket, silence.idle),
        sockopt::set_tcp_keepintvl(socket, silence.interval),
        sockopt::set_tcp_keepcnt(socket, PROBES),
        set_user_timeout(socket, silence.most),
    ];
}

/// How long a peer may be silent, and when the kernel probes it.
///
/// With a user timeout set, Linux no longer counts probes. It gives an idle peer up when the
/// timeout has passed and a probe is found unanswered (`tcp_keepalive_timer`). So several probes
/// must fit into the timeout.
#[derive(Debug, PartialEq, Eq)]
struct Silence {
    /// The user timeout: sent bytes or probes may stay unacknowledged this long.
    most: Duration,
    /// Silence before the first probe, in whole seconds, because the kernel counts those.
    idle: Duration,
    /// Time between two probes, in whole seconds.
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

/// Whether accepted sockets inherit the options that `configure` set on their listener.
pub(crate) const TAKEN_OVER: bool = cfg!(target_os = "linux");

/// The timeout from its packed form in `suits`.
fn unpack(packed: u64) -> Duration {
    let [_, _, _, _, nanos @ ..] = packed.to_be_bytes();
    Duration::new(packed >> 32, u32::from_be_bytes(nanos))
}

/// The shortest rest of a wait in which a receive timeout of `timeout` surely ends. The kernel
/// counts long timeouts in steps of up to an eighth of their length; half the length is ample.
fn shortest_rest(timeout: Duration) -> Duration {
    timeout.saturating_add(timeout / 2).saturating_add(TICKS)
}

/// Sets how long sent bytes may stay unacknowledged; only Linux has this option.
#[cfg(target_os = "linux")]
fn set_user_timeout(socket: BorrowedFd<'_>, timeout: Duration) -> rustix::io::Result<()> {
    // The kernel takes a signed number of milliseconds, and 0 would mean its own default.
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
