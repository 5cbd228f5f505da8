//! The options of a connection's socket, for each system: small writes are not delayed, and the
//! system finds dead peers.

use std::time::Duration;

use rustix::net::sockopt;

use crate::sync::{AsFd, BorrowedFd};

/// The least time that a peer may acknowledge nothing: two probes fit into it.
const SHORTEST_SILENCE: Duration = Duration::from_millis(2250);

/// Keep-alive probes before an idle peer is given up: more than one, because a single lost packet
/// must not end a connection. A short write deadline leaves room for fewer (the kernel counts whole
/// seconds), a long one for more.
pub(super) const PROBES: u32 = 5;

/// The longest time that an idle connection waits before it sends a probe. Devices that translate
/// addresses forget idle connections, but mostly after a longer time than this.
const LONGEST_IDLE: Duration = Duration::from_secs(15);

/// The longest time between two probes.
const LONGEST_INTERVAL: Duration = Duration::from_secs(5);

/// Sets the socket options of every connection: small writes are not delayed, and the kernel finds
/// dead peers. Keep-alive finds them while nothing is sent, the user timeout while sent bytes are
/// unacknowledged; either one alone would leave the other case hanging.
///
/// The kernel also takes a peer that lives but does not read for a dead one. The write deadline
/// cuts such a peer with an error that names the reason, so the user timeout is twice as long.
///
/// On Linux accepted sockets inherit these options from their listener: see `TAKEN_OVER`.
pub(crate) fn configure(socket: &impl AsFd, write_deadline: Duration) {
    let socket = socket.as_fd();
    let silence = Silence::after(write_deadline);
    // Errors are ignored: a socket that refuses an option (a Unix socket, say) works without it.
    let _unsupported = [
        sockopt::set_tcp_nodelay(socket, true),
        sockopt::set_socket_keepalive(socket, true),
        set_probes(socket, &silence),
        sockopt::set_tcp_keepcnt(socket, PROBES),
        #[cfg(target_os = "linux")]
        set_user_timeout(socket, silence.most),
        // A write to a peer that is gone must fail, and not end the process by a signal. Apple's
        // systems have no flag for that on a single write, and Rust's library sets this option only
        // on sockets that it connects itself.
        #[cfg(target_vendor = "apple")]
        sockopt::set_socket_nosigpipe(socket, true),
    ];
}

/// Sets when keep-alive probes are sent.
#[cfg(not(windows))]
fn set_probes(socket: BorrowedFd<'_>, silence: &Silence) -> rustix::io::Result<()> {
    sockopt::set_tcp_keepidle(socket, silence.idle)?;
    sockopt::set_tcp_keepintvl(socket, silence.interval)
}

/// Sets when keep-alive probes are sent. Windows has socket options for it only since 2017, but has
/// always had a control code, which sets both times at once.
#[cfg(windows)]
fn set_probes(socket: BorrowedFd<'_>, silence: &Silence) -> rustix::io::Result<()> {
    let times =
        socket2::TcpKeepalive::new().with_time(silence.idle).with_interval(silence.interval);
    let set = socket2::SockRef::from(&socket).set_tcp_keepalive(&times);
    set.map_err(|error| {
        rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::INVAL)
    })
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
pub(super) const TAKEN_OVER: bool = cfg!(target_os = "linux");

/// Sets how long sent bytes may stay unacknowledged. Some other systems have such an option too,
/// but no safe crate offers it: there the system's own patience decides.
#[cfg(target_os = "linux")]
fn set_user_timeout(socket: BorrowedFd<'_>, timeout: Duration) -> rustix::io::Result<()> {
    // The kernel takes a signed number of milliseconds, and 0 would mean its own default.
    let most = i32::MAX.unsigned_abs();
    let millis = u32::try_from(timeout.as_millis()).unwrap_or(most).clamp(1, most);
    sockopt::set_tcp_user_timeout(socket, millis)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

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
        // Windows sets these by a control code, and older versions can't report them.
        #[cfg(not(windows))]
        assert_eq!(sockopt::tcp_keepidle(&socket).unwrap(), Duration::from_secs(7));
        #[cfg(not(windows))]
        assert_eq!(sockopt::tcp_keepintvl(&socket).unwrap(), Duration::from_secs(1));
        #[cfg(not(windows))]
        assert_eq!(sockopt::tcp_keepcnt(&socket).unwrap(), PROBES);
        #[cfg(target_vendor = "apple")]
        assert!(sockopt::socket_nosigpipe(&socket).unwrap());
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
