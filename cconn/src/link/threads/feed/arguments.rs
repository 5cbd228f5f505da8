//! The argument streams of one call, as the thread that pulls them keeps them.

use std::sync::Arc;

use crate::link::core::channel::Gone;
use crate::link::core::feeding::Feeding;
use crate::link::core::outlet::OutletId;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::threads::channel::StreamChannel;
use crate::link::threads::patience::Late;
use crate::wire::{Answering, CallId, FailureCode, StreamEnd};

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
pub(super) struct Argument {
    /// Its sending end, once the call is open.
    pub(super) id: Option<OutletId>,
    /// Whether an item was sent.
    pub(super) begun: bool,
    /// What makes its items, while it goes on and is this thread's to pull.
    pub(super) source: Option<Box<dyn ItemSource>>,
    /// The channel that is to feed it, until it does.
    pub(super) channel: Option<Arc<StreamChannel>>,
}

/// The argument streams of one call.
pub(crate) struct Arguments {
    pub(super) all: Vec<Argument>,
    /// Which of them is looked at first.
    next: usize,
    pub(super) place: Answering,
    /// Sources that are not needed any more; they are the program's, so they are dropped with
    /// nothing locked.
    pub(super) over: Vec<Box<dyn ItemSource>>,
}

/// A channel that feeds an argument stream, the stream's sending end, and the stream that the program
/// gave, which goes on without it.
type FedBy = (Arc<StreamChannel>, OutletId, Option<Box<dyn ItemSource>>);

impl Arguments {
    #[inline]
    pub(crate) fn new(sources: Vec<Box<dyn ItemSource>>) -> Self {
        let argument = |mut source: Box<dyn ItemSource>| {
            let channel = source.channel();
            Argument { id: None, begun: false, source: Some(source), channel }
        };
        Arguments::of(sources.into_iter().map(argument).collect())
    }

    /// Those of a call that others feed.
    #[inline]
    pub(in super::super::super) fn of_others(ids: Vec<OutletId>) -> Self {
        let argument = |id| Argument { id: Some(id), begun: false, source: None, channel: None };
        Arguments::of(ids.into_iter().map(argument).collect())
    }

    #[inline]
    fn of(all: Vec<Argument>) -> Self {
        Arguments { all, next: 0, place: Answering::default(), over: Vec::new() }
    }

    /// Whether a thread has to pull one of them.
    #[inline]
    pub(in super::super::super) fn are_pulled(&self) -> bool {
        self.all.iter().any(|argument| argument.source.is_some() && argument.channel.is_none())
    }

    /// Opens the sending ends, for a call that is about to be sent.
    #[inline]
    pub(in super::super::super) fn open(&mut self, state: &mut State, call: CallId) {
        let ids = state.open_arguments(call, self.all.len());
        for (argument, id) in self.all.iter_mut().zip(ids) {
            argument.id = Some(id);
        }
    }

    /// Takes out those that channels are to feed: the channel, the sending end, and the stream that
    /// the program gave.
    #[inline]
    pub(in super::super) fn take_channels(&mut self) -> Vec<FedBy> {
        let channel = |argument: &mut Argument| {
            let (channel, id) = argument.channel.take().zip(argument.id)?;
            Some((channel, id, argument.source.take()))
        };
        self.all.iter_mut().filter_map(channel).collect()
    }

    /// Takes out what is pulled, for another thread.
    #[inline]
    pub(in super::super::super) fn split(&mut self) -> Self {
        let pulled = |argument: &mut Argument| {
            let source = argument.source.take()?;
            Some(Argument { id: argument.id, begun: false, source: Some(source), channel: None })
        };
        Arguments::of(self.all.iter_mut().filter_map(pulled).collect())
    }

    /// Drops the sources that are over. Nothing may be locked.
    #[inline]
    pub(in super::super::super) fn drop_over(&mut self) {
        self.over.clear();
    }

    /// Notes that the call is over: nothing more is said of its arguments.
    // [lane.outcome]
    #[inline]
    pub(in super::super::super) fn close(&mut self, state: &mut State) {
        for argument in &mut self.all {
            argument.id.into_iter().for_each(|id| state.close_argument(id, Gone::Stopped));
            self.over.extend(argument.source.take());
        }
    }

    #[inline]
    fn ids(&self) -> impl Iterator<Item = OutletId> {
        self.all.iter().filter_map(|argument| argument.id)
    }

    /// Whether one goes on.
    #[inline]
    fn are_open(&self, state: &State) -> bool {
        self.ids().any(|id| state.is_argument_open(id))
    }

    /// Whether the peer has begun to take one, or wants none of it.
    #[inline]
    fn have_started(&self, state: &State) -> bool {
        self.ids().any(|id| state.has_started(id))
    }

    /// What limits the wait for the call.
    #[inline]
    pub(super) fn phase(&self, state: &State) -> Late {
        match (self.are_open(state), self.have_started(state)) {
            (true, false) => Late::Opening,
            (true, true) => Late::Silence,
            (false, _) => Late::Answer,
        }
    }

    /// Whether the peer waits for an item of one.
    #[inline]
    pub(super) fn are_waited_for(&self, state: &State) -> bool {
        let is_waited_for = |id| !matches!(state.feeding(id), Feeding::Waits(Sleep::Credit(_)));
        self.ids().any(|id| state.is_argument_open(id) && is_waited_for(id))
    }

    /// Ends those that this thread pulls, for the reason in the text.
    #[inline]
    pub(in super::super::super) fn end_all(&mut self, state: &mut State, text: &str) {
        for argument in &mut self.all {
            let ends = argument.source.is_some();
            for id in argument.id.into_iter().filter(|_| ends) {
                state.fail_argument(id, FailureCode::Closed, text);
            }
            self.over.extend(argument.source.take());
        }
    }

    #[inline]
    pub(super) fn end(&mut self, state: &mut State, at: usize, how: StreamEnd<'_>) {
        let Some(argument) = self.all.get_mut(at) else { return };
        argument.id.into_iter().for_each(|id| state.end_argument(id, how));
        self.over.extend(argument.source.take());
    }

    /// The argument that this thread can go on with, or what it has to sleep for: the answer, or
    /// room in the outbox if an argument has credit.
    #[inline]
    pub(super) fn look(&self, state: &State, call: CallId) -> Result<usize, Sleep> {
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
    #[inline]
    pub(super) fn next(&mut self, state: &State, call: CallId) -> Result<usize, Sleep> {
        let next = self.look(state, call);
        if let Ok(at) = next {
            self.next = at.saturating_add(1);
        }
        next
    }
}
