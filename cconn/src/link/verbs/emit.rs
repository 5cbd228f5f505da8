//! Pushing items to a channel, and ending it.

use std::sync::Arc;

use crate::link::Link;
use crate::link::core::channel::{Finish, Gone, WhenFull};
use crate::link::core::channels::{Pushed, frame_size};
use crate::link::core::failure::Failure;
use crate::link::core::flows::Feeding;
use crate::link::core::outbox::Item;
use crate::link::core::outlet::OutletId;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::link::threads::channel::{Route, StreamChannel, Unsent};
use crate::link::threads::gone::let_go;
use crate::link::threads::leave::Appended;
use crate::sync::Deadline;

/// Takes `item` unless the channel has no room for it. If `item` has to wait for room, this blocks.
pub(crate) fn emit(
    channel: &StreamChannel,
    head: &[u8],
    long: Vec<u8>,
    when_full: WhenFull,
) -> Result<(), Unsent> {
    let mut item = Item { head, long };
    let Some(route) = channel.push_here(&mut item, when_full)? else { return Ok(()) };
    on_link(channel, &route, |link| link.emit(channel, route.id, &mut item, when_full))
        .unwrap_or(Err(Unsent::Gone(Gone::Ended)))
}

/// Ends a channel behind the items that were pushed. Waits for nothing.
pub(crate) fn finish(channel: &StreamChannel, how: Finish) {
    if let Some(route) = channel.finish_here(&how) {
        on_link(channel, &route, |link| link.finish_channel(route.id, how));
    }
}

/// Does something on the connection of a channel; `None` if there is none any more.
fn on_link<T>(
    _of: &StreamChannel,
    route: &Route,
    act: impl FnOnce(&Arc<Link>) -> T,
) -> Option<T> {
    let link = route.link.upgrade()?;
    let result = act(&link);
    // The program may hold locks of its own, so what the connection's commands have captured is not
    // dropped on this thread.
    let_go(link, None);
    Some(result)
}

impl Link {
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
        let pushed = self.locked(|state| self.push_item(state, id, item, when_full));
        match pushed {
            Pushed::Taken { dropped: 0 } => Ok(()),
            Pushed::Taken { dropped } => {
                channel.count_dropped(dropped);
                Ok(())
            }
            Pushed::Full if when_full == WhenFull::Wait => self.emit_later(channel, id, item),
            Pushed::Full => Err(Unsent::Full),
            Pushed::Finished => Err(Unsent::Finished),
            Pushed::Gone => Err(left(channel)),
        }
    }

    fn push_item(
        &self,
        state: &mut Locked<'_>,
        id: OutletId,
        item: &mut Item<'_>,
        when_full: WhenFull,
    ) -> Pushed {
        let pushed = state.push_item(id, item, when_full == WhenFull::DropOldest);
        // An emitter waits for the peer's credit, but never for its socket.
        self.flush_or_leave(state, Appended::Message, &mut { Deadline::NO_TIME });
        pushed
    }

    /// Waits for room in a channel's queue, as a thread does that feeds a stream.
    #[cold]
    fn emit_later(
        &self,
        channel: &StreamChannel,
        id: OutletId,
        item: &mut Item<'_>,
    ) -> Result<(), Unsent> {
        let pushed = self.locked_aside(|state, from_handler| {
            let caller = !from_handler || !self.is_inside();
            state.begin_calling(caller);
            state.offer_turn();
            let pushed = self.wait_and_push(state, id, item);
            state.end_calling(caller);
            Ok(pushed)
        })?;
        match pushed {
            Pushed::Finished => Err(Unsent::Finished),
            Pushed::Gone => Err(left(channel)),
            Pushed::Taken { .. } | Pushed::Full => Ok(()),
        }
    }

    fn wait_and_push(&self, state: &mut Locked<'_>, id: OutletId, item: &mut Item<'_>) -> Pushed {
        loop {
            match state.pushing(id, item.len()) {
                Feeding::Halted => return Pushed::Gone,
                Feeding::Ready => return self.push_item(state, id, item, WhenFull::Wait),
                Feeding::Waits(sleep) => {
                    let length = item.len();
                    let done = |state: &State| state.pushing(id, length) != Feeding::Waits(sleep);
                    state.wait(sleep, &mut Deadline::Never, done);
                }
            }
        }
    }

    fn finish_channel(&self, id: OutletId, how: Finish) {
        self.locked_soon(|state| {
            state.finish_channel(id, how);
            self.leave_stop(state);
        });
    }
}

/// The failure of an item that nobody takes any more.
fn left(channel: &StreamChannel) -> Unsent {
    // A connection that can't be written any more is about to end, or a stream has just ended.
    Unsent::Gone(channel.gone().unwrap_or(Gone::Ended))
}
