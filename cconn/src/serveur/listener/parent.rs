//! The one newcomer of a server that was started by its client: the process that started it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::{Newcomer, Source};
use crate::adresse::Adresse;
use crate::sync::{Bell, BorrowedFd, Mutex};
use crate::transport::{Socket, inherited};

struct ParentSource {
    /// `None` once it was accepted.
    stream: Mutex<Option<Socket>>,
    /// Rung until then.
    there: Bell,
}

pub(super) fn open(address: &Adresse) -> io::Result<(Arc<dyn Source>, Adresse)> {
    let stream = inherited::connected()?.ok_or_else(inherited::no_parent)?;
    let there = Bell::new()?;
    there.ring();
    let source = ParentSource { stream: Mutex::new(Some(stream)), there };
    Ok((Arc::new(source), address.clone()))
}

impl Source for ParentSource {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.there.as_fd()
    }

    fn accept(&self, _: Duration) -> io::Result<(Box<dyn Newcomer>, Adresse)> {
        self.there.hear_out();
        match self.stream.lock().take() {
            Some(stream) => Ok((Box::new(stream), Adresse::parent())),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}
