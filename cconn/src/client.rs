//! The handle to one connection, the same type on both sides, and its verbs.
//!
//! Knows messages and one connection; how that came to be, and which commands are registered on
//! it, stands in the layers above.

mod attente;
mod essais;
mod faible;
mod fin;
mod frames;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::adresse::Adresse;
use crate::erreur::{About, Erreur, Resultat, Signatures, ended, remember};
use crate::link::{self, Answer, Link, Notice, put_scratch, take_scratch};
use crate::message::{Appel, ArgumentWriter, Entete, Message};
use crate::sync::Deadline;
use crate::text::{counted, verb};
use crate::wire;

pub use attente::Attente;
pub use faible::ClientFaible;
pub(crate) use frames::encode_frame;

/// The handle to one connection, on either side of it.
///
/// On the client's side it is made with [`Client::new`]; on the server's side commands get the
/// one that asked. It is cheap to clone and can be used from any number of threads at once. When
/// the last handle of a client's side is dropped the connection ends: at once if the peer has
/// taken up all that was sent and nothing runs here, else as [`eteindre`](Client::eteindre) does,
/// within one second; the drop waits for it, except inside a command of that very connection.
///
/// | to | write |
/// |---|---|
/// | make commands callable by the peer | [`enregistrer`](Client::enregistrer)`(commandes![a, b])` |
/// | send, with no answer | [`envoyer`](Client::envoyer) |
/// | send, and wait for the answer | [`appeler`](Client::appeler) |
/// | send, and wait later | [`differer`](Client::differer), which gives an [`Attente`] |
/// | send to every client | [`Serveur::diffuser`](crate::Serveur::diffuser) |
/// | send only if that needs no waiting | [`essayer`](Client::essayer), [`essayer_appel`](Client::essayer_appel) |
/// | run what the peer asks for | [`lancer`](Client::lancer) |
/// | stop in order | [`eteindre`](Client::eteindre) |
/// | drop the connection, or send the peer away | [`close`](Client::close), [`expulser`](Client::expulser) |
/// | set deadlines and limits | [`Client::options`], [`avec_delai`](Client::avec_delai) |
/// | do without the macro | [`nommee`](crate::nommee), [`enregistrer_commande`](Client::enregistrer_commande) |
/// | test without a socket | [`Serveur::client_local`](crate::Serveur::client_local) |
///
/// A call ends with an answer or an [`Erreur`], which says whether the connection lives
/// ([`est_fatale`](Erreur::est_fatale)) and whether the command may have run
/// ([`a_pu_etre_executee`](Erreur::a_pu_etre_executee)). Every wait has a deadline.
///
/// # Deadlocks that remain possible
///
/// A command may call the side that waits for it, to any depth up to a limit: while it waits, the
/// next command of its connection may start. A thread that waits for an answer holds none of this
/// crate's locks. Three things can still wait for their deadline:
///
/// - A command that needs a lock of the program's which its caller holds across the call. Release
///   locks before calling; the same goes for all that only the waiting thread can do.
/// - A client that neither runs [`lancer`](Client::lancer) nor waits for an answer runs nothing of
///   what the server asks. Give `lancer` a thread.
/// - A command that stops what it is part of: inside it `eteindre` only begins the stop.
#[doc(alias("Peer", "Session", "Endpoint", "Channel", "Handle"))]
#[doc(alias = "Connection")]
pub struct Client {
    pub(crate) link: Arc<Link>,
    /// How long calls of this handle may take.
    delai: Duration,
    /// Whether it is counted among the handles that keep the connection open.
    counted: bool,
    /// Whether its end writes out what was left: not that of a handle which lasts for one statement,
    /// which would cut a burst in pieces.
    writes: bool,
}

impl Client {
    /// The handle to that connection.
    pub(crate) fn of(link: &Arc<Link>) -> Self {
        link.add_handle();
        Client {
            link: Arc::clone(link),
            delai: link.limits.answer_deadline,
            counted: true,
            writes: true,
        }
    }

    /// The handle of a thread that runs commands, which does not keep the connection open.
    pub(crate) fn within(link: &Arc<Link>) -> Self {
        Client {
            link: Arc::clone(link),
            delai: link.limits.answer_deadline,
            counted: false,
            writes: false,
        }
    }

    /// The same handle, for a moment or for a call.
    fn passing(&self) -> Client {
        self.link.add_handle();
        let link = self.link.clone();
        Client { link, delai: self.delai, counted: true, writes: false }
    }

    /// Sends a message to which no answer comes.
    ///
    /// Messages that follow each other closely share a write, and wait for it a millisecond at
    /// most. They are written too where the thread that sent them ends, where the handle is let go
    /// of, and where the program returns from `main`, panics there or calls
    /// [`exit`](std::process::exit): then those of all threads, where the thread that ends the
    /// program made a client or a server. What can't be had: a program that is killed or aborts
    /// within that millisecond loses them. `eteindre` is what waits until they are handled.
    ///
    /// It is handled by the peer at most once; what was accepted here before an orderly
    /// [`eteindre`](Client::eteindre) is handled. Messages of one thread are handled in the order
    /// in which they were sent; an answer goes before what its command sent earlier (see
    /// [`rattraper`](Client::rattraper)). A message that fails at the peer (unknown command, panic) is
    /// reported to the hook `quand_echec` of this side; without one, a line on the standard error
    /// says so. At the peer its hook `quand_commande_echoue` is told.
    ///
    /// # Errors
    ///
    /// - [`Erreur::NonEnvoyee`]: too large, too deep, stopping, or too many commands of this
    ///   connection wait already so that this one may not; the connection lives.
    /// - [`Erreur::Delai`]: the peer did not take up earlier messages; not sent.
    /// - [`Erreur::Fermee`]: the connection has ended; not sent.
    /// - [`Erreur::Codage`]: an argument could not be encoded; not sent.
    ///
    /// # Blocking
    ///
    /// Only while the peer does not keep up: until its window has room, and the system has taken
    /// most of what was sent, at most the deadline of this handle
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
        let mut writer = ArgumentWriter::new(take_scratch());
        let sent = self.encode(&head, message, &mut writer, wire::begin_one_way).and_then(|body| {
            let frame = writer.buffer();
            let sent = if waits {
                self.link.send(frame, body, self.deadline())
            } else {
                self.link.try_send(frame, body)
            };
            sent.map_err(|failure| self.about(&head).failed(failure))
        });
        put_scratch(writer.out);
        sent
    }

    /// Sends a message and waits for its answer.
    ///
    /// The answer goes before what the command sent earlier with [`envoyer`](Client::envoyer):
    /// those messages may still wait for their turn when this returns, and
    /// [`rattraper`](Client::rattraper) waits for them.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Refus`]: the command's own error, as it returned it.
    /// - [`Erreur::Distante`]: the peer could not run the command, or it failed or panicked there.
    /// - [`Erreur::NonEnvoyee`]: too large, too deep, stopping, or too many calls or commands wait
    ///   already; the connection lives.
    /// - [`Erreur::Delai`]: no answer in time; the error says whether it may have run. The peer is
    ///   told that nobody waits any more, and does not start it if it hears of that before.
    /// - [`Erreur::Fermee`]: the connection ended; the error says whether it may have run.
    /// - [`Erreur::Codage`]: an argument could not be encoded, or the answer not decoded.
    ///
    /// # Blocking
    ///
    /// Until the answer comes, the connection ends, or the deadline of this handle passes (30
    /// seconds unless set with [`avec_delai`](Client::avec_delai)). Inside a command the next
    /// command of its connection may start meanwhile.
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
        let head = message.entete();
        self.read(&head, self.call(&head, &message), M::__cconn_decode)
    }

    fn call(&self, head: &Entete<'_>, message: &dyn Message) -> Result<Answer, Failed> {
        remember(head.hash(), head.nom());
        let mut writer = ArgumentWriter::new(take_scratch());
        let answer = match self.encode(head, message, &mut writer, wire::begin_call) {
            Ok(body) => {
                let message = link::Outgoing { frame: &mut writer.out, tail: writer.long };
                let answer = self.link.call(message, body, self.deadline());
                answer.map_err(|failure| Failed(self.about(head).failed(failure)))
            }
            Err(error) => Err(Failed(error)),
        };
        put_scratch(writer.out);
        answer
    }

    /// Writes out what was sent with [`envoyer`](Client::envoyer) or
    /// [`differer`](Client::differer) and still waits to share a write with what follows.
    ///
    /// Seldom needed: what waits is written within a millisecond, by whoever waits for an answer,
    /// and where the thread, the handle or the program ends (see [`envoyer`](Client::envoyer)).
    ///
    /// # Errors
    ///
    /// - [`Erreur::Delai`]: the peer takes no bytes; what waits goes on waiting.
    /// - [`Erreur::Fermee`]: the connection has ended.
    ///
    /// # Blocking
    ///
    /// Until the system has taken it, at most the deadline of this handle.
    #[doc(alias("drain"))]
    #[doc(alias = "flush")]
    pub fn vider(&self) -> Resultat<()> {
        let written = self.link.write_out(self.deadline());
        match self.link.ending() {
            Some(ending) => Err(ended(&ending, self.link.identity.label(), None)),
            None if written => Ok(()),
            None => Err(self.about(&Entete::new("", 0, "")).not_written()),
        }
    }

    /// The same connection, with another deadline for what this handle does.
    ///
    /// It covers a whole call: waiting for room, sending, and waiting for the answer. So what is
    /// sent with [`differer`](Client::differer) on a handle without time does not wait in
    /// [`attendre`](crate::Attente::attendre) either; [`essayer_appel`](Client::essayer_appel)
    /// sends without waiting and keeps the handle's deadline for the answer.
    #[doc(alias("timeout", "deadline", "with_deadline", "set_timeout"))]
    #[doc(alias = "with_timeout")]
    #[must_use = "the deadline holds for the handle that comes back"]
    pub fn avec_delai(&self, delai: Duration) -> Client {
        let mut client = self.passing();
        client.delai = delai;
        client
    }

    /// The peer's address, where the connection has one.
    #[doc(alias = "peer_addr")]
    #[doc(alias = "address")]
    pub fn adresse(&self) -> Option<Adresse> {
        self.link.identity.address.clone()
    }

    /// The connection's number: on a server, among the clients it has ever had; else among the
    /// clients of this process. Never used twice.
    pub fn id(&self) -> u64 {
        self.link.identity.id
    }

    /// How the connection ended, as the result of what ran until then.
    pub(crate) fn result_of_end(&self) -> Resultat<()> {
        match self.link.ending() {
            Some(ending) if !ending.is_orderly() => {
                Err(ended(&ending, self.link.identity.label(), None))
            }
            _ => Ok(()),
        }
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
        Deadline::After(self.delai)
    }

    fn about<'a>(&'a self, head: &'a Entete<'a>) -> About<'a> {
        About { commande: head.nom(), lien: self.link.identity.label(), delai: self.delai }
    }
}

/// An error from before any answer, which is none of the command's own.
struct Failed(Erreur);

impl Failed {
    fn into_error<E>(self) -> Erreur<E> {
        self.0.for_command()
    }
}

impl Clone for Client {
    fn clone(&self) -> Self {
        self.link.add_handle();
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
