//! Ends that take their time: the peer is sent away, and hears all that was said before; or this
//! side is, and runs all that had arrived.
//!
//! The connection has *ended* from the first moment, for whoever waits for it or wants to send.
//! It is *closed* when the rest is written, or run.

use std::sync::Arc;

use crate::link::Link;
use crate::link::core::due::LastWords;
use crate::link::core::goodbye::Ending;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::threads::wait::Waited;
use crate::sync::{Deadline, Rule, holds};
use crate::wire::{self, EndReason};

/// What became of the last words to a peer that was sent away.
#[derive(Clone, Debug)]
pub(crate) enum Expelled {
    /// All was written, and the peer has ended its side or had its time to.
    Said,
    /// The deadline passed first, and the connection was cut.
    Late,
    /// The connection had ended, or ended first, for that reason.
    Ended(Arc<Ending>),
}

impl Link {
    /// Sends the peer away: writes what was sent so far, then the reason, and ends. Twice is as
    /// good as once. Reads on meanwhile, and hears nothing of it.
    pub(crate) fn expel(&self, text: &str, mut deadline: Deadline) -> Expelled {
        if self.is_disowned()
            && let Some(ending) = self.ending()
        {
            return Expelled::Ended(ending);
        }
        let mut state = self.lock_soon();
        state.expel(text);
        let waited;
        (state, waited) = self.wait(state, Sleep::End, &mut deadline, |_| false);
        if waited == Waited::Expired {
            state.close(Ending::here(EndReason::SlowPeer, ""));
        }
        let unsaid = state.goodbye.unsaid.clone();
        let late = waited == Waited::Expired && unsaid.is_some();
        let first = unsaid.or_else(|| state.ended().cloned());
        drop(state);
        let most = crate::sync::now().checked_add(self.limits.linger);
        self.drain(deadline.moment().into_iter().chain(most).min());
        match first {
            _ if late => Expelled::Late,
            Some(ending) if !matches!(&*ending, Ending::Here { .. } if ending.is_expulsion()) => {
                Expelled::Ended(ending)
            }
            _ => Expelled::Said,
        }
    }
}

impl State {
    /// The peer is sent away: all that was said before goes first, nothing comes after. Nothing
    /// of what it asked for is begun any more.
    fn expel(&mut self, text: &str) {
        if self.ended().is_some() {
            return;
        }
        let ending = Ending::here(EndReason::Closed, text);
        if !self.can_write() {
            self.goodbye.unsaid = Some(Arc::new(Ending::vanished()));
            return self.close(ending);
        }
        self.append_with(|out| wire::write_adieu(out, EndReason::Closed, text));
        // Calls that are about to be written may yet run.
        self.outbox.leave();
        self.turn.clear();
        // Whoever sends the peer away has a deadline of their own.
        self.goodbye.stop_since = None;
        self.begin_end(ending);
    }

    /// The peer ends the connection, or breaks its rules. One that its program closed has said all
    /// it wanted to: what had arrived is still run.
    pub(in super::super) fn end(&mut self, ending: Ending) {
        let closed = matches!(ending, Ending::Peer { reason: EndReason::Closed, .. });
        if !closed || self.turn.is_idle() || !holds(Rule::LastWordsRun) {
            return self.close(ending);
        }
        self.goodbye.end_of_input = true;
        self.outbox.clear();
        self.turn.winding_up = true;
        self.due.say(LastWords::HangUp);
        // What is left to run has the time of a stop.
        self.goodbye.stop_since = Some(crate::sync::now());
        self.tended.stops = true;
        self.begin_end(ending);
        self.offer_turn();
    }

    fn begin_end(&mut self, ending: Ending) {
        self.goodbye.ended = Some(Arc::new(ending));
        self.due.show_end();
        self.goodbye.stopping = true;
        self.wake(|_| true);
    }

    /// An end has begun: closes where nothing is left to be written, or to be run.
    pub(in super::super) fn advance_end(&mut self) {
        let Some(ending) = self.goodbye.ended.clone().filter(|_| !self.is_closed()) else { return };
        let done = match &*ending {
            Ending::Peer { .. } => self.turn.is_idle(),
            _ => self.is_all_said(),
        };
        if done {
            self.close((*ending).clone());
        } else if self.goodbye.unsaid.is_some() && !self.flusher {
            self.close(Ending::vanished());
        }
    }

    /// Whether the last words are written, and nobody is about to find that they could not be.
    fn is_all_said(&self) -> bool {
        self.outbox.bytes() == 0 && !self.flusher && self.broken.is_none()
    }

    /// The input ends after the connection has: a peer that is being sent away reads no more, or
    /// has left by itself.
    pub(in super::super) fn end_input_at_the_end(&mut self, ending: Ending) {
        if !self.is_closed() && matches!(self.ended().map(|e| &**e), Some(Ending::Here { .. })) {
            // Whether all was said is known once nobody is in the middle of a write.
            self.goodbye.unsaid.get_or_insert(Arc::new(ending));
            self.advance_end();
        }
    }

    /// Sets why the connection ends; returns the last words to be said.
    pub(in super::super) fn set_ended(&mut self, ending: Ending, words: LastWords) -> LastWords {
        self.goodbye.ended = Some(Arc::new(ending));
        words
    }

    /// The last words of an end that had begun: its reason stays. Where they are not all written
    /// `ending` says why, and they are tried once more.
    pub(in super::super) fn close_at_the_end(&mut self, ending: Ending) -> LastWords {
        if matches!(self.ended().map(|ended| &**ended), Some(Ending::Peer { .. })) {
            return LastWords::None;
        }
        if self.is_all_said() {
            self.goodbye.unsaid = None;
            return LastWords::EndOfStream;
        }
        self.goodbye.unsaid.get_or_insert(Arc::new(ending));
        LastWords::Goodbye
    }
}
