//! Accepting newcomers, and refusing them in words.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Serveur;
use super::bounds::Origin;
use super::clients::Admission;
use super::listener::{Left, Source};
use super::waiting::{Guest, Seen};
use crate::adresse::Adresse;
use crate::commande::{TELLS, refused};
use crate::connexion::handshake_failed;
use crate::erreur::Erreur;
use crate::handshake::{self, HandshakeError, Proven};
use crate::identite::Identite;
use crate::sync::Mutex;
use crate::transport::Transport;
use crate::wire::{Refusal, Role};

/// The first pause after an `accept` that failed because the system lacks something, and the
/// longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// The largest number of guests that wait for a place; further guests are refused.
const MAX_WAITING: usize = 64;

/// Guests that wait for a place, oldest first, each with the moment at which it is refused.
type Queue = VecDeque<(Guest, Instant)>;

impl Serveur {
    /// Accepts newcomers until the server is stopped. A failed `accept` does not end the loop: the
    /// system may have what it lacks again a moment later.
    pub(super) fn accept_until_stopped(&self, source: &Arc<dyn Source>) {
        let mut queue = Queue::new();
        let mut pause = None;
        while !self.shared.clients.is_stopping() {
            self.admit(&mut queue);
            let left = if pause.is_none() && queue.is_empty() && self.start_acceptor(source) {
                self.shared.listener.wait_for_duty()
            } else {
                self.accept_meanwhile(&**source, pause, &queue)
            };
            pause = match left {
                Left::Nothing => None,
                Left::Guest(guest) => {
                    self.take_in(*guest, &mut queue);
                    None
                }
                Left::Trouble => Some(longer(pause)),
            };
        }
        // Guests in the queue and strangers are told that the server stops.
        self.admit(&mut queue);
        self.send_strangers_away(&mut self.shared.listener.waiting.lock());
    }

    /// Accepts on the thread in `lancer`, because no acceptor can: there is no place or no thread
    /// for one, a guest waits in the queue, or the last `accept` failed. After a failed `accept`
    /// this first waits for the pause, listening to strangers meanwhile.
    fn accept_meanwhile(
        &self,
        source: &dyn Source,
        pause: Option<Duration>,
        queue: &Queue,
    ) -> Left {
        let mut waiting = self.shared.listener.waiting.lock();
        let now = Instant::now();
        let first = queue.front().map(|(_, until)| until.saturating_duration_since(now));
        let mut seen = Seen::Nothing;
        if pause.is_some() {
            seen = self.look_at_waiting(None, &mut waiting, pause.into_iter().chain(first).min());
        }
        if matches!(seen, Seen::Nothing) {
            // After a pause `accept` is tried at once, without a wait.
            let first = pause.map(|_| Duration::ZERO).or(first);
            seen = self.look_at_waiting(Some(source), &mut waiting, first);
        }
        match seen {
            Seen::Nothing => Left::Nothing,
            Seen::Guest(guest) => Left::Guest(guest),
            Seen::Trouble => Left::Trouble,
        }
    }

    /// Lets a guest in, queues it until a place is free, or refuses it.
    fn take_in(&self, guest: Guest, queue: &mut Queue) {
        if queue.len() >= MAX_WAITING {
            return self.refuse(guest, Refusal::Full, self.reason(Refusal::Full));
        }
        queue.push_back((guest, Instant::now() + self.shared.options.leaving));
        self.admit(queue);
    }

    /// Gives guests in the queue a thread each, or refuses them, oldest first. Stops at a guest
    /// that may soon have the place of a leaving client; this guest and the ones behind it wait on.
    /// A guest that may soon have the place of a client from its own address holds up nobody.
    fn admit(&self, queue: &mut Queue) {
        let bounds = &self.shared.options.bounds;
        let mut at = 0;
        while let Some((guest, until)) = queue.get(at) {
            let claim = bounds.claim(Some(&guest.address));
            let is_late = *until <= Instant::now();
            let place = match self.shared.clients.enter(&claim) {
                Admission::Place(id) => Ok(id),
                Admission::Refused(refusal) => Err((refusal, self.reason(refusal))),
                Admission::Soon if is_late => Err((Refusal::Full, self.reason(Refusal::Full))),
                Admission::Soon => return,
                Admission::Crowded { soon: true } if !is_late && !is_second(queue, at) => {
                    at += 1;
                    continue;
                }
                Admission::Crowded { .. } => Err((Refusal::Full, bounds.crowded())),
            };
            match (queue.remove(at), place) {
                (Some((guest, _)), Ok(id)) => self.start_thread(id, guest),
                (Some((guest, _)), Err((refusal, text))) => self.refuse(guest, refusal, text),
                (None, _) => return,
            }
        }
    }

    /// Starts the thread of a guest that has entered.
    fn start_thread(&self, id: u64, guest: Guest) {
        let Guest { io, address, mut greeted } = guest;
        let io = io.into_transport();
        let proven = greeted.proven.take();
        let entering = Arc::new(Entering { io, address, proven, welcomed: Mutex::default() });
        let theirs = entering.clone();
        let started = self.spawn(id, move |serveur| {
            if serveur.welcome_once(&theirs) {
                let (io, address) = (theirs.io.clone(), theirs.address.clone());
                let proven = identity_of(&*io, theirs.proven.as_deref());
                drop(theirs);
                let link = serveur.link_of(id, io, Some(address), greeted, proven);
                serveur.serve(id, &link);
            }
        });
        if started.is_ok() {
            // A new thread takes some time to begin. Greeted now, its client can already send a
            // first call.
            self.welcome_once(&entering);
        } else {
            let text = "it could not start a thread".to_owned();
            self.refuse_entering(&entering, Refusal::NoResources, text);
        }
    }

    /// Greets a newcomer that has a thread, unless that is done already. False if the greeting
    /// could not be sent.
    fn welcome_once(&self, entering: &Entering) -> bool {
        let mut welcomed = entering.welcomed.lock();
        if let Some(welcomed) = *welcomed {
            return welcomed;
        }
        // The other thread waits for the lock, but never for long: sending a greeting does not
        // block.
        let greeted = self.tell(&*entering.io, entering.proven.as_deref(), Refusal::Accepted);
        *welcomed = Some(greeted.is_ok());
        drop(welcomed);
        self.is_welcome(greeted, Some(&entering.address))
    }

    /// Refuses a guest in words.
    fn refuse(&self, guest: Guest, refusal: Refusal, text: String) {
        let Guest { io, address, greeted } = guest;
        let (io, proven) = (io.into_transport(), greeted.proven);
        self.refuse_entering(
            &Entering { io, address, proven, welcomed: Mutex::default() },
            refusal,
            text,
        );
    }

    // [refusal.no-frames] [refusal.drain]
    fn refuse_entering(&self, entering: &Entering, refusal: Refusal, text: String) {
        // If this fails the newcomer is gone, and the reason has no reader.
        let _gone = self.tell_saying(&*entering.io, entering.proven.as_deref(), refusal, &text);
        self.shared.listener.waiting.lock().push_refused(entering.io.clone());
        self.tell_refused(Some(&entering.address), HandshakeError::Refused { refusal, text });
    }

    /// Why a newcomer was refused, for the program on this side.
    pub(super) fn refused(&self, refusal: Refusal) -> HandshakeError {
        HandshakeError::Refused { refusal, text: self.reason(refusal) }
    }

    /// Tells the program, through its hook, that a newcomer did not become a client, and why.
    pub(super) fn tell_refused(&self, address: Option<&Adresse>, error: HandshakeError) {
        self.shared.clients.count_refused();
        let hook = &self.shared.options.hooks().refused;
        if TELLS || hook.is_some() {
            let error = self.tell_observers(address, error);
            if let Some(hook) = hook {
                self.run_hook(|| hook(address.cloned(), &error));
            }
        }
        self.end_with(address);
    }

    /// Tells whoever observes the program what the error says that this returns.
    pub(super) fn tell_observers(
        &self,
        address: Option<&Adresse>,
        error: HandshakeError,
    ) -> Erreur {
        let settings = &self.shared.options.settings;
        let newcomer = address.map_or_else(|| "local".to_owned(), Adresse::to_string);
        let error = handshake_failed(error, &newcomer, settings.greeting_deadline);
        refused(&newcomer, &error);
        error
    }

    /// The text that a refusal carries besides its code.
    pub(super) fn reason(&self, refusal: Refusal) -> String {
        match refusal {
            Refusal::Full => self.shared.options.bounds.full(),
            _ => String::new(),
        }
    }

    /// Sends the server's greeting, with the decision about a newcomer. Does not wait.
    pub(super) fn greet(&self, io: &dyn Transport, refusal: Refusal) -> Result<(), HandshakeError> {
        self.greet_saying(io, refusal, &self.reason(refusal))
    }

    pub(super) fn greet_saying(
        &self,
        io: &dyn Transport,
        refusal: Refusal,
        text: &str,
    ) -> Result<(), HandshakeError> {
        let limits = &self.shared.options.settings.limits;
        let now = Some(Instant::now());
        handshake::greet(io, Role::Server, limits, refusal, text, self.told(), now)
    }

    /// Tells a newcomer the decision about it: by this side's greeting, or by its proof if the
    /// newcomer was greeted before and has proved a secret. Does not wait.
    pub(super) fn tell(
        &self,
        io: &dyn Transport,
        proven: Option<&Proven>,
        refusal: Refusal,
    ) -> Result<(), HandshakeError> {
        self.tell_saying(io, proven, refusal, &self.reason(refusal))
    }

    fn tell_saying(
        &self,
        io: &dyn Transport,
        proven: Option<&Proven>,
        refusal: Refusal,
        text: &str,
    ) -> Result<(), HandshakeError> {
        match proven {
            Some(_) => handshake::answer(io, proven, refusal, text),
            None => self.greet_saying(io, refusal, text),
        }
    }

    /// Greets a newcomer that may come in. False if the greeting could not be sent: the newcomer
    /// would wait for it until its deadline, so the caller drops the stream, which ends that wait.
    pub(super) fn welcome(&self, io: &dyn Transport, address: Option<&Adresse>) -> bool {
        self.is_welcome(self.greet(io, Refusal::Accepted), address)
    }

    /// Whether a newcomer could be greeted; if not, the program is told.
    fn is_welcome(&self, greeted: Result<(), HandshakeError>, address: Option<&Adresse>) -> bool {
        greeted.map_err(|error| self.tell_refused(address, error)).is_ok()
    }
}

/// Whether a guest before the one at `at` comes from the same address.
fn is_second(queue: &Queue, at: usize) -> bool {
    let origin = |(guest, _): &(Guest, Instant)| Origin::of(&guest.address);
    let own = queue.get(at).and_then(origin);
    queue.iter().take(at).any(|other| origin(other) == own)
}

/// The pause after a further `accept` that failed.
fn longer(pause: Option<Duration>) -> Duration {
    pause.map_or(BACK_OFF.0, |pause| (pause * 2).min(BACK_OFF.1))
}

/// Who a newcomer is, by its stream and by the secret that it has proved.
pub(super) fn identity_of(io: &dyn Transport, proven: Option<&Proven>) -> Identite {
    match proven {
        Some(proven) => io.peer().with_secret(proven.name()),
        None => io.peer(),
    }
}

/// A newcomer that has a place. It is greeted by the accepting thread or by its own thread,
/// whichever is first.
struct Entering {
    io: Arc<dyn Transport>,
    address: Adresse,
    /// The secret that it has proved.
    proven: Option<Box<Proven>>,
    /// Whether the greeting could be sent; `None` before that was tried.
    welcomed: Mutex<Option<bool>>,
}

#[cfg(test)]
mod tests;
