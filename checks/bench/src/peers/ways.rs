//! Ways to another process besides plain TCP: what cconn and the floors need for them alike.

use crate::work::Work;

/// A certificate for `HOST` that signs itself, and its key.
pub(super) const PEM: &[u8] = include_bytes!("../../../../cconn/src/transport/tls/test.pem");

/// Whom that certificate is for.
pub(super) const HOST: &str = "localhost";

/// The works that are done over other ways than plain TCP: one connection, small calls and large
/// payloads. What else there is does not differ by the way.
pub(super) fn have(work: Work) -> bool {
    matches!(work, Work::Rtt | Work::Echo(_) | Work::Octets(_))
}

/// What stands for the port of a server with a Unix socket: most of its process's number.
pub(super) fn number() -> u16 {
    let [low, high, ..] = std::process::id().to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// The abstract name of the Unix socket of that number, which leaves no file behind.
pub(super) fn socket(number: u16) -> String {
    format!("cconn-bench-{number}")
}
