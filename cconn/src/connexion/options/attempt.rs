//! Connecting more than once with the same options, where the server may have to be started first.

use std::sync::Arc;
use std::time::Duration;

use super::OptionsClient;
use crate::adresse::{Adresse, AdresseInvalide};
use crate::client::Client;
use crate::connexion::connect;
use crate::erreur::Resultat;

impl OptionsClient {
    /// Has `greet_to_replace` ask for it.
    pub(crate) fn replace_other(&mut self) {
        self.replaces = true;
    }

    /// From now on this side's greeting asks a server that is another program to stop, if the
    /// program wants that.
    pub(crate) fn greet_to_replace(&mut self) {
        if let Some(program) = self.settings.program.as_mut().filter(|_| self.replaces) {
            Arc::make_mut(program).replaces = true;
        }
    }

    /// The address, or what is wrong with it.
    pub(crate) fn address(&self) -> &Result<Adresse, AdresseInvalide> {
        &self.address
    }

    /// How long connecting may take.
    pub(crate) fn patience(&self) -> Duration {
        self.settings.connect_deadline
    }

    /// Connects within `most`. What the program gives goes to the first connection that is made.
    pub(crate) fn attempt(&mut self, most: Duration) -> Resultat<Client> {
        let mut settings = self.settings.clone();
        settings.connect_deadline = most.min(settings.connect_deadline);
        connect(&settings, &mut self.given, &self.address).map(|(client, _)| client)
    }
}
