//! The argument streams of a call of this side, and the thread that pulls them: the one that waits
//! for the answer, or a thread of their own if the answer is a stream or no thread waits yet
//! (`apart`).

mod arguments;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use arguments::{Arguments, ItemSource, Pulled};

use super::ambient::unwanted_here;
use super::handler::{self, Handler};
use super::leave::Appended;
use super::patience::{Late, Patience};
use super::wait::{Waited, slice_of};
use crate::link::Link;
use crate::link::core::failure::WaitedFor;
use crate::link::core::feeding::Feeding;
use crate::link::core::outbox::Item;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::sync::Deadline;
use crate::wire::{self, CallId, FailureCode, LENGTH_PREFIX, StreamEnd};

/// Bytes of the end of a stream before the error that it may carry, at most.
const END_HEAD: usize = 16;

/// The text of an end for which the connection's stop leaves no time.
const STOPPING: &str = "the connection is being stopped";

/// What a panic in a source left.
pub(crate) type Panicked = Box<dyn Any + Send>;

/// How a time of feeding has ended.
pub(in super::super) enum Fed {
    /// What was waited for is there, or the connection has ended.
    Over,
    Late(WaitedFor),
    /// The command that feeds is not wanted any more.
    Unwanted,
    /// A source has panicked.
    Panicked(Panicked),
}

impl Link {
    /// Feeds the arguments of a call until `done` holds or the connection has ended.
    ///
    /// The calling thread is at the lock of this connection; `from_handler`: it has given up the
    /// turn of a command, which it takes back while it makes an item.
    #[inline]
    pub(in super::super) fn feed(
        &self,
        state: &mut Locked<'_>,
        arguments: &mut Arguments,
        (call, from_handler): (CallId, bool),
        patience: &mut Patience,
        done: impl Fn(&State, &Arguments) -> bool,
    ) -> Fed {
        while !done(state, arguments) && state.ended().is_none() {
            if state.is_stopping() && self.has_no_time(state) {
                arguments.end_all(state, STOPPING);
                drop_over(state, arguments);
            }
            let sleep = match arguments.next(state, call) {
                Ok(at) => match self.feed_one(state, arguments, at, from_handler) {
                    None => continue,
                    Some(fed) => return fed,
                },
                Err(sleep) => sleep,
            };
            let owes = arguments.are_waited_for(state);
            let (mut until, mut late) = self.until(state, arguments, patience);
            if patience.only_feeds {
                // Where this thread reads the socket, what another thread lets go of does not end
                // its wait.
                (until, late) = (slice_of(&mut until), None);
            }
            let (stops, phase) = (state.is_stopping(), arguments.phase(state));
            let progress = state.progress_of_arguments(call);
            let goes_on = |state: &State| {
                let is_same = arguments.look(state, call) == Err(sleep)
                    && state.progress_of_arguments(call) == progress
                    && arguments.phase(state) == phase
                    && state.is_stopping() == stops;
                done(state, arguments) || !is_same
            };
            let caller = !from_handler || !self.is_inside();
            state.begin_calling(caller);
            state.offer_turn();
            let waited = state.wait_working(self, sleep, &mut until, goes_on);
            state.end_calling(caller);
            patience.keep(late, until);
            if state.progress_of_arguments(call) != progress {
                patience.hear();
            }
            match (waited, late) {
                (Waited::Unwanted, _) => return Fed::Unwanted,
                // The peer waits for this side, whose items others make.
                (Waited::Expired, Some(Late::Silence))
                    if owes || arguments.are_waited_for(state) => {}
                (Waited::Expired, Some(late))
                    if late != Late::Opening && state.progress_of_arguments(call) != progress => {}
                (Waited::Expired, Some(late)) => return Fed::Late(late.phase()),
                _ => {}
            }
        }
        Fed::Over
    }

    /// Until when the thread waits, and what is late then; nothing if the streams are to end then,
    /// because the connection is being stopped.
    #[inline]
    fn until(
        &self,
        state: &mut State,
        arguments: &Arguments,
        patience: &Patience,
    ) -> (Deadline, Option<Late>) {
        let late = arguments.phase(state);
        let mut until = match late {
            Late::Opening => patience.opening,
            Late::Silence => Deadline::After(patience.silence),
            Late::Answer => patience.answer,
        };
        until.begin();
        if late == Late::Answer || !state.is_stopping() {
            return (until, Some(late));
        }
        let Some(left) = self.stop_left_for_iterators(state) else { return (until, Some(late)) };
        match (until.moment(), crate::sync::now().checked_add(left)) {
            (Some(moment), Some(stop)) if moment <= stop => (until, Some(late)),
            _ if left.is_zero() => (until, Some(late)),
            _ => (Deadline::After(left), None),
        }
    }

    /// Makes and sends the next item of an argument, or ends it. Says why the feeding ends, if a
    /// source has panicked or the thread works for what is not wanted any more.
    #[inline]
    fn feed_one(
        &self,
        state: &mut Locked<'_>,
        arguments: &mut Arguments,
        at: usize,
        from_handler: bool,
    ) -> Option<Fed> {
        let argument = arguments.all.get_mut(at)?;
        let (id, mut source) = (argument.id?, argument.source.take()?);
        if state.feeding(id) == Feeding::Halted {
            // [stop.end]
            arguments.over.push(source);
            arguments.end(state, at, StreamEnd::Complete);
            drop_over(state, arguments);
            return None;
        }
        arguments.place.truncate(0);
        let place = &mut arguments.place;
        state.pass_on();
        let pulled = state.unlocked(|| {
            // A source that always has an item would never let its thread wait, and look there.
            if unwanted_here().is_some() {
                return None;
            }
            let pulled = with_turn(from_handler, || source.pull(place));
            self.give_way();
            Some(pulled)
        });
        if let Some(argument) = arguments.all.get_mut(at) {
            argument.source = Some(source);
        }
        match pulled {
            None => return Some(Fed::Unwanted),
            Some(Ok(pulled)) => self.pulled(state, arguments, at, pulled),
            Some(Err(panicked)) => {
                let how = StreamEnd::Failure { code: FailureCode::Panic, text: "" };
                arguments.end(state, at, how);
                self.flush_or_leave(state, Appended::Message, &mut Deadline::Never);
                return Some(Fed::Panicked(panicked));
            }
        }
        drop_over(state, arguments);
        None
    }

    /// Sends what a source has made.
    #[inline]
    fn pulled(&self, state: &mut Locked<'_>, arguments: &mut Arguments, at: usize, pulled: Pulled) {
        let limit = self.peer.max_frame as usize;
        if pulled == Pulled::Item {
            return self.put_argument(state, arguments, at, limit);
        }
        let said = std::mem::take(&mut arguments.place.bytes);
        let how = match pulled {
            Pulled::Item | Pulled::Complete => StreamEnd::Complete,
            Pulled::UserError if said.len() < limit.saturating_sub(END_HEAD) => {
                StreamEnd::UserError(&said)
            }
            Pulled::UserError => StreamEnd::Failure { code: FailureCode::AnswerTooLarge, text: "" },
            Pulled::Failure(code) => {
                StreamEnd::Failure { code, text: std::str::from_utf8(&said).unwrap_or_default() }
            }
        };
        arguments.end(state, at, how);
        self.flush_or_leave(state, Appended::Message, &mut Deadline::Never);
    }

    /// Sends the item in the place of the arguments.
    // [credit.spend]
    #[inline]
    fn put_argument(
        &self,
        state: &mut Locked<'_>,
        arguments: &mut Arguments,
        at: usize,
        limit: usize,
    ) {
        let place = &mut arguments.place;
        let long = std::mem::take(&mut place.tail);
        let item = Item { head: &place.bytes, long };
        let size = item.len().saturating_add(wire::ITEM_HEAD).saturating_sub(LENGTH_PREFIX);
        if size > limit {
            let text = format!("an item of {size} bytes; the limit there is {limit}");
            let how = StreamEnd::Failure { code: FailureCode::AnswerTooLarge, text: &text };
            return arguments.end(state, at, how);
        }
        let Some(argument) = arguments.all.get_mut(at) else { return };
        let Some(id) = argument.id else { return };
        if state.feeding(id) == Feeding::Halted {
            // The stop came while the item was made.
            return;
        }
        state.put_item(id, item, limit.saturating_add(LENGTH_PREFIX));
        if !std::mem::replace(&mut argument.begun, true) {
            // The first item is never left to others: its receiver waits for it.
            return state.flush(&mut Deadline::Never);
        }
        self.flush_or_leave(state, Appended::Message, &mut Deadline::Never);
    }
}

/// Runs code of the program in the middle of a wait. `from_handler`: with the turn of the command that
/// waits, which keeps its place among the waiting.
#[inline]
pub(in super::super) fn with_turn<T>(
    from_handler: bool,
    act: impl FnOnce() -> T,
) -> Result<T, Panicked> {
    let handler = if from_handler { handler::current() } else { None };
    handler.iter().for_each(Handler::begin_item);
    let result = catch_unwind(AssertUnwindSafe(act));
    handler.iter().for_each(Handler::end_item);
    result
}

/// Drops the sources that are over, with nothing locked.
#[inline]
fn drop_over(state: &mut Locked<'_>, arguments: &mut Arguments) {
    if !arguments.over.is_empty() {
        let over = std::mem::take(&mut arguments.over);
        state.unlocked(|| drop(over));
    }
}
