//! Taking the helm to read, and giving it back.

use super::channel::Channel;
use super::lock::Locked;
use super::reader::Reader;
use super::stream::Direct;

impl Channel {
    /// Gives the stream back to the system, as soon as no thread is inside a call on it.
    pub(in super::super) fn close_stream(&self) {
        self.io.close();
        let mut shared = self.shared.lock();
        // The reader and the outlet have references of their own, which would keep the stream open.
        shared.stream_is_closed = true;
        shared.let_go_of_stream();
    }
}

impl Locked<'_> {
    /// Takes the helm, if it is free and the input has not ended.
    #[inline]
    pub(in super::super) fn take_helm(&mut self) -> Option<Box<Reader>> {
        if self.has_input_ended() { None } else { self.take_helm_anyway() }
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
        if self.has_ready_followers() {
            self.call_followers();
        }
    }

    /// The reader, while no thread is at the helm.
    pub(in super::super) fn idle_reader(&mut self) -> Option<&mut Reader> {
        self.shared().reader.as_deref_mut()
    }

    /// Takes what the flusher writes to.
    #[inline]
    pub(super) fn take_outlet(&mut self) -> Direct {
        std::mem::take(&mut self.shared().outlet)
    }

    /// Gives back the stream that the flusher has used.
    #[inline]
    pub(super) fn put_outlet(&mut self, outlet: Direct) {
        let shared = self.shared();
        shared.outlet = outlet;
        if shared.stream_is_closed {
            shared.let_go_of_stream();
        }
    }

    /// Keeps the `Vec` of a long byte string for the next one. Returns what is not wanted.
    pub(in super::super) fn reuse_long(&mut self, buf: Vec<u8>) -> Vec<u8> {
        let shared = self.shared();
        match &mut shared.reader {
            Some(reader) => reader.inbox.buffer.reuse_long(buf),
            // The thread at the helm finds it when it gives the helm back.
            None => std::mem::replace(&mut shared.place_for_long, buf),
        }
    }
}
