//! A client that listens by itself: its commands run on a thread that it owns.

use crate::client::Client;
use crate::commande::{Lien, Registry};
use crate::erreur::{EchecConnexion, Erreur, Resultat, Usage, ended};
use crate::link::NotListening;

impl Client {
    /// Runs the commands that the peer asks for on a thread that the client owns, and returns at
    /// once.
    ///
    /// The thread lives as long as the connection. It does not keep the connection open: the
    /// connection ends with the last handle of the program's, and what runs at that moment may
    /// finish, as without `ecouter`. So a program that calls here and is called there needs no thread
    /// of its own, no `join` and no handle for it. How the connection ends is told to the hook
    /// [`quand_deconnecte`](crate::OptionsClient::quand_deconnecte).
    ///
    /// A command that captures a `Client` of this connection holds a handle too; see
    /// [`faible`](Client::faible). A client of a server needs no `ecouter`: the server runs its
    /// commands.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Usage`]: it listens already, [`lancer`](Client::lancer) runs, or this was called
    ///   from inside a command or a hook of the connection; or a command is handed state or a session
    ///   that is not there.
    /// - [`Erreur::Fermee`]: the connection has ended.
    /// - [`Erreur::Connexion`]: no thread could be had; the connection lives.
    ///
    /// # Blocking
    ///
    /// Never.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("salue", |client: &Client, (): ()| {
    ///     client.envoyer(nommee("bonjour", ("Ada",)))
    /// })?;
    /// let client = serveur.client_local()?;
    /// let (sender, names) = std::sync::mpsc::channel();
    /// client.enregistrer_commande("bonjour", move |_, (nom,): (String,)| sender.send(nom).unwrap())?;
    /// client.ecouter()?;
    ///
    /// client.envoyer(nommee("salue", ()))?;
    /// assert_eq!(names.recv().unwrap(), "Ada"); // it ran, though nothing here waits for an answer
    /// drop(client); // ends the connection, and its thread
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("spawn", "background", "event_loop", "start"))]
    #[doc(alias = "listen")]
    pub fn ecouter(&self) -> Resultat<()> {
        self.check_needs()?;
        self.link.listen(Registry::end_untold).map_err(|failed| {
            let lien = self.link.identity.label().into();
            match failed {
                NotListening::Inside => {
                    Erreur::Usage(Box::new(Usage::EcouterDansUneCommande { lien }))
                }
                NotListening::Taken if self.link.listens() => {
                    Erreur::Usage(Box::new(Usage::DejaEcoute { lien }))
                }
                NotListening::Taken => Erreur::Usage(Box::new(Usage::DejaLance { lien })),
                NotListening::Ended(ending) => ended(&ending, self.link.identity.label(), None),
                NotListening::NoThread(cause) => {
                    Erreur::Connexion(Box::new(EchecConnexion::SansThread { lien, cause }))
                }
            }
        })
    }

    /// Checks that everything is there that this client's commands are handed. A client of a server
    /// has no commands of its own.
    pub(super) fn check_needs(&self) -> Resultat<()> {
        self.registry().map_or(Ok(()), |registry| registry.begin(&Lien::of_client(self)))
    }
}
