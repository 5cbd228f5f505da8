//! What a thread of one connection needs to run commands, made once for the thread.

use std::any::Any;
use std::cell::OnceCell;
use std::sync::Arc;

use super::registry::RecentlyRun;
use super::shelf::Shelf;
use super::{Around, Context, Registry, fence};
use crate::client::Client;
use crate::link::{Incoming, Link, Outcome, Runner};
use crate::wire::{Answering, FailureCode};

/// The values that the commands of one thread may be handed.
#[derive(Default)]
pub(crate) struct Hands {
    pub(super) states: Arc<Shelf>,
    /// The sessions of the connection, looked up by the first command that is handed one.
    sessions: OnceCell<Arc<Shelf>>,
    around: Option<Arc<Around>>,
}

impl Hands {
    pub(super) fn of(registry: &Registry) -> Self {
        let around = registry.hooks().around;
        Hands { states: registry.states(), sessions: OnceCell::new(), around }
    }

    #[inline]
    pub(super) fn sessions(&self, client: &Client) -> &Shelf {
        self.sessions.get_or_init(|| sessions(&client.link))
    }
}

/// The sessions of a connection. Of an ended one there are none left; what is put there then is
/// dropped with the thread that asked.
pub(super) fn sessions(link: &Link) -> Arc<Shelf> {
    let shelf = link.attachment.get_or(|| Arc::new(Shelf::default()));
    shelf.and_then(|shelf| shelf.downcast().ok()).unwrap_or_default()
}

/// Drops the sessions of a connection that has ended, once no command runs that was handed one.
pub(crate) fn end_sessions(link: &Link) {
    let shelf = link.attachment.take();
    let _panicked = fence(|| drop(shelf));
}

/// Runs commands on one thread of a connection.
pub(crate) struct RegistryRunner<'a> {
    registry: &'a Registry,
    client: Client,
    serveur: Option<Box<dyn Any + Send + Sync>>,
    known: RecentlyRun,
    hands: Hands,
}

impl<'a> RegistryRunner<'a> {
    /// The server of this connection, if it has one.
    pub(crate) fn new(
        registry: &'a Registry,
        link: &Arc<Link>,
        serveur: Option<Box<dyn Any + Send + Sync>>,
    ) -> Self {
        let (client, hands) = (Client::within(link), Hands::of(registry));
        RegistryRunner { registry, client, serveur, known: RecentlyRun::default(), hands }
    }
}

/// Runs a command that hooks stand around. A function of its own, so that a command without hooks
/// is run in line.
#[cold]
fn run_around(
    around: &Around,
    registry: &Registry,
    known: &mut RecentlyRun,
    context: &Context<'_>,
    incoming: &Incoming<'_>,
    out: &mut Answering,
) -> Outcome {
    around.run(registry, context.client, incoming, out, |out| {
        registry.run(known, context, incoming, out)
    })
}

impl Runner for RegistryRunner<'_> {
    fn run(&mut self, incoming: &Incoming<'_>, out: &mut Answering) -> Outcome {
        let RegistryRunner { registry, client, serveur, known, hands } = self;
        let (serveur, stream) = (serveur.as_deref(), incoming.stream);
        let context = Context { client, serveur, hands, stream };
        match &hands.around {
            None => registry.run(known, &context, incoming, out),
            Some(around) => run_around(around, registry, known, &context, incoming, out),
        }
    }

    fn failed(&mut self, incoming: &Incoming<'_>, code: FailureCode, text: &str) {
        self.registry.report_here(&self.client, incoming.command, code, text);
    }
}
