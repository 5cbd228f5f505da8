//! Connecting more than once with the same options, where the server may have to be started first.

use std::time::Duration;

use super::OptionsClient;
use crate::adresse::{Adresse, AdresseInvalide};
use crate::client::Client;
use crate::connexion::connect;
use crate::erreur::Resultat;

impl OptionsClient {
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
