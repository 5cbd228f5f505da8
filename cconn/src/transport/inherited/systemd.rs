//! Sockets that systemd has opened for this process: descriptors from 3 on, as many as
//! `LISTEN_FDS` says, if `LISTEN_PID` is this process.
//!
//! Safe code can't make an owned descriptor of a number. It can ask the system for a copy of a
//! descriptor of any process, this one too. The first descriptor stays open until the process ends,
//! as systemd's own copy does.

use std::io;

use rustix::io::Errno;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use super::{Listening, of_fd};

/// The number of the first descriptor.
const FIRST: i32 = 3;

/// The most descriptors that are looked at.
const MOST: i32 = 256;

/// A socket of systemd's that listens and that `is_wanted`; `None` if there is none.
pub(super) fn listening(is_wanted: impl Fn(&Listening) -> bool) -> io::Result<Option<Listening>> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<i32>().ok();
    let ours = number("LISTEN_PID") == Some(getpid().as_raw_nonzero().get());
    let Some(count) = number("LISTEN_FDS").filter(|count| ours && *count > 0) else {
        return Ok(None);
    };
    let me = pidfd_open(getpid(), PidfdFlags::empty()).map_err(not_had)?;
    for fd in FIRST..FIRST.saturating_add(count.min(MOST)) {
        let copy = pidfd_getfd(&me, fd, PidfdGetfdFlags::empty());
        let copy = copy.map_err(not_had)?;
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

fn not_had(error: Errno) -> io::Error {
    let error = io::Error::from(error);
    let text = format!(
        "the sockets that LISTEN_FDS announces can't be had ({error}); Linux 5.6 is needed, and a \
         service that may call pidfd_getfd"
    );
    io::Error::new(error.kind(), text)
}
