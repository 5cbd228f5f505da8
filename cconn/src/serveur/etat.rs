//! State and sessions on a server.

use super::Serveur;
use crate::client::Client;
use crate::commande::{fence, refused};
use crate::erreur::{Erreur, Resultat};
use crate::sync::Deadline;

/// The text that a client gets if making its session has panicked.
const PANICKED: &str = "its session could not be made";

impl Serveur {
    /// Gives a value that the commands are handed as [`Etat<T>`](crate::Etat).
    ///
    /// Like [`OptionsServeur::fournir`](crate::OptionsServeur::fournir), for a server that is open
    /// already. It may run already too: commands registered later may be handed the value.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Usage`]: a value of that type was given already.
    /// - [`Erreur::Enregistrement`]: the server has been stopped.
    #[doc(alias("state", "manage", "app_data", "with_state"))]
    #[doc(alias = "provide")]
    pub fn fournir<T: Send + Sync + 'static>(&self, valeur: T) -> Resultat<()> {
        self.shared.registry.provide(valeur)
    }

    /// Makes the sessions of a client that has connected. False if that failed: then the client was
    /// sent away.
    pub(super) fn make_sessions(&self, client: &Client) -> bool {
        if !self.shared.registry.makes_sessions() {
            return true;
        }
        let mut made = None;
        self.in_hook(client, || made = fence(|| self.shared.registry.make_sessions(client)));
        let error: Erreur = match made {
            Some(Ok(())) => return true,
            Some(Err(error)) => error,
            None => Erreur::echec(PANICKED),
        };
        // The client has left already if its last words can't be said.
        let _gone = client
            .link
            .expel(&error.to_string(), Deadline::After(client.link.limits.write_deadline));
        self.shared.clients.count_refused();
        refused(client.link.identity.label(), &error);
        if let Some(hook) = &self.shared.options.hooks().refused {
            self.run_hook(|| hook(client.adresse(), &error));
        }
        false
    }
}
