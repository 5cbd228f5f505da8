//! What a thread of one connection needs to run commands, made once for the thread.

use std::any::Any;
use std::cell::OnceCell;
use std::sync::Arc;

use super::registry::RecentlyRun;
use super::shelf::Shelf;
use super::tally::Counter;
use super::{Around, Context, Registry, fence};
use crate::client::Client;
use crate::link::{Incoming, Link, Outcome, Runner};
use crate::wire::{Answering, FailureCode};

/// The values that the commands of one thread may be handed.
#[derive(Default)]
pub(crate) struct Hands {
    /// The server of the connection, if it has one.
    pub(crate) serveur: Option<Box<dyn Any + Send + Sync>>,
    pub(super) states: Arc<Shelf>,
    /// The sessions of the connection, looked up by the first command that is handed one.
    sessions: OnceCell<Arc<Shelf>>,
}

impl Hands {
    pub(super) fn of(registry: &Registry, serveur: Option<Box<dyn Any + Send + Sync>>) -> Self {
        Hands { serveur, states: registry.states(), sessions: OnceCell::new() }
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
    known: RecentlyRun,
    hands: Hands,
    /// `None` if nothing of the program's and no figures stand around its commands.
    beside: Option<Box<Beside>>,
}

/// What happens beside each command of a thread.
struct Beside {
    around: Option<Arc<Around>>,
    counter: Option<Counter>,
}

impl Beside {
    fn of(registry: &Registry, link: &Link) -> Option<Box<Self>> {
        let around = registry.hooks().around;
        let counter =
            registry.tallies.as_ref().map(|tallies| Counter::new(tallies, link.identity.id));
        let any = around.is_some() || counter.is_some();
        any.then(|| Box::new(Beside { around, counter }))
    }
}

impl<'a> RegistryRunner<'a> {
    /// The server of this connection, if it has one.
    pub(crate) fn new(
        registry: &'a Registry,
        link: &Arc<Link>,
        serveur: Option<Box<dyn Any + Send + Sync>>,
    ) -> Self {
        let (client, hands) = (Client::within(link), Hands::of(registry, serveur));
        let (known, beside) = (RecentlyRun::default(), Beside::of(registry, link));
        RegistryRunner { registry, client, known, hands, beside }
    }
}

/// Runs a command beside which something happens. A function of its own, so that any other command
/// is run in line.
#[inline(never)]
fn run_beside(
    beside: &mut Beside,
    registry: &Registry,
    known: &mut RecentlyRun,
    context: &Context<'_>,
    incoming: &Incoming<'_>,
    out: &mut Answering,
) -> Outcome {
    let Beside { around, counter } = beside;
    let mut run = || match around {
        None => registry.run(known, context, incoming, false, out),
        Some(around) => around.run(registry, context.client, incoming, out, |out| {
            registry.run(known, context, incoming, true, out)
        }),
    };
    match counter {
        None => run(),
        Some(counter) => counter.run(registry, incoming.command, run),
    }
}

impl Runner for RegistryRunner<'_> {
    fn run(&mut self, incoming: &Incoming<'_>, out: &mut Answering) -> Outcome {
        let RegistryRunner { registry, client, known, hands, beside } = self;
        let context = Context { client, hands, stream: incoming.stream };
        match beside {
            None => registry.run(known, &context, incoming, false, out),
            Some(beside) => run_beside(beside, registry, known, &context, incoming, out),
        }
    }

    fn not_sent(&mut self, incoming: &Incoming<'_>, outcome: Outcome, code: FailureCode) {
        if let Some(counter) = self.beside.as_mut().and_then(|beside| beside.counter.as_mut()) {
            counter.not_sent(incoming.command, outcome, code);
        }
    }

    fn failed(&mut self, incoming: &Incoming<'_>, code: FailureCode, text: &str) {
        self.registry.report_here(&self.client, incoming.command, code, text);
    }
}
