//! The helm: who takes it to read, and what giving it back leads to.

use super::channel::Channel;
use super::lock::Locked;
use super::reader::Reader;
use super::stream::Direct;

impl Channel {
    /// Gives the stream back to the system, as soon as nobody is inside a call on it.
    pub(in super::super) fn close_stream(&self) {
        self.io.close();
        let mut shared = self.shared.lock();
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
