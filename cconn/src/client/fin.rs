//! Ending a connection: in order, at once, or with a reason for the peer; and whether the
//! connection has ended.

use std::time::{Duration, Instant};

use super::Client;
use crate::erreur::{Erreur, Fermee, Resultat, end_of, ended};
use crate::link::{Expelled, Stopped};
use crate::message::Entete;
use crate::wire::EndReason;

/// The text that the peer gets if the program gives no reason: without any text the peer would take
/// it for a mere close.
const NO_REASON: &str = "sent away, and no reason was given";

impl Client {
    /// Whether the connection has not ended.
    #[doc(alias("is_alive", "is_open"))]
    #[doc(alias = "is_connected")]
    pub fn est_connecte(&self) -> bool {
        !self.link.has_ended()
    }

    /// How the connection has ended: the reason, which side ended it, and what is known beyond;
    /// `None` while it has not ended. Its [`ici`](Fermee::ici) tells a hook `quand_deconnecte` an
    /// end of this program's from one of the peer's, which are both `Ok` if they were in order.
    ///
    /// # Blocking
    ///
    /// Never.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::Serveur;
    /// use cconn::erreur::RaisonFin;
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// let client = serveur.client_local()?;
    /// assert_eq!(client.fin(), None);
    /// client.eteindre()?;
    /// let fin = client.fin().expect("it has ended");
    /// assert_eq!((fin.raison, fin.ici), (RaisonFin::Terminee, true));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[doc(alias("close_reason", "disconnect_reason", "why_closed"))]
    #[doc(alias = "end")]
    pub fn fin(&self) -> Option<Fermee> {
        self.link.ending().map(|ending| end_of(&ending, self.link.identity.label(), None))
    }

    /// Stops the connection in order: what has arrived is still handled, what is queued is still
    /// sent, and the peer handles it.
    ///
    /// Works from any thread, and more than once. Inside a command or a hook of this same
    /// connection (at either end, if both are in this process) it only begins the stop, because the
    /// command is part of what has to finish. Inside a command of another connection it waits as
    /// usual, and the next command there may start meanwhile. If such waits would form a circle,
    /// the wait that closes the circle is given up. Inside a command that another command has asked
    /// for, the wait also ends once all commands of this connection wait for a peer, because they
    /// may be waiting for this one.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Delai`]: the grace period (10 seconds unless set) ran out first.
    /// - [`Erreur::Fermee`]: the connection was cut instead, or the peer closed it before it was
    ///   certain that everything sent was handled. A connection that the peer had closed before is
    ///   `Ok`.
    ///
    /// # Blocking
    ///
    /// Until both sides are done, at most for the grace period; not at all inside a command of this
    /// connection. A stream of an iterator without end goes on for half of the grace period.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// use cconn::{Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// let handled = Arc::new(AtomicU32::new(0));
    /// let count = handled.clone();
    /// serveur.enregistrer_commande("count", move |_, (): ()| {
    ///     count.fetch_add(1, Ordering::Relaxed);
    /// })?;
    /// let client = serveur.client_local()?;
    /// for _ in 0..100 {
    ///     client.envoyer(nommee("count", ()))?;
    /// }
    /// client.eteindre()?;
    /// assert_eq!(handled.load(Ordering::Relaxed), 100);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("quit", "graceful_shutdown", "disconnect", "goodbye"))]
    #[doc(alias = "stop")]
    #[doc(alias = "shutdown")]
    pub fn eteindre(&self) -> Resultat<()> {
        let grace = self.link.limits.grace;
        let was_over = !self.est_connecte();
        match self.link.stop(Instant::now().checked_add(grace)) {
            Stopped::Begun => Ok(()),
            Stopped::Ended if was_over => self.result_of_end(),
            Stopped::Ended => self.result_of_stop(),
            Stopped::GraceOver => Err(self.grace_over(grace)),
        }
    }

    /// Ends the connection now. What was sent is written as far as the socket takes it at once, and
    /// the peer is told. Calls that wait end with an error, on both sides. Commands that have
    /// reached the peer by then still run there, and the peer's `lancer` returns `Ok`.
    ///
    /// Inside a command the caller of that command gets [`Erreur::Fermee`]. To end a connection
    /// with last words that arrive, use [`expulser`](Client::expulser), which gives the peer a
    /// reason, or [`eteindre`](Client::eteindre), which waits for what the peer is doing.
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
    /// let client = serveur.client_local()?;
    /// client.close();
    /// assert!(!client.est_connecte());
    /// let refused = client.envoyer(nommee("note", ())).unwrap_err();
    /// assert!(refused.est_fatale());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("fermer", "hang_up", "drop_connection"))]
    #[doc(alias = "disconnect")]
    #[doc(alias = "abort")]
    pub fn close(&self) {
        self.link.close(EndReason::Closed, "");
    }

    /// Sends the peer away: it gets everything that was sent before, then the reason, and the
    /// connection ends.
    ///
    /// At the peer everything that was sent before still runs. Then its `lancer`, its hook
    /// `quand_deconnecte`, and every call and message that it tries report
    /// [`RaisonFin::Expulsee`](crate::erreur::RaisonFin::Expulsee) with this text, of which at most
    /// 900 bytes are sent. On this side no further command of the peer's is started, and answers of
    /// commands that still run are dropped.
    ///
    /// Works from any thread, from inside a command of the connection (whose caller gets that error
    /// too), and more than once. If the peer need not know why, and may miss what was sent last,
    /// use [`close`](Client::close), which does not wait.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Delai`]: the peer did not take everything within the deadline of
    ///   this handle; the connection was cut.
    /// - [`Erreur::Fermee`]: the connection had ended already, or ended
    ///   first.
    ///
    /// # Blocking
    ///
    /// Until everything is written and the peer has ended its side too, for which it has 2 seconds;
    /// at most until the deadline of this handle ([`avec_delai`](Client::avec_delai)).
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::erreur::RaisonFin;
    /// use cconn::{Erreur, Serveur, nommee};
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
            Expelled::Late => Err(self.about(&Entete::new("", 0, "")).not_said()),
            Expelled::Ended(ending) => Err(ended(&ending, self.link.identity.label(), None)),
        }
    }

    /// The result of what ran until the connection ended: `Ok` if it ended in order.
    pub(crate) fn result_of_end(&self) -> Resultat<()> {
        match self.link.ending() {
            Some(ending) if !ending.is_orderly() => {
                Err(ended(&ending, self.link.identity.label(), None))
            }
            _ => Ok(()),
        }
    }

    /// The result of a stop during which the connection has ended. A peer that closes it meanwhile
    /// may be one that has not run what was sent.
    fn result_of_stop(&self) -> Resultat<()> {
        match self.link.ending() {
            Some(ending) if ending.is_of_peer() && self.link.may_be_unhandled() => {
                Err(ended(&ending, self.link.identity.label(), None))
            }
            _ => self.result_of_end(),
        }
    }

    fn grace_over(&self, grace: Duration) -> Erreur {
        self.about(&Entete::new("", 0, "")).grace_over(grace)
    }
}
