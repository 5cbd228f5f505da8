//! Promises: a command leaves its answer to whoever keeps its promise, on any thread.

use std::sync::{Arc, Weak};
use std::time::Instant;

use super::ambient::{ambient, late};
use super::handler;
use super::leave::Appended;
use super::outcome::text_behind;
use crate::link::Link;
use crate::link::core::alarm::{Alarm, Unwanted};
use crate::link::core::bytes::{put_scratch, take_scratch};
use crate::link::core::promising::NoPromise;
use crate::link::core::served::Owed;
use crate::link::io::telling::{is_telling, tell};
use crate::link::threads::dispatch::Outcome;
use crate::sync::{Deadline, Rule, holds, now};
use crate::wire::{Answering, CallId, FailureCode, LENGTH_PREFIX};

/// What the caller reads of a promise that was dropped.
const DROPPED: &str = "its promise was dropped";

/// The right to answer one call, once.
pub(crate) struct Promise {
    link: Weak<Link>,
    /// `None` for a one-way message, and once it was kept.
    call: Option<CallId>,
    /// Hash of the command's name.
    command: u64,
    /// When its caller waits no more, if the caller has said so.
    until: Option<Instant>,
    /// What is run when nobody waits for the answer any more, unless it was given before.
    alarms: Vec<Arc<Alarm>>,
}

/// Why what a promise was kept with has not gone to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotKept {
    /// Nobody waits for it any more.
    Unwanted(Unwanted),
    /// It can't be sent; the caller was told so.
    Unsent(Box<str>),
}

impl Link {
    /// A promise for the command of this connection that the calling thread is inside of.
    #[inline]
    pub(crate) fn promise(self: &Arc<Self>, command: u64) -> Result<Promise, NoPromise> {
        let call = handler::marks_of(self).and_then(|marks| marks.call);
        if let Some(call) = call {
            self.locked(|state| state.promise(call))?;
        }
        let (link, until) = (Arc::downgrade(self), ambient().until);
        Ok(Promise { link, call, command, until, alarms: Vec::new() })
    }

    /// Whether a call whose command has failed was answered by a promise before.
    #[cold]
    #[inline]
    pub(super) fn is_kept(&self, call: CallId) -> bool {
        self.locked(|state| state.command_failed(call)) == Owed::Nothing
    }

    /// Writes what is owed to the caller of a command that has left its answer to its promise: false
    /// if nothing is.
    #[cold]
    #[inline]
    pub(super) fn left_to_promise(
        &self,
        call: Option<CallId>,
        command: u64,
        frame: &mut Answering,
    ) -> bool {
        let owed = call.map_or(Owed::Nothing, |call| self.locked(|s| s.left_to_promise(call)));
        if owed == Owed::Outcome && holds(Rule::DroppedPromiseAnswers) {
            frame.truncate(0);
            self.write_failure(call, command, (FailureCode::Unanswered, DROPPED), &mut frame.bytes);
            return true;
        }
        false
    }

    /// Makes the frame of an outcome whose bytes stand behind `header`. An error says why it can't
    /// be sent; the frame is that of a failure then.
    #[inline]
    fn write_outcome(
        &self,
        (call, command): (CallId, u64),
        (outcome, header): (Outcome, usize),
        frame: &mut Answering,
    ) -> Result<(), Box<str>> {
        let most = self.peer.max_frame;
        let (code, text) = match outcome {
            Outcome::Answer | Outcome::UserError => match frame.finish() {
                Some(size) if size <= most => {
                    if outcome == Outcome::UserError {
                        frame.turn_into_user_error();
                    }
                    return Ok(());
                }
                _ => {
                    let size = frame.len().saturating_sub(LENGTH_PREFIX);
                    let text = format!(
                        "the answer takes {size} bytes, and the caller accepts at most {most}"
                    );
                    (FailureCode::AnswerTooLarge, text)
                }
            },
            Outcome::Failure(code) => (code, text_behind(&frame.bytes, header)),
            Outcome::Later => (FailureCode::Unanswered, DROPPED.to_owned()),
        };
        frame.truncate(0);
        self.write_failure(Some(call), command, (code, &text), &mut frame.bytes);
        // What failed on purpose was sent as it was meant.
        if code == FailureCode::Handler { Ok(()) } else { Err(text.into()) }
    }

    /// Sends the frame that answers the call of a promise. Blocks while the outbox has no room, if
    /// the thread `may_wait`: each promise appends one frame at most.
    #[inline]
    fn answer_later(
        &self,
        call: CallId,
        frame: &mut Answering,
        may_wait: bool,
    ) -> Result<(), Unwanted> {
        // A waker may not wait. Without a watchman no other thread would write what is left.
        let may_wait = (may_wait || self.watch.is_none()) && !is_telling();
        self.locked(|state| {
            if state.is_above_high_water() && may_wait {
                // The wait ends with room in the outbox or with the connection.
                let _never_late = state.await_room(&mut Deadline::Never);
            }
            let kept = state.keep_promise(call);
            if kept.is_ok() {
                state.queue_answer(frame);
            }
            // The goodbye may have waited for it.
            state.advance_goodbye();
            let mut patience = if may_wait { self.patience() } else { Deadline::NO_TIME };
            self.flush_or_leave(state, Appended::Message, &mut patience);
            kept
        })
    }
}

impl Promise {
    /// Answers the call with what `encode` appends.
    #[inline]
    pub(crate) fn keep(
        mut self,
        encode: impl FnOnce(&mut Answering) -> Outcome,
    ) -> Result<(), NotKept> {
        // From here on whoever keeps it is told how that ends.
        self.switch_off();
        // If `encode` panics, the promise is dropped unkept.
        let mut frame = Answering { bytes: take_scratch(), ..Answering::default() };
        if let Some(call) = self.call {
            frame.begin_answer(call);
        }
        let header = frame.bytes.len();
        let outcome = encode(&mut frame);
        // A one-way message wants no answer.
        let Some(call) = self.call.take() else { return Ok(()) };
        let Some(link) = self.link.upgrade() else {
            return Err(NotKept::Unwanted(Unwanted::Lost));
        };
        let written = link.write_outcome((call, self.command), (outcome, header), &mut frame);
        let sent = link.answer_later(call, &mut frame, true);
        put_scratch(frame.bytes);
        sent.map_err(NotKept::Unwanted)?;
        written.map_err(NotKept::Unsent)
    }

    /// Has an alarm run once when nobody waits for the answer any more, at once if that is so now.
    /// That of a one-way message is never run.
    #[inline]
    pub(crate) fn set_alarm(&mut self, alarm: Arc<Alarm>) {
        let Some(call) = self.call else { return };
        let set = |link: Arc<Link>| {
            link.locked(|state| {
                let why = state.unwanted(Some(call), link.limits.grace, now);
                if why.is_none() {
                    state.set_alarm(Some(call), alarm.clone());
                }
                why
            })
        };
        let of_call = || self.link.upgrade().map_or(Some(Unwanted::Lost), set);
        match late(self.until).or_else(of_call) {
            Some(why) => tell(vec![alarm.waker(why)]),
            None => self.alarms.push(alarm),
        }
    }

    #[inline]
    fn switch_off(&mut self) {
        self.alarms.drain(..).for_each(|alarm| alarm.switch_off());
    }

    /// Whether anybody waits for the answer: nobody does for that of a one-way message.
    #[inline]
    pub(crate) fn is_of_call(&self) -> bool {
        self.call.is_some()
    }

    /// Why the answer is not wanted any more; `None` if it is.
    #[inline]
    pub(crate) fn unwanted(&self) -> Option<Unwanted> {
        let Some(link) = self.link.upgrade() else { return Some(Unwanted::Lost) };
        let of_call = || {
            let call = self.call?;
            link.locked(|state| state.promise_unwanted(call, now()))
        };
        late(self.until).or_else(of_call)
    }

    /// The connection that the command came by, as texts show it.
    #[inline]
    pub(crate) fn label(&self) -> Box<str> {
        let over = || "a connection that is over".into();
        self.link.upgrade().map_or_else(over, |link| link.identity.label().into())
    }
}

impl Drop for Promise {
    #[inline]
    fn drop(&mut self) {
        self.switch_off();
        let (Some(call), Some(link)) = (self.call.take(), self.link.upgrade()) else { return };
        if handler::marks_of(&link).is_some_and(|marks| marks.call == Some(call)) {
            // The command goes on, and how it ends may say more.
            return link.locked(|state| state.drop_promise(call));
        }
        if holds(Rule::DroppedPromiseAnswers) {
            let mut frame = Answering::default();
            let _said = link.write_outcome((call, self.command), (Outcome::Later, 0), &mut frame);
            let _nobody_waits = link.answer_later(call, &mut frame, false);
        }
    }
}
