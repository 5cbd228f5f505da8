//! Accepting newcomers, refusing them in words, and each client's thread.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::door::{Left, Refused};
use super::{Serveur, hooks};
use crate::client::Client;
use crate::commande::EndHook;
use crate::connexion::handshake_failed;
use crate::erreur::Resultat;
use crate::handshake::{self, HandshakeError};
use crate::lien::{Identity, Lien, Parts, Watch};
use crate::sync::Mutex;
use crate::transport::{Memory, Tcp, Transport};
use crate::wire::{Refusal, Role};

/// How long one whose greeting was wrong may take to read ours, which tells it why.
const TURNED_AWAY_LINGER: Duration = Duration::from_secs(1);

/// The first pause after an `accept` that failed for want of something, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Bytes that each direction of a local connection holds: about what a socket does.
const LOCAL_CAPACITY: usize = 256 << 10;

impl Serveur {
    /// Accepts newcomers until the server is stopped. No error ends it: what the system lacks
    /// now it may have again in a moment.
    pub(super) fn accept_until_stopped(&self, listener: TcpListener) {
        let listener = Arc::new(listener);
        let mut refused = Refused::default();
        let mut pause = None;
        while !self.shared.clients.is_stopping() {
            if pause.is_none() && self.post(&listener) {
                match self.wait_while_attended(&mut refused) {
                    Left::Nothing => {}
                    Left::Newcomer(stream, address) => self.admit(stream, address, &mut refused),
                    Left::Trouble => pause = Some(longer(pause)),
                }
                continue;
            }
            match listener.accept() {
                Ok((stream, address)) => {
                    pause = None;
                    self.admit(stream, address, &mut refused);
                    continue;
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => pause = None,
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => continue,
                    _ => pause = Some(longer(pause)),
                },
            }
            let sweep = refused.sweep();
            let watched = if pause.is_none() { Some(&*listener) } else { None };
            self.shared.door.wait(watched, pause.into_iter().chain(sweep).min());
        }
    }

    /// Lets the next client's thread stand at the door, until it leaves something to do here.
    fn wait_while_attended(&self, refused: &mut Refused) -> Left {
        loop {
            if let Some(left) = self.shared.door.relieve(refused.sweep()) {
                return left;
            }
        }
    }

    /// Greets a newcomer and gives it a thread, or refuses it in words.
    fn admit(&self, stream: TcpStream, address: SocketAddr, refused: &mut Refused) {
        let io = self.set_up(stream);
        match self.shared.clients.enter(self.shared.options.max_clients) {
            Ok(id) => self.start_thread(id, io, address, refused),
            Err(refusal) => self.refuse(io, address, refusal, refused),
        }
    }

    fn refuse(&self, io: Tcp, address: SocketAddr, refusal: Refusal, refused: &mut Refused) {
        self.greet(&io, refusal);
        refused.push(io);
        self.tell_refused(Some(address), self.refused(refusal));
    }

    /// Why a newcomer was refused, as this side's program is told.
    fn refused(&self, refusal: Refusal) -> HandshakeError {
        HandshakeError::Refused { refusal, text: self.reason(refusal) }
    }

    /// Tells the program of a newcomer who did not become a client.
    fn tell_refused(&self, address: Option<SocketAddr>, error: HandshakeError) {
        if let Some(hook) = &self.shared.options.on_refused {
            let settings = &self.shared.options.settings;
            let newcomer = address.map_or_else(|| "local".to_owned(), |a| a.to_string());
            let error = handshake_failed(error, &newcomer, settings.greeting_deadline);
            hooks::run(|| hook(address, &error));
        }
    }

    /// What a refusal says beyond its code.
    fn reason(&self, refusal: Refusal) -> String {
        match (refusal, self.shared.options.max_clients) {
            (Refusal::Full, 1) => "it takes 1 client at a time".to_owned(),
            (Refusal::Full, most) => format!("it takes {most} clients at a time"),
            _ => String::new(),
        }
    }

    pub(super) fn greet(&self, io: &dyn Transport, refusal: Refusal) {
        let text = self.reason(refusal);
        let limits = &self.shared.options.settings.limits;
        let now = Some(Instant::now());
        // A newcomer that is gone already finds out by itself.
        let _gone = handshake::greet(io, Role::Server, limits, refusal, &text, now);
    }

    fn start_thread(&self, id: u64, io: Tcp, address: SocketAddr, refused: &mut Refused) {
        let newcomer = Arc::new(Newcomer { io: Arc::new(io), welcomed: Mutex::new(false) });
        let hers = newcomer.clone();
        let started = self.spawn(id, move |serveur| {
            let io = serveur.welcome(&hers);
            drop(hers);
            serveur.serve(id, io, Some(address));
        });
        if started.is_ok() {
            // It takes a thread some time to begin; until then its client can send a first call.
            drop(self.welcome(&newcomer));
        } else if let Some(io) = Arc::into_inner(newcomer).and_then(|n| Arc::into_inner(n.io)) {
            self.refuse(io, address, Refusal::NoResources, refused);
        }
    }

    /// Greets a newcomer who has a thread, unless that is done already.
    fn welcome(&self, newcomer: &Newcomer) -> Arc<Tcp> {
        let mut welcomed = newcomer.welcomed.lock();
        if !*welcomed {
            *welcomed = true;
            self.greet(&*newcomer.io, Refusal::Accepted);
        }
        drop(welcomed);
        newcomer.io.clone()
    }

    /// Starts the thread of a client that has entered or is expected; its place is given back when
    /// it ends.
    pub(super) fn spawn(
        &self,
        id: u64,
        body: impl FnOnce(&Serveur) + Send + 'static,
    ) -> io::Result<()> {
        let stack = self.shared.options.settings.limits.stack;
        let place = Place { serveur: self.clone(), id };
        crate::sync::spawn(format!("cconn-{id}"), stack, move || {
            let place = place;
            body(&place.serveur);
        })
    }

    /// A client of this server inside the process, joined to it without a socket: for tests, and
    /// for programs that are their own client.
    ///
    /// It counts among the clients. [`lancer`](Serveur::lancer) need not run.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Connexion`](crate::Erreur::Connexion): the server is full or stopping, or no
    ///   thread could be had.
    /// - [`Erreur::Delai`](crate::Erreur::Delai): its thread did not greet within 10 seconds.
    ///
    /// # Blocking
    ///
    /// Until greeted, and a moment more where another client is about to leave its place.
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
                    serveur.serve(id, Arc::new(ours), None);
                });
                started.map_err(|cause| crate::connexion::unreachable("local", cause))?;
            }
            Err(refusal) => self.greet(&ours, refusal),
        }
        crate::connexion::join(&self.shared.options.settings, Arc::new(hers), "local")
    }

    /// One client, from its greeting to its end, on its own thread.
    pub(super) fn serve(&self, id: u64, io: Arc<dyn Transport>, address: Option<SocketAddr>) {
        let settings = &self.shared.options.settings;
        let deadline = Instant::now().checked_add(settings.greeting_deadline);
        self.shared.clients.greets(id, &io);
        let greeted = match handshake::read_greeting(&*io, Role::Server, deadline) {
            Ok(greeted) => greeted,
            Err(error) => {
                self.tell_refused(address, error);
                return handshake::turn_away(&*io, Instant::now() + TURNED_AWAY_LINGER);
            }
        };
        let lien = Lien::new(Parts {
            io,
            commands: self.shared.service.clone(),
            limits: self.shared.limits.clone(),
            peer: greeted.limits,
            watch: Some(Watch::of_process()),
            identity: Identity::of_server(id, address),
            ends_with_handles: false,
            rest: greeted.rest,
        });
        self.shared.clients.add(&lien);
        let client = Client::of(&lien);
        Self::hook(self.shared.options.on_connected.as_ref(), &client);
        lien.execute();
        Self::hook(self.shared.options.on_disconnected.as_ref(), &client);
        lien.linger();
        lien.wait_for_stand_ins(Instant::now().checked_add(settings.limits.grace));
    }

    fn hook(hook: Option<&EndHook>, client: &Client) {
        if let Some(hook) = hook {
            let result = client.result_of_end();
            hooks::run(|| hook(client, result));
        }
    }
}

/// The pause after a further `accept` that failed.
fn longer(pause: Option<Duration>) -> Duration {
    pause.map_or(BACK_OFF.0, |pause| (pause * 2).min(BACK_OFF.1))
}

/// A newcomer who has entered: greeted by the thread that accepts, or by its own if that is first.
struct Newcomer {
    io: Arc<Tcp>,
    welcomed: Mutex<bool>,
}

/// A client's place, given back when its thread ends, whatever ended it.
struct Place {
    serveur: Serveur,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.serveur.shared.clients.leave(self.id);
    }
}
