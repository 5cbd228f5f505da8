//! Where a call was when its deadline passed, as far as its sender knows.
//!
//! Commands start in the order in which they were sent, unless the peer runs some beside others,
//! which their sender does not know. So what is said of a call that has left is a likelihood.

use super::calls::Asked;
use super::state::State;
use crate::wire::{self, CallId};

/// How far a call had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No byte of it had left, and it never will be run.
    Outbox,
    /// It was sent.
    Sent,
    /// It was sent to a client, which has answered nothing so far.
    Unheard,
    /// It was sent, and a later call was answered.
    Passed,
}

/// What a call may have waited behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    Nothing,
    /// A call of that command's hash, sent earlier on this connection and not answered.
    Call(u64),
    /// One-way messages that were sent earlier.
    Messages,
}

/// Where a call was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    pub(crate) stage: Stage,
    pub(crate) behind: Behind,
}

impl Whereabouts {
    pub(crate) const OUTBOX: Whereabouts =
        Whereabouts { stage: Stage::Outbox, behind: Behind::Nothing };
    pub(crate) const SENT: Whereabouts =
        Whereabouts { stage: Stage::Sent, behind: Behind::Nothing };

    /// False only where it is certain that the command never runs.
    pub(crate) fn may_have_run(self) -> bool {
        self.stage != Stage::Outbox
    }
}

impl State {
    /// Where a call is that has left. `to_client`: the peer is one that need not run commands.
    pub(crate) fn place_of(&self, asked: Asked, to_client: bool) -> Whereabouts {
        let unheard = self.calls.answered() == 0;
        let settled = if unheard { None } else { Some(self.calls.settled()) };
        if settled > Some(asked.at) {
            return Whereabouts { stage: Stage::Passed, behind: Behind::Nothing };
        }
        // Positions of messages are those behind them.
        let messages = self.last_one_way > settled.unwrap_or(0) && self.last_one_way <= asked.at;
        let behind = match self.calls.first_before(asked.at) {
            Some(first) => Behind::Call(first.command),
            None if messages => Behind::Messages,
            None => Behind::Nothing,
        };
        let stage = if unheard && to_client { Stage::Unheard } else { Stage::Sent };
        Whereabouts { stage, behind }
    }

    /// Sees to it that the peer does not start a call that was given up, as far as it has not yet;
    /// says whether that is certain, for no byte of it has left.
    pub(crate) fn withdraw(&mut self, call: CallId, asked: Asked) -> bool {
        if self.outbox.blank_call(asked.at, call) {
            return true;
        }
        self.append_with(|out| wire::write_cancel(out, call));
        self.calls.may_go_on(call, asked);
        false
    }
}
