//! How many clients the system lets a server have.

use crate::sync::Threads;
use crate::transport::SOCKETS;

/// Descriptors left to the rest of the program.
#[cfg(unix)]
const RESERVED_DESCRIPTORS: u64 = 32;

/// How many clients this process can serve. Each client takes the descriptors of its connection and
/// two threads, because a client whose command waits for a peer needs a second thread. Some
/// descriptors are reserved for the program.
pub(super) fn affordable_clients() -> usize {
    let clients = descriptors() / SOCKETS;
    clients.min(Threads::of_process().most() / 2).max(1)
}

/// Descriptors that clients may take.
#[cfg(unix)]
fn descriptors() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let descriptors = limit.current.map_or(u64::MAX, |n| n.saturating_sub(RESERVED_DESCRIPTORS));
    usize::try_from(descriptors).unwrap_or(usize::MAX)
}

/// Windows limits the number of sockets only by its memory.
#[cfg(windows)]
fn descriptors() -> usize {
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_client_can_always_be_served() {
        let clients = affordable_clients();
        assert!(clients >= 1);
        // A process with n descriptors can't serve n clients that take two each.
        #[cfg(unix)]
        assert!(clients <= descriptors() / SOCKETS || clients == 1);
    }
}
