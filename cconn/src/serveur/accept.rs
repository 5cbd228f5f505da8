//! The door: accepting newcomers, refusing them in words, and each client's thread.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use super::{Serveur, Shared};
use crate::client::Client;
use crate::commande::Contexte;
use crate::connexion::label;
use crate::erreur::Resultat;
use crate::handshake;
use crate::lien::{Dispatch, Incoming, Lien, Notice, Outcome, Parts, Watch};
use crate::sync::{Condvar, Mutex};
use crate::transport::{Memory, Tcp, Transport};
use crate::wire::{Refusal, Role};

/// The first pause after an `accept` that failed for want of something, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// How long a refused newcomer may take to read why.
const REFUSED_LINGER: Duration = Duration::from_secs(1);

/// Bytes that each direction of a local connection holds: about what a socket does.
const LOCAL_CAPACITY: usize = 256 << 10;

/// Refused newcomers kept at most; the oldest goes first.
const MAX_REFUSED: usize = 64;

/// The listening socket, and the bell that ends the wait for newcomers.
pub(super) struct Door {
    state: Mutex<DoorState>,
    closed: Condvar,
    bell: UnixStream,
    heard: UnixStream,
}

enum DoorState {
    /// `lancer` has not run yet.
    Waiting(TcpListener),
    Open,
    Closed,
}

impl Door {
    pub(super) fn new(listener: TcpListener) -> io::Result<Self> {
        let (bell, heard) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        heard.set_nonblocking(true)?;
        let state = Mutex::new(DoorState::Waiting(listener));
        Ok(Door { state, closed: Condvar::new(), bell, heard })
    }

    /// Hands out the listener, once; `None` if the server was stopped before.
    pub(super) fn open(&self) -> Resultat<Option<TcpListener>> {
        let mut state = self.state.lock();
        match std::mem::replace(&mut *state, DoorState::Open) {
            DoorState::Waiting(listener) => Ok(Some(listener)),
            DoorState::Open => Err(Serveur::already_running()),
            DoorState::Closed => {
                *state = DoorState::Closed;
                Ok(None)
            }
        }
    }

    pub(super) fn close(&self) {
        *self.state.lock() = DoorState::Closed;
        self.closed.notify_all();
    }

    /// Ends the wait for newcomers; closes the door where nobody stands in it.
    pub(super) fn knock(&self) {
        // A full bell has rung already.
        let _rung = (&self.bell).write(&[1]);
        let mut state = self.state.lock();
        if matches!(*state, DoorState::Waiting(_)) {
            *state = DoorState::Closed;
        }
    }

    pub(super) fn wait_until_closed(&self) {
        let mut state = self.state.lock();
        while matches!(*state, DoorState::Open) {
            state = self.closed.wait(state, None);
        }
    }

    /// Waits for a newcomer, the bell, or the end of the pause.
    fn wait(&self, listener: Option<&TcpListener>, pause: Option<Duration>) {
        let mut fds = vec![PollFd::new(&self.heard, PollFlags::IN)];
        fds.extend(listener.map(|listener| PollFd::new(listener, PollFlags::IN)));
        let pause = pause.and_then(|pause| Timespec::try_from(pause).ok());
        // An interrupted wait is a short one.
        let _ready = rustix::event::poll(&mut fds, pause.as_ref());
    }

    fn was_rung(&self) -> bool {
        matches!((&self.heard).read(&mut [0; 8]), Ok(n) if n > 0)
    }
}

/// Newcomers that were refused and are still reading why.
#[derive(Default)]
struct Refused {
    waiting: VecDeque<(Tcp, Instant)>,
}

impl Refused {
    fn push(&mut self, io: Tcp) {
        io.shutdown_write();
        if self.waiting.len() >= MAX_REFUSED {
            self.waiting.pop_front();
        }
        self.waiting.push_back((io, Instant::now() + REFUSED_LINGER));
    }

    /// Lets go of those who have read it or took too long: closing before they have read would
    /// reset the connection, and they would never know.
    fn sweep(&mut self) -> Option<Duration> {
        let now = Instant::now();
        self.waiting.retain(|(io, until)| *until > now && !has_ended(io));
        (!self.waiting.is_empty()).then_some(BACK_OFF.0)
    }
}

fn has_ended(io: &Tcp) -> bool {
    let mut buf = Vec::with_capacity(512);
    match io.try_recv(&mut buf) {
        Ok(n) => n == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

impl Serveur {
    /// Accepts newcomers until the server is stopped. No error ends it: what the system lacks
    /// now it may have again in a moment.
    pub(super) fn accept_until_stopped(&self, listener: &TcpListener) {
        let mut refused = Refused::default();
        let mut pause = None;
        while !self.shared.clients.is_stopping() {
            match listener.accept() {
                Ok((stream, _)) => {
                    pause = None;
                    self.admit(stream, &mut refused);
                    continue;
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => pause = None,
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => continue,
                    _ => {
                        pause =
                            Some(pause.map_or(BACK_OFF.0, |p: Duration| (p * 2).min(BACK_OFF.1)))
                    }
                },
            }
            let sweep = refused.sweep();
            let watched = if pause.is_none() { Some(listener) } else { None };
            self.shared.door.wait(watched, pause.into_iter().chain(sweep).min());
            self.shared.door.was_rung();
        }
    }

    /// Greets a newcomer and gives it a thread, or refuses it in words.
    fn admit(&self, stream: TcpStream, refused: &mut Refused) {
        // Where accepted sockets take the listener's mode over.
        if !cfg!(target_os = "linux") && stream.set_nonblocking(false).is_err() {
            return;
        }
        let io = Tcp::new(stream);
        match self.shared.clients.enter(self.shared.options.max_clients) {
            Ok(id) => self.start_thread(id, io, refused),
            Err(refusal) => {
                self.greet(&io, refusal);
                refused.push(io);
            }
        }
    }

    fn greet(&self, io: &dyn Transport, refusal: Refusal) {
        let text = match refusal {
            Refusal::Full => match self.shared.options.max_clients {
                1 => "it takes 1 client at a time".to_owned(),
                most => format!("it takes {most} clients at a time"),
            },
            _ => String::new(),
        };
        let limits = &self.shared.options.settings.limits;
        let now = Some(Instant::now());
        // A newcomer that is gone already finds out by itself.
        let _gone = handshake::greet(io, Role::Server, limits, refusal, &text, now);
    }

    fn start_thread(&self, id: u64, io: Tcp, refused: &mut Refused) {
        // The socket comes back where no thread can be had for it.
        let io = Arc::new(Mutex::new(Some(io)));
        let hers = io.clone();
        let started = self.spawn(id, move |serveur| {
            if let Some(io) = hers.lock().take() {
                serveur.greet(&io, Refusal::Accepted);
                io.configure(serveur.shared.options.settings.limits.write_deadline);
                let address = io.peer_address();
                serveur.serve(id, Box::new(io), address);
            }
        });
        if started.is_err()
            && let Some(io) = io.lock().take()
        {
            self.greet(&io, Refusal::NoResources);
            refused.push(io);
        }
    }

    /// Starts the thread of a client that has entered; its place is given back when it ends.
    fn spawn(&self, id: u64, body: impl FnOnce(&Serveur) + Send + 'static) -> io::Result<()> {
        let stack = self.shared.options.settings.limits.stack;
        let place = Place(self.clone());
        crate::sync::spawn(format!("cconn-{id}"), stack, move || {
            let place = place;
            body(&place.0);
        })
    }

    /// A client of this server inside the process, joined to it without a socket: for tests, and
    /// for programs that are their own client.
    ///
    /// It counts among the clients. [`lancer`](Serveur::lancer) need not run.
    ///
    /// # Errors
    ///
    /// [`Erreur::Connexion`](crate::Erreur::Connexion): the server is full or stopping, or no
    /// thread could be had.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("double", |_, (n,): (u32,)| 2 * n)?;
    /// let client = serveur.client_local()?;
    /// assert_eq!(client.appeler::<u32, _>(nommee("double", (21_u32,)))?, 42);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "in_memory")]
    pub fn client_local(&self) -> Resultat<Client> {
        let (hers, ours) = Memory::pair(LOCAL_CAPACITY);
        let accepted = Refusal::Accepted;
        match self.shared.clients.enter(self.shared.options.max_clients) {
            Ok(id) => {
                let started = self.spawn(id, move |serveur| {
                    serveur.greet(&ours, accepted);
                    serveur.serve(id, Box::new(ours), None);
                });
                started.map_err(|cause| crate::connexion::unreachable("local", cause))?;
            }
            Err(refusal) => self.greet(&ours, refusal),
        }
        crate::connexion::join(&self.shared.options.settings, Box::new(hers), "local")
    }

    /// One client, from its greeting to its end, on its own thread.
    fn serve(&self, id: u64, io: Box<dyn Transport>, address: Option<SocketAddr>) {
        let settings = &self.shared.options.settings;
        let deadline = Some(Instant::now() + settings.greeting_deadline);
        let Ok(greeted) = handshake::read_greeting(&*io, Role::Server, deadline) else { return };
        let lien = Lien::new(Parts {
            io,
            commands: Arc::new(Service { serveur: Arc::downgrade(&self.shared) }),
            limits: settings.limits.clone(),
            peer: greeted.limits,
            watch: Some(Watch::of_process()),
            label: label(address, "local client", id),
            id,
            address,
            ends_with_handles: false,
            thread_name: format!("cconn-{id}"),
            rest: greeted.rest,
        });
        self.shared.clients.add(&lien);
        let client = Client::of(&lien);
        self.hook(self.shared.options.on_connected.as_ref(), &client);
        lien.execute();
        self.shared.clients.remove(id);
        self.hook(self.shared.options.on_disconnected.as_ref(), &client);
        lien.linger();
        lien.wait_for_stand_ins(Some(Instant::now() + settings.limits.grace));
    }

    fn hook(&self, hook: Option<&super::options::Hook>, client: &Client) {
        if let Some(hook) = hook {
            let result = client.result_of_end();
            // A hook that panics ends neither the client nor the server.
            let _panicked = crate::commande::fence(|| hook(client, result));
        }
    }
}

/// A client's place, given back when its thread ends, whatever ended it.
struct Place(Serveur);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.shared.clients.leave();
    }
}

/// Runs the server's commands for one of its connections.
struct Service {
    /// Weak, for the server holds its connections.
    serveur: Weak<Shared>,
}

impl Dispatch for Service {
    fn run(&self, lien: &Arc<Lien>, incoming: &Incoming<'_>, out: &mut Vec<u8>) -> Outcome {
        let Some(shared) = self.serveur.upgrade() else {
            return Outcome::Failure(crate::wire::FailureCode::Closed);
        };
        let serveur = Serveur { shared };
        let client = Client::of(lien);
        let contexte = Contexte { client: &client, serveur: Some(&serveur) };
        serveur.shared.registre.run(&contexte, incoming, out)
    }

    fn notice(&self, lien: &Arc<Lien>, notice: &Notice) {
        if let Some(shared) = self.serveur.upgrade() {
            shared.registre.report(lien, notice);
        }
    }

    fn is_parallel(&self, command: u64) -> bool {
        self.serveur.upgrade().is_some_and(|shared| shared.registre.is_parallel(command))
    }
}
