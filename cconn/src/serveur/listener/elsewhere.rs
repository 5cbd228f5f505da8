//! Stand-ins for the sources of newcomers that need the sockets of Unix, on systems without them:
//! each is an error, or finds nothing.

/// Windows hands no socket over in a way that safe code can use.
pub(super) mod inherited {
    use super::super::{Adresse, Arc, Duration, Source, io};

    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
    pub(in super::super) fn take_over(
        _: &Adresse,
        _: Duration,
    ) -> io::Result<Option<(Arc<dyn Source>, Adresse)>> {
        Ok(None)
    }

    pub(in super::super) fn giver(_: &Adresse) -> Option<&'static str> {
        None
    }
}

/// Windows has Unix sockets that safe code can't use.
pub(super) mod unix {
    use super::super::{Adresse, Arc, Source, io};

    pub(in super::super) fn open(_: &str, _: &Adresse) -> io::Result<(Arc<dyn Source>, Adresse)> {
        Err(crate::transport::no_unix_sockets())
    }
}

/// A parent process hands over a Unix socket.
pub(super) mod parent {
    use super::super::{Adresse, Arc, Source, io};

    pub(in super::super) fn open(_: &Adresse) -> io::Result<(Arc<dyn Source>, Adresse)> {
        Err(crate::transport::no_unix_sockets())
    }
}
