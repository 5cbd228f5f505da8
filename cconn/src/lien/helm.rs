//! The helm: who takes it to read, and what giving it back leads to.

use super::inbox::Inbox;
use super::sleepers::Sleep;
use super::state::State;

impl State {
    /// Takes the helm if it is free and there is still something to come.
    #[inline]
    pub(super) fn take_helm(&mut self) -> Option<Box<Inbox>> {
        if self.goodbye.end_of_input { None } else { self.inbox.take() }
    }

    /// Gives the helm back after a read pass.
    #[inline]
    pub(super) fn put_helm(&mut self, mut inbox: Box<Inbox>) {
        if self.place_for_long.capacity() > 0 {
            self.give_place_for_long(&mut inbox);
        }
        self.inbox = Some(inbox);
        self.passes = self.passes.wrapping_add(1);
        if self.blocked || self.is_closed() {
            self.wake_behind_pass();
        }
    }

    #[cold]
    fn give_place_for_long(&mut self, inbox: &mut Inbox) {
        drop(inbox.buffer.keep_long(std::mem::take(&mut self.place_for_long)));
    }

    /// Wakes those who sleep until a read pass has ended.
    #[cold]
    fn wake_behind_pass(&mut self) {
        if self.blocked {
            self.wake(|sleep| sleep == Sleep::Pass);
        }
        if self.is_closed() {
            // Nothing is passed on any more; whoever reads out the rest takes the helm now.
            self.wake(|sleep| sleep == Sleep::End);
        }
    }
}
