//! What a thread of one connection needs to run commands, made once for the thread.

use std::any::Any;
use std::cell::OnceCell;
use std::sync::Arc;

use super::registry::RecentlyRun;
use super::shelf::Shelf;
use super::tally::Counter;
use super::telling::telling;
use super::{Around, Context, Registry, fence};
use crate::client::Client;
use crate::codec;
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

/// What runs commands on one thread of a connection. `serveur`: the server of this connection, if
/// it has one.
pub(crate) fn runner<'a>(
    registry: &'a Registry,
    link: &Arc<Link>,
    serveur: Option<Box<dyn Any + Send + Sync>>,
) -> Box<dyn Runner + 'a> {
    telling(registry, link, untold(registry, link, serveur))
}

/// What runs commands and tells nobody of them.
fn untold<'a>(
    registry: &'a Registry,
    link: &Arc<Link>,
    serveur: Option<Box<dyn Any + Send + Sync>>,
) -> Box<dyn Runner + 'a> {
    let (client, hands) = (Client::within(link), Hands::of(registry, serveur));
    let plain = RegistryRunner { registry, client, known: RecentlyRun::default(), hands };
    let around = registry.hooks().around;
    let counter = registry.tallies.as_ref().map(|tallies| Counter::new(tallies, link.identity.id));
    if around.is_none() && counter.is_none() {
        return Box::new(plain);
    }
    Box::new(Surrounded { plain, around, counter })
}

/// Runs commands around which nothing of the program's stands, and which are not counted.
struct RegistryRunner<'a> {
    registry: &'a Registry,
    client: Client,
    known: RecentlyRun,
    hands: Hands,
}

impl Runner for RegistryRunner<'_> {
    fn run(&mut self, incoming: &Incoming<'_>, out: &mut Answering) -> Outcome {
        let RegistryRunner { registry, client, known, hands } = self;
        let context = Context { client, hands, stream: incoming.stream };
        if codec::is_long(incoming.body.len()) {
            return run_long(registry, known, &context, incoming, out);
        }
        registry.run(known, &context, incoming, false, out)
    }

    fn failed(&mut self, incoming: &Incoming<'_>, code: FailureCode, text: &str) {
        self.registry.report_here(&self.client, incoming.command, code, text);
    }
}

/// Runs a command whose arguments count in the memory of decoded values for as long as it runs. A
/// function of its own, so that others are run in line.
#[inline(never)]
fn run_long(
    registry: &Registry,
    known: &mut RecentlyRun,
    context: &Context<'_>,
    incoming: &Incoming<'_>,
    out: &mut Answering,
) -> Outcome {
    codec::counted(|| registry.run(known, context, incoming, false, out))
}

/// Runs commands around which something of the program's stands, or which are counted. A type of
/// its own, so that plain commands need not ask for either.
struct Surrounded<'a> {
    plain: RegistryRunner<'a>,
    around: Option<Arc<Around>>,
    counter: Option<Counter>,
}

impl Runner for Surrounded<'_> {
    fn run(&mut self, incoming: &Incoming<'_>, out: &mut Answering) -> Outcome {
        let Surrounded {
            plain: RegistryRunner { registry, client, known, hands },
            around,
            counter,
        } = self;
        let context = Context { client, hands, stream: incoming.stream };
        let run = || match around {
            None => registry.run(known, &context, incoming, false, out),
            Some(around) => around.run(registry, client, incoming, out, |out| {
                registry.run(known, &context, incoming, true, out)
            }),
        };
        match counter {
            None => codec::counted(run),
            Some(counter) => counter.run(registry, incoming.command, || codec::counted(run)),
        }
    }

    fn not_sent(&mut self, incoming: &Incoming<'_>, outcome: Outcome, code: FailureCode) {
        if let Some(counter) = &mut self.counter {
            counter.not_sent(incoming.command, outcome, code);
        }
    }

    fn failed(&mut self, incoming: &Incoming<'_>, code: FailureCode, text: &str) {
        self.plain.failed(incoming, code, text);
    }
}
