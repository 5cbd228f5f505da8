//! The names of the one-way commands that were sent, so that a failure can be reported by name: the
//! wire carries hashes only.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::sync::Mutex;
use crate::table::Table;

/// The largest number of names kept: more than a program has commands, and a bound for a program
/// that makes names up.
const MOST: usize = 10_000;

/// Names by hash. An ordered table, because the standard library's hash table asks the system for
/// random numbers on each new thread, and the keys are the program's own anyway.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// The hash remembered last: sending one command repeatedly takes no lock.
    last: AtomicU64,
    names: Mutex<Table<Box<str>>>,
}

impl Names {
    pub(crate) fn remember(&self, hash: u64, name: &str) {
        if self.last.load(Ordering::Relaxed) != hash {
            let mut names = self.names.lock();
            if names.len() < MOST {
                names.get_or_insert_with(hash, || name.into());
            }
            self.last.store(hash, Ordering::Relaxed);
        }
    }

    /// Whether a command with this hash may have been sent.
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        let names = self.names.lock();
        // Once the table is full a name that is not in it may have been sent too.
        names.len() >= MOST || names.has(hash)
    }

    /// The name for a hash; the hash itself if the name is not known.
    pub(crate) fn name(&self, hash: u64) -> Box<str> {
        let known = self.names.lock().get(hash).cloned();
        known.unwrap_or_else(|| format!("#{hash:016x}").into())
    }
}
