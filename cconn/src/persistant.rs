//! A client whose connection comes back.
//!
//! A [`ClientPersistant`] has one connection after the other to one address. It is a type of its
//! own, so that a [`Client`] pays nothing for it and stays what it is: one connection.
//!
//! | when the connection is lost | what happens |
//! |---|---|
//! | a call that was under way | returns its own error, which says whether the command may have run; an [idempotent](macro@crate::commande) one is tried once more |
//! | the next calls and messages | wait for the new connection, each under its own deadline |
//! | what `envoyer` had accepted | is lost, if it had not arrived: nothing is kept or sent again |
//! | commands that were registered | hold for every connection |
//! | a session on the server | is rebuilt by the hook [`quand_retablie`](OptionsPersistantes::quand_retablie), before any waiting call goes |

mod appels;
mod options;
mod patience;
mod reconnu;
mod retour;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::adresse::VersAdresse;
use crate::client::{Attente, Client};
use crate::commande::{Liste, Recus, Retour as Rendu, SurClient};
use crate::erreur::{Erreur, Resultat};
use crate::message::{Appel, Arguments, Message};

pub use options::OptionsPersistantes;
pub use reconnu::{Reconnu, Retour};
use retour::{Shared, Until};

/// A client whose connection comes back when it is lost.
///
/// Made with [`ClientPersistant::new`], or with settings by
/// [`OptionsClient::persistant`](crate::OptionsClient::persistant). It is cheap to clone, and any
/// number of threads may use it.
///
/// After a loss it connects again after 100 ms, then after pauses that double up to 10 s, each up to
/// 20 % longer or shorter. The pauses begin anew once a connection has lived for 10 s, or for 1 s if
/// its server was then found started anew. Every end but one of this side's is a loss: a cut, a
/// server that stops or calls `close`, and being sent away.
///
/// Each connection runs the commands that the server asks for, on a thread of its own, as after
/// [`Client::ecouter`]. Dropping the last handle ends it like the last handle of a `Client`.
///
/// # Examples
///
/// ```
/// use cconn::persistant::ClientPersistant;
/// use cconn::{Resultat, Serveur, commande, commandes};
///
/// #[commande(idempotente)]
/// fn double(n: u64) -> u64 {
///     2 * n
/// }
///
/// fn demarre(port: u16) -> Resultat<(Serveur, std::thread::JoinHandle<Resultat<()>>)> {
///     let serveur = Serveur::new(port)?;
///     serveur.enregistrer(commandes![double])?;
///     let fil = std::thread::spawn({
///         let serveur = serveur.clone();
///         move || serveur.lancer()
///     });
///     Ok((serveur, fil))
/// }
///
/// fn main() -> Resultat<()> {
///     let (serveur, fil) = demarre(0)?;
///     let port = serveur.adresse().port().unwrap();
///     let client = ClientPersistant::new(port)?;
///     assert_eq!(client.appeler(double { n: 21 })?, 42);
///
///     serveur.eteindre()?;
///     fil.join().unwrap()?;
///     let (serveur, fil) = demarre(port)?; // started anew
///     assert_eq!(client.appeler(double { n: 21 })?, 42); // waits until it is back
///
///     client.eteindre()?;
///     serveur.eteindre()?;
///     fil.join().unwrap()
/// }
/// ```
#[doc(alias("Reconnecting", "ReconnectingClient", "auto_reconnect"))]
#[doc(alias = "PersistentClient")]
#[derive(Clone)]
pub struct ClientPersistant {
    handle: Arc<Handle>,
    /// How long an operation of this handle may take, the wait for a connection included.
    delai: Duration,
}

/// Ends the client when the last handle of the program's is dropped.
struct Handle(Arc<Shared>);

impl Drop for Handle {
    #[inline]
    fn drop(&mut self) {
        drop(self.0.end());
    }
}

impl ClientPersistant {
    /// Connects to a server, and connects again whenever the connection is lost.
    ///
    /// # Errors
    ///
    /// Those of [`Client::new`]: the first connection is not waited for. See
    /// [`des_que_possible`](OptionsPersistantes::des_que_possible).
    ///
    /// # Blocking
    ///
    /// As for [`Client::new`].
    #[doc(alias("dial", "open"))]
    #[doc(alias = "connect")]
    #[inline]
    pub fn new(adresse: impl VersAdresse) -> Resultat<ClientPersistant> {
        Client::options(adresse).persistant().connecter()
    }

    /// Sends a message and waits for its answer, as [`Client::appeler`] does.
    ///
    /// Without a connection it waits for one. A call whose connection is lost before any byte of it
    /// has left goes by the next connection. One that may have run is not sent again, unless its
    /// command is idempotent ([`#[commande(idempotente)]`](macro@crate::commande),
    /// [`Nommee::idempotente`](crate::traits::Nommee::idempotente)): that one is tried once more,
    /// for at most ten calls in a row and one more each second.
    ///
    /// # Errors
    ///
    /// Those of [`Client::appeler`], of which [`Erreur::Fermee`] says whether the command may have
    /// run; after a second try the error is that of the first one, unless the second may have run
    /// too. And:
    ///
    /// - [`Erreur::Delai`] in phase [`Retour`](crate::erreur::Phase::Retour): no connection came
    ///   back in time; not sent.
    /// - [`Erreur::NonEnvoyee`] with
    ///   [`DansLeRetour`](crate::erreur::RaisonNonEnvoi::DansLeRetour): called inside the hook that
    ///   this very call would wait for.
    ///
    /// # Blocking
    ///
    /// Until the answer comes, or the deadline of this handle passes
    /// ([`avec_delai`](ClientPersistant::avec_delai)), the wait for a connection included.
    #[doc(alias("request", "invoke", "ask", "query", "rpc"))]
    #[doc(alias = "call")]
    pub fn appeler<R, M: Appel<R>>(&self, message: M) -> Result<R, Erreur<M::Erreur>> {
        self.call(&message, |client| client.appeler(&message))
    }

    /// Sends a message that gets no answer, as [`Client::envoyer`] does.
    ///
    /// Without a connection it waits for one. A message that was accepted is lost with a connection
    /// that is cut before it has arrived, as with any client: nothing is sent twice. What must
    /// arrive is a call.
    ///
    /// # Errors
    ///
    /// Those of [`Client::envoyer`], and those of a missing connection: see
    /// [`appeler`](ClientPersistant::appeler).
    ///
    /// # Blocking
    ///
    /// Until there is a connection, and as for [`Client::envoyer`]; at most until the deadline of
    /// this handle.
    #[doc(alias("notify", "emit", "push", "post", "one_way", "fire_and_forget"))]
    #[doc(alias = "send")]
    #[inline]
    pub fn envoyer(&self, message: impl Message) -> Resultat<()> {
        let until = Until::after(self.delai);
        self.on_a_connection(&message, until, |client| {
            client.avec_delai(until.rest()).envoyer(&message)
        })
    }

    /// Sends a message and returns at once; its answer can be waited for later, as with
    /// [`Client::differer`].
    ///
    /// The [`Attente`] belongs to the connection that the call went by: if that is lost, it says
    /// whether the command may have run, and the call is not tried again.
    ///
    /// # Errors
    ///
    /// Those of [`Client::differer`], and those of a missing connection: see
    /// [`appeler`](ClientPersistant::appeler).
    ///
    /// # Blocking
    ///
    /// As for [`envoyer`](ClientPersistant::envoyer).
    #[doc(alias("call_async", "begin_call", "future", "pipeline"))]
    #[doc(alias = "defer")]
    pub fn differer<R, M: Appel<R>>(&self, message: M) -> Resultat<Attente<R, M::Erreur>> {
        let until = Until::after(self.delai);
        self.on_a_connection(&message, until, |client| {
            client.avec_delai(until.rest()).differer(&message)
        })
    }

    /// Sends a message that gets no answer, but only if that needs no waiting, for a connection
    /// neither.
    ///
    /// # Errors
    ///
    /// Those of [`Client::essayer`], and [`Erreur::Delai`] in phase
    /// [`Retour`](crate::erreur::Phase::Retour) if there is no connection now.
    ///
    /// # Blocking
    ///
    /// Never.
    #[doc(alias = "try_send")]
    #[inline]
    pub fn essayer(&self, message: impl Message) -> Resultat<()> {
        let now = Until::after(Duration::ZERO);
        self.on_a_connection(&message, now, |client| client.essayer(&message))
    }

    /// Sends a call, but only if that needs no waiting, for a connection neither.
    ///
    /// # Errors
    ///
    /// Those of [`essayer`](ClientPersistant::essayer) and of [`Client::essayer_appel`].
    ///
    /// # Blocking
    ///
    /// Never.
    #[doc(alias = "try_call")]
    pub fn essayer_appel<R, M: Appel<R>>(&self, message: M) -> Resultat<Attente<R, M::Erreur>> {
        let now = Until::after(Duration::ZERO);
        self.on_a_connection(&message, now, |client| {
            client.avec_delai(self.delai).essayer_appel(&message)
        })
    }

    /// Makes commands callable by the server, on this connection and on all that follow.
    ///
    /// # Errors
    ///
    /// As for [`Client::enregistrer`].
    #[doc(alias("on", "handler", "add_handler", "subscribe", "route"))]
    #[doc(alias = "register")]
    pub fn enregistrer<L>(&self, commandes: L) -> Resultat<()>
    where
        L: Liste<Portee: SurClient>,
    {
        self.shared().commands.enregistrer(commandes.en_liste(), &self.shared().lien())?;
        self.shared().share_commands();
        Ok(())
    }

    /// Makes a closure callable by the server, on this connection and on all that follow.
    ///
    /// The closure is given the plain [`Client`] of the connection that asked. A `ClientPersistant`
    /// that it captures keeps everything open until [`eteindre`](ClientPersistant::eteindre).
    ///
    /// # Errors
    ///
    /// As for [`Client::enregistrer_commande`].
    #[doc(alias("register_command", "on", "handler", "callback", "subscribe", "state"))]
    #[doc(alias = "register")]
    pub fn enregistrer_commande<A, R, K, F>(&self, nom: &str, commande: F) -> Resultat<()>
    where
        A: Arguments<Recus>,
        R: Rendu<K>,
        F: Fn(&Client, A) -> R + Send + Sync + 'static,
    {
        self.shared().commands.enregistrer_commande(nom, commande)?;
        self.shared().share_commands();
        Ok(())
    }

    /// The same client with another deadline for its operations, each with its wait for a
    /// connection.
    #[doc(alias("timeout", "deadline", "with_deadline", "set_timeout"))]
    #[doc(alias = "with_timeout")]
    #[must_use = "the deadline holds for the handle that comes back"]
    #[inline]
    pub fn avec_delai(&self, delai: Duration) -> ClientPersistant {
        ClientPersistant { handle: self.handle.clone(), delai }
    }

    /// The plain client of the present connection; `None` while there is none.
    ///
    /// It stays with that connection. Keep it for no longer than a task that belongs to one
    /// connection, because it counts as a handle to it.
    #[doc(alias("inner"))]
    #[doc(alias = "current")]
    #[inline]
    pub fn client(&self) -> Option<Client> {
        self.shared().present()
    }

    /// Whether there is a connection now. The next moment may be another.
    #[doc(alias("is_alive", "is_open"))]
    #[doc(alias = "is_connected")]
    #[inline]
    pub fn est_connecte(&self) -> bool {
        self.client().is_some_and(|client| client.est_connecte())
    }

    /// Stops in order, as [`Client::eteindre`] does, and connects no more. Operations that wait for
    /// a connection, and all later ones, fail. The commands and what they captured are dropped.
    ///
    /// # Errors
    ///
    /// Those of [`Client::eteindre`]. Without a connection there is nothing to stop, and it is `Ok`.
    ///
    /// # Blocking
    ///
    /// As for [`Client::eteindre`].
    #[doc(alias("quit", "graceful_shutdown", "disconnect", "goodbye"))]
    #[doc(alias = "stop")]
    #[doc(alias = "shutdown")]
    #[inline]
    pub fn eteindre(&self) -> Resultat<()> {
        let client = self.shared().end().or_else(|| self.shared().last());
        client.map_or(Ok(()), |client| client.eteindre())
    }

    #[inline]
    fn shared(&self) -> &Arc<Shared> {
        &self.handle.0
    }
}

impl fmt::Debug for ClientPersistant {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ClientPersistant");
        shown.field("adresse", &self.shared().text);
        shown.field("client", &self.client()).finish_non_exhaustive()
    }
}

impl fmt::Display for ClientPersistant {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shared().text)
    }
}
