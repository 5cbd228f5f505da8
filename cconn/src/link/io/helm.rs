//! The helm: who takes it to read, and what giving it back leads to.

use std::fmt;
use std::sync::Arc;

use crate::link::Link;
use crate::link::core::inbox::Inbox;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::transport::Transport;

/// The stream itself, for whoever has the helm or is the flusher; empty once the connection has
/// closed it, and where the connection's own stream needs no other behind it.
#[derive(Default)]
pub(in super::super) struct Direct(Option<Arc<dyn Transport>>);

impl Direct {
    /// The stream to use, `io` where this is empty.
    #[inline]
    pub(in super::super) fn or<'a>(&'a self, io: &'a dyn Transport) -> &'a dyn Transport {
        match &self.0 {
            Some(stream) => &**stream,
            None => io,
        }
    }
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Direct").field(&self.0.is_some()).finish()
    }
}

impl Link {
    /// Gives the stream back to the system, as soon as nobody is inside a call on it.
    pub(in super::super) fn close_stream(&self) {
        self.io.close();
        let mut state = self.state.lock();
        state.stream_is_closed = true;
        state.let_go_of_stream();
    }
}

impl State {
    /// Before anybody reads or writes.
    pub(in super::super) fn set_stream(&mut self, io: &dyn Transport) {
        self.outlet = Direct(io.direct());
        if let Some(inbox) = &mut self.inbox {
            inbox.direct = Direct(io.direct());
        }
    }

    fn let_go_of_stream(&mut self) {
        self.outlet = Direct::default();
        if let Some(inbox) = &mut self.inbox {
            inbox.direct = Direct::default();
        }
    }

    /// The flusher gives back what it has written to.
    #[inline]
    pub(in super::super) fn put_outlet(&mut self, outlet: Direct) {
        self.outlet = outlet;
        if self.stream_is_closed {
            self.let_go_of_stream();
        }
    }
}

impl State {
    /// Takes the helm if it is free and there is still something to come.
    #[inline]
    pub(in super::super) fn take_helm(&mut self) -> Option<Box<Inbox>> {
        if self.goodbye.end_of_input { None } else { self.inbox.take() }
    }

    /// Gives the helm back after a read pass.
    #[inline]
    pub(in super::super) fn put_helm(&mut self, mut inbox: Box<Inbox>) {
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
        if self.stream_is_closed {
            self.let_go_of_stream();
        }
        if self.blocked {
            self.wake(|sleep| sleep == Sleep::Pass);
        }
        if self.is_closed() {
            // Nothing is passed on any more; whoever reads out the rest takes the helm now.
            self.wake(|sleep| sleep == Sleep::End);
        }
    }
}
