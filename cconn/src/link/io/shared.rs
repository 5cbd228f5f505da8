//! What the connection's lock guards: the state, and what reading and writing need of the stream.

use super::reader::Reader;
use super::stream::Direct;
use crate::link::core::state::State;

/// The state of one connection, and its ends of the stream.
#[derive(Debug)]
pub(in super::super) struct Shared {
    pub(super) state: State,
    /// The helm: `None` while a thread reads, which then owns it.
    pub(super) reader: Option<Box<Reader>>,
    /// The stream that a flusher uses when it writes a frame from the caller's buffer.
    pub(super) outlet: Direct,
    /// Set once the stream is closed: a thread that gives the reader or the outlet back then drops
    /// the reference in it.
    pub(super) stream_is_closed: bool,
    /// A `Vec` that a long byte string no longer needs, given back while another thread has the
    /// inbox.
    pub(super) place_for_long: Vec<u8>,
}

impl Shared {
    #[inline]
    pub(super) fn new(state: State, reader: Box<Reader>, outlet: Direct) -> Self {
        Shared {
            state,
            reader: Some(reader),
            outlet,
            stream_is_closed: false,
            place_for_long: Vec::new(),
        }
    }

    pub(super) fn let_go_of_stream(&mut self) {
        self.outlet = Direct::default();
        if let Some(reader) = &mut self.reader {
            reader.direct = Direct::default();
        }
    }

    #[cold]
    pub(super) fn give_place_for_long(&mut self, reader: &mut Reader) {
        drop(reader.inbox.buffer.reuse_long(std::mem::take(&mut self.place_for_long)));
    }
}
