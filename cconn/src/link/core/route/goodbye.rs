//! The peer's part of the goodbye, as it comes.

use crate::link::core::goodbye::Ending;
use crate::link::core::state::State;
use crate::sync::{Rule, holds};
use crate::wire::{self, EndReason};

impl State {
    #[expect(clippy::unnecessary_wraps, reason = "the routes of all kinds of frames look alike")]
    // [retrait.answer] [retrait.runs]
    pub(super) fn peer_says_retrait(&mut self) -> Result<(), Ending> {
        if !self.goodbye.hear_retrait() {
            self.waste.note();
            return Ok(());
        }
        self.begin_stop();
        Ok(())
    }

    pub(super) fn peer_says_adieu(&mut self, reason: EndReason, text: &str) -> Result<(), Ending> {
        if reason != EndReason::Finished {
            // Every error of this connection carries a copy, so longer texts than ours are
            // shortened.
            let text = wire::shorten(text, wire::MAX_TEXT).into();
            // [abrupt.receiver]
            return Err(Ending::Peer { reason, text });
        }
        // The peer's `adieu` answers our `retrait`, so at least one byte of that must have left.
        let said = self.goodbye.retrait_at().is_some_and(|at| self.outbox.may_have_left(at));
        let retired = self.goodbye.has_peer_retired() && said;
        // [adieu.too-early]
        if !retired && holds(Rule::TwoStepGoodbye) {
            let text = "adieu came before both sides had said retrait";
            return Err(Ending::here(EndReason::Protocol, text));
        }
        self.goodbye.hear_adieu();
        Ok(())
    }
}
