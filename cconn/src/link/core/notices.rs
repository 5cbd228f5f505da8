//! Word of one-way messages that failed, until the program's hook can be run for it.
//!
//! What is dropped is counted, and the next that is told carries the count.

use std::collections::VecDeque;

use crate::wire::FailureCode;

/// Word that a one-way message failed.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) command: u64,
    pub(crate) code: FailureCode,
    pub(crate) text: Box<str>,
    /// It was one of the peer's and failed on this side; else it was ours.
    pub(crate) here: bool,
    /// So many others were dropped and not told.
    pub(crate) lost: u64,
}

/// Notices kept at most.
const MOST: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Notices {
    waiting: VecDeque<Notice>,
    /// One-way messages that were sent and of which no failure has been told.
    believable: u64,
    lost: u64,
}

impl Notices {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A one-way message of ours was accepted.
    #[inline]
    pub(crate) fn sent_one(&mut self) {
        self.believable = self.believable.wrapping_add(1);
    }

    /// The peer says that a message of ours failed. It may say so of as many as were sent.
    pub(crate) fn push_from_peer(&mut self, notice: Notice) {
        match self.believable.checked_sub(1) {
            None => self.lose(),
            Some(rest) => {
                self.believable = rest;
                self.push(notice);
            }
        }
    }

    pub(crate) fn push(&mut self, notice: Notice) {
        if self.waiting.len() >= MOST {
            return self.lose();
        }
        self.waiting.push_back(notice);
    }

    /// One is not told.
    pub(crate) fn lose(&mut self) {
        self.lost = self.lost.saturating_add(1);
    }

    pub(crate) fn pop(&mut self) -> Option<Notice> {
        let mut notice = self.waiting.pop_front()?;
        notice.lost = std::mem::take(&mut self.lost);
        Some(notice)
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice() -> Notice {
        Notice { command: 1, code: FailureCode::Panic, text: "".into(), here: false, lost: 0 }
    }

    #[test]
    fn no_more_is_believed_than_was_sent_and_what_is_dropped_is_counted() {
        let mut notices = Notices::default();
        notices.push_from_peer(notice());
        assert!(notices.is_empty(), "nothing was sent");
        (0..3).for_each(|_| notices.sent_one());
        (0..100).for_each(|_| notices.push_from_peer(notice()));
        let lost: Vec<u64> = std::iter::from_fn(|| notices.pop()).map(|one| one.lost).collect();
        assert_eq!(lost, [98, 0, 0]);
    }

    #[test]
    fn so_many_wait_at_most() {
        let mut notices = Notices::default();
        (0..=MOST).for_each(|_| notices.push(notice()));
        assert_eq!(notices.pop().map(|notice| notice.lost), Some(1));
        assert_eq!(std::iter::from_fn(|| notices.pop()).count(), MOST - 1);
    }
}
