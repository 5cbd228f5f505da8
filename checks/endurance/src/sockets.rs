//! The sockets of this process, the library's own included, reached without a word of it.
//!
//! The kernel hands out a second descriptor of any socket of a process that one may trace, this
//! one included; so buffers can be made small where the library has no setting for it.

use std::fs;
use std::os::fd::OwnedFd;

use rustix::net::sockopt;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// Sets what every socket of this process holds of sent bytes to about that many, and what a
/// listener's future connections hold of received ones.
///
/// Of a connection that is there already the receiving side stays as it is: its peer has been
/// told how much room there is, and a kernel that then finds less drops what comes, which the
/// peer's sends again ever more slowly.
pub(crate) fn set_buffers(bytes: usize) {
    for socket in all() {
        // One that has just been closed needs no buffers.
        let _closed = sockopt::set_socket_send_buffer_size(&socket, bytes);
        if sockopt::socket_acceptconn(&socket) == Ok(true) {
            let _closed = sockopt::set_socket_recv_buffer_size(&socket, bytes);
        }
    }
}

/// A second descriptor of every socket of this process.
fn all() -> Vec<OwnedFd> {
    let me: Pid = getpid();
    let process = pidfd_open(me, PidfdFlags::empty()).expect("this process can be named");
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| {
        let target = fs::read_link(entry.path()).ok()?;
        let is_socket = target.to_str()?.starts_with("socket:");
        is_socket.then(|| entry.file_name().to_str()?.parse::<i32>().ok()).flatten()
    });
    let numbers: Vec<i32> = numbers.collect();
    let copies = numbers.into_iter().map(|fd| pidfd_getfd(&process, fd, PidfdGetfdFlags::empty()));
    copies.filter_map(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_somebody_else_holds_is_made_small() {
        let (held, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let before = sockopt::socket_send_buffer_size(&held).unwrap();
        set_buffers(4096);
        let after = sockopt::socket_send_buffer_size(&held).unwrap();
        assert!(after <= 2 * 4096 && after < before, "{before} {after}");
    }
}
