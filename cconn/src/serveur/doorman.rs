//! The thread of the next client, which waits for it at the door.
//!
//! Handing a newcomer to another thread, or starting one for it, takes longer than a short call.
//! So where there is a place for one more client its thread is started ahead, and accepts it by
//! itself. It is whoever greets first; the first thing the thread does then is to greet too, and
//! the second to post its successor. It is
//! named after its client and ends with it, like any. Whatever is out of the ordinary it leaves to
//! the thread in `lancer`, which sleeps meanwhile.

use std::net::TcpListener;
use std::sync::Arc;

use super::Serveur;
use super::door::Left;
use super::outside::{Guest, Seen};
use crate::transport::Closing;
use crate::wire::Refusal;

impl Serveur {
    /// Posts the next client's thread at the door; where there is no place or no thread for it,
    /// nobody stands there any more.
    pub(super) fn post(&self, listener: &Arc<TcpListener>) -> bool {
        let most = self.shared.options.max_clients;
        let posted = self.shared.clients.expect(most).is_some_and(|id| {
            self.shared.door.attend();
            let listener = listener.clone();
            self.spawn(id, move |serveur| serveur.stand_at(listener, id)).is_ok()
        });
        if !posted {
            self.shared.door.leave(Left::Nothing);
        }
        posted
    }

    /// Waits for somebody who greets, and serves it.
    fn stand_at(&self, listener: Arc<TcpListener>, id: u64) {
        let guest = match self.next_guest(&listener) {
            Ok(guest) => guest,
            Err(left) => {
                drop(listener);
                return self.shared.door.leave(left);
            }
        };
        if !self.shared.clients.arrive(id, self.shared.options.max_clients) {
            drop(listener);
            return self.shared.door.leave(Left::Guest(guest));
        }
        let Guest { io, address, greeted } = guest;
        let welcome = self.greet(&io, Refusal::Accepted);
        self.post(&listener);
        drop(listener);
        match welcome {
            Ok(()) => self.serve(id, Arc::new(Closing::new(io)), Some(address), greeted),
            Err(error) => self.tell_refused(Some(address), error),
        }
    }

    fn next_guest(&self, listener: &TcpListener) -> Result<Guest, Left> {
        let mut outside = self.shared.door.outside.lock();
        loop {
            let seen = self.look_outside(Some(listener), &mut outside, None);
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
