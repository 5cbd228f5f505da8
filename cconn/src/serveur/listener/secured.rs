//! A listening socket whose newcomers are encrypted.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;

use super::{Newcomer, Source};
use crate::adresse::Adresse;
use crate::sync::BorrowedFd;
use crate::transport::{Below, Secured, Shake, Transport};

/// A source of newcomers that speak TLS.
pub(in super::super) struct Encrypted {
    source: Arc<dyn Source>,
    config: Arc<ServerConfig>,
    /// The most bytes that a newcomer may send before its handshake is done.
    longest: usize,
}

impl Encrypted {
    pub(in super::super) fn new(
        source: Arc<dyn Source>,
        config: Arc<ServerConfig>,
        longest: usize,
    ) -> Self {
        Encrypted { source, config, longest }
    }
}

impl Source for Encrypted {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }

    fn begin(&self) {
        self.source.begin();
    }

    #[cfg(unix)]
    fn hand_over(&self) -> io::Result<(std::os::fd::OwnedFd, Option<super::Origin>)> {
        self.source.hand_over()
    }

    #[cfg(unix)]
    fn leave(&self) {
        self.source.leave();
    }

    #[cfg(unix)]
    fn keep(&self) -> io::Result<()> {
        self.source.keep()
    }

    fn accept(&self, write_deadline: Duration) -> io::Result<(Box<dyn Newcomer>, Adresse)> {
        let (newcomer, address) = self.source.accept(write_deadline)?;
        let session = crate::tls::session_with_client(&self.config, self.longest)?;
        Ok((Box::new(Secured::new(newcomer, session)), address))
    }
}

impl Below for Box<dyn Newcomer> {
    fn stream(&self) -> &dyn Transport {
        (**self).transport()
    }
}

/// The handshake goes on with each look for the newcomer's greeting.
impl Newcomer for Secured<Box<dyn Newcomer>> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        (**self.below()).as_fd()
    }

    fn transport(&self) -> &dyn Transport {
        self
    }

    fn shake(&self) -> Option<Shake> {
        Some(Secured::shake(self))
    }

    fn bare(&self) -> &dyn Transport {
        (**self.below()).bare()
    }

    fn into_transport(self: Box<Self>) -> Arc<dyn Transport> {
        Arc::new((*self).over(Newcomer::into_transport))
    }
}
