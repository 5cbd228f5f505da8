//! When messages in slots are sent: those of which only the latest counts (see `latest`).

use std::sync::Arc;

use super::latest::{Latest, Placed, SlotId, Waiting};
use super::sleepers::Sleep;
use super::state::State;
use super::window::charge;
use crate::sync::{Rule, holds};
use crate::wire::Outgoing;

impl State {
    /// Sends a message of which only the latest counts, or lets it wait in its slot. `shared` makes
    /// the frame that waits.
    pub(crate) fn place_latest(
        &mut self,
        slot: SlotId,
        frame: &Outgoing<&[u8]>,
        shared: impl FnOnce() -> Arc<[u8]>,
    ) -> Placed {
        let charge = charge(frame.charged_one_way());
        let is_waiting = self.latest().is_some_and(|latest| latest.has(slot));
        let has_room = !self.is_above_high_water();
        if !is_waiting && has_room && self.window.try_spend(charge) {
            self.append_copied_one_way(frame.parts());
            return Placed::Sent;
        }
        let latest = &mut self.outlets.get_or_insert_default().latest;
        let Some(waiting) = latest.replace(slot, Waiting { frame: shared(), charge }) else {
            return Placed::Replaces;
        };
        latest.wait(slot, waiting, has_room.then_some(&mut self.window));
        // The watchman reads the grant, if no thread does.
        self.leave_helm();
        Placed::Waits
    }

    /// Drops the messages that wait for a membership which is over.
    pub(crate) fn forget_latest(&mut self, membership: u64) {
        if let Some(outlets) = &mut self.outlets {
            outlets.latest.forget(membership);
            self.send_latest();
        }
    }

    /// Drops all messages that wait, because the connection has ended.
    pub(super) fn lose_latest(&mut self) {
        if let Some(outlets) = &mut self.outlets {
            outlets.latest = Latest::default();
        }
    }

    /// Whether messages wait in slots that an orderly stop still sends.
    pub(crate) fn owes_latest(&self) -> bool {
        self.waiting_latest() > 0 && holds(Rule::StopWaitsForLatest)
    }

    /// The number of messages that wait in slots.
    pub(crate) fn waiting_latest(&self) -> usize {
        self.latest().map_or(0, Latest::len)
    }

    fn latest(&self) -> Option<&Latest> {
        self.outlets.as_ref().map(|outlets| &outlets.latest)
    }

    /// Sends the messages in slots whose turn in the line for the window has come. Called when there
    /// is more credit, or a place in the line was left.
    pub(super) fn send_latest(&mut self) {
        if !holds(Rule::CreditSendsLatest) {
            return;
        }
        let before = self.latest().map_or(0, |latest| latest.in_line());
        if before == 0 {
            return;
        }
        if let Some(outlets) = &mut self.outlets {
            outlets.latest.leave_emptied(&mut self.window);
        }
        while let Some(outlets) = &mut self.outlets
            && let Some(Waiting { frame, .. }) = outlets.latest.next_ready(&mut self.window)
        {
            self.append_copied_one_way([&frame, &[]]);
        }
        if self.latest().is_some_and(|latest| latest.in_line() < before) {
            self.wake(|sleep| matches!(sleep, Sleep::Line | Sleep::Window));
        }
    }

    /// Goes on with the messages that have waited for room in the outbox, while there is room.
    #[cold]
    pub(super) fn send_latest_with_room(&mut self) {
        while holds(Rule::RoomSendsLatest)
            && !self.is_above_high_water()
            && let Some(outlets) = &mut self.outlets
            && outlets.latest.waits_for_room()
        {
            if let Some(Waiting { frame, .. }) = outlets.latest.next_with_room(&mut self.window) {
                self.append_copied_one_way([&frame, &[]]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::core::failure::Failure;
    use crate::link::core::limits::{Limits, PeerLimits};
    use crate::sync::Parker;
    use crate::wire::{Features, Start};

    const SLOT: SlotId = SlotId { membership: 1, command: 3 };

    /// A state whose whole window is spent.
    fn spent() -> State {
        let peer = PeerLimits { max_frame: 4096, window: 10_000, features: Features::OURS };
        let mut state = State::new(&Limits::default(), peer, false);
        assert!(state.window.try_spend(10_000));
        state
    }

    fn frame(
        begin: impl FnOnce(&mut Outgoing<&'static [u8]>, Start<'_>),
    ) -> Outgoing<&'static [u8]> {
        let mut frame = Outgoing::in_buffer(Vec::new());
        begin(&mut frame, Start::plain(0, 3, 0));
        frame.bytes.extend([0; 100]);
        frame.finish();
        frame
    }

    #[test]
    fn credit_that_a_refused_call_gives_back_goes_to_the_slot_behind_it() {
        let mut state = spent();
        let mut call = frame(|frame, start| frame.begin_call(start));
        let note = frame(|frame, start| frame.begin_one_way(start));
        let (first, second) = (charge(call.charged_call()), charge(note.charged_one_way()));
        let ticket = state.join_line();
        let shared = || note.parts().concat().into();
        assert_eq!(state.place_latest(SLOT, &note, shared), Placed::Waits);
        state.window.granted(first + second - 1).unwrap();
        state.leave_line(ticket, first, false, false).unwrap();
        assert_eq!(state.waiting_latest(), 1, "its credit is not there");
        let refused = state.open_call(&mut call, true, 0);
        assert!(matches!(refused, Err(Failure::TooManyCalls { limit: 0 })), "{refused:?}");
        assert_eq!(state.waiting_latest(), 0);
        assert!(state.window.try_spend(first - 1), "nothing is left in the line");
    }

    #[test]
    fn credit_that_a_refused_call_gives_back_wakes_the_sender_behind_it() {
        let mut state = spent();
        let mut call = frame(|frame, start| frame.begin_call(start));
        let charge = charge(call.charged_call());
        let [first, second] = [0; 2].map(|_| state.join_line());
        state.window.granted(charge).unwrap();
        state.leave_line(first, charge, false, false).unwrap();
        state.begin_sleep(Parker::mine(), Sleep::Window);
        assert!(!state.is_window_over(second, charge, false));
        state.open_call(&mut call, true, 0).unwrap_err();
        assert!(state.is_window_over(second, charge, false) && state.sleepers.is_empty());
    }
}
