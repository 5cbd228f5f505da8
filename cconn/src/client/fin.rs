//! Sending the peer away.

use super::Client;
use crate::erreur::{Resultat, ended};
use crate::link::Expelled;
use crate::message::Tete;

/// What is said where the program gives no reason, so that the peer can tell it from a mere close.
const NO_REASON: &str = "sent away, and no reason was given";

impl Client {
    /// Sends the peer away with a reason: it gets all that was sent to it before, then the reason,
    /// and the connection ends.
    ///
    /// At the peer everything that was sent before still runs; then its `lancer`, its hook
    /// `quand_deconnecte` and every call and message that it tries say
    /// [`RaisonFin::Expulsee`](crate::RaisonFin::Expulsee) with this text, of which 900 bytes
    /// travel. On this side nothing that the peer has asked for is begun any more, and the
    /// answers of commands that still run go nowhere.
    ///
    /// Works from any thread, from inside a command of the connection (whose caller gets that
    /// error too) and more than once. Where the peer need not know why, and may miss what was
    /// sent last, [`close`](Client::close) does not wait.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Delai`](crate::Erreur::Delai): the peer did not take all of it within the
    ///   deadline of this handle; the connection was cut.
    /// - [`Erreur::Fermee`](crate::Erreur::Fermee): the connection had ended, or ended first.
    ///
    /// # Blocking
    ///
    /// Until all is written and the peer has ended its side too, for which it is given 2 seconds;
    /// at most the deadline of this handle ([`avec_delai`](Client::avec_delai)).
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Erreur, RaisonFin, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("insulte", |client, (): ()| {
    ///     client.expulser("be polite")
    /// })?;
    /// let client = serveur.client_local()?;
    /// let Err(Erreur::Fermee(fin)) = client.appeler::<(), _>(nommee("insulte", ())) else {
    ///     panic!("it is sent away")
    /// };
    /// assert_eq!((fin.raison, &*fin.texte), (RaisonFin::Expulsee, "be polite"));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("disconnect", "evict", "close_with_reason"))]
    #[doc(alias = "kick")]
    #[doc(alias = "expel")]
    #[doc(alias = "ban")]
    pub fn expulser(&self, raison: &str) -> Resultat<()> {
        let text = if raison.is_empty() { NO_REASON } else { raison };
        match self.link.expel(text, self.deadline()) {
            Expelled::Said => Ok(()),
            Expelled::Late => Err(self.about(&Tete::new("", 0, "")).not_said()),
            Expelled::Ended(ending) => Err(ended(&ending, self.link.identity.label(), None)),
        }
    }
}
