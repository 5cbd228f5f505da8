//! Pushing items to a channel, ending it, and taking the items of one that was not sent.

use std::sync::Arc;

use crate::link::Link;
use crate::link::core::channel::{Finish, Gone, WhenFull};
use crate::link::core::channels::{Pushed, frame_size};
use crate::link::core::failure::Failure;
use crate::link::core::feeding::Feeding;
use crate::link::core::outbox::Item;
use crate::link::core::outlet::OutletId;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::link::io::telling::may_wait;
use crate::link::threads::aside::Aside;
use crate::link::threads::channel::{Carrier, Next, Place, Route, StreamChannel, Unsent};
use crate::link::threads::gone::let_go;
use crate::link::threads::handler;
use crate::link::threads::leave::Appended;
use crate::sync::Deadline;

/// Pushes an item: `head`, then `long`. Blocks while there is no room, if `when_full` says so.
#[inline]
pub(crate) fn emit(
    channel: &StreamChannel,
    head: &[u8],
    long: Vec<u8>,
    when_full: WhenFull,
) -> Result<(), Unsent> {
    let mut item = Item { head, long };
    loop {
        match channel.push(&mut item, when_full)? {
            Place::Here => return Ok(()),
            Place::Sent(route) => {
                let act = |link: &dyn Carrier| link.emit(channel, route.id, &mut item, when_full);
                return on_link(&route, act).unwrap_or_else(|| Err(channel.over()));
            }
            Place::Full { taken } => {
                may_wait()?;
                // A command must not wait for its own return, which sends the stream.
                if !taken && handler::serves(|_| true) {
                    return Err(Unsent::NotOpen);
                }
                let _aside = Aside::step();
                channel.wait_for_room(item.len());
            }
        }
    }
}

/// Ends a channel behind the items that were pushed. Waits for nothing.
#[inline]
pub(crate) fn finish(channel: &StreamChannel, how: Finish) {
    if let Some(route) = channel.finish(&how) {
        on_link(&route, |link| link.finish_channel(route.id, how));
    }
}

/// Takes the next item of a channel's stream that was not sent. Blocks until there is one, or the
/// end.
#[inline]
pub(crate) fn next_here(channel: &StreamChannel) -> Next {
    loop {
        if let Some(next) = channel.next() {
            return next;
        }
        if may_wait().is_err() {
            return Next::MayNotWait;
        }
        let _aside = Aside::step();
        channel.wait_for_item();
    }
}

/// Does something on the connection of a channel; `None` if there is none any more.
fn on_link<T>(route: &Route, act: impl FnOnce(&dyn Carrier) -> T) -> Option<T> {
    let link = route.link.upgrade()?;
    let result = act(&*link);
    // The thread may hold locks of the program's.
    link.let_go();
    Some(result)
}

impl Carrier for Link {
    #[inline]
    fn emit(
        &self,
        channel: &StreamChannel,
        id: OutletId,
        item: &mut Item<'_>,
        when_full: WhenFull,
    ) -> Result<(), Unsent> {
        let (size, limit) = (frame_size(item.len()), self.peer.max_frame as usize);
        if size > limit {
            return Err(Unsent::Failed(Failure::TooLarge { size, limit }));
        }
        let mut pushed = self.locked(|state| self.push_item(state, id, item, when_full));
        if pushed == Pushed::Full && when_full == WhenFull::Wait {
            pushed = self.wait_to_push(id, item)?;
        }
        match pushed {
            Pushed::Taken { dropped: 0 } => Ok(()),
            Pushed::Taken { dropped } => {
                channel.count_dropped(dropped);
                Ok(())
            }
            Pushed::Full => Err(Unsent::Full),
            Pushed::Finished => Err(Unsent::Finished),
            Pushed::Closed => Err(channel.over()),
            Pushed::Ended => Err(Unsent::Gone(Gone::Ended)),
        }
    }

    #[inline]
    fn finish_channel(&self, id: OutletId, how: Finish) {
        self.locked_soon(|state| {
            state.finish_channel(id, how);
            if self.watch.is_some() {
                state.leave_unflushed();
            } else {
                state.flush(&mut Deadline::Never);
            }
        });
    }

    #[inline]
    fn let_go(self: Arc<Self>) {
        let_go(self, None);
    }
}

impl Link {
    #[inline]
    fn push_item(
        &self,
        state: &mut Locked<'_>,
        id: OutletId,
        item: &mut Item<'_>,
        when_full: WhenFull,
    ) -> Pushed {
        let pushed = state.push_item(id, item, when_full == WhenFull::DropOldest);
        self.flush_or_leave(state, Appended::Message, &mut self.patience());
        pushed
    }

    /// Waits for room in a channel's queue, as a thread does that feeds a stream.
    #[cold]
    #[inline]
    fn wait_to_push(&self, id: OutletId, item: &mut Item<'_>) -> Result<Pushed, Failure> {
        self.locked_aside(|state, from_handler| {
            let caller = !from_handler || !self.is_inside();
            state.begin_calling(caller);
            state.offer_turn();
            let pushed = loop {
                match state.pushing(id, item.len()) {
                    Feeding::Waits(sleep) => {
                        let length = item.len();
                        let done =
                            |state: &State| state.pushing(id, length) != Feeding::Waits(sleep);
                        state.wait(sleep, &mut Deadline::Never, done);
                    }
                    Feeding::Halted | Feeding::Ready => {
                        break self.push_item(state, id, item, WhenFull::Wait);
                    }
                }
            };
            state.end_calling(caller);
            Ok(pushed)
        })
    }
}
