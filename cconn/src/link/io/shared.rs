//! What the connection's lock guards: the state, and what reading and writing need of the stream.

use super::reader::Reader;
use super::stream::Direct;
use crate::link::core::limits::{Limits, PeerLimits};
use crate::link::core::state::State;
use crate::transport::Transport;

/// The state of one connection, and its ends of the stream.
#[derive(Debug)]
pub(in super::super) struct Shared {
    pub(super) state: State,
    /// The helm: `None` while a thread reads, which then owns it.
    pub(super) reader: Option<Box<Reader>>,
    /// What the flusher writes to where it writes one frame from where it is.
    pub(super) outlet: Direct,
    /// Whoever gives the reader or the outlet back lets go of the stream in it.
    pub(super) stream_is_closed: bool,
    /// Where a long byte string stood that is not needed any more, given back while somebody reads.
    pub(super) place_for_long: Vec<u8>,
}

impl Shared {
    /// `rest` is what was received behind the greeting; `watched` says that there is a watchman.
    pub(in super::super) fn new(
        limits: &Limits,
        peer: PeerLimits,
        rest: Vec<u8>,
        watched: bool,
        io: &dyn Transport,
    ) -> Self {
        let mut shared = Shared {
            state: State::new(limits, peer, watched),
            reader: Some(Box::new(Reader::new(limits, rest))),
            outlet: Direct::default(),
            stream_is_closed: false,
            place_for_long: Vec::new(),
        };
        shared.set_stream(io);
        shared
    }
}

impl Shared {
    /// Before anybody reads or writes.
    fn set_stream(&mut self, io: &dyn Transport) {
        self.outlet = Direct::of(io);
        if let Some(reader) = &mut self.reader {
            reader.direct = Direct::of(io);
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
        drop(reader.inbox.buffer.keep_long(std::mem::take(&mut self.place_for_long)));
    }
}
