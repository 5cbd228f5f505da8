//! The thread of the next client, which waits for it at the door.
//!
//! Handing a newcomer to another thread, or starting one for it, takes longer than a short call.
//! So where there is a place for one more client its thread is started ahead, and accepts it by
//! itself; the first thing it does then is to greet, and the second to post its successor. It is
//! named after its client and ends with it, like any. Whatever is out of the ordinary it leaves to
//! the thread in `lancer`, which sleeps meanwhile.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use super::Serveur;
use super::door::Left;
use super::outside::Newcomer;
use crate::transport::{Closing, TAKEN_OVER, Tcp, configure};
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

    /// Waits for a newcomer and serves it.
    fn stand_at(&self, listener: Arc<TcpListener>, id: u64) {
        let newcomer = match self.next_newcomer(&listener) {
            Ok(newcomer) => newcomer,
            Err(left) => {
                drop(listener);
                return self.shared.door.leave(left);
            }
        };
        if !self.shared.clients.arrive(id, self.shared.options.max_clients) {
            drop(listener);
            return self.shared.door.leave(Left::Newcomer(newcomer));
        }
        let Newcomer { io, address } = newcomer;
        let greeted = self.greet(&io, Refusal::Accepted);
        self.post(&listener);
        drop(listener);
        match greeted {
            Ok(()) => self.serve(id, Arc::new(Closing::new(io)), Some(address)),
            Err(error) => self.tell_refused(Some(address), error),
        }
    }

    fn next_newcomer(&self, listener: &TcpListener) -> Result<Newcomer, Left> {
        loop {
            self.shared.door.wait(Some(listener), None);
            if self.shared.clients.is_stopping() {
                return Err(Left::Nothing);
            }
            match listener.accept() {
                Ok((stream, address)) => return Ok(self.set_up(stream, address)),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock
                    | io::ErrorKind::Interrupted
                    | io::ErrorKind::ConnectionAborted => {}
                    _ => return Err(Left::Trouble),
                },
            }
        }
    }

    /// A newcomer, its socket as every connection wants it.
    pub(super) fn set_up(&self, stream: TcpStream, address: SocketAddr) -> Newcomer {
        if !TAKEN_OVER {
            // A socket that stays in the listener's mode fails at its first read, and says so.
            let _unsupported = stream.set_nonblocking(false);
            configure(&stream, self.shared.options.settings.limits.write_deadline);
        }
        Newcomer { io: Tcp::new(stream), address }
    }
}
