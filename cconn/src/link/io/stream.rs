//! The stream as the reader and the flusher use it, each with a reference of its own.

use std::fmt;
use std::sync::Arc;

use crate::transport::Transport;

/// The stream itself, for the reader or the flusher. Empty once the connection has closed the
/// stream, or if the connection's stream has no other stream inside.
#[derive(Default)]
pub(super) struct Direct(Option<Arc<dyn Transport>>);

impl Direct {
    /// The stream to use: `io` if this is empty.
    #[inline]
    pub(super) fn or<'a>(&'a self, io: &'a dyn Transport) -> &'a dyn Transport {
        match &self.0 {
            Some(stream) => &**stream,
            None => io,
        }
    }
}

impl Direct {
    pub(super) fn of(io: &dyn Transport) -> Self {
        Direct(io.direct())
    }
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Direct").field(&self.0.is_some()).finish()
    }
}
