//! A channel, as its stream is made of it: the items that emitters have pushed and that are not
//! sent yet, how the stream will end, and what the emitters learn of who takes the items.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::outbox::Item;
use crate::sync::{Rule, holds};

/// How much a channel may hold that is not in an outbox yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    /// Items; at least 1.
    pub(crate) items: usize,
    /// Bytes of encoded items. A single item may be larger.
    pub(crate) bytes: usize,
}

/// What happens to an item for which a channel has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenFull {
    /// Its emitter waits.
    Wait,
    /// It is refused.
    Refuse,
    /// The oldest items are dropped until it fits.
    DropOldest,
}

/// How a channel's stream ends, behind the items that were pushed before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    Complete,
    /// It has failed, with a text for people to read.
    Failed(Box<str>),
}

/// An item that waits in a channel.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) head: Box<[u8]>,
    /// Long bytes that follow `head`, which were never copied.
    pub(crate) long: Vec<u8>,
}

impl Waiting {
    pub(crate) fn len(&self) -> usize {
        self.head.len().saturating_add(self.long.len())
    }
}

/// The items of a channel that are not in an outbox yet, oldest first.
///
/// `items.len() <= most.items`; `bytes <= most.bytes`, unless there is a single item.
#[derive(Debug)]
pub(crate) struct ItemQueue {
    items: VecDeque<Waiting>,
    bytes: usize,
    most: Capacity,
    /// How the stream ends behind the last item; `None` while emitters may push.
    finish: Option<Finish>,
}

impl ItemQueue {
    pub(crate) fn new(most: Capacity) -> Self {
        ItemQueue { items: VecDeque::new(), bytes: 0, most, finish: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether an item of `length` bytes fits.
    pub(crate) fn has_room(&self, length: usize) -> bool {
        let fits = self.bytes.saturating_add(length) <= self.most.bytes;
        self.items.len() < self.most.items && (fits || self.items.is_empty())
    }

    /// Adds an item, for which there must be room. Takes its long bytes.
    pub(crate) fn push(&mut self, item: &mut Item<'_>) {
        let long = std::mem::take(&mut item.long);
        let item = Waiting { head: item.head.into(), long };
        self.bytes = self.bytes.saturating_add(item.len());
        self.items.push_back(item);
    }

    /// Takes the oldest item out.
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let item = self.items.pop_front()?;
        self.bytes = self.bytes.saturating_sub(item.len());
        if self.items.is_empty() {
            // Thousands of subscriptions are mostly empty.
            self.items = VecDeque::new();
        }
        Some(item)
    }

    /// Drops the oldest items until one of `length` bytes fits. Returns how many were dropped.
    pub(crate) fn make_room(&mut self, length: usize) -> u64 {
        let mut dropped = 0_u64;
        while !self.has_room(length) && self.pop().is_some() {
            dropped = dropped.saturating_add(1);
        }
        dropped
    }

    /// Decides how the stream ends; the first decision stays.
    pub(crate) fn finish(&mut self, how: Finish) {
        self.finish.get_or_insert(how);
    }

    /// Whether no item may be pushed any more.
    pub(crate) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Takes out how the stream ends.
    pub(crate) fn take_finish(&mut self) -> Option<Finish> {
        self.finish.take()
    }

    /// Takes everything out. What is left can be pushed to, and holds as much.
    pub(crate) fn take_all(&mut self) -> ItemQueue {
        let empty = ItemQueue::new(self.most);
        std::mem::replace(self, empty)
    }
}

/// Why nobody takes the items of a channel any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Gone {
    /// The stream was dropped in this process, before it was sent.
    Dropped = 1,
    /// The peer has dropped the stream.
    Stopped,
    /// The peer has given the call up.
    GivenUp,
    /// The connection is being stopped.
    Stopping,
    /// The connection has ended.
    Ended,
    /// As many channels of the connection are open as may be.
    Crowded,
    /// An item that had been pushed before the stream was sent is larger than the peer accepts.
    TooLarge,
}

impl Gone {
    const ALL: [Gone; 7] = [
        Gone::Dropped,
        Gone::Stopped,
        Gone::GivenUp,
        Gone::Stopping,
        Gone::Ended,
        Gone::Crowded,
        Gone::TooLarge,
    ];
}

/// Who takes the items of a channel, as its emitters see it.
///
/// The connection writes it under its own lock, and emitters read it under none: a connection never
/// takes the lock of a channel.
#[derive(Debug, Default)]
pub(crate) struct Taker(AtomicU8);

impl Taker {
    /// Notes that nobody takes the items any more; the first reason stays.
    pub(crate) fn leave(&self, why: Gone) {
        let _first_stays =
            self.0.compare_exchange(0, why as u8, Ordering::Release, Ordering::Relaxed);
    }

    /// Why nobody takes the items any more, if nobody does.
    pub(crate) fn gone(&self) -> Option<Gone> {
        let number = self.0.load(Ordering::Acquire);
        Gone::ALL.into_iter().find(|gone| *gone as u8 == number)
    }
}

/// What feeds the sending end of a channel's stream.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) queue: ItemQueue,
    /// Told once nobody takes the items any more.
    taker: Arc<Taker>,
    /// The largest frame that the peer accepts, in bytes after the length prefix.
    pub(crate) max_frame: usize,
    /// Whether the stream is in the list of those that wait for room in the outbox.
    is_listed: bool,
}

impl Feed {
    pub(crate) fn new(queue: ItemQueue, taker: Arc<Taker>, max_frame: usize) -> Self {
        Feed { queue, taker, max_frame, is_listed: false }
    }

    /// Notes whether the stream is in that list; returns whether it was.
    pub(crate) fn set_listed(&mut self, now: bool) -> bool {
        std::mem::replace(&mut self.is_listed, now)
    }

    /// Whether the stream goes no further than to its end, if that is decided.
    pub(crate) fn may_end(&self) -> bool {
        let overtakes = self.queue.is_finished() && !holds(Rule::EndWaitsForItems);
        self.queue.is_empty() || overtakes
    }

    /// Tells the emitters that nobody takes the items any more.
    pub(crate) fn leave(&self, why: Gone) {
        self.taker.leave(why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(items: usize, bytes: usize) -> ItemQueue {
        ItemQueue::new(Capacity { items, bytes })
    }

    fn push(queue: &mut ItemQueue, head: &[u8]) {
        queue.push(&mut Item { head, long: Vec::new() });
    }

    #[test]
    fn a_queue_is_bounded_in_items_and_in_bytes_and_takes_one_large_item() {
        let mut queue = queue(2, 10);
        assert!(queue.has_room(1000), "a large item never stalls");
        push(&mut queue, &[0; 9]);
        assert!(queue.has_room(1) && !queue.has_room(2));
        push(&mut queue, &[1]);
        assert!(!queue.has_room(0), "two items");
        assert_eq!(queue.pop().map(|item| item.len()), Some(9));
        assert!(queue.has_room(9) && !queue.has_room(10));
        queue.push(&mut Item { head: &[1], long: vec![2; 8] });
        assert_eq!(queue.bytes, 10);
        assert!(queue.pop().is_some() && queue.pop().is_some() && queue.pop().is_none());
        assert_eq!((queue.bytes, queue.items.capacity()), (0, 0));
    }

    #[test]
    fn room_is_made_from_the_oldest_on() {
        let mut queue = queue(3, 10);
        for n in 0..3 {
            push(&mut queue, &[n; 3]);
        }
        assert_eq!(queue.make_room(3), 1);
        push(&mut queue, &[3; 3]);
        assert_eq!(queue.make_room(10), 3, "an item as large as all of it");
        push(&mut queue, &[4; 10]);
        assert_eq!(queue.make_room(100), 1, "and one larger than that");
        assert!(queue.is_empty() && queue.has_room(100));
    }

    #[test]
    fn the_end_stands_behind_the_last_item_and_the_first_end_stays() {
        let mut queue = queue(3, 10);
        push(&mut queue, &[1]);
        queue.finish(Finish::Failed("torn".into()));
        queue.finish(Finish::Complete);
        assert!(queue.is_finished() && queue.pop().is_some());
        assert_eq!(queue.take_finish(), Some(Finish::Failed("torn".into())));
    }

    #[test]
    fn the_first_reason_to_go_stays() {
        for why in Gone::ALL {
            let taker = Taker::default();
            assert_eq!(taker.gone(), None);
            taker.leave(why);
            taker.leave(Gone::Ended);
            assert_eq!(taker.gone(), Some(why));
        }
    }
}
