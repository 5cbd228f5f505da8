//! The thread of one client, from its greeting to its end; and clients without a socket.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::Serveur;
use crate::adresse::Adresse;
use crate::client::Client;
use crate::commande::{EndHook, Retour, TELLS, begin_connection, end_sessions};
use crate::erreur::Resultat;
use crate::handshake::{self, Greeted};
use crate::identite::Identite;
use crate::link::{Identity, Link, Parts, Watch};
use crate::transport::{Memory, Transport};
use crate::wire::Role;

/// Bytes that each direction of a local connection holds, about as many as a socket does.
const LOCAL_CAPACITY: usize = 256 << 10;

impl Serveur {
    /// Starts the thread of a client that has entered or is expected. The client's place is given
    /// back when the thread ends.
    pub(super) fn spawn(
        &self,
        id: u64,
        body: impl FnOnce(&Serveur) + Send + 'static,
    ) -> io::Result<()> {
        let stack = self.shared.options.settings.limits.stack;
        let seat = Seat { serveur: self.clone(), id };
        crate::sync::spawn(format!("cconn-{id}"), stack, move || {
            let seat = seat;
            body(&seat.serveur);
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
    /// - [`Erreur::Usage`](crate::Erreur::Usage): a command is handed state or a session that is not
    ///   there.
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
    #[inline]
    pub fn client_local(&self) -> Resultat<Client> {
        let (hers, ours) = Memory::pair(LOCAL_CAPACITY);
        self.client_over(hers, ours)
    }

    /// Answers a command without a look at its arguments.
    pub(crate) fn answer_by_name<R, K, F>(&self, nom: &str, answer: F) -> Resultat<()>
    where
        R: Retour<K>,
        F: Fn(&Client) -> R + Send + Sync + 'static,
    {
        self.shared.registry.answer_by_name(nom, answer)
    }

    /// A new client in this process: `hers` is its end of the stream, `ours` leads there.
    #[inline]
    pub(crate) fn client_over(&self, hers: Memory, ours: Memory) -> Resultat<Client> {
        let _refused = self.receive(ours)?;
        crate::connexion::join(&self.shared.options.settings, Arc::new(hers), "local")
    }

    /// Receives a client in this process, to whose stream `ours` leads. Of one that is refused the
    /// stream is returned: the client reads so for as long as the stream is kept.
    #[inline]
    pub(crate) fn receive(&self, ours: Memory) -> Resultat<Option<Memory>> {
        self.check_needs()?;
        let options = &self.shared.options;
        let until = Instant::now() + options.leaving;
        match self.shared.clients.enter_by(&options.bounds.claim(None), until) {
            Ok(id) => {
                let started = self.spawn(id, move |serveur| {
                    if serveur.welcome(&ours, None) {
                        serveur.serve_local(id, ours);
                    }
                });
                started.map_err(|cause| crate::connexion::unreachable(&"local", cause))?;
                Ok(None)
            }
            Err(refusal) => {
                self.shared.clients.count_refused();
                if TELLS {
                    self.tell_observers(None, self.refused(refusal));
                }
                let _never_fails = self.greet(&ours, refusal);
                Ok(Some(ours))
            }
        }
    }

    /// Serves a client without a socket, which greets on a thread of the program.
    #[inline]
    fn serve_local(&self, id: u64, io: Memory) {
        let io: Arc<dyn Transport> = Arc::new(io);
        let deadline = self.shared.options.settings.greeting_deadline;
        self.shared.clients.greets(id, &io);
        let deadline = Instant::now().checked_add(deadline);
        match handshake::read_greeting(&*io, Role::Server, deadline) {
            Ok(greeted) => {
                let proven = io.peer();
                let link = self.link_of(id, io, None, greeted, proven);
                self.serve(id, &link);
            }
            Err(error) => self.tell_refused(None, error),
        }
    }

    /// The connection of a client whose greeting is done. Never inlined, as the steps of
    /// `accept_own` are not.
    #[inline(never)]
    pub(super) fn link_of(
        &self,
        id: u64,
        io: Arc<dyn Transport>,
        address: Option<Adresse>,
        greeted: Greeted,
        proven: Identite,
    ) -> Arc<Link> {
        let settings = &self.shared.options.settings;
        let identity = Identity::of_server(id, address).proven(proven);
        let io = settings.around(io, &identity, &greeted.rest);
        Link::new(Parts {
            io,
            commands: self.shared.service.clone(),
            limits: self.shared.limits.clone(),
            peer: greeted.limits,
            watch: Some(Watch::of_process()),
            identity,
            ends_with_handles: false,
            rest: greeted.rest,
        })
    }

    /// Serves a client to its end, on the client's own thread.
    pub(super) fn serve(&self, id: u64, link: &Arc<Link>) {
        let settings = &self.shared.options.settings;
        begin_connection(link);
        let hooks = self.shared.options.hooks();
        let is_held = hooks.connected.is_some() || self.shared.registry.makes_sessions();
        if is_held {
            // The hook may decide whether the client is admitted, and may wait for the client's
            // answers: until it has ended no command of the client starts.
            link.hold_commands();
        }
        link.limit_idleness();
        if self.shared.clients.add(link) {
            self.shared.listener.wake();
        }
        let client = Client::of(link);
        if is_held {
            // The hook may run for long without reading. So what came behind the greeting is routed
            // now, and the watchman reads on.
            link.leave_helm();
        }
        let is_admitted = self.make_sessions(&client);
        if is_admitted {
            self.hook(hooks.connected.as_ref(), &client);
        }
        link.admit_and_execute();
        let disconnected = hooks.disconnected.as_ref().filter(|_| is_admitted);
        if disconnected.is_some() {
            // The last commands may still run on other threads. Meanwhile the watchman reads and
            // discards what the peer sends.
            link.wait_for_stand_ins(Instant::now().checked_add(settings.limits.grace));
        }
        self.shared.rooms.leave_all(id);
        self.hook(disconnected, &client);
        drop(hooks);
        link.linger();
        link.wait_for_stand_ins(Instant::now().checked_add(settings.limits.grace));
        end_sessions(link);
        self.end_with(link.identity.address.as_ref());
    }

    /// Stops the server if a newcomer of this address was the only one that can come: the process
    /// that started this one.
    pub(super) fn end_with(&self, newcomer: Option<&Adresse>) {
        if newcomer.is_some_and(Adresse::is_parent) {
            self.shared.clients.refuse_more();
            self.shared.listener.wake();
        }
    }

    fn hook(&self, hook: Option<&EndHook>, client: &Client) {
        if let Some(hook) = hook {
            let result = client.result_of_end();
            self.in_hook(client, || hook(client, result));
        }
    }

    /// Runs code of the program's for a client, on the client's thread.
    pub(super) fn in_hook(&self, client: &Client, act: impl FnOnce()) {
        let _serving = client.link.serving();
        self.shared.clients.inside_hook(|| self.run_hook(act));
    }
}

/// The place of a client at its server, given back when the client's thread ends for whatever
/// reason.
struct Seat {
    serveur: Serveur,
    id: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.serveur.shared.clients.leave(self.id) {
            self.serveur.shared.listener.wake();
        }
        self.serveur.let_go_if_over();
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::erreur::Erreur;
    use crate::link::Limits;
    use crate::message::nommee;
    use crate::transport::Socket;
    use crate::wire::{self, EndReason, Features, Greeting, Refusal};

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
        let features = Features::OURS;
        let instance = None;
        Greeting { role, refusal, max_frame, window, text, features, instance }.write(&mut bytes);
        wire::write_adieu(&mut bytes, EndReason::Closed, "");
        let peer = Socket::new(TcpStream::connect(serveur.adresse()).unwrap());
        assert_eq!(peer.try_send(&[io::IoSlice::new(&bytes)]).unwrap(), bytes.len());
        let outcome = outcomes.recv().unwrap();
        assert!(matches!(&outcome, Err(Erreur::Fermee(_))), "{outcome:?}");
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
    }
}
