//! The names of the commands that were called. An error may name another call than its own, and the
//! connection keeps hashes only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::table::Table;

/// The largest number of names kept: more than a program has commands, and a bound for a program
/// that makes names up.
const MOST: usize = 10_000;

/// The number of recently used hashes, each in a slot of its own: a program that calls a few
/// commands repeatedly takes no lock.
const RECENT: usize = 64;

static LATELY: [AtomicU64; RECENT] = [const { AtomicU64::new(0) }; RECENT];

static NAMES: Mutex<Table<Box<str>>> = Mutex::new(Table::new());

/// Remembers the name of a command that is called.
#[inline]
pub(crate) fn remember(hash: u64, name: &str) {
    let place = usize::try_from(hash % RECENT as u64).unwrap_or(0);
    if LATELY.get(place).is_none_or(|lately| lately.load(Ordering::Relaxed) != hash) {
        keep(place, hash, name);
    }
}

#[cold]
fn keep(place: usize, hash: u64, name: &str) {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if names.len() < MOST {
        names.get_or_insert_with(hash, || name.into());
    }
    drop(names);
    if let Some(lately) = LATELY.get(place) {
        lately.store(hash, Ordering::Relaxed);
    }
}

/// The name for a hash; the hash itself if the name is not known.
pub(crate) fn name(hash: u64) -> Box<str> {
    let names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    names.get(hash).cloned().unwrap_or_else(|| format!("#{hash:016x}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whatever_shares_their_place() {
        let hashes = [5, 5 + RECENT as u64, 5 + 2 * RECENT as u64];
        for hash in hashes.iter().chain(&hashes) {
            remember(*hash, &format!("name {hash}"));
        }
        for hash in hashes {
            assert_eq!(*name(hash), *format!("name {hash}"));
        }
        assert_eq!(*name(6), *"#0000000000000006");
    }
}
