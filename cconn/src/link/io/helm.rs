//! The helm: who takes it to read, and what giving it back leads to.

use std::fmt;
use std::sync::Arc;

use super::lock::Locked;
use super::reader::Reader;
use super::shared::Shared;
use crate::link::Link;
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
        let mut shared = self.state.lock();
        shared.stream_is_closed = true;
        shared.let_go_of_stream();
    }
}

impl Locked<'_> {
    /// Takes the helm if it is free and there is still something to come.
    #[inline]
    pub(in super::super) fn take_helm(&mut self) -> Option<Box<Reader>> {
        if self.goodbye.end_of_input { None } else { self.take_helm_anyway() }
    }

    /// Takes the helm if it is free, though the input may have ended.
    #[inline]
    pub(in super::super) fn take_helm_anyway(&mut self) -> Option<Box<Reader>> {
        let shared = self.shared();
        let reader = shared.reader.take()?;
        shared.state.begin_pass();
        Some(reader)
    }

    /// Gives the helm back after a read pass.
    #[inline]
    pub(in super::super) fn put_helm(&mut self, mut reader: Box<Reader>) {
        let shared = self.shared();
        if shared.place_for_long.capacity() > 0 {
            shared.give_place_for_long(&mut reader);
        }
        shared.reader = Some(reader);
        shared.state.end_pass();
        if shared.stream_is_closed {
            shared.let_go_of_stream();
        }
    }

    /// What is read with, while nobody reads.
    pub(in super::super) fn idle_reader(&mut self) -> Option<&mut Reader> {
        self.shared().reader.as_deref_mut()
    }

    /// Takes what the flusher writes to.
    #[inline]
    pub(super) fn take_outlet(&mut self) -> Direct {
        std::mem::take(&mut self.shared().outlet)
    }

    /// The flusher gives back what it has written to.
    #[inline]
    pub(super) fn put_outlet(&mut self, outlet: Direct) {
        let shared = self.shared();
        shared.outlet = outlet;
        if shared.stream_is_closed {
            shared.let_go_of_stream();
        }
    }

    /// Keeps the place of a long byte string for the next one; returns what is not wanted.
    pub(in super::super) fn keep_long(&mut self, buf: Vec<u8>) -> Vec<u8> {
        let shared = self.shared();
        match &mut shared.reader {
            Some(reader) => reader.inbox.buffer.keep_long(buf),
            // Whoever reads finds it when the helm is given back.
            None => std::mem::replace(&mut shared.place_for_long, buf),
        }
    }
}

impl Shared {
    /// Before anybody reads or writes.
    pub(super) fn set_stream(&mut self, io: &dyn Transport) {
        self.outlet = Direct(io.direct());
        if let Some(reader) = &mut self.reader {
            reader.direct = Direct(io.direct());
        }
    }

    fn let_go_of_stream(&mut self) {
        self.outlet = Direct::default();
        if let Some(reader) = &mut self.reader {
            reader.direct = Direct::default();
        }
    }

    #[cold]
    fn give_place_for_long(&mut self, reader: &mut Reader) {
        drop(reader.inbox.buffer.keep_long(std::mem::take(&mut self.place_for_long)));
    }
}
