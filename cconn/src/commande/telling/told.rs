//! What is told when: the beginning and the end of a connection, and each command between them.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "metrics")]
use super::meters;
#[cfg(feature = "tracing")]
use super::spans;
use crate::client::Client;
use crate::commande::{Registry, fence};
use crate::erreur::{Erreur, NatureDistante, Resultat};
use crate::link::{Incoming, Link, Outcome, Runner};
use crate::wire::{Answering, FailureCode};

/// What is told of one connection while it lasts; kept with the connection.
struct Connection {
    #[cfg(feature = "tracing")]
    span: spans::Connection,
    #[cfg(feature = "metrics")]
    meters: meters::Connection,
}

/// A connection whose greeting is done begins.
pub(crate) fn begin_connection(link: &Arc<Link>) {
    let begin = || Connection {
        #[cfg(feature = "tracing")]
        span: spans::Connection::begin(link),
        #[cfg(feature = "metrics")]
        meters: meters::Connection::begin(link),
    };
    // Made outside of the place: a subscriber is the program's code, and may ask for anything.
    if let Some(connection) = fence(begin) {
        let connection = Arc::new(connection);
        let _kept = link.telling.get_or(|| connection);
    }
}

/// A connection has ended. Later calls for the same one say nothing.
pub(crate) fn end_connection(link: &Arc<Link>) {
    let Some(connection) = link.telling.take() else { return };
    let Some(connection) = connection.downcast_ref::<Connection>() else { return };
    let how = Client::within(link).result_of_end();
    let _panicked = fence(|| connection.end(link, &how));
}

impl Connection {
    fn end(&self, link: &Link, how: &Resultat<()>) {
        #[cfg(feature = "tracing")]
        self.span.end(link, how);
        #[cfg(feature = "metrics")]
        self.meters.end(link, how.is_ok());
    }
}

/// A newcomer did not become a client.
#[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "it is only counted"))]
pub(crate) fn refused(newcomer: &str, why: &Erreur) {
    let tell = || {
        #[cfg(feature = "tracing")]
        spans::refused(newcomer, why);
        #[cfg(feature = "metrics")]
        meters::refused();
    };
    let _panicked = fence(tell);
}

/// Runs commands with another runner, and tells of each.
struct Telling<'a> {
    registry: &'a Registry,
    runner: Box<dyn Runner + 'a>,
    #[cfg(feature = "tracing")]
    spans: spans::Commands,
    #[cfg(feature = "metrics")]
    meters: meters::Commands,
}

/// A runner that tells of the commands that this one runs, on one thread of a connection.
pub(in crate::commande) fn telling<'a>(
    registry: &'a Registry,
    link: &Arc<Link>,
    runner: Box<dyn Runner + 'a>,
) -> Box<dyn Runner + 'a> {
    Box::new(Telling {
        registry,
        runner,
        #[cfg(feature = "tracing")]
        spans: spans::Commands::of(link, &span_of(link)),
        #[cfg(feature = "metrics")]
        meters: meters::Commands::of(link),
    })
}

impl Runner for Telling<'_> {
    fn run(&mut self, incoming: &Incoming<'_>, out: &mut Answering) -> Outcome {
        let registry = self.registry;
        let mut ended = None;
        let run = |out: &mut Answering| *ended.insert(self.runner.run(incoming, out));
        #[cfg(feature = "metrics")]
        let run = |out: &mut Answering| self.meters.run(registry, incoming, out, run);
        #[cfg(feature = "tracing")]
        let run = |out: &mut Answering| self.spans.run(registry, incoming, out, run);
        let _panicked = fence(|| run(out));
        // Whoever was told may have panicked, before the command or after it.
        ended.unwrap_or_else(|| self.runner.run(incoming, out))
    }

    fn not_sent(&mut self, incoming: &Incoming<'_>, outcome: Outcome, code: FailureCode) {
        self.runner.not_sent(incoming, outcome, code);
        let tell = || {
            #[cfg(feature = "tracing")]
            self.spans.not_sent(self.registry, incoming.command, code);
            #[cfg(feature = "metrics")]
            self.meters.not_sent(self.registry, incoming.command, code);
        };
        let _panicked = fence(tell);
    }

    fn failed(&mut self, incoming: &Incoming<'_>, code: FailureCode, text: &str) {
        self.runner.failed(incoming, code, text);
    }
}

/// The span of a connection, for those of its commands.
#[cfg(feature = "tracing")]
fn span_of(link: &Link) -> tracing::Span {
    let none = || Arc::new(()) as Arc<dyn std::any::Any + Send + Sync>;
    let kept = link.telling.get_or(none);
    let connection = kept.as_ref().and_then(|kept| kept.downcast_ref::<Connection>());
    connection.map_or_else(tracing::Span::none, |connection| connection.span.span())
}

/// Which side of its connection this is.
pub(super) fn side(link: &Link) -> &'static str {
    if link.ends_with_handles { "client" } else { "server" }
}

/// How a command ended, as `crochets::Issue` and `NatureDistante` name it.
pub(super) struct Word(pub(super) Outcome);

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Outcome::Answer | Outcome::Later => f.write_str("Reponse"),
            Outcome::UserError => f.write_str("Refus"),
            Outcome::Failure(code) => write!(f, "{:?}", NatureDistante::from_code(code)),
        }
    }
}

/// The bytes that a command has added to its answer.
pub(super) fn added(before: usize, out: &Answering) -> u32 {
    u32::try_from(out.len().saturating_sub(before)).unwrap_or(u32::MAX)
}
