//! The names of the one-way commands that were sent, so that a failure can be told by name: the
//! wire carries hashes only.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sync::Mutex;

/// Names kept at most: a program has no more commands; one that makes names up pays no more.
const MOST: usize = 10_000;

/// Names by hash. In order, for a hash table of the standard library's asks the system for random
/// numbers on each new thread, and these keys are the program's own.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// The hash that was remembered last: sending one command over and over takes no lock.
    last: AtomicU64,
    names: Mutex<BTreeMap<u64, Box<str>>>,
}

impl Names {
    pub(crate) fn remember(&self, hash: u64, name: &str) {
        if self.last.load(Ordering::Relaxed) != hash {
            let mut names = self.names.lock();
            if names.len() < MOST {
                names.entry(hash).or_insert_with(|| name.into());
            }
            self.last.store(hash, Ordering::Relaxed);
        }
    }

    /// Whether a command of that name may have been sent.
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        let names = self.names.lock();
        names.len() >= MOST || names.contains_key(&hash)
    }

    /// The name, or the hash where it is not known.
    pub(crate) fn name(&self, hash: u64) -> Box<str> {
        let known = self.names.lock().get(&hash).cloned();
        known.unwrap_or_else(|| format!("#{hash:016x}").into())
    }
}
