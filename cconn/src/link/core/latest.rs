//! Messages of which only the latest counts: each waits in a slot until it may be sent, and a later
//! one for the same slot takes its place.
//!
//! A slot waits like a sender: first for room in the outbox, then with a ticket in the line for the
//! window. No thread waits with it. This file does not know what is sent when.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::window::{Queued, Ticket, Window};

/// What a slot is for: a command of one membership. A client that enters a group again has other
/// slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SlotId {
    pub(crate) membership: u64,
    pub(crate) command: u64,
}

/// What became of a message of which only the latest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    Sent,
    /// It waits in its slot, which was empty.
    Waits,
    /// It waits in its slot, and has taken the place of a message that is never sent.
    Replaces,
}

/// A message that waits: its whole frame, which other connections share.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) frame: Arc<[u8]>,
    pub(super) charge: u64,
}

/// A place in the line for the window.
#[derive(Debug)]
struct InLine {
    ticket: Ticket,
    slot: SlotId,
    /// What the message counted that was emptied out of the slot, if a thread is behind it in the
    /// line. Its place is left when that much credit has come: a thread that reads there learns of
    /// nothing but grants.
    emptied: Option<u64>,
}

/// The messages of one connection that wait in slots. Each is in exactly one of the two lines.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    slots: BTreeMap<SlotId, Waiting>,
    for_room: VecDeque<SlotId>,
    /// In the order of the tickets.
    for_window: VecDeque<InLine>,
}

impl Latest {
    /// Whether a message waits for room in the outbox.
    #[inline]
    pub(crate) fn waits_for_room(&self) -> bool {
        !self.for_room.is_empty()
    }

    /// Puts a message in the place of the one that waits in its slot; gives it back if none does.
    pub(super) fn replace(&mut self, slot: SlotId, waiting: Waiting) -> Option<Waiting> {
        let Some(place) = self.slots.get_mut(&slot) else { return Some(waiting) };
        *place = waiting;
        None
    }

    /// Takes out the message whose turn in the line for the window has come, with credit for it.
    pub(super) fn next_ready(&mut self, window: &mut Window) -> Option<Waiting> {
        while let Some(first) = self.for_window.front() {
            let waiting = self.slots.get(&first.slot).filter(|_| first.emptied.is_none());
            let charge = first.emptied.or_else(|| waiting.map(|waiting| waiting.charge));
            let charge = charge.unwrap_or(0);
            if !window.is_ready(first.ticket, charge) {
                return None;
            }
            let first = self.for_window.pop_front()?;
            if first.emptied.is_none() && window.leave(first.ticket, charge) {
                return self.slots.remove(&first.slot);
            }
            window.leave(first.ticket, u64::MAX);
        }
        None
    }

    /// Takes out the message that has waited for room in the outbox for longest, if there is credit
    /// for it too; else that one joins the line for the window.
    pub(super) fn next_with_room(&mut self, window: &mut Window) -> Option<Waiting> {
        let slot = self.for_room.pop_front()?;
        let charge = self.slots.get(&slot)?.charge;
        if window.try_spend(charge) {
            return self.slots.remove(&slot);
        }
        self.join_line(slot, window);
        None
    }

    /// Leaves the places of emptied slots that no thread is behind.
    pub(super) fn leave_emptied(&mut self, window: &mut Window) {
        let last = window.last_thread();
        self.for_window.retain(|place| {
            let stays = place.emptied.is_none() || Some(place.ticket) < last;
            if !stays {
                window.leave(place.ticket, u64::MAX);
            }
            stays
        });
    }

    fn join_line(&mut self, slot: SlotId, window: &mut Window) {
        let ticket = window.queue_up(Queued::Slot);
        self.for_window.push_back(InLine { ticket, slot, emptied: None });
    }

    /// The number of messages that wait.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The number of places in the line for the window.
    pub(super) fn in_line(&self) -> usize {
        self.for_window.len()
    }

    /// Whether a message waits in that slot.
    pub(super) fn has(&self, slot: SlotId) -> bool {
        self.slots.contains_key(&slot)
    }

    /// Lets a message wait in its slot, which is empty: for credit, or first for room in the outbox.
    pub(super) fn wait(&mut self, slot: SlotId, waiting: Waiting, in_line: Option<&mut Window>) {
        self.slots.insert(slot, waiting);
        match in_line {
            Some(window) => self.join_line(slot, window),
            None => self.for_room.push_back(slot),
        }
    }

    /// Drops the messages of a membership.
    pub(super) fn forget(&mut self, membership: u64) {
        self.for_room.retain(|slot| slot.membership != membership);
        for place in self.for_window.iter_mut().filter(|place| place.slot.membership == membership)
        {
            if let Some(waiting) = self.slots.get(&place.slot).filter(|_| place.emptied.is_none()) {
                place.emptied = Some(waiting.charge);
            }
        }
        self.slots.retain(|slot, _| slot.membership != membership);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(charge: u64) -> Waiting {
        Waiting { frame: Arc::from(*b"x"), charge }
    }

    fn slot(membership: u64) -> SlotId {
        SlotId { membership, command: 1 }
    }

    fn wait(latest: &mut Latest, window: &mut Window, membership: u64) {
        latest.wait(slot(membership), waiting(60), Some(window));
    }

    #[test]
    fn memberships_that_come_and_go_leave_no_places_behind() {
        let mut window = Window::new(100, 100);
        assert!(window.try_spend(100));
        let mut latest = Latest::default();
        let thread = window.queue_up(Queued::Thread);
        for membership in 0..10_000 {
            wait(&mut latest, &mut window, membership);
            latest.forget(membership);
            latest.leave_emptied(&mut window);
        }
        assert!(latest.for_window.is_empty() && latest.slots.is_empty());
        window.leave(thread, 1);
        window.granted(1).unwrap();
        assert!(window.try_spend(1), "the line is empty");
    }

    #[test]
    fn an_emptied_slot_before_a_thread_is_left_with_the_credit_that_it_waited_for() {
        let mut window = Window::new(100, 100);
        assert!(window.try_spend(100));
        let mut latest = Latest::default();
        wait(&mut latest, &mut window, 1);
        wait(&mut latest, &mut window, 2);
        let thread = window.queue_up(Queued::Thread);
        latest.forget(1);
        latest.leave_emptied(&mut window);
        window.granted(59).unwrap();
        assert!(latest.next_ready(&mut window).is_none());
        window.granted(1).unwrap();
        assert_eq!(latest.next_ready(&mut window).unwrap().charge, 60);
        assert!(window.is_first(thread) && !window.is_ready(thread, 1), "its credit is spent");
        window.granted(1).unwrap();
        assert!(window.leave(thread, 1));
    }

    #[test]
    fn the_thread_behind_slots_alone_is_the_one_that_reads() {
        let mut window = Window::new(100, 100);
        let mut latest = Latest::default();
        wait(&mut latest, &mut window, 1);
        let [first, second] = [0; 2].map(|_| window.queue_up(Queued::Thread));
        assert!(window.is_first(first) && !window.is_first(second));
        assert!(!window.is_ready(first, 1), "the slot comes before it");
    }
}
