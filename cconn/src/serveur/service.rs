//! What runs a server's commands for its connections.

use std::sync::{Arc, Weak};

use super::{Serveur, Shared};
use crate::client::Client;
use crate::commande::{Context, Known, Registry};
use crate::link::{Dispatch, Incoming, Kinds, Link, Notice, Outcome, Runner};
use crate::wire::{FailureCode, Output};

/// Runs the server's commands for its connections.
pub(super) struct Service {
    registry: Arc<Registry>,
    /// Weak, for the server holds its connections.
    serveur: Weak<Shared>,
}

impl Service {
    pub(super) fn new(registry: Arc<Registry>, serveur: Weak<Shared>) -> Self {
        Service { registry, serveur }
    }
}

impl Dispatch for Service {
    fn runner<'a>(&'a self, link: &'a Arc<Link>) -> Box<dyn Runner + 'a> {
        Box::new(OfServer {
            registry: &self.registry,
            client: Client::within(link),
            serveur: self.serveur.upgrade().map(|shared| Serveur { shared }),
            known: Known::default(),
        })
    }

    fn notice(&self, link: &Arc<Link>, notice: &Notice) {
        self.registry.report(link, notice);
    }
}

impl Kinds for Service {
    fn is_parallel(&self, command: u64) -> bool {
        self.registry.is_parallel(command)
    }
}

/// Runs commands on one thread of a connection.
struct OfServer<'a> {
    registry: &'a Registry,
    client: Client,
    /// `None` where the server had gone when the thread started.
    serveur: Option<Serveur>,
    known: Known,
}

impl Runner for OfServer<'_> {
    fn run(&mut self, incoming: &Incoming<'_>, out: &mut Output) -> Outcome {
        let Some(serveur) = &self.serveur else { return Outcome::Failure(FailureCode::Closed) };
        let context = Context { client: &self.client, serveur: Some(serveur) };
        self.registry.run(&mut self.known, &context, incoming, out)
    }

    fn failed(&mut self, incoming: &Incoming<'_>, code: FailureCode, text: &str) {
        self.registry.report_here(&self.client, incoming.command, code, text);
    }
}
