//! Commands that have arrived and not started, in order.

use std::collections::{HashMap, VecDeque};

use super::command::Command;
use crate::wire::CallId;

/// A queue up to this length is searched. A longer one gets an index when a call in it is
/// cancelled: otherwise a peer that sends many calls and many cancels would make every cancel
/// search the whole queue, under the lock.
const SEARCHED: usize = 32;

/// The queue. Its front is always a command; a cancelled call leaves a gap behind the front.
///
/// After each cancel `gaps <= max(SEARCHED, places.len() / 2)`. So a peer that calls and cancels
/// behind a front that can't start occupies at most twice as many places as it has commands
/// waiting.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    places: VecDeque<Option<Command>>,
    /// Places without a command, left by cancelled calls.
    gaps: usize,
    /// Places removed from the front so far.
    gone: u64,
    /// The place of each call, counted from the first place ever used. Built at the first cancel in
    /// a long queue and kept until the queue is empty. Boxed, for every connection has two queues and
    /// hardly one has an index.
    #[expect(clippy::box_collection, reason = "the place of one that is not there is to be small")]
    index: Option<Box<HashMap<CallId, u64>>>,
}

impl Queue {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The number of commands in the queue.
    pub(crate) fn len(&self) -> usize {
        self.places.len().saturating_sub(self.gaps)
    }

    #[inline]
    pub(crate) fn push(&mut self, command: Command) {
        let place = self.gone.saturating_add(self.places.len() as u64);
        if let (Some(index), Some(call)) = (&mut self.index, command.call) {
            index.insert(call, place);
        }
        if self.places.capacity() == 0 {
            // Most connections never have a second command waiting.
            self.places.reserve_exact(1);
        }
        self.places.push_back(Some(command));
    }

    #[inline]
    pub(crate) fn front(&self) -> Option<&Command> {
        self.places.front()?.as_ref()
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Command> {
        if self.gaps == 0 && self.index.is_none() {
            self.gone = self.gone.saturating_add(1);
            return self.places.pop_front().flatten();
        }
        self.pop_among_gaps()
    }

    fn pop_among_gaps(&mut self) -> Option<Command> {
        // The front is never a gap.
        let command = self.places.pop_front()??;
        self.gone = self.gone.saturating_add(1);
        if let (Some(index), Some(call)) = (&mut self.index, command.call) {
            index.remove(&call);
        }
        self.close_gap();
        Some(command)
    }

    /// Takes a call out of the middle of the queue.
    pub(crate) fn remove(&mut self, call: CallId) -> Option<Command> {
        let at = self.find(call)?;
        let command = self.places.get_mut(at)?.take()?;
        self.gaps = self.gaps.saturating_add(1);
        if let Some(index) = &mut self.index {
            index.remove(&call);
        }
        self.close_gap();
        self.close_ranks();
        Some(command)
    }

    fn find(&mut self, call: CallId) -> Option<usize> {
        if self.index.is_none() && self.places.len() <= SEARCHED {
            let is_it = |place: &Option<Command>| {
                place.as_ref().is_some_and(|command| command.call == Some(call))
            };
            return self.places.iter().position(is_it);
        }
        let place = *self
            .index
            .get_or_insert_with(|| Box::new(index(&self.places, self.gone)))
            .get(&call)?;
        usize::try_from(place.checked_sub(self.gone)?).ok()
    }

    /// Removes gaps from the front, so that a command is there again.
    #[inline]
    fn close_gap(&mut self) {
        while matches!(self.places.front(), Some(None)) {
            self.places.pop_front();
            self.gone = self.gone.saturating_add(1);
            self.gaps = self.gaps.saturating_sub(1);
        }
        if self.places.is_empty() {
            self.index = None;
        }
    }

    /// Drops all gaps once they are most of the queue. A command moves at most once for each
    /// cancel.
    fn close_ranks(&mut self) {
        if self.gaps > SEARCHED && self.gaps > self.places.len() / 2 {
            self.places.retain(Option::is_some);
            // Some spare places stay, so that a peer that goes on calling costs no allocation each
            // time.
            self.places.shrink_to(self.places.len().saturating_mul(2));
            self.gaps = 0;
            // The places have moved; the next cancel builds the index anew.
            self.index = None;
        }
    }

    /// Frees the memory of an empty queue.
    pub(crate) fn shrink(&mut self) {
        if self.places.is_empty() {
            self.places = VecDeque::new();
        }
    }
}

/// Builds the index: the place of each call in the queue.
fn index(places: &VecDeque<Option<Command>>, gone: u64) -> HashMap<CallId, u64> {
    let calls = places.iter().map(|place| place.as_ref().and_then(|command| command.call));
    (gone..).zip(calls).filter_map(|(place, call)| Some((call?, place))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::bytes::Bytes;
    use super::*;

    fn command(call: u64) -> Command {
        let (body, call) = (Bytes::copy(&[]), Some(CallId(call)));
        let (depth, name, fingerprint, parallel) = (0, 0, 0, false);
        Command {
            depth,
            call,
            name,
            fingerprint,
            body,
            parallel,
            charge: 64,
            number: 0,
            carried: None,
        }
    }

    fn call(command: Option<Command>) -> Option<u64> {
        Some(command?.call?.0)
    }

    #[test]
    fn cancelled_calls_keep_no_place_behind_a_front_that_stays() {
        let mut queue = Queue::default();
        queue.push(command(1));
        for n in 2..10_000 {
            queue.push(command(n));
            assert_eq!(call(queue.remove(CallId(n))), Some(n));
        }
        assert!(queue.places.len() <= 2 * SEARCHED, "{} places", queue.places.len());
        queue.push(command(10_000));
        assert_eq!(call(queue.remove(CallId(10_000))), Some(10_000));
        assert_eq!(call(queue.pop()), Some(1));
        assert!(queue.is_empty() && queue.gaps == 0);
    }

    #[test]
    fn calls_are_taken_out_of_short_and_long_queues_alike() {
        for length in [3, 1000] {
            let mut queue = Queue::default();
            (1..=length).for_each(|n| queue.push(command(n)));
            assert_eq!(call(queue.remove(CallId(2))), Some(2));
            assert_eq!(call(queue.remove(CallId(2))), None);
            assert_eq!(call(queue.remove(CallId(length + 1))), None);
            queue.push(command(length + 1));
            assert_eq!(call(queue.remove(CallId(1))), Some(1));
            assert_eq!(call(queue.pop()), Some(3), "the gap is closed");
            if length > 3 {
                assert_eq!(call(queue.remove(CallId(length))), Some(length));
            }
            assert_eq!(call(queue.remove(CallId(length + 1))), Some(length + 1));
            while queue.pop().is_some() {}
            assert!(queue.is_empty() && queue.index.is_none());
        }
    }
}
