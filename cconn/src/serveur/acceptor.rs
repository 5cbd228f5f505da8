//! The acceptor: the thread of the next client, which accepts its own client.
//!
//! Handing a newcomer to another thread, or starting one for it, takes longer than a short call.
//! So where there is a place for one more client its thread is started ahead, and accepts by
//! itself whoever greets first. Having accepted, it greets too, and then starts the next acceptor.
//! The thread is named after its client and ends with it, like any. Whatever is out of the ordinary
//! it leaves to the thread in `lancer`, which sleeps meanwhile.

use std::sync::Arc;

use super::Serveur;
use super::listener::{Left, Source};
use super::waiting::{Guest, Seen};
use crate::wire::Refusal;

impl Serveur {
    /// Starts the next client's thread as the acceptor. Returns false if there is no place or no
    /// thread for it, and then no acceptor accepts.
    pub(super) fn start_acceptor(&self, source: &Arc<dyn Source>) -> bool {
        let most = self.shared.options.max_clients;
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

    /// Waits for somebody who greets, and serves that client.
    fn accept_own(&self, source: Arc<dyn Source>, id: u64) {
        let guest = match self.next_guest(&*source) {
            Ok(guest) => guest,
            Err(left) => {
                drop(source);
                return self.shared.listener.leave_duty(left);
            }
        };
        if !self.shared.clients.arrive(id, self.shared.options.max_clients) {
            drop(source);
            return self.shared.listener.leave_duty(Left::Guest(guest));
        }
        let Guest { io, address, greeted } = guest;
        let welcome = self.greet(io.transport(), Refusal::Accepted);
        self.start_acceptor(&source);
        drop(source);
        match welcome {
            Ok(()) => self.serve(id, io.into_transport(), Some(address), greeted),
            Err(error) => self.tell_refused(Some(&address), error),
        }
    }

    fn next_guest(&self, source: &dyn Source) -> Result<Guest, Left> {
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
