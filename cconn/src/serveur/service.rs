//! What runs a server's commands for its connections.

use std::sync::{Arc, Weak};

use super::{Serveur, Shared};
use crate::client::Client;
use crate::commande::{Contexte, Registre};
use crate::lien::{Dispatch, Incoming, Lien, Notice, Outcome};
use crate::wire::FailureCode;

/// Runs the server's commands for its connections.
pub(super) struct Service {
    registre: Arc<Registre>,
    /// Weak, for the server holds its connections.
    serveur: Weak<Shared>,
}

impl Service {
    pub(super) fn new(registre: Arc<Registre>, serveur: Weak<Shared>) -> Self {
        Service { registre, serveur }
    }
}

impl Dispatch for Service {
    fn run(&self, lien: &Arc<Lien>, incoming: &Incoming<'_>, out: &mut Vec<u8>) -> Outcome {
        let Some(shared) = self.serveur.upgrade() else {
            return Outcome::Failure(FailureCode::Closed);
        };
        let serveur = Serveur { shared };
        let client = Client::of(lien);
        let contexte = Contexte { client: &client, serveur: Some(&serveur) };
        self.registre.run(&contexte, incoming, out)
    }

    fn notice(&self, lien: &Arc<Lien>, notice: &Notice) {
        self.registre.report(lien, notice);
    }

    fn is_parallel(&self, command: u64) -> bool {
        self.registre.is_parallel(command)
    }
}
