//! Connecting over TCP.

use std::fmt::Display;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Settings, late, unreachable};
use crate::adresse::Adresse;
use crate::erreur::{Phase, Resultat};
use crate::transport::{Closing, Socket, Transport};

/// How many times connecting is tried again if the socket has connected to itself.
const SELF_CONNECTIONS: usize = 3;

/// Tries every address within one deadline. Each address gets an equal share of the time that is
/// left, so that one that never answers leaves time for those behind it.
pub(super) fn connect_any(
    text: &dyn Display,
    addresses: &[SocketAddr],
    settings: &Settings,
    deadline: Option<Instant>,
) -> Resultat<(Arc<dyn Transport>, Option<Adresse>)> {
    let delay = settings.connect_deadline;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name stands for no address");
    for (address, remaining) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        let rest = deadline.map_or(Duration::MAX, left);
        let share = rest / u32::try_from(remaining).unwrap_or(u32::MAX);
        if share.is_zero() {
            return Err(late(text, Phase::Connexion, delay));
        }
        match connect_to_other(*address, share) {
            Ok((stream, peer)) => {
                return Ok((Arc::new(Closing::new(Socket::new(stream))), Some(peer.into())));
            }
            Err(error) => last = error,
        }
    }
    if last.kind() == io::ErrorKind::TimedOut {
        return Err(late(text, Phase::Connexion, delay));
    }
    Err(unreachable(text, last))
}

/// Connects, and returns the peer's address too. Never connects to itself: if no socket listens on a
/// port that the system also gives to clients, a TCP connection to that port can meet itself.
fn connect_to_other(address: SocketAddr, rest: Duration) -> io::Result<(TcpStream, SocketAddr)> {
    let address = SocketAddr::new(reachable(address.ip()), address.port());
    for _ in 0..SELF_CONNECTIONS {
        let stream = TcpStream::connect_timeout(&address, rest)?;
        let peer = stream.peer_addr()?;
        if stream.local_addr()? != peer {
            return Ok((stream, peer));
        }
    }
    Err(io::ErrorKind::ConnectionRefused.into())
}

/// An address that can be connected to. A server that listens on all addresses of its machine
/// reports the address that means all of them: Linux takes it for this machine, Windows can't
/// connect to it.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::erreur::Erreur;

    /// An address whose connections are neither accepted nor refused, and the values that keep it
    /// so.
    fn unanswered() -> (SocketAddr, impl Sized) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // One connection fills the shortest queue; the system answers no further one.
        rustix::net::listen(&listener, 0).unwrap();
        let address = listener.local_addr().unwrap();
        (address, (TcpStream::connect(address).unwrap(), listener))
    }

    #[test]
    fn the_address_that_means_all_of_a_machine_is_this_machine() {
        for (all, own) in [("0.0.0.0", "127.0.0.1"), ("::", "::1")] {
            assert_eq!(reachable(all.parse().unwrap()), own.parse::<IpAddr>().unwrap());
        }
        for other in ["127.0.0.1", "127.0.0.2", "::1", "192.0.2.1", "2001:db8::1"] {
            let other: IpAddr = other.parse().unwrap();
            assert_eq!(reachable(other), other);
        }
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        connect_to_other(listener.local_addr().unwrap(), Duration::from_secs(10)).unwrap();
    }

    #[test]
    fn an_address_that_never_answers_leaves_time_for_the_next() {
        let (unanswered, _kept) = unanswered();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = listener.local_addr().unwrap();
        let delay = Duration::from_millis(600);
        let settings = Settings { connect_deadline: delay, ..Settings::default() };
        let connect = |addresses: &[SocketAddr]| {
            let reached =
                connect_any(&"test", addresses, &settings, Instant::now().checked_add(delay));
            reached.map(|(_, peer)| peer)
        };
        let alone = connect(&[unanswered]);
        assert!(matches!(alone, Err(Erreur::Delai(_))), "{alone:?}");
        // A process that is held up for the second half of the time has none left. That is seen by
        // what it took, and tried again.
        let in_time = || {
            let begin = Instant::now();
            let reached = connect(&[unanswered, good]);
            (reached.is_ok() || begin.elapsed() < delay).then_some(reached)
        };
        let reached = (0..10).find_map(|_| in_time()).expect("one try of ten is not held up");
        assert_eq!(reached.unwrap(), Some(good.into()));
    }
}
