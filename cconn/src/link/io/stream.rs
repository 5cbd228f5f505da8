//! The stream as the reader and the flusher use it, each with a reference of its own.

use std::fmt;
use std::sync::Arc;

use crate::transport::Transport;

/// The stream itself, for whoever has the helm or is the flusher; empty once the connection has
/// closed it, and where the connection's own stream needs no other behind it.
#[derive(Default)]
pub(super) struct Direct(Option<Arc<dyn Transport>>);

impl Direct {
    /// The stream to use, `io` where this is empty.
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
