//! The handle to one connection, of the same type on both sides, and its verbs.
//!
//! This module knows messages and one connection. How the connection was made, and which commands
//! are registered on it, is known to the layers above.

mod annulation;
mod attente;
mod essais;
mod faible;
mod fed;
mod fin;
mod frames;
mod suivi;
pub(crate) mod telling;
mod told;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::adresse::Adresse;
use crate::erreur::{About, Erreur, Resultat, Signatures, remember};
use crate::identite::Identite;
use crate::link::{Answer, Failure, Link, Notice};
use crate::message::{Appel, Entete, Message};
use crate::sync::Deadline;
use crate::text::{counted, verb};

pub use attente::Attente;
pub use faible::ClientFaible;
pub(crate) use frames::{Manner, encode_frame};

/// The handle to one connection, on either side of it.
///
/// On the client's side [`Client::new`] makes it; on the server's side a command receives the
/// handle of the client that sent it. A handle is cheap to clone and can be used from any number of
/// threads at once. Dropping the last handle on the client's side ends the connection: at once if
/// the peer has taken up everything that was sent and nothing runs here, else like
/// [`eteindre`](Client::eteindre), within one second, and at the end of it like
/// [`close`](Client::close). The drop waits for that; clients that one thread drops one right after
/// the other share the second, and each further one adds at most a tenth. Inside a command of the
/// same connection the drop waits for nothing, and the stop has
/// [`delai_arret`](crate::OptionsClient::delai_arret).
///
/// | to | write |
/// |---|---|
/// | make commands callable by the peer | [`enregistrer`](Client::enregistrer)`(commandes![a, b])` |
/// | send, with no answer | [`envoyer`](Client::envoyer) |
/// send, and wait for the answer | [`appeler`](Client::appeler) |
/// | send, and wait later | [`differer`](Client::differer), which gives an [`Attente`] |
/// | send to every client | [`Serveur::diffuser`](crate::Serveur::diffuser) |
/// | send only if that needs no waiting | [`essayer`](Client::essayer), [`essayer_appel`](Client::essayer_appel) |
/// | run what the peer asks for | [`ecouter`](Client::ecouter), which returns at once, or [`lancer`](Client::lancer) |
/// | stop in order | [`eteindre`](Client::eteindre) |
/// | drop the connection, or send the peer away | [`close`](Client::close), [`expulser`](Client::expulser) |
/// | set deadlines and limits | [`Client::options`], [`avec_delai`](Client::avec_delai) |
/// | do without the macro | [`nommee`](crate::nommee), [`enregistrer_commande`](Client::enregistrer_commande) |
/// | test without a socket | [`Serveur::client_local`](crate::Serveur::client_local) |
///
/// A call ends with an answer or with an [`Erreur`], which tells whether the connection lives
/// ([`est_fatale`](Erreur::est_fatale)) and whether the command may have run
/// ([`a_pu_etre_executee`](Erreur::a_pu_etre_executee)). Every wait has a deadline.
///
/// # Deadlocks that remain possible
///
/// A command may call the side that waits for it, to any depth up to a limit: while it waits, the
/// next command of its connection may start. A thread that waits for an answer holds none of this
/// crate's locks. Three things can still wait until their deadline:
///
/// - A command that needs a lock of the program's which its caller holds across the call. Release
///   locks before calling; the same goes for everything else that only the waiting thread can do.
/// - A call from the server to a client that neither calls [`ecouter`](Client::ecouter) nor runs
///   [`lancer`](Client::lancer) nor waits for an answer, because such a client runs no commands.
/// - A command that stops a connection or server it is part of: inside it `eteindre` only begins
///   the stop.
#[doc(alias("Peer", "Session", "Endpoint", "Channel", "Handle"))]
#[doc(alias = "Connection")]
pub struct Client {
    pub(crate) link: Arc<Link>,
    /// How long a call of this handle may take.
    deadline: Duration,
    /// Whether the program set that deadline on this handle: then the peer is told of it.
    limits_calls: bool,
    /// Whether the handle counts as one that keeps the connection open.
    counted: bool,
    /// Whether dropping the handle writes out the bytes left on the connection. Not for handles
    /// that live for one statement, which would cut a burst in pieces.
    writes: bool,
}

impl Client {
    /// A handle to this connection.
    pub(crate) fn of(link: &Arc<Link>) -> Self {
        link.add_handle();
        Client {
            link: Arc::clone(link),
            deadline: link.limits.answer_deadline,
            limits_calls: false,
            counted: true,
            writes: true,
        }
    }

    /// The handle of a thread that runs commands. It does not keep the connection open.
    pub(crate) fn within(link: &Arc<Link>) -> Self {
        Client {
            link: Arc::clone(link),
            deadline: link.limits.answer_deadline,
            limits_calls: false,
            counted: false,
            writes: false,
        }
    }

    /// A handle to the same connection that lives for a statement or a call.
    fn passing(&self) -> Client {
        self.link.add_handle();
        let link = self.link.clone();
        let (deadline, limits_calls) = (self.deadline, self.limits_calls);
        Client { link, deadline, limits_calls, counted: true, writes: false }
    }

    /// Sends a message that gets no answer.
    ///
    /// Messages that follow each other closely share a write and wait for it up to a millisecond.
    /// They are also written when the thread that sent them ends, when the handle is dropped, and
    /// when the program returns from `main`, panics there or calls [`exit`](std::process::exit). In
    /// the last three cases the messages of all threads are written, if the thread that ends the
    /// program has made a client or a server; that takes some milliseconds, 1.2 seconds at most where
    /// a peer takes nothing. The end of `main` then says goodbye on the connections that its thread
    /// has made or sent on; where another thread calls `exit`, a busy peer drops what it had not
    /// begun. A program that is killed loses that, and messages of its last millisecond.
    /// [`eteindre`](Client::eteindre) waits until all messages are handled.
    ///
    /// A process that ends before it has read all that the peer sent ends its connections with a
    /// reset, and the system throws away what the peer's system had no room for yet. Dropping the
    /// last handle avoids that; where a handle lives elsewhere (a `static`), the end of `main` waits,
    /// at most a second, for answers of deferred calls only.
    ///
    /// The peer handles a message at most once; a message that was accepted here before an orderly
    /// `eteindre` is handled. Messages of one thread are handled in the order in which they were
    /// sent. The answer of a command overtakes the messages that the command sent before it (see
    /// [`rattraper`](Client::rattraper)).
    ///
    /// A message that fails at the peer (unknown command, panic) is reported to this side's hook
    /// `quand_echec`; without that hook, a line on the standard error reports it. The peer's hook
    /// `quand_commande_echoue` runs too.
    ///
    /// # Errors
    ///
    /// - [`Erreur::NonEnvoyee`]: too large, too deep, stopping, or the limit of commands of this
    ///   connection that wait is reached; the connection lives.
    /// - [`Erreur::Delai`]: the peer did not take up earlier messages; not sent.
    /// - [`Erreur::Fermee`]: the connection has ended; not sent.
    /// - [`Erreur::Codage`]: an argument could not be encoded; not sent.
    ///
    /// # Blocking
    ///
    /// Only while the peer does not keep up: until its window has room and the system has taken
    /// most of what was sent, at most until the deadline of this handle
    /// ([`avec_delai`](Client::avec_delai)). [`essayer`](Client::essayer) never waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, commande, commandes};
    ///
    /// #[commande]
    /// fn note(texte: &str) {
    ///     assert_eq!(texte, "bonjour");
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![note])?;
    /// let client = serveur.client_local()?;
    /// client.envoyer(note { texte: "bonjour" })?;
    /// client.eteindre() // `note` has run when this returns
    /// # }
    /// ```
    #[doc(alias("notify", "emit", "push", "post", "one_way", "fire_and_forget", "stream"))]
    #[doc(alias = "send")]
    pub fn envoyer(&self, message: impl Message) -> Resultat<()> {
        self.send(&message, true)
    }

    fn send(&self, message: &dyn Message, waits: bool) -> Resultat<()> {
        let head = message.entete();
        self.link.names.remember(head.hash(), head.nom());
        if head.expects_stream() {
            return Err(self.about(&head).failed(Failure::NoTaker));
        }
        self.check_unfed(&head)?;
        self.with_frame(&head, message, Manner::OneWay, |frame, deadline| {
            if waits { self.link.send(frame, deadline) } else { self.link.try_send(frame) }
        })
    }

    /// Sends a message and waits for its answer.
    ///
    /// The answer overtakes the messages that the command sent with [`envoyer`](Client::envoyer):
    /// they may still wait for their turn when this returns. [`rattraper`](Client::rattraper) waits
    /// for them.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Refus`]: the command's own error, as it returned it.
    /// - [`Erreur::Distante`]: the peer could not run the command, or the command failed or
    ///   panicked there.
    /// - [`Erreur::NonEnvoyee`]: too large, too deep, stopping, or too many calls or commands wait
    ///   already; the connection lives.
    /// - [`Erreur::Delai`]: no answer in time; the error tells whether the command may have run.
    ///   The peer is told that the caller no longer waits, and does not start the command if it
    ///   learns of that in time.
    /// - [`Erreur::Fermee`]: the connection ended; the error tells whether the command may have
    ///   run.
    /// - [`Erreur::Codage`]: an argument could not be encoded, or the answer could not be decoded.
    ///
    /// # Blocking
    ///
    /// Until the answer comes, the connection ends, or the deadline of this handle passes (30
    /// seconds unless set with [`avec_delai`](Client::avec_delai)). Inside a command, the next
    /// command of its connection may start meanwhile.
    ///
    /// An argument that is a [`Flux`](crate::flux::Flux) is pulled by the calling thread until the
    /// answer comes, and a panic of its iterator goes on here. The deadline then bounds the wait
    /// until the command has started, and the wait behind the last item.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, commande, commandes};
    ///
    /// #[commande]
    /// fn somme(a: i64, b: i64) -> i64 {
    ///     a + b
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![somme])?;
    /// let client = serveur.client_local()?;
    /// assert_eq!(client.appeler(somme { a: 12, b: 34 })?, 46);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("request", "invoke", "ask", "query", "rpc"))]
    #[doc(alias = "call")]
    pub fn appeler<R, M: Appel<R>>(&self, message: M) -> Result<R, Erreur<M::Erreur>> {
        let head = message.__cconn_entete();
        if M::__CCONN_FED {
            return self.call_fed(&head, &message, M::__cconn_decode, None);
        }
        self.read(&head, self.call(&head, &message), M::__cconn_decode)
    }

    fn call(&self, head: &Entete<'_>, message: &dyn Message) -> Result<Answer, Failed> {
        remember(head.hash(), head.nom());
        let called = telling::called(self, head, |size| {
            self.with_frame(head, message, Manner::Call, |frame, deadline| {
                size.note(frame);
                self.link.call(frame, deadline)
            })
        });
        called.map_err(Failed)
    }

    /// A handle to the same connection with another deadline for its operations.
    ///
    /// The deadline covers a whole call: waiting for room, sending, and waiting for the answer. So
    /// on a handle without any time, a call sent with [`differer`](Client::differer) does not wait
    /// in [`attendre`](crate::Attente::attendre) either. [`essayer_appel`](Client::essayer_appel)
    /// sends without waiting and keeps the handle's deadline for the answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread::sleep;
    /// use std::time::Duration;
    ///
    /// use cconn::{Erreur, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("lente", |_, (): ()| sleep(Duration::from_millis(100)))?;
    /// let client = serveur.client_local()?;
    /// let pressed = client.avec_delai(Duration::from_millis(10));
    /// let late = pressed.appeler::<(), _>(nommee("lente", ()));
    /// assert!(matches!(late, Err(Erreur::Delai(_))));
    /// client.appeler::<(), _>(nommee("lente", ()))?; // this handle waits as long as before
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("timeout", "deadline", "with_deadline", "set_timeout"))]
    #[doc(alias = "with_timeout")]
    #[must_use = "the deadline holds for the handle that comes back"]
    pub fn avec_delai(&self, delai: Duration) -> Client {
        let mut client = self.passing();
        client.deadline = delai;
        client.limits_calls = true;
        client
    }

    /// The peer's address; `None` for a connection without a socket. A client that came by a Unix
    /// socket has no address of its own: it is known by the server's.
    #[doc(alias = "peer_addr")]
    #[doc(alias = "address")]
    pub fn adresse(&self) -> Option<Adresse> {
        self.link.identity.address.clone()
    }

    /// Who the peer is, by what its connection or a secret proves.
    ///
    /// Everything is proved before the first command of the connection runs, in either direction,
    /// and does not change afterwards.
    #[doc(alias("peer_identity", "peer_cred", "peer_certificates"))]
    #[doc(alias = "identity")]
    pub fn identite(&self) -> &Identite {
        &self.link.identity.proven
    }

    /// What is proved of the peer, for the peer to read; `None` if nothing is.
    pub(crate) fn known_as(&self) -> Option<String> {
        let identite = self.identite();
        (!identite.est_anonyme()).then(|| identite.shown_to_peer())
    }

    /// The connection's number, which is never used twice: on a server it counts the server's
    /// clients, on a client the clients of this process.
    pub fn id(&self) -> u64 {
        self.link.identity.id
    }

    /// The error of a one-way message that failed at the peer.
    pub(crate) fn failure_of(&self, notice: &Notice) -> Erreur {
        let nom = self.link.names.name(notice.command);
        let head = Entete::new(&nom, 0, "");
        let mut text = notice.text.clone();
        if notice.lost > 0 {
            let reports = counted(notice.lost, "more such report");
            let lost = format!("{text} ({reports} {} dropped)", verb(notice.lost, "was", "were"));
            text = lost.trim_start().into();
        }
        self.about(&head).remote(notice.code, text, Signatures::default())
    }

    fn deadline(&self) -> Deadline {
        Deadline::After(self.deadline)
    }

    fn about<'a>(&'a self, head: &'a Entete<'a>) -> About<'a> {
        About { command: head.nom(), link: self.link.identity.label(), deadline: self.deadline }
    }
}

/// An error from before any answer, so not the command's own.
struct Failed(Erreur);

impl Failed {
    fn into_error<E>(self) -> Erreur<E> {
        self.0.for_command()
    }
}

impl Clone for Client {
    fn clone(&self) -> Self {
        let mut client = self.passing();
        client.writes = true;
        client
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        match (self.counted, self.writes) {
            (true, true) => self.link.let_go_of_handle(),
            (true, false) => self.link.drop_handle(),
            (false, _) => {}
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.link.identity.label())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.link.identity.label()).finish()
    }
}
