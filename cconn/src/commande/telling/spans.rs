//! Spans of connections and commands, for the program's tracing subscriber.
//!
//! A command whose span is recorded belongs to a trace, its caller's or one that begins with it, so
//! that what it calls in turn is told apart from all else, in other processes too.

use std::sync::Arc;
use std::time::Instant;

use tracing::field::{Empty, display};
use tracing::{Span, info_span};

use super::told::{Word, added, side};
use crate::client::telling::{note_trace, number};
use crate::commande::Registry;
use crate::contexte::{Contexte, Trace};
use crate::erreur::{Erreur, Resultat};
use crate::link::{Incoming, Link, Outcome};
use crate::text::Harmless;
use crate::wire::{Answering, FailureCode};

/// The span of one connection, from its greeting to its end.
pub(super) struct Connection(Span);

impl Connection {
    pub(super) fn begin(link: &Arc<Link>) -> Self {
        // Without a parent: a connection outlives the work in which it was made.
        Connection(info_span!(
            target: "cconn::connection",
            parent: None,
            "cconn.connection",
            connection = number(link.identity.id),
            peer = link.identity.label(),
            side = side(link),
            outcome = Empty,
            reason = Empty,
            duration_us = Empty,
        ))
    }

    pub(super) fn span(&self) -> Span {
        self.0.clone()
    }

    pub(super) fn end(&self, link: &Link, how: &Resultat<()>) {
        self.0.record("outcome", if how.is_ok() { "ended" } else { "lost" });
        if let Err(error) = how {
            self.0.record("reason", display(error));
        }
        self.0.record("duration_us", number(link.age().as_micros()));
    }
}

pub(super) fn refused(newcomer: &str, why: &Erreur) {
    tracing::warn!(
        target: "cconn::connection",
        peer = newcomer,
        reason = %why,
        "a newcomer did not become a client"
    );
}

/// Makes the spans of the commands that one thread runs.
pub(super) struct Commands {
    connection: Span,
    id: u64,
}

impl Commands {
    pub(super) fn of(link: &Link, connection: &Span) -> Self {
        Commands { connection: connection.clone(), id: link.identity.id }
    }

    pub(super) fn run(
        &self,
        registry: &Registry,
        incoming: &Incoming<'_>,
        out: &mut Answering,
        run: impl FnOnce(&mut Answering) -> Outcome,
    ) -> Outcome {
        let span = info_span!(
            target: "cconn::command",
            parent: &self.connection,
            "cconn.command",
            otel.name = Empty,
            otel.kind = "server",
            otel.status_code = Empty,
            command = Empty,
            connection = number(self.id),
            bytes = number(incoming.size()),
            depth = Empty,
            trace_id = Empty,
            span_id = Empty,
            parent_id = Empty,
            outcome = Empty,
            answer_bytes = Empty,
            duration_us = Empty,
        );
        if span.is_disabled() {
            return run(out);
        }
        run_in(&span, &registry.name(incoming.command), out, run)
    }

    pub(super) fn not_sent(&self, registry: &Registry, command: u64, code: FailureCode) {
        tracing::warn!(
            target: "cconn::command",
            parent: &self.connection,
            command = %Harmless(&registry.name(command)),
            outcome = %Word(Outcome::Failure(code)),
            "what a command returned could not be sent"
        );
    }
}

fn run_in(
    span: &Span,
    name: &str,
    out: &mut Answering,
    run: impl FnOnce(&mut Answering) -> Outcome,
) -> Outcome {
    let context = Contexte::actuel();
    let (trace, is_new) = match context.trace() {
        Some(trace) => (trace, false),
        None => (Trace::nouvelle(), true),
    };
    note_work(span, name, &trace, context.profondeur());
    let (before, began) = (out.len(), Instant::now());
    let outcome = span
        .in_scope(|| if is_new { context.avec_trace(trace).dans(|| run(out)) } else { run(out) });
    span.record("outcome", display(Word(outcome)));
    span.record("answer_bytes", number(added(before, out)));
    span.record("duration_us", number(began.elapsed().as_micros()));
    if let Outcome::Failure(_) = outcome {
        span.record("otel.status_code", "ERROR");
    }
    outcome
}

/// Notes what a command is called and which trace it belongs to.
fn note_work(span: &Span, name: &str, trace: &Trace, depth: Option<u8>) {
    span.record("command", name);
    span.record("otel.name", name);
    span.record("depth", number(depth.unwrap_or_default()));
    note_trace(span, trace);
}
