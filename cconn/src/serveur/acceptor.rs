//! The acceptor: the thread of the next client, which accepts its own client.
//!
//! Handing a newcomer to another thread, or starting a thread for it, takes longer than a short
//! call. So if there is a place for one more client, that client's thread is started ahead, and
//! accepts the first newcomer that greets. Having accepted, the thread greets too, and then starts
//! the next acceptor. It is named after its client and ends with it, like any client's thread.
//! Everything out of the ordinary is left to the thread in `lancer`, which sleeps meanwhile.

use std::sync::Arc;

use super::Serveur;
use super::accept::identity_of;
use super::listener::{Left, Source};
use super::waiting::{Guest, Seen};
use crate::handshake::HandshakeError;
use crate::link::Link;
use crate::wire::Refusal;

impl Serveur {
    /// Starts the next client's thread as the acceptor. False if there is no place or no thread for
    /// it: then no acceptor accepts.
    pub(super) fn start_acceptor(&self, source: &Arc<dyn Source>) -> bool {
        let most = self.shared.options.bounds.most;
        let started = self.shared.clients.expect(most).is_some_and(|id| {
            self.shared.listener.take_duty();
            let source = source.clone();
            self.spawn(id, move |serveur| serveur.accept_own(source, id)).is_ok()
        });
        if !started {
            self.shared.listener.leave_duty(Left::Nothing);
        }
        started
    }

    /// Waits for a newcomer that greets, and serves it as this thread's client.
    ///
    /// A thread keeps every page of stack that it has once used. So the steps are functions that
    /// are never inlined, and what one takes is given back before the next begins.
    fn accept_own(&self, source: Arc<dyn Source>, id: u64) {
        let (guest, welcome) = match self.welcome_guest(&*source, id) {
            Ok(welcomed) => welcomed,
            Err(left) => {
                drop(source);
                return self.shared.listener.leave_duty(left);
            }
        };
        // The next newcomer need not wait until this client is served.
        self.start_acceptor(&source);
        drop(source);
        match welcome {
            Ok(()) => {
                let link = self.link_of_guest(id, guest);
                self.serve(id, &link);
            }
            Err(error) => self.tell_refused(Some(&guest.address), error),
        }
    }

    /// Waits for a newcomer that greets, gives it this thread's place and greets it.
    #[inline(never)]
    fn welcome_guest(
        &self,
        source: &dyn Source,
        id: u64,
    ) -> Result<(Box<Guest>, Result<(), HandshakeError>), Left> {
        let guest = self.next_guest(source)?;
        // A local client may have taken the last place meanwhile, or this one's address has taken
        // all that it may.
        let claim = self.shared.options.bounds.claim(Some(&guest.address));
        if !self.shared.clients.arrive(id, &claim) {
            return Err(Left::Guest(guest));
        }
        let io = guest.io.transport();
        let welcome = self.tell(io, guest.greeted.proven.as_deref(), Refusal::Accepted);
        Ok((guest, welcome))
    }

    #[inline(never)]
    #[expect(clippy::boxed_local, reason = "the caller's stack is not to hold the guest")]
    fn link_of_guest(&self, id: u64, guest: Box<Guest>) -> Arc<Link> {
        let Guest { io, address, greeted } = *guest;
        let proven = identity_of(io.transport(), greeted.proven.as_deref());
        self.link_of(id, io.into_transport(), Some(address), greeted, proven)
    }

    fn next_guest(&self, source: &dyn Source) -> Result<Box<Guest>, Left> {
        let mut waiting = self.shared.listener.waiting.lock();
        loop {
            let seen = self.look_at_waiting(Some(source), &mut waiting, None);
            if self.shared.clients.is_stopping() {
                return Err(match seen {
                    Seen::Guest(guest) => Left::Guest(guest),
                    Seen::Nothing | Seen::Trouble => Left::Nothing,
                });
            }
            match seen {
                Seen::Guest(guest) => return Ok(guest),
                Seen::Trouble => return Err(Left::Trouble),
                Seen::Nothing => {}
            }
        }
    }
}
