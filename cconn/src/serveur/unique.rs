//! A server that another program starts when it needs it: it takes over the socket that listens
//! already, and stops by itself when nobody uses it.

use std::time::Duration;

use super::{OptionsServeur, Serveur};
use crate::adresse::VersAdresse;
use crate::connexion::unreachable;
use crate::erreur::Resultat;

/// The most clients of a server from `unique`, lowered to what the process can have.
const MANY: usize = 1024;

impl Serveur {
    /// The one server of an address on this machine: it takes over the socket that
    /// [`Client::ou_lancer`](crate::Client::ou_lancer) or systemd has opened for it, or opens it if
    /// the program was started in another way. systemd is told when the server is ready, when it
    /// stops, and that it lives (`LISTEN_FDS`, `NOTIFY_SOCKET`, `WATCHDOG_USEC`).
    ///
    /// It serves up to 1024 clients (see [`OptionsServeur::max_clients`]). For other settings use
    /// [`OptionsServeur::unique`].
    ///
    /// # Errors
    ///
    /// [`Erreur::Connexion`](crate::Erreur::Connexion): another server listens there, or the
    /// address can't be listened on.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use cconn::Serveur;
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let options = Serveur::options("unix:/run/user/1000/moi.sock").unique().max_clients(200);
    /// let serveur = options.s_arreter_si_oisif(Duration::from_secs(600)).ouvrir()?;
    /// serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
    /// serveur.lancer() // until ten minutes have passed without a client
    /// # }
    /// ```
    #[doc(alias("singleton", "daemon", "activation"))]
    #[doc(alias = "single_instance")]
    pub fn unique(adresse: impl VersAdresse) -> Resultat<Serveur> {
        Serveur::options(adresse).unique().max_clients(MANY).ouvrir()
    }

    /// Starts the thread that stops the server once nobody has used it for so long.
    pub(super) fn watch_idleness(&self) -> Resultat<()> {
        let Some(most) = self.shared.options.idle_stop else { return Ok(()) };
        let serveur = self.clone();
        let started = crate::sync::spawn("cconn-oisif".to_owned(), None, move || {
            if serveur.shared.clients.stop_when_idle(most) {
                serveur.shared.listener.wake();
            }
        });
        started.map_err(|cause| unreachable(self, cause))
    }
}

impl OptionsServeur {
    /// Takes over a socket that listens on this very address already: the one in the standard input
    /// of this process, where [`Client::ou_lancer`](crate::Client::ou_lancer) has opened it, or one
    /// that systemd hands over. See [`Serveur::unique`].
    #[doc(alias("inherit", "activation"))]
    #[doc(alias = "single_instance")]
    pub fn unique(mut self) -> Self {
        self.takes_over = true;
        self
    }

    /// How long the server runs without any client before it stops in order; for ever unless set.
    /// The time begins when the server is opened, and anew each time that a client, or a newcomer
    /// that had a place, has left.
    ///
    /// A client that comes at that very moment is refused, because the server stops;
    /// [`Client::ou_lancer`](crate::Client::ou_lancer) then starts another one.
    #[doc(alias("idle_timeout", "exit_on_idle"))]
    #[doc(alias = "stop_when_idle")]
    pub fn s_arreter_si_oisif(mut self, duree: Duration) -> Self {
        self.idle_stop = Some(duree);
        self
    }
}
