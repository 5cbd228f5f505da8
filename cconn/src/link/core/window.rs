//! Flow control: how many bytes of commands may wait at the other side, in each direction.

use std::collections::VecDeque;

use thiserror::Error;

use super::limits::COMMAND_OVERHEAD;
use crate::sync::{Rule, holds};
use crate::text::{counted, verb};

/// What a command with a body of `body` bytes counts against the window.
#[inline]
// [window.charge]
pub(crate) fn charge(body: usize) -> u64 {
    (body as u64).saturating_add(COMMAND_OVERHEAD)
}

/// How the peer broke the rules of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Overrun {
    #[error("a command came that counts {charge} bytes, and the window had room for {room}")]
    Command { charge: u64, room: u64 },
    #[error("{} of window {} granted, and {used} {} used",
        counted(*bytes, "byte"), was(*bytes), was(*used))]
    Grant { bytes: u64, used: u64 },
}

fn was(bytes: u64) -> &'static str {
    verb(usize::try_from(bytes).unwrap_or(usize::MAX), "was", "were")
}

/// The windows of both directions. `credit <= peer_size`; `held + owed <= own_size`.
#[derive(Debug)]
pub(crate) struct Window {
    /// Bytes of our commands that may be under way to the peer.
    peer_size: u64,
    /// The part of `peer_size` that may still be spent.
    credit: u64,
    /// Bytes of the peer's commands that may be under way to us.
    own_size: u64,
    /// Charges of commands that have arrived and not started.
    held: u64,
    /// Charges of commands that have started and for which no grant was sent yet.
    owed: u64,
    /// Whether the peer has granted credit at all: it has taken up commands.
    any_granted: bool,
    /// What waits for credit, in order.
    line: VecDeque<(Ticket, Queued)>,
    next_ticket: u64,
}

/// A sender's place in the line for credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// What has a place in the line for credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queued {
    /// A thread that sends.
    Thread,
    /// A message in a slot, which a grant sends (see `latest`).
    Slot,
}

impl Window {
    pub(crate) fn new(own_size: u64, peer_size: u64) -> Self {
        Window {
            peer_size,
            credit: peer_size,
            own_size,
            held: 0,
            owed: 0,
            any_granted: false,
            line: VecDeque::new(),
            next_ticket: 0,
        }
    }

    /// Takes credit for a command; false if other senders wait already or too little credit is
    /// left.
    #[inline]
    // [window.sender]
    pub(crate) fn try_spend(&mut self, charge: u64) -> bool {
        // A sender that comes later must not overtake the line.
        self.line.is_empty() && self.spend(charge)
    }

    /// Whether `try_spend` would take credit.
    #[inline]
    pub(crate) fn has_room(&self, charge: u64) -> bool {
        self.line.is_empty() && self.credit >= charge
    }

    #[inline]
    fn spend(&mut self, charge: u64) -> bool {
        match self.credit.checked_sub(charge) {
            Some(rest) => {
                self.credit = rest;
                true
            }
            None => false,
        }
    }

    /// Joins the line of those that wait for credit.
    pub(crate) fn queue_up(&mut self, queued: Queued) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket = self.next_ticket.saturating_add(1);
        self.line.push_back((ticket, queued));
        ticket
    }

    /// Whether a sender is the first thread in the line: then only a grant, which is input, ends its
    /// wait. What is before it are slots, and no thread waits for it to read.
    pub(crate) fn is_first(&self, ticket: Ticket) -> bool {
        let is_thread = |queued: Queued| queued == Queued::Thread || !holds(Rule::SlotsDoNotRead);
        let mut threads = self.line.iter().filter(|(_, queued)| is_thread(*queued));
        threads.next().is_some_and(|(first, _)| *first == ticket)
    }

    /// The last thread in the line.
    pub(crate) fn last_thread(&self) -> Option<Ticket> {
        let mut line = self.line.iter().rev();
        line.find(|(_, queued)| *queued == Queued::Thread).map(|(ticket, _)| *ticket)
    }

    /// Whether a ticket is the first in the line and there is enough credit for it.
    pub(crate) fn is_ready(&self, ticket: Ticket, charge: u64) -> bool {
        let is_first = self.line.front().is_some_and(|(first, _)| *first == ticket);
        is_first && self.credit >= charge
    }

    /// Leaves the line. True if the sender was ready; its credit is then taken.
    pub(crate) fn leave(&mut self, ticket: Ticket, charge: u64) -> bool {
        let ready = self.is_ready(ticket, charge);
        self.line.retain(|(t, _)| *t != ticket);
        ready && self.spend(charge)
    }

    /// Gives back the credit of a command that was admitted and then not sent; what is in the line
    /// has to look again (`State::give_credit_back`).
    pub(super) fn unspend(&mut self, charge: u64) {
        self.credit = self.credit.saturating_add(charge).min(self.peer_size);
    }

    /// Adds credit that the peer has granted; an error if that is more than was spent.
    // [grant.excess]
    pub(crate) fn granted(&mut self, bytes: u64) -> Result<(), Overrun> {
        match self.credit.checked_add(bytes) {
            Some(credit) if credit <= self.peer_size => {
                self.credit = credit;
                self.any_granted = true;
                Ok(())
            }
            _ => Err(Overrun::Grant { bytes, used: self.peer_size.saturating_sub(self.credit) }),
        }
    }

    /// Bytes of our commands that the peer would take now.
    pub(crate) fn credit(&self) -> u64 {
        self.credit
    }

    /// Whether the peer has granted credit at all.
    pub(crate) fn is_any_granted(&self) -> bool {
        self.any_granted
    }

    /// Charges a command that has arrived; an error if the peer had no credit for it.
    #[inline]
    // [window.overrun]
    pub(crate) fn arrived(&mut self, charge: u64) -> Result<(), Overrun> {
        // Charges that are owed count too: the peer has not received a grant for them yet.
        let taken = self.held.saturating_add(self.owed);
        let room = self.own_size.saturating_sub(taken);
        if charge > room {
            return Err(Overrun::Command { charge, room });
        }
        self.held = self.held.saturating_add(charge);
        Ok(())
    }

    /// Charges of commands that have not started, and charges for which no grant was sent yet. Both
    /// are part of the progress by which the watchman sees that something was asked
    /// (`State::progress`).
    pub(crate) fn arrived_and_owed(&self) -> [u64; 2] {
        [self.held, self.owed]
    }

    /// Notes that a command was started, cancelled or refused. Returns the bytes to grant, if a
    /// grant is due.
    #[inline]
    // [window.grant-due]
    pub(crate) fn taken_up(&mut self, charge: u64) -> Option<u64> {
        self.held = self.held.saturating_sub(charge);
        self.owed = self.owed.saturating_add(charge);
        // Grants by halves: one small frame for many commands.
        if self.owed < self.own_size / 2 {
            return None;
        }
        Some(std::mem::take(&mut self.owed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_is_spent_to_the_last_byte_and_not_beyond() {
        // [window.sender]
        let mut window = Window::new(100, 100);
        assert!(window.try_spend(100));
        assert!(!window.try_spend(1));
        assert!(window.has_room(0) && !window.has_room(1));
        assert_eq!(window.granted(100), Ok(()));
        assert_eq!(window.granted(1), Err(Overrun::Grant { bytes: 1, used: 0 }));
    }

    #[test]
    fn arrivals_beyond_the_window_are_an_overrun_until_granted() {
        // [window.overrun] [window.grant-due]
        let mut window = Window::new(100, 100);
        assert_eq!(window.arrived(60), Ok(()));
        assert_eq!(window.arrived(41), Err(Overrun::Command { charge: 41, room: 40 }));
        assert_eq!(window.arrived(40), Ok(()));
        assert_eq!(window.taken_up(40), None);
        let full = Err(Overrun::Command { charge: 1, room: 0 });
        assert_eq!(window.arrived(1), full, "taken up, but not granted yet");
        assert_eq!(window.taken_up(60), Some(100));
        assert_eq!(window.arrived(100), Ok(()));
    }

    #[test]
    fn no_sender_overtakes_the_line() {
        let mut window = Window::new(100, 100);
        assert!(window.try_spend(90));
        let first = window.queue_up(Queued::Thread);
        let second = window.queue_up(Queued::Thread);
        assert!(!window.try_spend(1) && !window.has_room(1), "others wait");
        assert!(!window.is_ready(first, 50) && !window.is_ready(second, 1));
        window.granted(90).unwrap();
        assert!(window.leave(first, 50));
        assert!(window.leave(second, 1));
        assert!(window.try_spend(1));
    }

    #[test]
    fn a_sender_that_leaves_the_middle_of_the_line_delays_no_other() {
        let mut window = Window::new(100, 0);
        let (first, second, third) = (
            window.queue_up(Queued::Thread),
            window.queue_up(Queued::Thread),
            window.queue_up(Queued::Thread),
        );
        assert!(!window.leave(second, 1));
        window.peer_size = 10;
        window.granted(10).unwrap();
        assert!(window.leave(first, 5) && window.leave(third, 5));
        assert!(!window.try_spend(1), "the credit of both is taken");
    }

    #[test]
    fn a_sender_that_leaves_before_its_turn_takes_no_credit() {
        let mut window = Window::new(100, 100);
        let (first, second) = (window.queue_up(Queued::Thread), window.queue_up(Queued::Thread));
        assert!(window.is_first(first) && !window.is_first(second));
        assert!(!window.leave(second, 60), "it was not the first");
        assert!(!window.leave(first, 101), "there was too little for it");
        assert!(window.try_spend(100));
    }

    #[test]
    fn credit_that_is_given_back_can_be_spent_again_and_is_never_more_than_the_window() {
        let mut window = Window::new(100, 100);
        assert!(window.try_spend(100));
        window.unspend(40);
        assert!(!window.try_spend(41) && window.try_spend(40));
        window.unspend(u64::MAX);
        assert!(!window.try_spend(101) && window.try_spend(100));
    }

    #[test]
    fn a_grant_of_more_than_was_spent_changes_nothing_and_names_both() {
        // [grant.excess]
        let mut window = Window::new(100, 100);
        assert!(window.try_spend(30));
        for bytes in [31, u64::MAX] {
            assert_eq!(window.granted(bytes), Err(Overrun::Grant { bytes, used: 30 }));
        }
        assert!(!window.is_any_granted());
        assert!(!window.try_spend(71) && window.try_spend(70));
        assert_eq!(window.granted(30), Ok(()));
        assert!(window.is_any_granted());
    }

    #[test]
    fn a_grant_is_due_from_half_the_window_on() {
        // [window.grant-due]
        for (taken_up, due) in [(49, None), (50, Some(50)), (51, Some(51))] {
            let mut window = Window::new(100, 100);
            assert_eq!(window.arrived(80), Ok(()));
            assert_eq!(window.taken_up(taken_up), due, "{taken_up}");
            let owed = if due.is_some() { 0 } else { taken_up };
            assert_eq!(window.arrived_and_owed(), [80 - taken_up, owed]);
        }
    }

    #[test]
    fn a_command_counts_its_body_and_what_every_command_costs() {
        // [window.charge]
        assert_eq!((charge(0), charge(1000)), (64, 1064));
        assert_eq!(charge(usize::MAX), u64::MAX);
    }

    #[test]
    fn a_message_in_a_slot_has_its_place_in_the_line_and_reads_nothing() {
        let mut window = Window::new(100, 100);
        assert_eq!(window.last_thread(), None);
        let slot = window.queue_up(Queued::Slot);
        assert_eq!(window.last_thread(), None);
        let (first, second) = (window.queue_up(Queued::Thread), window.queue_up(Queued::Thread));
        let last = window.queue_up(Queued::Slot);
        assert!(!window.is_first(slot) && window.is_first(first));
        assert!(!window.is_first(second) && !window.is_first(last));
        assert_eq!(window.last_thread(), Some(second));
        assert!(window.is_ready(slot, 100) && !window.is_ready(first, 1));
    }

    #[test]
    fn the_credit_left_is_what_was_not_spent() {
        let mut window = Window::new(7, 100);
        assert_eq!(window.credit(), 100);
        assert!(window.try_spend(30));
        assert_eq!(window.credit(), 70);
        window.granted(20).unwrap();
        assert_eq!(window.credit(), 90);
    }

    #[test]
    fn an_overrun_tells_what_came_and_what_there_was_room_for() {
        let grant = |bytes, used| Overrun::Grant { bytes, used }.to_string();
        assert_eq!(grant(1, 2), "1 byte of window was granted, and 2 were used");
        assert_eq!(grant(2, 1), "2 bytes of window were granted, and 1 was used");
    }
}
