//! The argument streams of a call of this side, and the thread that pulls them: the one that waits
//! for the answer, or a thread of their own if the answer is a stream (`apart`).

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::ambient::unwanted_here;
use super::channel::StreamChannel;
use super::handler::{self, Handler};
use super::leave::Appended;
use super::patience::{Late, Patience};
use super::wait::Waited;
use crate::link::Link;
use crate::link::core::channel::Gone;
use crate::link::core::failure::WaitedFor;
use crate::link::core::feeding::Feeding;
use crate::link::core::outbox::Item;
use crate::link::core::outlet::OutletId;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::sync::Deadline;
use crate::wire::{self, Answering, CallId, FailureCode, LENGTH_PREFIX, StreamEnd};

/// Bytes of the end of a stream before the error that it may carry, at most.
const END_HEAD: usize = 16;

/// The text of an end for which the connection's stop leaves no time.
const STOPPING: &str = "the connection is being stopped";

/// What makes the items of an argument stream.
pub(crate) trait ItemSource: Send {
    /// Makes the next item, encoded into `place`; or says how the stream ends, with its error or its
    /// text in `place`. Runs the program's code, with nothing locked; that may panic.
    fn pull(&mut self, place: &mut Answering) -> Pulled;

    /// The channel that has the items, if one does: then nothing is pulled.
    fn channel(&mut self) -> Option<Arc<StreamChannel>>;
}

/// What a source has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pulled {
    Item,
    Complete,
    UserError,
    Failure(FailureCode),
}

/// One argument stream.
struct Argument {
    /// Its sending end, once the call is open.
    id: Option<OutletId>,
    /// Whether an item was sent.
    begun: bool,
    /// What makes its items, while it goes on and is this thread's to pull.
    source: Option<Box<dyn ItemSource>>,
    /// The channel that is to feed it, until it does.
    channel: Option<Arc<StreamChannel>>,
}

/// The argument streams of one call.
pub(crate) struct Arguments {
    all: Vec<Argument>,
    /// Which of them is looked at first.
    next: usize,
    place: Answering,
    /// Sources that are not needed any more; they are the program's, so they are dropped with
    /// nothing locked.
    over: Vec<Box<dyn ItemSource>>,
}

/// A channel that feeds an argument stream, the stream's sending end, and the stream that the program
/// gave, which goes on without it.
pub(super) type FedBy = (Arc<StreamChannel>, OutletId, Option<Box<dyn ItemSource>>);

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

impl Arguments {
    pub(crate) fn new(sources: Vec<Box<dyn ItemSource>>) -> Self {
        let argument = |mut source: Box<dyn ItemSource>| {
            let channel = source.channel();
            Argument { id: None, begun: false, source: Some(source), channel }
        };
        Arguments::of(sources.into_iter().map(argument).collect())
    }

    fn of(all: Vec<Argument>) -> Self {
        Arguments { all, next: 0, place: Answering::default(), over: Vec::new() }
    }

    /// Whether a thread has to pull one of them.
    pub(in super::super) fn are_pulled(&self) -> bool {
        self.all.iter().any(|argument| argument.source.is_some() && argument.channel.is_none())
    }

    /// Opens the sending ends, for a call that is about to be sent.
    pub(in super::super) fn open(&mut self, state: &mut State, call: CallId) {
        let ids = state.open_arguments(call, self.all.len());
        for (argument, id) in self.all.iter_mut().zip(ids) {
            argument.id = Some(id);
        }
    }

    /// Takes out those that channels are to feed: the channel, the sending end, and the stream that
    /// the program gave.
    pub(super) fn take_channels(&mut self) -> Vec<FedBy> {
        let channel = |argument: &mut Argument| {
            let (channel, id) = argument.channel.take().zip(argument.id)?;
            Some((channel, id, argument.source.take()))
        };
        self.all.iter_mut().filter_map(channel).collect()
    }

    /// Takes out what is pulled, for another thread.
    pub(in super::super) fn split(&mut self) -> Self {
        let pulled = |argument: &mut Argument| {
            let source = argument.source.take()?;
            Some(Argument { id: argument.id, begun: false, source: Some(source), channel: None })
        };
        Arguments::of(self.all.iter_mut().filter_map(pulled).collect())
    }

    /// Drops the sources that are over. Nothing may be locked.
    pub(in super::super) fn drop_over(&mut self) {
        self.over.clear();
    }

    /// Notes that the call is over: nothing more is said of its arguments.
    // [lane.outcome]
    pub(in super::super) fn close(&mut self, state: &mut State) {
        for argument in &mut self.all {
            argument.id.into_iter().for_each(|id| state.close_argument(id, Gone::Stopped));
            self.over.extend(argument.source.take());
        }
    }

    fn ids(&self) -> impl Iterator<Item = OutletId> {
        self.all.iter().filter_map(|argument| argument.id)
    }

    /// Whether one goes on.
    fn are_open(&self, state: &State) -> bool {
        self.ids().any(|id| state.is_argument_open(id))
    }

    /// Whether the peer has begun to take one, or wants none of it.
    fn have_started(&self, state: &State) -> bool {
        self.ids().any(|id| state.has_started(id))
    }

    /// Whether the peer waits for an item of one.
    fn are_waited_for(&self, state: &State) -> bool {
        let is_waited_for = |id| !matches!(state.feeding(id), Feeding::Waits(Sleep::Credit(_)));
        self.ids().any(|id| state.is_argument_open(id) && is_waited_for(id))
    }

    /// Ends those that this thread pulls, for the reason in the text.
    pub(in super::super) fn end_all(&mut self, state: &mut State, text: &str) {
        for argument in &mut self.all {
            let ends = argument.source.is_some();
            for id in argument.id.into_iter().filter(|_| ends) {
                state.fail_argument(id, FailureCode::Closed, text);
            }
            self.over.extend(argument.source.take());
        }
    }

    fn end(&mut self, state: &mut State, at: usize, how: StreamEnd<'_>) {
        let Some(argument) = self.all.get_mut(at) else { return };
        argument.id.into_iter().for_each(|id| state.end_argument(id, how));
        self.over.extend(argument.source.take());
    }

    /// The argument that this thread can go on with, or what it has to sleep for: the answer, or
    /// room in the outbox if an argument has credit.
    fn look(&self, state: &State, call: CallId) -> Result<usize, Sleep> {
        let (count, mut sleep) = (self.all.len(), Sleep::Answer(call));
        for step in 0..count {
            let at = self.next.saturating_add(step).checked_rem(count).unwrap_or(0);
            let pulled = self.all.get(at).filter(|argument| argument.source.is_some());
            let Some(id) = pulled.and_then(|argument| argument.id) else { continue };
            match state.feeding(id) {
                Feeding::Ready | Feeding::Halted => return Ok(at),
                Feeding::Waits(Sleep::Room) => sleep = Sleep::Room,
                Feeding::Waits(_) => {}
            }
        }
        Err(sleep)
    }

    /// The same, for the thread that goes on with it.
    fn next(&mut self, state: &State, call: CallId) -> Result<usize, Sleep> {
        let next = self.look(state, call);
        if let Ok(at) = next {
            self.next = at.saturating_add(1);
        }
        next
    }
}

impl Link {
    /// Feeds the arguments of a call until `done` holds or the connection has ended.
    ///
    /// The calling thread is at the lock of this connection; `from_handler`: it has given up the
    /// turn of a command, which it takes back while it makes an item.
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
            let (mut until, late) = self.until(state, arguments, patience);
            let stops = state.is_stopping();
            let goes_on = |state: &State| {
                let is_same = arguments.look(state, call) == Err(sleep);
                done(state, arguments) || !is_same || state.is_stopping() != stops
            };
            let caller = !from_handler || !self.is_inside();
            state.begin_calling(caller);
            state.offer_turn();
            let waited = state.wait_working(self, sleep, &mut until, goes_on);
            state.end_calling(caller);
            patience.keep(late, until);
            match (waited, late) {
                (Waited::Unwanted, _) => return Fed::Unwanted,
                // The peer waits for this side, whose items others make.
                (Waited::Expired, Some(Late::Silence))
                    if owes || arguments.are_waited_for(state) => {}
                (Waited::Expired, Some(late)) => return Fed::Late(late.phase()),
                _ => {}
            }
        }
        Fed::Over
    }

    /// Until when the thread waits, and what is late then; nothing if the streams are to end then,
    /// because the connection is being stopped.
    fn until(
        &self,
        state: &mut State,
        arguments: &Arguments,
        patience: &Patience,
    ) -> (Deadline, Option<Late>) {
        let (mut until, late) = match (arguments.are_open(state), arguments.have_started(state)) {
            (true, false) => (patience.opening, Late::Opening),
            (true, true) => (Deadline::After(patience.silence), Late::Silence),
            (false, _) => (patience.answer, Late::Answer),
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
            let handler = if from_handler { handler::current() } else { None };
            handler.iter().for_each(Handler::begin_item);
            let pulled = catch_unwind(AssertUnwindSafe(|| source.pull(place)));
            handler.iter().for_each(Handler::end_item);
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

/// Drops the sources that are over, with nothing locked.
fn drop_over(state: &mut Locked<'_>, arguments: &mut Arguments) {
    if !arguments.over.is_empty() {
        let over = std::mem::take(&mut arguments.over);
        state.unlocked(|| drop(over));
    }
}
