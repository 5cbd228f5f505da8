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
