//! How much is under way on a connection, counted when somebody asks.

use super::state::State;

/// How much is under way on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Commands of the peer's that have arrived since the connection began.
    pub(crate) arrived: u64,
    /// Commands that have arrived and not started.
    pub(crate) queued: u64,
    /// Commands that have started and not ended, and iterators that are pulled.
    pub(crate) running: u64,
    /// Calls of this side without an outcome; a stream counts until its end.
    pub(crate) calls: u64,
    /// Streams that this side sends.
    pub(crate) sent_streams: u64,
    /// Streams that this side takes.
    pub(crate) taken_streams: u64,
    /// Bytes of commands that the peer would take now.
    pub(crate) window: u64,
    /// Bytes that wait to be written.
    pub(crate) outbox: u64,
    /// Threads that run the peer's commands.
    pub(crate) threads: u64,
}

impl State {
    pub(crate) fn load(&self) -> Load {
        let (turn, calls) = (&self.turn, &self.calls);
        Load {
            arrived: turn.arrived(),
            queued: turn.queued() as u64,
            running: turn.occupied() as u64,
            calls: calls.waiting() as u64,
            sent_streams: self.outlets.as_ref().map_or(0, |outlets| outlets.len()) as u64,
            taken_streams: calls.open_streams() as u64,
            window: self.window.credit(),
            outbox: self.outbox.bytes(),
            threads: turn.executors.saturating_add(turn.stand_ins) as u64,
        }
    }
}
