//! Answers that a command leaves to another thread.

use std::fmt;

use super::{Context, Fault};
use crate::erreur::{Annulee, Erreur, RaisonAnnulation, Resultat};
use crate::link::{Alarm, NotKept, Promise};
use crate::message::{Reply, Returned, hash};
use crate::wire::Answering;

/// The answer of a command, to be given later and by any thread: no thread waits meanwhile.
///
/// A command takes it as its parameter `Promesse<T>`, which is no part of the message, and returns
/// nothing: its callers get a `T`, or with `Promesse<Result<T, E>>` a `T` or the error. When the
/// command returns, the next one starts. Up to 65,536 promises of one connection may be open; then
/// the command is not run, and its caller gets
/// [`Surchargee`](crate::erreur::NatureDistante::Surchargee).
///
/// [`tenir`](Promesse::tenir) consumes it, so a call is answered once. A promise that is dropped is
/// an answer too: its caller gets [`PromesseRompue`](crate::erreur::NatureDistante::PromesseRompue).
/// One of a command that panics is void, and so is one whose connection has ended; it keeps no
/// connection alive. An orderly stop waits for open promises, at most for its grace period.
///
/// # Examples
///
/// ```
/// use std::sync::Mutex;
/// use cconn::{Etat, Promesse, Resultat, Serveur, commande, commandes};
///
/// #[derive(Default)]
/// struct Attentes(Mutex<Vec<Promesse<String>>>);
///
/// #[commande]
/// fn nouvelle(attentes: &Etat<Attentes>, reponse: Promesse<String>) {
///     attentes.0.lock().unwrap().push(reponse); // whoever calls `publier` answers it
/// }
///
/// #[commande]
/// fn publier(attentes: &Etat<Attentes>, texte: &str) -> usize {
///     let attentes = std::mem::take(&mut *attentes.0.lock().unwrap());
///     attentes.into_iter().filter_map(|une| une.tenir(texte.to_owned()).ok()).count()
/// }
///
/// # fn main() -> Resultat<()> {
/// let serveur = Serveur::options(0).fournir(Attentes::default()).ouvrir()?;
/// serveur.enregistrer(commandes![nouvelle, publier])?;
/// let client = serveur.client_local()?;
/// let attendues = [client.differer(nouvelle {})?, client.differer(nouvelle {})?];
/// assert_eq!(client.appeler(publier { texte: "il pleut" })?, 2);
/// for une in attendues {
///     assert_eq!(une.attendre()?, "il pleut");
/// }
/// # Ok(())
/// # }
/// ```
#[doc(alias("Deferred", "Completer", "ReplySender", "oneshot"))]
#[doc(alias = "Promise")]
#[must_use = "a promise that is dropped fails the call"]
pub struct Promesse<T> {
    promise: Promise,
    command: &'static str,
    encode: fn(T, &mut Answering) -> Reply,
}

impl<T> Promesse<T> {
    /// Answers the call. A call whose message was sent with `envoyer` wants no answer, and the
    /// value is dropped.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Annulee`]: nobody gets the answer, and why: the caller has given up, or the
    ///   connection has ended.
    /// - [`Erreur::Echec`]: the value could not be encoded, or is larger than the caller accepts;
    ///   the caller was told so, and the connection lives.
    ///
    /// # Blocking
    ///
    /// While as many bytes wait to be written as one connection keeps: until the peer takes some, or
    /// the connection ends because the peer has taken none for the write deadline.
    #[doc(alias("fulfill", "resolve", "complete", "reply", "send", "set"))]
    #[doc(alias = "keep")]
    pub fn tenir(self, valeur: T) -> Resultat<()> {
        let Promesse { promise, command, encode } = self;
        let link = promise.label();
        promise.keep(|out| encode(valeur, out).into()).map_err(|why| match why {
            NotKept::Unwanted(why) => Annulee::of_call(why, command, &link, true),
            NotKept::Unsent(text) => {
                Erreur::echec(format!("the answer of `{command}` was not sent: {text}"))
            }
        })
    }

    /// Whether the answer is not wanted any more: the caller has given up or its time is over, the
    /// connection has ended, or it is being stopped.
    #[doc(alias("is_cancelled", "is_canceled", "is_closed"))]
    #[doc(alias = "cancelled")]
    pub fn est_annule(&self) -> bool {
        self.annulation().is_some()
    }

    /// Why the answer is not wanted any more; `None` if it is. During an orderly stop, which waits
    /// for the answer, this is [`Arret`](RaisonAnnulation::Arret) from the beginning of the stop on.
    #[doc(alias("cancellation_reason", "why_cancelled"))]
    #[doc(alias = "cancellation")]
    pub fn annulation(&self) -> Option<RaisonAnnulation> {
        self.promise.unwanted().map(Into::into)
    }

    /// Has `f` run once when nobody waits for the answer any more, so that the promise can be taken
    /// out of wherever it waits. If that is so already, `f` runs at once.
    ///
    /// `f` is dropped unused when the promise is kept or dropped before. It runs on the thread that
    /// notices, must be short, and can't wait on a connection
    /// ([`RaisonNonEnvoi::DansUnRappel`](crate::erreur::RaisonNonEnvoi)); it may drop the promise. A
    /// deadline is noticed by the cancel that the caller sends when its time is over, an orderly stop
    /// once half of its grace period is over. For a message that wants no answer `f` is never run.
    ///
    /// # Blocking
    ///
    /// Never.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use std::sync::{Arc, Mutex};
    /// use std::time::Duration;
    /// use cconn::{Etat, Promesse, Serveur, commande, commandes};
    ///
    /// #[derive(Clone, Default)]
    /// struct Attentes(Arc<Mutex<HashMap<u64, Promesse<String>>>>);
    ///
    /// #[commande]
    /// fn attendre(attentes: &Etat<Attentes>, numero: u64, reponse: Promesse<String>) {
    ///     let toutes = Arc::downgrade(&attentes.0);
    ///     let reponse = reponse.sur_annulation(move |_why| {
    ///         // Nobody waits for this one: it is not kept until the end of its connection.
    ///         let oubliee = toutes.upgrade().and_then(|t| t.lock().unwrap().remove(&numero));
    ///         drop(oubliee);
    ///     });
    ///     let mut toutes = attentes.0.lock().unwrap();
    ///     if !reponse.est_annule() {
    ///         toutes.insert(numero, reponse);
    ///     }
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let attentes = Attentes::default();
    /// let serveur = Serveur::options(0).fournir(attentes.clone()).ouvrir()?;
    /// serveur.enregistrer(commandes![attendre])?;
    /// let client = serveur.client_local()?;
    /// let attente = client.differer(attendre { numero: 7 })?;
    /// while attentes.0.lock().unwrap().is_empty() {
    ///     std::thread::yield_now();
    /// }
    /// drop(attente); // given up
    /// while !attentes.0.lock().unwrap().is_empty() {
    ///     std::thread::sleep(Duration::from_millis(1));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("on_cancel", "on_cancelled", "cancel_callback"))]
    #[doc(alias = "on_cancellation")]
    pub fn sur_annulation(mut self, f: impl FnOnce(RaisonAnnulation) + Send + 'static) -> Self {
        self.promise.set_alarm(Alarm::new(Box::new(move |why| f(why.into()))));
        self
    }

    /// Whether anybody asked for an answer: the message of the command was no one-way message.
    #[doc(alias = "is_awaited")]
    pub fn est_attendue(&self) -> bool {
        self.promise.is_of_call()
    }
}

impl<T> fmt::Debug for Promesse<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promesse").field("commande", &self.command).finish_non_exhaustive()
    }
}

/// The promise of the command that is about to run; its values have the form `KIND`.
pub fn promise<const KIND: u8, T: Returned<KIND>>(
    context: &Context<'_>,
    command: &'static str,
) -> Result<Promesse<T>, Fault> {
    let promise = context.client.link.promise(hash(command));
    let promise = promise.map_err(|_| Fault::too_many_promises())?;
    Ok(Promesse { promise, command, encode: Returned::reply })
}
