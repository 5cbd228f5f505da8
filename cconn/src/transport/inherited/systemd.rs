//! Sockets that systemd has opened for this process: descriptors from 3 on, as many as
//! `LISTEN_FDS` says, if `LISTEN_PID` is this process.
//!
//! Safe code can't make an owned descriptor of a number. It can ask the system for a copy of a
//! descriptor of any process, this one too. The first descriptor stays open until the process ends,
//! as systemd's own copy does.

use std::io;

use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use super::{Listening, of_fd};

/// The number of the first descriptor.
const FIRST: i32 = 3;

/// The most descriptors that are looked at.
const MOST: i32 = 256;

/// A socket of systemd's that listens and that `is_wanted`; `None` if there is none.
pub(super) fn listening(is_wanted: impl Fn(&Listening) -> bool) -> io::Result<Option<Listening>> {
    let said =
        |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let own = getpid().as_raw_nonzero().get();
    let Some(count) = announced(said("LISTEN_PID"), said("LISTEN_FDS"), own)? else {
        return Ok(None);
    };
    let end = FIRST.saturating_add(count.min(MOST));
    let me = pidfd_open(getpid(), PidfdFlags::empty()).map_err(not_had)?;
    // The new descriptor may have the number of one that was announced and does not exist, and
    // would be taken for it.
    let me = fcntl_dupfd_cloexec(&me, end).unwrap_or(me);
    for fd in FIRST..end {
        let copy = pidfd_getfd(&me, fd, PidfdGetfdFlags::empty());
        let copy = copy.map_err(|error| match error {
            // `me` is open, so `fd` is not.
            Errno::BADF => not_open(count, fd),
            error => not_had(error),
        })?;
        if !super::is_listening(&copy) {
            continue;
        }
        let listening = of_fd(copy)?;
        if is_wanted(&listening) {
            return Ok(Some(listening));
        }
    }
    Ok(None)
}

/// How many sockets the process `own` is given, by the two variables; `None` if none. A variable
/// that is no number is an error, unless the variables are for another process.
fn announced(pid: Option<String>, fds: Option<String>, own: i32) -> io::Result<Option<i32>> {
    let (Some(pid), Some(fds)) = (pid, fds) else { return Ok(None) };
    // A shell empties a variable where it means to unset it.
    if pid.is_empty() {
        return Ok(None);
    }
    if !pid.chars().all(|digit| digit.is_ascii_digit()) {
        return Err(unreadable("LISTEN_PID", &pid, "the number of this process"));
    }
    if pid.parse() != Ok(own) {
        return Ok(None);
    }
    match fds.parse::<i32>() {
        Ok(0) => Ok(None),
        Ok(count @ 1..) => Ok(Some(count)),
        _ => Err(unreadable("LISTEN_FDS", &fds, "how many sockets this process is given")),
    }
}

fn unreadable(name: &str, value: &str, meant: &str) -> io::Error {
    let text = format!(
        "the environment says {name}={value:?}, where systemd says {meant}; correct {name}, or unset it"
    );
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

/// The error of a descriptor that was announced and does not exist.
fn not_open(count: i32, fd: i32) -> io::Error {
    let text = format!(
        "the environment says LISTEN_FDS={count}, so descriptors from {FIRST} on are sockets of this \
         process, and descriptor {fd} is not open; correct LISTEN_FDS, or give it the sockets"
    );
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

fn not_had(error: Errno) -> io::Error {
    let error = io::Error::from(error);
    let text = format!(
        "the sockets that LISTEN_FDS announces can't be had ({error}); Linux 5.6 is needed, and a \
         service that may call pidfd_getfd"
    );
    io::Error::new(error.kind(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_announced_is_for_one_process_and_can_be_read() {
        let says = |pid: Option<&str>, fds: Option<&str>| {
            let found = announced(pid.map(str::to_owned), fds.map(str::to_owned), 4711);
            found.map_err(|error| error.to_string())
        };
        for (pid, fds, expected) in [
            (None, None, None),
            (None, Some("1"), None),
            (None, Some("x"), None),
            (Some("4711"), None, None),
            (Some("4711"), Some("1"), Some(1)),
            (Some("4711"), Some("2147483647"), Some(i32::MAX)),
            (Some("4711"), Some("0"), None),
            (Some(""), Some("1"), None),
            // For another process, whatever else it says.
            (Some("1"), Some("1"), None),
            (Some("1"), Some("x"), None),
            (Some("99999999999999999999"), Some("1"), None),
        ] {
            assert_eq!(says(pid, fds), Ok(expected), "{pid:?} {fds:?}");
        }
        for fds in ["", "x", "-1", "1 ", "1x", "2147483648", "\x1b[2J"] {
            let said = says(Some("4711"), Some(fds)).unwrap_err();
            assert!(said.contains("LISTEN_FDS=") && !said.contains('\x1b'), "{said}");
        }
        for pid in ["x", "-4711", "4711 ", "0x1267"] {
            let said = says(Some(pid), Some("1")).unwrap_err();
            assert!(said.contains(&format!("LISTEN_PID={pid:?}")), "{said}");
        }
    }
}
