//! Where a call was when its deadline passed, as far as its sender can know.
//!
//! Commands start in the order in which they were sent, except those that the peer runs beside
//! others; which ones it does, the sender does not know. So for a call that has left, the result is
//! a likelihood.

use super::calls::Asked;
use super::state::State;
use super::told::Told;
use crate::wire::{self, CallId, Standing};

/// How far a call had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// In the outbox: no byte of the call had left, and it never will be run.
    Outbox,
    /// The call was sent.
    Sent,
    /// The call was sent to a client that has answered no call so far, and may run no commands.
    Unheard,
    /// The call was sent, and a later call has been answered.
    Passed,
    /// The peer said shortly before that it had started the command.
    Running,
    /// The peer said shortly before that it had not started the command, and never will.
    Unstarted,
    /// The peer said so too, and that it runs no commands at all.
    NotListened,
}

/// What a call may have waited behind at the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    Nothing,
    /// An earlier call on this connection without an answer; the hash of its command.
    Call(u64),
    /// One-way messages sent earlier.
    Messages,
}

/// How far a call had come, and what it may have waited behind.
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

    /// Where a call was, if the peer has withdrawn it.
    pub(crate) fn withdrawn(told: Told) -> Option<Whereabouts> {
        let (stage, behind) = match told {
            Told::Is(Standing::Unstarted { behind: 0 }) => (Stage::Unstarted, Behind::Nothing),
            Told::Is(Standing::Unstarted { behind }) => (Stage::Unstarted, Behind::Call(behind)),
            Told::Is(Standing::Unheard) => (Stage::NotListened, Behind::Nothing),
            Told::Unasked | Told::Asked | Told::Is(Standing::Running) => return None,
        };
        Some(Whereabouts { stage, behind })
    }

    /// Whether the command may have run, or may yet run. False is certain.
    pub(crate) fn may_have_run(self) -> bool {
        !matches!(self.stage, Stage::Outbox | Stage::Unstarted | Stage::NotListened)
    }
}

impl State {
    /// The whereabouts of a call that was sent. `to_client`: the peer is a client, which need not
    /// run commands.
    pub(crate) fn place_of(&self, asked: Asked, to_client: bool) -> Whereabouts {
        if let Some(place) = Whereabouts::withdrawn(asked.told) {
            return place;
        }
        if asked.told == Told::Is(Standing::Running) {
            return Whereabouts { stage: Stage::Running, behind: Behind::Nothing };
        }
        let unheard = self.calls.answered() == 0;
        let settled = if unheard { None } else { Some(self.calls.settled()) };
        if settled > Some(asked.at) {
            return Whereabouts { stage: Stage::Passed, behind: Behind::Nothing };
        }
        // The position noted for a message is the one behind its last byte.
        let messages = self.last_one_way > settled.unwrap_or(0) && self.last_one_way <= asked.at;
        let behind = match self.calls.first_before(asked.at) {
            Some(first) => Behind::Call(first.command),
            None if messages => Behind::Messages,
            None => Behind::Nothing,
        };
        let stage = if unheard && to_client { Stage::Unheard } else { Stage::Sent };
        Whereabouts { stage, behind }
    }

    /// Withdraws a call that was given up, so that the peer does not start it. True if that is
    /// certain, because no byte of the call had left; else a cancel is sent, which may come too
    /// late.
    pub(crate) fn withdraw(&mut self, call: CallId, asked: Asked) -> bool {
        self.outcome_ends_arguments(call);
        if self.outbox.blank_call(asked.at, call) {
            return true;
        }
        self.append_with(|out| wire::write_cancel(out, call));
        // The peer may be running the call already, and calls behind it would wait for its end.
        self.calls.may_go_on(call, asked);
        false
    }
}
