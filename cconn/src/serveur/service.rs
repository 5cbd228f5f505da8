//! The runner of a server's commands for its connections.

use std::any::Any;
use std::sync::{Arc, Weak};

use super::{Serveur, Shared};
use crate::client::Client;
use crate::commande::{Registry, end_connection, runner};
use crate::link::{Dispatch, Incoming, Kinds, Link, Notice, Outcome, Runner};
use crate::wire::{Answering, FailureCode};

/// Runs the server's commands for its connections.
pub(super) struct Service {
    registry: Arc<Registry>,
    /// Weak, because the server holds its connections.
    serveur: Weak<Shared>,
}

impl Service {
    pub(super) fn new(registry: Arc<Registry>, serveur: Weak<Shared>) -> Self {
        Service { registry, serveur }
    }
}

impl Dispatch for Service {
    fn runner<'a>(&'a self, link: &'a Arc<Link>) -> Box<dyn Runner + 'a> {
        match self.serveur.upgrade() {
            Some(shared) => {
                let serveur = Box::new(Serveur { shared });
                runner(&self.registry, link, Some(serveur))
            }
            None => {
                Box::new(WithoutServer { registry: &self.registry, client: Client::within(link) })
            }
        }
    }

    fn notice(&self, link: &Arc<Link>, notice: &Notice) {
        self.registry.report(link, notice);
    }

    fn ended(&self, link: &Arc<Link>) -> bool {
        end_connection(link);
        true
    }

    fn given(&self) -> Option<&dyn Any> {
        Some(&*self.registry)
    }

    fn accepted(&self, command: u64) -> Vec<u32> {
        self.registry.accepted(command)
    }
}

impl Kinds for Service {
    fn is_parallel(&self, command: u64) -> bool {
        self.registry.is_parallel(command)
    }

    fn name(&self, command: u64) -> Option<Box<str>> {
        Kinds::name(&*self.registry, command)
    }
}

/// Refuses all commands, because the server was gone when the thread started.
struct WithoutServer<'a> {
    registry: &'a Registry,
    client: Client,
}

impl Runner for WithoutServer<'_> {
    fn run(&mut self, _: &Incoming<'_>, _: &mut Answering) -> Outcome {
        Outcome::Failure(FailureCode::Closed)
    }

    fn failed(&mut self, incoming: &Incoming<'_>, code: FailureCode, text: &str) {
        self.registry.report_here(&self.client, incoming.command, code, text);
    }
}
