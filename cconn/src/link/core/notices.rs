//! Notices of one-way messages that failed, kept until the program's hook runs for them.
//!
//! A notice that is dropped is counted, and the next one that is delivered carries the count.

use std::collections::VecDeque;

use crate::wire::FailureCode;

/// The notice that a one-way message failed.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) command: u64,
    pub(crate) code: FailureCode,
    pub(crate) text: Box<str>,
    /// True if the peer's message failed on this side; false if ours failed at the peer.
    pub(crate) here: bool,
    /// How many notices were dropped since the last one was delivered; set at delivery.
    pub(crate) lost: u64,
}

/// The largest number of notices kept.
// [failure.bounded]
const MOST: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Notices {
    waiting: VecDeque<Notice>,
    /// One-way messages sent whose failure the peer has not reported: it may report that many more.
    believable: u64,
    lost: u64,
}

impl Notices {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Counts a one-way message that was accepted for sending.
    #[inline]
    pub(crate) fn sent_one(&mut self) {
        self.believable = self.believable.wrapping_add(1);
    }

    /// Keeps a failure that the peer reports. Reports beyond the number of messages sent are
    /// dropped.
    pub(crate) fn push_from_peer(&mut self, notice: Notice) {
        match self.believable.checked_sub(1) {
            // The peer reports more failures than messages were sent to it.
            None => self.lose(),
            Some(rest) => {
                self.believable = rest;
                self.push(notice);
            }
        }
    }

    /// Keeps a notice until the hook runs for it. One that is too many is dropped and counted.
    pub(crate) fn push(&mut self, notice: Notice) {
        if self.waiting.len() >= MOST {
            return self.lose();
        }
        self.waiting.push_back(notice);
    }

    /// Counts a notice that is dropped.
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
        // [failure.bounded]
        let mut notices = Notices::default();
        (0..=MOST).for_each(|_| notices.push(notice()));
        assert_eq!(notices.pop().map(|notice| notice.lost), Some(1));
        assert_eq!(std::iter::from_fn(|| notices.pop()).count(), MOST - 1);
    }
}
