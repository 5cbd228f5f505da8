//! The memory of decoded values, of all threads of this process together.
//!
//! Few bytes of a body may become many of memory: an `Option` of a large array takes one byte if it
//! is `None`. So what the elements of sequences and maps take is counted while they are read. Most
//! bodies stay below what each may take without being counted; a larger one asks this budget.
//! Short bodies do not count at all: their elements are few.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::CodecError;

/// What the elements of one body may take without asking, bytes.
pub(super) const UNCOUNTED: usize = 64 << 10;

/// A body that is shorter than this does not count, bytes.
const LONG: usize = 256;

/// How much a body asks for at least, so that it asks seldom, bytes.
const SHARE: usize = 256 << 10;

/// The budget of the process unless the program sets another, bytes.
const USUAL: usize = 512 << 20;

/// Bytes for values that are held, and how many there may be.
struct Budget {
    held: AtomicUsize,
    most: AtomicUsize,
}

static BUDGET: Budget = Budget { held: AtomicUsize::new(0), most: AtomicUsize::new(USUAL) };

thread_local! {
    /// What the values that this thread has decoded, and still uses, take of the budget; `None` if
    /// nothing that the thread does now counts.
    static HELD: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Sets how many bytes the decoded values of this process may take.
pub(crate) fn set_most(bytes: usize) {
    BUDGET.most.store(bytes, Ordering::Relaxed);
}

impl Budget {
    /// Takes at least `wanted` bytes; returns how many.
    fn take(&self, wanted: usize) -> Result<usize, CodecError> {
        let (share, most) = (wanted.max(SHARE), self.most.load(Ordering::Relaxed));
        let more = |held: usize| held.checked_add(share).filter(|held| *held <= most);
        match self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(share),
            Err(_) => Err(CodecError::OverBudget(most)),
        }
    }

    fn give_back(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Takes at least `wanted` bytes for a value that this thread decodes; returns how many. Outside of
/// `counted` nothing counts.
pub(super) fn take(wanted: usize) -> Result<usize, CodecError> {
    let Some(held) = HELD.get() else { return Ok(usize::MAX) };
    let taken = BUDGET.take(wanted)?;
    HELD.set(Some(held.saturating_add(taken)));
    Ok(taken)
}

/// Whether what a body of that length becomes should count.
#[inline]
pub(crate) fn is_long(length: usize) -> bool {
    length >= LONG
}

/// Runs what decodes a body and uses its values, and then gives back what they took.
pub(crate) fn counted<R>(run: impl FnOnce() -> R) -> R {
    let before = HELD.get();
    HELD.set(Some(before.unwrap_or(0)));
    let _decoding = Decoding { before };
    run()
}

/// While this lives the values that its thread decodes count.
struct Decoding {
    before: Option<usize>,
}

impl Drop for Decoding {
    fn drop(&mut self) {
        let held = HELD.replace(self.before).unwrap_or(0);
        let more = held.saturating_sub(self.before.unwrap_or(0));
        if more > 0 {
            BUDGET.give_back(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_given_to_its_last_byte_and_no_further() {
        let budget = Budget { held: AtomicUsize::new(0), most: AtomicUsize::new(4 * SHARE) };
        assert_eq!((budget.take(1), budget.take(2 * SHARE)), (Ok(SHARE), Ok(2 * SHARE)));
        assert_eq!(budget.take(SHARE + 1), Err(CodecError::OverBudget(4 * SHARE)));
        assert_eq!(budget.take(SHARE), Ok(SHARE));
        assert_eq!(budget.take(1), Err(CodecError::OverBudget(4 * SHARE)));
        budget.give_back(SHARE);
        assert_eq!(budget.take(0), Ok(SHARE));
        assert_eq!(budget.take(usize::MAX), Err(CodecError::OverBudget(4 * SHARE)));
    }

    #[test]
    fn what_is_inside_is_given_back_before_what_is_around_it() {
        std::thread::spawn(|| {
            counted(|| {
                take(1).unwrap();
                counted(|| {
                    take(1).unwrap();
                    assert_eq!(HELD.get(), Some(2 * SHARE));
                });
                assert_eq!(HELD.get(), Some(SHARE));
                let panics = || counted(|| -> () { panic!("{:?}", take(1)) });
                assert!(std::panic::catch_unwind(panics).is_err());
                assert_eq!(HELD.get(), Some(SHARE));
            });
            assert_eq!((HELD.get(), take(1), HELD.get()), (None, Ok(usize::MAX), None));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn what_bodies_took_is_given_back_however_many_come() {
        for _ in 0..=2 * USUAL / SHARE {
            counted(|| take(1).unwrap());
        }
    }

    #[test]
    fn a_program_sets_how_much_its_values_may_take() {
        // One more than usual, so that no other test of this process notices.
        set_most(USUAL + 1);
        assert_eq!(BUDGET.most.load(Ordering::Relaxed), USUAL + 1);
        set_most(USUAL);
    }

    #[test]
    fn a_short_body_does_not_count_and_a_long_one_only_beyond_what_is_free() {
        // [value.memory]
        assert!(!is_long(LONG - 1) && is_long(LONG));
        counted(|| {
            let mut limits = super::super::guard::Limits::for_body(LONG);
            limits.hold(UNCOUNTED).unwrap();
            assert_eq!((UNCOUNTED, HELD.get()), (65_536, Some(0)));
            limits.hold(1).unwrap();
            assert_eq!(HELD.get(), Some(SHARE));
        });
    }
}
