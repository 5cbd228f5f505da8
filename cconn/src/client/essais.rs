//! The verbs that never wait, and the verbs that wait for what came before.

use super::frames::Manner;
use super::{Attente, Client, telling};
use crate::erreur::{Erreur, Resultat, ended, remember};
use crate::message::{Appel, Entete, Message};

impl Client {
    /// Sends a message and returns at once; its answer can be waited for later.
    ///
    /// An argument that is a [`Flux`](crate::flux::Flux) goes on whether the answer is waited for or
    /// not: a channel feeds it without a thread, and what has to be pulled, such as an iterator, is
    /// pulled by a thread of its own. A panic there is told to the command. Dropping the
    /// [`Attente`] ends the argument.
    ///
    /// # Errors
    ///
    /// Those of [`envoyer`](Client::envoyer), and [`Erreur::NonEnvoyee`] if too many calls are
    /// without an answer, or if no thread can be started for an argument. Errors of the answer are
    /// returned by the wait.
    ///
    /// # Blocking
    ///
    /// As for [`envoyer`](Client::envoyer).
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
    /// let un = client.differer(somme { a: 1, b: 2 })?;
    /// let deux = client.differer(somme { a: 3, b: 4 })?;
    /// assert_eq!((un.attendre()?, deux.attendre()?), (3, 7));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("call_async", "begin_call", "future", "pipeline"))]
    #[doc(alias = "defer")]
    pub fn differer<R, M: Appel<R>>(&self, message: M) -> Resultat<Attente<R, M::Erreur>> {
        let head = message.__cconn_entete();
        if M::__CCONN_FED {
            let call = self.defer_fed(&head, &message, true)?;
            return Ok(Attente::fed(self.passing(), call, &head, M::__cconn_decode));
        }
        remember(head.hash(), head.nom());
        let call = telling::deferred(self, &head, |size| {
            self.with_frame(&head, &message, Manner::Deferred, |frame, deadline| {
                size.note(frame);
                self.link.defer(frame, deadline)
            })
        })?;
        Ok(Attente::new(self.passing(), call, &head, M::__cconn_decode))
    }

    /// Sends a message that gets no answer, but only if that needs no waiting.
    ///
    /// Like [`envoyer`](Client::envoyer), except that a message for which the peer has no room now
    /// is not sent and is an error.
    ///
    /// # Errors
    ///
    /// - [`Erreur::NonEnvoyee`]: there is no room for the message now
    ///   ([`RaisonNonEnvoi::SansPlace`](crate::erreur::RaisonNonEnvoi::SansPlace)), or for the
    ///   reasons of [`envoyer`](Client::envoyer); the connection lives.
    /// - [`Erreur::Fermee`]: the connection has ended; not sent.
    /// - [`Erreur::Codage`]: an argument could not be encoded; not sent.
    ///
    /// # Blocking
    ///
    /// Never.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::erreur::RaisonNonEnvoi;
    /// use cconn::{Erreur, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("position", |_, (_x, _y): (f64, f64)| ())?;
    /// let client = serveur.client_local()?;
    /// match client.essayer(nommee("position", (1.0, 2.0))) {
    ///     Ok(()) => {}
    ///     // A later position tells more than a late one.
    ///     Err(Erreur::NonEnvoyee(e)) if e.raison == RaisonNonEnvoi::SansPlace => {}
    ///     Err(autre) => return Err(autre),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "try_send")]
    pub fn essayer(&self, message: impl Message) -> Resultat<()> {
        self.send(&message, false)
    }

    /// Sends a call, but only if that needs no waiting; its answer can be waited for later.
    ///
    /// Like [`differer`](Client::differer), except that the sending never waits. The returned call
    /// waits for its answer as long as any other call of this handle.
    ///
    /// # Errors
    ///
    /// Those of [`essayer`](Client::essayer), and [`Erreur::NonEnvoyee`] if too many calls are
    /// without an answer, or if no thread can be started for an argument. Errors of the answer are
    /// returned by the wait.
    ///
    /// # Blocking
    ///
    /// Never.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("carre", |_, (n,): (u64,)| n * n)?;
    /// let client = serveur.client_local()?;
    /// let attente = client.essayer_appel::<u64, _>(nommee("carre", (7_u64,)))?;
    /// assert_eq!(attente.attendre()?, 49);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "try_call")]
    pub fn essayer_appel<R, M: Appel<R>>(&self, message: M) -> Resultat<Attente<R, M::Erreur>> {
        let head = message.__cconn_entete();
        if M::__CCONN_FED {
            let call = self.defer_fed(&head, &message, false)?;
            return Ok(Attente::fed(self.passing(), call, &head, M::__cconn_decode));
        }
        remember(head.hash(), head.nom());
        let call = telling::deferred(self, &head, |size| {
            self.with_frame(&head, &message, Manner::Deferred, |frame, _| {
                size.note(frame);
                self.link.try_defer(frame)
            })
        })?;
        Ok(Attente::new(self.passing(), call, &head, M::__cconn_decode))
    }

    /// Waits until every command that has arrived from the peer is handled here.
    ///
    /// An answer overtakes the messages that its command sent before it: it wakes the caller while
    /// those messages still wait for their turn. A caller that needs their effects waits for them
    /// with this. Commands that arrive meanwhile are not waited for. If no thread runs `lancer`, a
    /// thread of their own runs the commands meanwhile.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Delai`]: not every command was handled in time; they are still being handled.
    /// - [`Erreur::Fermee`]: the connection ended first.
    /// - [`Erreur::NonEnvoyee`]: called inside a command of this connection, which is itself one of
    ///   the commands that have arrived; or too many commands of the connection wait already.
    ///
    /// # Blocking
    ///
    /// Until every command is handled, at most until the deadline of this handle
    /// ([`avec_delai`](Client::avec_delai)).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use cconn::{Client, Resultat, Serveur, nommee};
    ///
    /// # fn main() -> Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("compte", |client: &Client, (n,): (u32,)| -> Resultat<()> {
    ///     (0..n).try_for_each(|i| client.envoyer(nommee("ligne", (i,))))
    /// })?;
    /// let client = serveur.client_local()?;
    /// let lignes = Arc::new(AtomicU32::new(0));
    /// let vues = lignes.clone();
    /// client.enregistrer_commande("ligne", move |_, (_i,): (u32,)| {
    ///     vues.fetch_add(1, Ordering::Relaxed);
    /// })?;
    /// client.appeler::<(), _>(nommee("compte", (100_u32,)))?;
    /// client.rattraper()?;
    /// assert_eq!(lignes.load(Ordering::Relaxed), 100);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "catch_up")]
    pub fn rattraper(&self) -> Resultat<()> {
        let caught_up = self.link.catch_up(self.deadline());
        caught_up
            .map_err(|failure| -> Erreur { self.about(&Entete::new("", 0, "")).failed(failure) })
    }

    /// Writes out messages of [`envoyer`](Client::envoyer) and [`differer`](Client::differer) that
    /// still wait to share a write with later ones.
    ///
    /// Seldom needed: such messages are written within a millisecond, before a wait for an answer,
    /// and when the thread, the handle or the program ends (see [`envoyer`](Client::envoyer)).
    ///
    /// # Errors
    ///
    /// - [`Erreur::Delai`]: the peer takes no bytes; the messages still wait to be written.
    /// - [`Erreur::Fermee`]: the connection has ended.
    ///
    /// # Blocking
    ///
    /// Until the system has taken the messages, at most until the deadline of this handle.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("note", |_, (texte,): (String,)| println!("{texte}"))?;
    /// let client = serveur.client_local()?;
    /// client.envoyer(nommee("note", ("bonjour",)))?;
    /// client.vider()?; // written, and maybe not handled yet: `rattraper` waits for that
    /// # Ok(())
    /// # }
    /// ```
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
}
