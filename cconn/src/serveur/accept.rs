//! Accepting newcomers, refusing them in words, and each client's thread.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::clients::Entry;
use super::door::Outside;
use super::service::Service;
use super::{Serveur, hooks};
use crate::client::Client;
use crate::commande::EndHook;
use crate::connexion::{handshake_failed, label};
use crate::erreur::Resultat;
use crate::handshake::{self, HandshakeError};
use crate::lien::{Lien, Parts, Watch};
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
    pub(super) fn accept_until_stopped(&self, listener: &TcpListener) {
        let mut outside = Outside::default();
        let mut pause = None;
        while !self.shared.clients.is_stopping() {
            match listener.accept() {
                Ok((stream, _)) => {
                    pause = None;
                    self.newcomer(stream, &mut outside);
                    continue;
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => pause = None,
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => continue,
                    _ => pause = Some(longer(pause)),
                },
            }
            self.admit(&mut outside);
            let sweep = outside.sweep();
            let watched = if pause.is_none() { Some(listener) } else { None };
            self.shared.door.wait(watched, pause.into_iter().chain(sweep).min());
            self.shared.door.was_rung();
        }
        // The stop is what those are told who wait for a place.
        self.admit(&mut outside);
    }

    fn newcomer(&self, stream: TcpStream, outside: &mut Outside) {
        // Where accepted sockets take the listener's mode over.
        if !cfg!(target_os = "linux") && stream.set_nonblocking(false).is_err() {
            return;
        }
        let until = Instant::now() + self.shared.options.leaving;
        match outside.queue_up(Tcp::new(stream), until) {
            Ok(()) => self.admit(outside),
            Err(io) => self.refuse(io, Refusal::Full, outside),
        }
    }

    /// Gives those who wait outside a thread each, or refuses them; who may soon have the place of
    /// a client that is leaving, and who came later, waits on.
    fn admit(&self, outside: &mut Outside) {
        while let Some(until) = outside.first_until() {
            let place = match self.shared.clients.enter(self.shared.options.max_clients) {
                Entry::Place(id) => Ok(id),
                Entry::Refused(refusal) => Err(refusal),
                Entry::Soon if until <= Instant::now() => Err(Refusal::Full),
                Entry::Soon => return,
            };
            match (outside.take_first(), place) {
                (Some(io), Ok(id)) => self.start_thread(id, io, outside),
                (Some(io), Err(refusal)) => self.refuse(io, refusal, outside),
                (None, _) => return,
            }
        }
    }

    /// Refuses a newcomer in words.
    fn refuse(&self, io: Tcp, refusal: Refusal, outside: &mut Outside) {
        // One that is gone already finds out by itself.
        let _gone = self.greet(&io, refusal);
        let adresse = io.peer_address();
        outside.push_refused(io);
        self.tell_refused(adresse, self.refused(refusal));
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

    fn greet(&self, io: &dyn Transport, refusal: Refusal) -> Result<(), HandshakeError> {
        let text = self.reason(refusal);
        let limits = &self.shared.options.settings.limits;
        let now = Some(Instant::now());
        handshake::greet(io, Role::Server, limits, refusal, &text, now)
    }

    /// Greets a newcomer that may come in. False where that can't be said: it would wait for our
    /// greeting until its deadline, and dropping the stream tells it.
    fn welcome(&self, io: &dyn Transport, address: Option<SocketAddr>) -> bool {
        let greeted = self.greet(io, Refusal::Accepted);
        greeted.map_err(|error| self.tell_refused(address, error)).is_ok()
    }

    /// Greets a newcomer on a thread of its own.
    fn start_thread(&self, id: u64, io: Tcp, outside: &mut Outside) {
        // The socket comes back where no thread can be had for it.
        let io = Arc::new(Mutex::new(Some(io)));
        let hers = io.clone();
        let started = self.spawn(id, move |serveur| {
            if let Some(io) = hers.lock().take() {
                let address = io.peer_address();
                if serveur.welcome(&io, address) {
                    io.configure(serveur.shared.options.settings.limits.write_deadline);
                    serveur.serve(id, Arc::new(io), address);
                }
            }
        });
        if started.is_err()
            && let Some(io) = io.lock().take()
        {
            self.refuse(io, Refusal::NoResources, outside);
        }
    }

    /// Starts the thread of a client that has entered; its place is given back when it ends.
    fn spawn(&self, id: u64, body: impl FnOnce(&Serveur) + Send + 'static) -> io::Result<()> {
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
        let until = Instant::now() + self.shared.options.leaving;
        match self.shared.clients.enter_by(self.shared.options.max_clients, until) {
            Ok(id) => {
                let started = self.spawn(id, move |serveur| {
                    if serveur.welcome(&ours, None) {
                        serveur.serve(id, Arc::new(ours), None);
                    }
                });
                started.map_err(|cause| crate::connexion::unreachable("local", cause))?;
            }
            Err(refusal) => {
                // It is read below.
                let _never_fails = self.greet(&ours, refusal);
            }
        }
        crate::connexion::join(&self.shared.options.settings, Arc::new(hers), "local")
    }

    /// One client, from its greeting to its end, on its own thread.
    fn serve(&self, id: u64, io: Arc<dyn Transport>, address: Option<SocketAddr>) {
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
            commands: Arc::new(Service::new(&self.shared)),
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
        if self.shared.options.on_connected.is_some() {
            // While the hook runs, or waits for an answer, what came behind the greeting is known
            // and somebody reads on.
            lien.leave_helm();
        }
        self.hook(self.shared.options.on_connected.as_ref(), &client);
        lien.execute();
        self.hook(self.shared.options.on_disconnected.as_ref(), &client);
        lien.linger();
        lien.wait_for_stand_ins(Instant::now().checked_add(settings.limits.grace));
    }

    fn hook(&self, hook: Option<&EndHook>, client: &Client) {
        if let Some(hook) = hook {
            let result = client.result_of_end();
            self.shared.clients.inside_hook(|| hooks::run(|| hook(client, result)));
        }
    }
}

/// The pause after a further `accept` that failed.
fn longer(pause: Option<Duration>) -> Duration {
    pause.map_or(BACK_OFF.0, |pause| (pause * 2).min(BACK_OFF.1))
}

/// A client's place, given back when its thread ends, whatever ended it.
struct Place {
    serveur: Serveur,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.serveur.shared.clients.leave(self.id) {
            self.serveur.shared.door.ring();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::super::door::MAX_WAITING;
    use super::*;
    use crate::erreur::Erreur;
    use crate::handshake::Greeted;
    use crate::lien::Limits;
    use crate::message::nommee;
    use crate::wire::{self, EndReason, Greeting};

    type Told = Result<Greeted, HandshakeError>;

    fn newcomer(serveur: &Serveur) -> Tcp {
        Tcp::new(TcpStream::connect(serveur.adresse()).unwrap())
    }

    fn greeting(io: &Tcp) -> Told {
        let deadline = Instant::now() + Duration::from_secs(10);
        handshake::read_greeting(io, Role::Client, Some(deadline))
    }

    fn is_refused(greeting: &Told, wanted: Refusal) -> bool {
        matches!(greeting, Err(HandshakeError::Refused { refusal, .. }) if *refusal == wanted)
    }

    /// A server for one client, whose thread is inside a command though the connection has ended;
    /// the command ends with the sender.
    fn with_one_leaving() -> (Serveur, thread::JoinHandle<Resultat<()>>, mpsc::Sender<()>) {
        let mut serveur = Serveur::new(0).unwrap();
        let shared = Arc::get_mut(&mut serveur.shared).unwrap();
        shared.options.leaving = Duration::from_secs(1000);
        let (started, starts) = mpsc::channel();
        let (sender, ends) = mpsc::channel();
        let ends = Mutex::new(ends);
        let busy = move |_: &Client, (): ()| {
            started.send(()).unwrap();
            let _hung_up = ends.lock().recv();
        };
        serveur.enregistrer_commande("busy", busy).unwrap();
        let running = serveur.clone();
        let lancer = thread::spawn(move || running.lancer());
        let client = Client::new(serveur.adresse()).unwrap();
        client.envoyer(nommee("busy", ())).unwrap();
        starts.recv().unwrap();
        client.close();
        while !serveur.clients().is_empty() {
            thread::yield_now();
        }
        (serveur, lancer, sender)
    }

    #[test]
    fn a_hook_that_calls_is_told_what_came_behind_the_greeting() {
        let (sender, outcomes) = mpsc::channel();
        let options = Serveur::options(0).delai_reponse(Duration::from_secs(10));
        let options = options.quand_connecte(move |client| {
            sender.send(client.appeler::<(), _>(nommee("absente", ()))).unwrap();
        });
        let serveur = options.ouvrir().unwrap();
        let running = serveur.clone();
        let lancer = thread::spawn(move || running.lancer());
        let Limits { max_frame, window, .. } = Limits::default();
        let (role, refusal, text) = (Role::Client, Refusal::Accepted, String::new());
        let mut bytes = Vec::new();
        Greeting { role, refusal, max_frame, window, text }.write(&mut bytes);
        wire::write_adieu(&mut bytes, EndReason::Closed, "");
        let peer = newcomer(&serveur);
        assert_eq!(peer.try_send(&[io::IoSlice::new(&bytes)]).unwrap(), bytes.len());
        let outcome = outcomes.recv().unwrap();
        assert!(matches!(&outcome, Err(Erreur::Fermee(_))), "{outcome:?}");
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
    }

    #[test]
    fn a_newcomer_that_can_not_be_greeted_is_refused() {
        let (sender, refused) = mpsc::channel();
        let options = Serveur::options(0);
        let options = options.quand_refuse(move |_, why| sender.send(why.to_string()).unwrap());
        let serveur = options.ouvrir().unwrap();
        let (ours, hers) = Memory::pair(1000);
        assert!(serveur.welcome(&ours, None));
        drop(hers);
        assert!(!serveur.welcome(&ours, None));
        assert!(refused.try_recv().is_ok(), "nobody was told");
    }

    #[test]
    fn who_waits_for_a_place_holds_nobody_up() {
        let (serveur, lancer, busy) = with_one_leaving();
        let waiting: Vec<Tcp> = (0..MAX_WAITING).map(|_| newcomer(&serveur)).collect();
        let beyond = greeting(&newcomer(&serveur));
        assert!(is_refused(&beyond, Refusal::Full), "{beyond:?}");
        let mut buf = Vec::with_capacity(100);
        let first = waiting[0].try_recv(&mut buf).unwrap_err();
        assert_eq!(first.kind(), io::ErrorKind::WouldBlock);
        drop(busy);
        let first = greeting(&waiting[0]);
        assert!(first.is_ok(), "{first:?}");
        for other in &waiting[1..] {
            let other = greeting(other);
            assert!(is_refused(&other, Refusal::Full), "{other:?}");
        }
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
    }

    #[test]
    fn a_stop_sends_those_away_who_wait_for_a_place() {
        let (serveur, lancer, busy) = with_one_leaving();
        let waiting = newcomer(&serveur);
        let stopping = serveur.clone();
        let stop = thread::spawn(move || stopping.eteindre());
        let told = greeting(&waiting);
        assert!(!matches!(told, Ok(_) | Err(HandshakeError::Late)), "{told:?}");
        drop(busy);
        stop.join().unwrap().unwrap();
        lancer.join().unwrap().unwrap();
    }
}
