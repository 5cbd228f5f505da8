//! The verbs that never wait, and the one that waits for what came before.

use super::{Attente, Client};
use crate::erreur::{Erreur, Resultat, remember};
use crate::link::{put_scratch, take_scratch};
use crate::message::{Appel, ArgumentWriter, Entete, Message};
use crate::wire;

impl Client {
    /// Sends a message to which no answer comes, if that needs no waiting.
    ///
    /// As [`envoyer`](Client::envoyer) but for the waiting: where the peer does not keep up the
    /// message is not sent, and the error says so.
    ///
    /// # Errors
    ///
    /// - [`Erreur::NonEnvoyee`]: there is no room for it now
    ///   ([`RaisonNonEnvoi::SansPlace`](crate::erreur::RaisonNonEnvoi::SansPlace)), or for the reasons of
    ///   [`envoyer`](Client::envoyer); the connection lives.
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

    /// Sends a message if that needs no waiting, and leaves the waiting for its answer to later.
    ///
    /// As [`differer`](Client::differer) but for the waiting. The call that comes back waits for
    /// its answer as long as any other of this handle does.
    ///
    /// # Errors
    ///
    /// Those of [`essayer`](Client::essayer), and [`Erreur::NonEnvoyee`] where too many calls are
    /// without an answer; those of the answer come with the waiting.
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
        let head = message.entete();
        remember(head.hash(), head.nom());
        let mut writer = ArgumentWriter::new(take_scratch());
        let call = self.encode(&head, &message, &mut writer, wire::begin_call).and_then(|body| {
            let call = self.link.try_defer(writer.buffer(), body);
            call.map_err(|failure| self.about(&head).failed(failure))
        });
        put_scratch(writer.out);
        Ok(Attente::new(self.passing(), call?, &head, M::__cconn_decode))
    }

    /// Waits until all that had arrived from the peer before is handled here.
    ///
    /// An answer overtakes what its command sent before it: a caller is woken by it while those
    /// messages still wait for their turn. Whoever needs their effects waits for them with this.
    /// What arrives meanwhile is not waited for. Where nobody runs `lancer` the commands are run
    /// meanwhile, on a thread of their own.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Delai`]: not all of it was handled in time; it goes on.
    /// - [`Erreur::Fermee`]: the connection ended first.
    /// - [`Erreur::NonEnvoyee`]: called inside a command of this connection, which is itself part
    ///   of what has arrived; or too many commands of its connection wait already.
    ///
    /// # Blocking
    ///
    /// Until then, at most the deadline of this handle ([`avec_delai`](Client::avec_delai)).
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
}
