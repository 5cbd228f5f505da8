//! Connecting to a server that is started when it is needed.

use std::process::Command;

#[cfg(unix)]
use super::lancement::connect_or_start;
use crate::adresse::VersAdresse;
use crate::client::Client;
use crate::connexion::OptionsClient;
use crate::erreur::Resultat;

impl Client {
    /// Connects to the server of a Unix socket, and starts it first if none is there.
    ///
    /// The program that `commande` names calls [`Serveur::unique`](crate::Serveur::unique) with the
    /// same address. However many processes call this at once, one of them starts the program, and
    /// all are connected to it. The server runs on after this process:
    /// [`s_arreter_si_oisif`](crate::OptionsServeur::s_arreter_si_oisif) lets it end by itself.
    ///
    /// A relative path is relative to the folder that this process is in, for the program too.
    ///
    /// The program is started in a process group of its own, so that Ctrl-C does not reach it. Its
    /// standard input is the listening socket until it has taken it over, its standard output goes
    /// nowhere, and what it writes to its standard error before it serves is part of the error if
    /// it never does; afterwards that goes nowhere too.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Connexion`](crate::Erreur::Connexion): the program can't be started, or did not
    ///   become a server ([`Lancement`](crate::erreur::EchecConnexion::Lancement), with the end of
    ///   its standard error); the server refuses; the address is no path of a Unix socket; on
    ///   Linux, a server of another user than this one and root is there.
    ///
    /// # Blocking
    ///
    /// Until connected, at most about the time of
    /// [`delai_connexion`](crate::OptionsClient::delai_connexion), 10 seconds unless set.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::process::Command;
    /// use cconn::{Client, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let mut commande = Command::new(std::env::current_exe().unwrap());
    /// commande.arg("--serveur");
    /// let client = Client::ou_lancer("unix:/run/user/1000/moi.sock", commande)?;
    /// let double: u64 = client.appeler(nommee("double", (21_u64,)))?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("daemon", "spawn", "autostart", "activation"))]
    #[doc(alias = "connect_or_start")]
    #[inline]
    pub fn ou_lancer(adresse: impl VersAdresse, commande: Command) -> Resultat<Client> {
        Client::options(adresse).ou_lancer(commande)
    }
}

impl OptionsClient {
    /// Connects, and starts the server first if none is there: see
    /// [`Client::ou_lancer`].
    ///
    /// # Errors
    ///
    /// Those of [`Client::ou_lancer`].
    ///
    /// # Blocking
    ///
    /// As for [`Client::ou_lancer`].
    #[doc(alias("daemon", "spawn", "autostart", "activation"))]
    #[doc(alias = "connect_or_start")]
    #[inline]
    pub fn ou_lancer(self, commande: Command) -> Resultat<Client> {
        connect_or_start(self, commande)
    }

    /// Has [`ou_lancer`](Self::ou_lancer) replace a server that is another version or build of the
    /// program: it asks that one to stop in order, and starts `commande` once it has.
    ///
    /// Both sides say with [`programme`](Self::programme) which program they are. The server stops
    /// if it was opened with [`unique`](crate::OptionsServeur::unique) and this process belongs to
    /// the same user, which the system says of Unix sockets on Linux; what its clients had sent is
    /// handled first. Any other server refuses with
    /// [`AutreProgramme`](crate::erreur::EchecConnexion::AutreProgramme).
    ///
    /// Programs of two versions that both replace take turns as long as both are started. Set this
    /// in the one that is to stay.
    #[doc(alias("upgrade", "restart", "takeover", "skew"))]
    #[doc(alias = "replace_other_version")]
    #[cfg_attr(not(unix), expect(unused_mut, reason = "nothing is started there"))]
    #[inline]
    pub fn remplacer_autre_version(mut self) -> Self {
        #[cfg(unix)]
        self.replace_other();
        self
    }
}

/// Windows has Unix sockets that safe code can't use; the attempt to connect says so.
#[cfg(not(unix))]
#[inline]
fn connect_or_start(options: OptionsClient, _: Command) -> Resultat<Client> {
    options.connecter()
}
