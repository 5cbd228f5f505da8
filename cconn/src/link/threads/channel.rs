//! A channel: a stream whose items come from emitters, at any time and from any thread, and for
//! which no thread waits.
//!
//! Until the stream is sent its items wait in the channel itself, under the channel's own lock. When
//! a command returns the stream they move into the state of that command's connection. The lock of a
//! channel is taken before that of a connection, never inside it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use crate::link::core::channel::{
    Capacity, Feed, Finish, Gone, ItemQueue, Taker, Waiting, WhenFull,
};
use crate::link::core::channels::Attached;
use crate::link::core::failure::Failure;
use crate::link::core::outbox::Item;
use crate::link::core::outlet::OutletId;
use crate::sync::{Condvar, Mutex, MutexGuard, Rule, holds};

/// A connection, as the channels see it whose streams it sends.
pub(crate) trait Carrier: Send + Sync {
    /// Takes an item, or waits for room until it can.
    fn emit(
        &self,
        channel: &StreamChannel,
        id: OutletId,
        item: &mut Item<'_>,
        when_full: WhenFull,
    ) -> Result<(), Unsent>;

    /// Ends a stream behind the items that were taken. Waits for nothing.
    fn finish_channel(&self, id: OutletId, how: Finish);

    /// Drops a reference, but nothing of the program's on the calling thread.
    fn let_go(self: Arc<Self>);
}

/// The stream of a connection that a channel feeds.
#[derive(Clone)]
pub(crate) struct Route {
    /// The connection, which lives without the channel.
    pub(crate) link: Weak<dyn Carrier>,
    pub(crate) id: OutletId,
}

/// The names by which errors call the stream of a channel, also after its connection has ended.
pub(crate) struct Origin {
    /// Hash of the name of the command that returned the stream, or has it as an argument.
    pub(crate) command: u64,
    /// The name of the command, if the command is registered on this side.
    pub(crate) name: Option<Box<str>>,
    /// The label of the connection.
    pub(crate) link: Arc<str>,
}

/// Where the items of a channel are.
enum Stage {
    /// The stream was not sent: items wait here.
    Here {
        queue: ItemQueue,
        /// Whether a thread of this process takes them.
        taken: bool,
    },
    /// They go to a peer.
    Sent(Route),
    /// The stream has ended, or nobody has it any more.
    Over,
}

/// Why an item was not pushed.
#[derive(Debug)]
pub(crate) enum Unsent {
    /// The channel has no room, and the item may not wait.
    Full,
    /// The channel has no room, and a command may not wait for it: nobody takes items yet.
    NotOpen,
    /// The channel was ended on this side.
    Finished,
    /// Nobody takes items any more.
    Gone(Gone),
    /// The item can't be sent, or its thread may not wait.
    Failed(Failure),
}

impl From<Failure> for Unsent {
    fn from(failure: Failure) -> Self {
        Unsent::Failed(failure)
    }
}

/// What becomes of an item that is pushed to a channel.
pub(in super::super) enum Place {
    /// It waits here.
    Here,
    /// There is no room for it. `taken`: a thread of this process takes items.
    Full { taken: bool },
    /// The stream was sent, and the item has to go the same way.
    Sent(Route),
}

/// What the program gets of a channel whose stream it takes itself.
#[derive(Debug)]
pub(crate) enum Next {
    Item(Waiting),
    /// The stream ends, in this way.
    End(Finish),
    /// The stream is over.
    Over,
    /// Nothing is there, and a waker may not wait.
    MayNotWait,
}

/// A channel.
pub(crate) struct StreamChannel {
    stage: Mutex<Stage>,
    /// Wakes threads that wait at the channel itself.
    moved: Condvar,
    taker: Arc<Taker>,
    emitters: AtomicUsize,
    /// How many items were dropped for later ones.
    dropped: AtomicU64,
    /// Whether it was ended on this side.
    is_finished: AtomicBool,
    /// `None` until the stream is sent.
    origin: OnceLock<Origin>,
    pub(crate) when_full: WhenFull,
}

impl StreamChannel {
    /// Makes a channel with one emitter.
    pub(crate) fn new(most: Capacity, when_full: WhenFull) -> Self {
        let stage = Stage::Here { queue: ItemQueue::new(most), taken: false };
        StreamChannel {
            stage: Mutex::new(stage),
            moved: Condvar::new(),
            taker: Arc::default(),
            emitters: AtomicUsize::new(1),
            dropped: AtomicU64::new(0),
            is_finished: AtomicBool::new(false),
            origin: OnceLock::new(),
            when_full,
        }
    }

    /// Counts one more emitter.
    pub(crate) fn add_emitter(&self) {
        self.emitters.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one emitter less; true if it was the last.
    pub(crate) fn take_emitter_off(&self) -> bool {
        self.emitters.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// How many items were dropped for later ones.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(in super::super) fn count_dropped(&self, items: u64) {
        self.dropped.fetch_add(items, Ordering::Relaxed);
    }

    /// Why nobody takes items any more, if nobody does.
    pub(crate) fn gone(&self) -> Option<Gone> {
        self.taker.gone().or_else(|| {
            let route = self.route()?;
            (route.link.strong_count() == 0).then_some(Gone::Ended)
        })
    }

    /// Whether it was ended on this side.
    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Acquire)
    }

    /// The stream that the channel feeds, once it was sent.
    fn route(&self) -> Option<Route> {
        match &*self.stage.lock() {
            Stage::Sent(route) => Some(route.clone()),
            Stage::Here { .. } | Stage::Over => None,
        }
    }

    /// The names by which errors call the stream; `None` until it is sent.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.origin.get()
    }

    /// Pushes an item, unless the stream was sent or has no room.
    pub(in super::super) fn push(
        &self,
        item: &mut Item<'_>,
        when_full: WhenFull,
    ) -> Result<Place, Unsent> {
        match &mut *self.stage.lock() {
            Stage::Sent(route) => return Ok(Place::Sent(route.clone())),
            Stage::Over => return Err(self.over()),
            Stage::Here { queue, .. } if queue.is_finished() => return Err(Unsent::Finished),
            Stage::Here { queue, taken } => {
                if !queue.has_room(item.len()) {
                    match when_full {
                        WhenFull::Wait => return Ok(Place::Full { taken: *taken }),
                        WhenFull::Refuse => return Err(Unsent::Full),
                        WhenFull::DropOldest => self.count_dropped(queue.make_room(item.len())),
                    }
                }
                queue.push(item);
            }
        }
        self.moved.notify_all();
        Ok(Place::Here)
    }

    /// The reason why nothing is pushed to a channel that has nobody to take it.
    pub(in super::super) fn over(&self) -> Unsent {
        self.gone().map_or(Unsent::Finished, Unsent::Gone)
    }

    /// Sleeps until an item of `length` bytes has room here, or the stream is not here any more.
    pub(in super::super) fn wait_for_room(&self, length: usize) {
        let mut stage = self.stage.lock();
        while let Stage::Here { queue, .. } = &*stage
            && !queue.has_room(length)
            && !queue.is_finished()
        {
            stage = self.moved.wait(stage, None);
        }
    }

    /// Decides how the stream ends, behind the items that were pushed. If it was sent, returns its
    /// route, by which the end has to go.
    pub(in super::super) fn finish(&self, how: &Finish) -> Option<Route> {
        self.is_finished.store(true, Ordering::Release);
        match &mut *self.stage.lock() {
            Stage::Here { queue, .. } => queue.finish(how.clone()),
            Stage::Sent(route) => return Some(route.clone()),
            Stage::Over => {}
        }
        self.moved.notify_all();
        None
    }

    /// Takes the next item of a stream that was not sent; `None` if there is none yet.
    pub(in super::super) fn next(&self) -> Option<Next> {
        let mut stage = self.stage.lock();
        let Stage::Here { queue, taken } = &mut *stage else { return Some(Next::Over) };
        *taken = true;
        if let Some(item) = queue.pop() {
            drop(stage);
            self.moved.notify_all();
            return Some(Next::Item(item));
        }
        let how = queue.take_finish()?;
        *stage = Stage::Over;
        Some(Next::End(how))
    }

    /// Sleeps until there is an item, or the end.
    pub(in super::super) fn wait_for_item(&self) {
        let mut stage = self.stage.lock();
        while let Stage::Here { queue, .. } = &*stage
            && queue.is_empty()
            && !queue.is_finished()
        {
            stage = self.moved.wait(stage, None);
        }
    }

    /// Notes that the stream was dropped before it was sent.
    pub(crate) fn abandon(&self) {
        let unused = {
            let mut stage = self.stage.lock();
            let Stage::Here { .. } = &*stage else { return };
            self.taker.leave(Gone::Dropped);
            std::mem::replace(&mut *stage, Stage::Over)
        };
        self.wake();
        drop(unused);
    }

    fn wake(&self) {
        if holds(Rule::ChannelWakesEmitters) {
            self.moved.notify_all();
        }
    }

    /// Sends the stream: from now on a connection has the items, which `open` hands over to it under
    /// its lock.
    pub(super) fn attach(
        &self,
        link: Weak<dyn Carrier>,
        origin: Origin,
        max_frame: usize,
        open: impl FnOnce(Feed) -> Attached,
    ) -> Attached {
        let mut stage = self.stage.lock();
        let Stage::Here { queue, .. } = &mut *stage else { return Attached::Not(Gone::Dropped) };
        let feed = Feed::new(queue.take_all(), self.taker.clone(), max_frame);
        if !holds(Rule::QueueMovesAtOnce) {
            stage = self.let_others_push(stage);
        }
        // It is not set yet, because a channel is sent once.
        let _ = self.origin.set(origin);
        let attached = open(feed);
        *stage = match attached {
            Attached::Open(id) => Stage::Sent(Route { link, id }),
            Attached::Not(_) => Stage::Over,
        };
        drop(stage);
        self.wake();
        attached
    }

    /// What must not come between two steps of `attach`.
    #[cold]
    fn let_others_push<'a>(&'a self, stage: MutexGuard<'a, Stage>) -> MutexGuard<'a, Stage> {
        drop(stage);
        crate::sync::yield_now();
        self.stage.lock()
    }
}
