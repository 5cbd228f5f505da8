//! How the connection ends: the orderly stop, a cut, and ends that take their time.
//!
//! A connection has *ended* once the reason is known: nothing more is sent, and no answer comes. It
//! is *closed* once everything that still had to be written or run is done. Most ends close the
//! connection at the same moment. Two ends take their time: a peer that is sent away first receives
//! all that was sent before, and a peer that closed the connection first has its commands run.

use std::sync::Arc;

use super::due::LastWords;
use super::goodbye::{self, Ending};
use super::sleepers::Sleep;
use super::state::State;
use crate::sync::{Rule, holds};
use crate::wire::{self, EndReason};

/// What the peer is told whose commands were not begun when this side's program had let go of its
/// last handle and the time of its stop was over.
const UNBEGUN: &str =
    "its program let go of the connection, and commands that had arrived there were not run";

impl State {
    /// Begins the orderly stop because a thread here asks for it.
    pub(crate) fn begin_stop_here(&mut self) {
        self.goodbye.ask_here();
        self.begin_stop();
    }

    /// Notes that the program has let go of its last handle.
    pub(crate) fn note_let_go(&mut self) {
        self.goodbye.note_let_go();
    }

    /// Whether this side has said `adieu`.
    pub(crate) fn has_said_adieu(&self) -> bool {
        self.goodbye.has_said_adieu()
    }

    /// Ends a connection whose orderly stop has outlasted its grace period. A program that has let
    /// go of its last handle wanted the end: the peer still runs what had arrived there, and is told
    /// if commands of its own were not.
    // [goodbye.grace] [goodbye.let-go]
    pub(crate) fn end_grace(&mut self) {
        self.close(if !self.goodbye.is_let_go() {
            Ending::here(EndReason::GraceOver, "")
        } else if self.turn.is_queue_empty() {
            Ending::LetGo { text: "".into() }
        } else {
            Ending::LetGo { text: UNBEGUN.into() }
        });
    }

    /// Whether commands that had arrived were dropped when the connection was closed, which its peer
    /// had closed before.
    pub(crate) fn has_dropped_rest(&self) -> bool {
        self.goodbye.has_dropped_rest
    }

    /// Begins the orderly stop, unless it has begun.
    pub(crate) fn begin_stop(&mut self) {
        self.goodbye.begin_stop();
        self.tended.stops = true;
        self.turn.winding_up = true;
        self.stop_channels();
        // From now on senders that wait for window are refused, unless they belong to a handler.
        self.wake(|sleep| matches!(sleep, Sleep::Line | Sleep::Window | Sleep::Credit(_)));
        self.advance_goodbye();
        // Commands that no thread waited for may start now, because of `winding_up`.
        self.offer_turn();
    }

    /// Takes the next steps of the goodbye that are allowed now. Called whenever the connection may
    /// have become idle.
    #[inline]
    pub(crate) fn advance_goodbye(&mut self) {
        if self.goodbye.is_stopping() {
            self.advance_stop();
        }
    }

    #[cold]
    fn advance_stop(&mut self) {
        if self.ended().is_some() {
            return self.advance_end();
        }
        // One step may make the next one due.
        loop {
            let idle = self.turn.is_idle() && self.calls.waiting() == 0 && !self.owes_latest();
            let written = self.outbox.bytes() == 0 && self.writer.is_idle();
            match self.goodbye.next_step(idle, written) {
                goodbye::Step::Nothing => return,
                goodbye::Step::Retrait => {
                    self.goodbye.say_retrait(self.outbox.end());
                    self.append_with(wire::write_retrait);
                }
                goodbye::Step::Adieu => {
                    let reason = EndReason::Finished;
                    self.append_with(|out| wire::write_adieu(out, reason, ""));
                    self.goodbye.say_adieu();
                }
                goodbye::Step::Finish => {
                    let asked_here = self.goodbye.is_asked_here();
                    return self.close(Ending::Finished { asked_here });
                }
            }
        }
    }

    /// Notes that the input has ended: an orderly end after the peer's goodbye, a cut before it.
    // [cut.after-adieu]
    pub(crate) fn end_input(&mut self, ending: Ending) {
        self.goodbye.end_of_input = true;
        if self.ended().is_some() {
            return self.end_input_at_the_end(ending);
        }
        // An end of the stream while a call waits, or a thread sends, is a cut, whatever the peer
        // said.
        let awaited = self.calls.waiting() > 0 || self.goodbye.senders > 0 || self.owes_latest();
        // Every accepted message must have left. A peer that ends its stream in order has read our
        // goodbye.
        let all_left = self.outbox.has_all_left(self.last_one_way);
        if !self.goodbye.has_peer_left() || awaited || !all_left {
            return self.close(ending);
        }
        // Commands that arrived before the end still run, but their answers have no reader.
        self.outbox.clear();
        self.wake(|sleep| sleep == Sleep::Room);
        self.advance_goodbye();
    }

    /// Ends the connection: every wait ends, and commands that have not started never will.
    // [adieu.late-abrupt] [adieu.abrupt] [abrupt.linger]
    pub(crate) fn close(&mut self, ending: Ending) {
        if self.is_closed() {
            return;
        }
        let words = match &ending {
            _ if self.ended().is_some() => self.close_at_the_end(ending),
            Ending::Finished { .. } => self.set_ended(ending, LastWords::EndOfStream),
            Ending::Here { .. } | Ending::Idle { .. } | Ending::LetGo { .. } => {
                if let Some((reason, text)) = ending.last_words() {
                    self.append_with(|out| wire::write_adieu(out, reason, text));
                }
                self.set_ended(ending, LastWords::Goodbye)
            }
            Ending::Peer { .. } | Ending::Cut { .. } => self.set_ended(ending, LastWords::None),
        };
        if words == LastWords::Goodbye {
            // Complete frames leave together with the goodbye.
            self.outbox.leave();
        } else {
            // Either everything is written, or the peer reads nothing more.
            self.outbox.clear();
        }
        self.goodbye.set_closed();
        self.all_are_unwanted();
        let was_closed_by_peer =
            self.ended().is_some_and(|end| matches!(**end, Ending::Peer { .. }));
        self.goodbye.has_dropped_rest = was_closed_by_peer && !self.turn.is_queue_empty();
        self.turn.clear();
        self.turn.void_promises();
        self.lose_channels();
        self.lose_latest();
        if self.calls.waiting() > 0 {
            self.calls.lose_unwanted();
        }
        self.due.say(words);
        // The system would reset the stream of a peer whose bytes stay unread, and our last words
        // could be lost with it. So for a while those bytes are read and discarded.
        self.tended.lingers = words != LastWords::None;
        self.wake_all();
    }
}

impl State {
    /// Begins to send the peer away: everything sent before goes first, nothing comes after. No
    /// command of the peer's is started any more.
    pub(crate) fn expel(&mut self, text: &str) {
        if self.ended().is_some() {
            return;
        }
        let ending = Ending::here(EndReason::Closed, text);
        if !self.can_write() {
            self.goodbye.cut_short = Some(Arc::new(Ending::vanished()));
            return self.close(ending);
        }
        self.append_with(|out| wire::write_adieu(out, EndReason::Closed, text));
        // Calls in the outbox are about to be written, so they may yet run.
        self.outbox.leave();
        self.turn.clear();
        // The thread that sends the peer away has a deadline of its own.
        self.goodbye.begin_expulsion();
        self.begin_end(ending);
    }

    /// Ends the connection because the peer ended it or broke its rules. A peer whose program
    /// closed the connection has said everything it wanted to: commands that had arrived are still
    /// run.
    // [abrupt.sent-away]
    pub(crate) fn end(&mut self, ending: Ending) {
        // No answer has a reader any more.
        self.turn.void_promises();
        let closed = matches!(ending, Ending::Peer { reason: EndReason::Closed, .. });
        if !closed || self.turn.is_idle() || !holds(Rule::LastWordsRun) {
            return self.close(ending);
        }
        // The peer sends and reads nothing more: only its commands are left to be run.
        self.goodbye.end_of_input = true;
        self.outbox.clear();
        self.turn.winding_up = true;
        self.due.say(LastWords::HangUp);
        // [abrupt.sent-away]
        self.goodbye.begin_rest();
        self.tended.stops = true;
        self.begin_end(ending);
        self.offer_turn();
    }

    fn begin_end(&mut self, ending: Ending) {
        self.goodbye.set_ended(ending);
        self.all_are_unwanted();
        self.turn.void_promises();
        self.lose_channels();
        self.lose_latest();
        self.due.show_end();
        // `advance_goodbye` does nothing unless `stopping` is set; `advance_end` depends on it.
        self.wake_all();
    }

    /// Wakes everything that waits on this connection.
    fn wake_all(&mut self) {
        self.wake(|_| true);
        if holds(Rule::EndWakesFollowers) {
            self.end_followed();
        }
    }

    /// Closes a connection whose end has begun, once nothing is left to be written or run.
    fn advance_end(&mut self) {
        let Some(ending) = self.ended().cloned().filter(|_| !self.is_closed()) else { return };
        let done = match &*ending {
            Ending::Peer { .. } => self.turn.is_idle(),
            _ => self.is_all_said(),
        };
        if done {
            self.close((*ending).clone());
        } else if self.goodbye.cut_short.is_some() && self.writer.is_idle() {
            self.close(Ending::vanished());
        }
    }

    /// Whether the last words are written, and no thread may yet find that they could not be.
    fn is_all_said(&self) -> bool {
        self.outbox.bytes() == 0 && self.writer.is_idle() && !self.writer.is_broken()
    }

    /// Notes that the input ended after the connection had: a peer that is being sent away reads no
    /// more, or has left by itself.
    fn end_input_at_the_end(&mut self, ending: Ending) {
        if !self.is_closed() && matches!(self.ended().map(|e| &**e), Some(Ending::Here { .. })) {
            // Whether everything was said is known once no thread is inside a write.
            self.goodbye.cut_short.get_or_insert(Arc::new(ending));
            self.advance_end();
        }
    }

    /// Sets why the connection ends; returns the last words to be said.
    fn set_ended(&mut self, ending: Ending, words: LastWords) -> LastWords {
        self.goodbye.set_ended(ending);
        words
    }

    /// Chooses the last words of an end that had begun; its reason stays. If the words are not all
    /// written, `ending` is the reason for that, and they are tried once more.
    fn close_at_the_end(&mut self, ending: Ending) -> LastWords {
        if matches!(self.ended().map(|ended| &**ended), Some(Ending::Peer { .. })) {
            return LastWords::None;
        }
        if self.is_all_said() {
            self.goodbye.cut_short = None;
            return LastWords::EndOfStream;
        }
        self.goodbye.cut_short.get_or_insert(Arc::new(ending));
        LastWords::Goodbye
    }
}
