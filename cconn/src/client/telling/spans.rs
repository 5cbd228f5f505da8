//! Spans of the calls that this side makes, for the program's tracing subscriber.
//!
//! The span of a call stands in the one that its thread is in, and the command at the peer has it
//! as its parent: so the spans of several programs nest. A subscriber is the program's code, which
//! may panic: that harms no call.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use tracing::field::Empty;
use tracing::{Span, info_span};

use crate::client::Client;
use crate::contexte::{Contexte, Trace};
use crate::erreur::{Erreur, NatureDistante, Resultat};
use crate::link::Answer;
use crate::message::Entete;
use crate::wire::{CallId, Outgoing};

/// How many bytes the encoded arguments of a call take; `None` until they are encoded.
#[derive(Default)]
pub(in crate::client) struct Sent(Cell<Option<usize>>);

/// The place where the size of a call is noted.
#[derive(Clone, Copy)]
pub(in crate::client) struct Size<'a>(&'a Sent);

impl Size<'_> {
    pub(in crate::client) fn note(self, frame: &Outgoing<&[u8]>) {
        self.0.0.set(Some(frame.arguments_of_call()));
    }
}

/// The span of one call.
struct Call {
    span: Span,
    began: Instant,
    trace: Trace,
}

/// What is told of a deferred call while it is under way. Dropping it tells that the call was given
/// up, unless it has ended.
pub(in crate::client) struct Told(Option<Call>);

/// A call whose answer the calling thread waits for.
pub(in crate::client) fn called(
    client: &Client,
    head: &Entete<'_>,
    call: impl FnOnce(Size<'_>) -> Resultat<Answer>,
) -> Resultat<Answer> {
    let sent = Sent::default();
    let Some(told) = Call::begin(client, head) else { return call(Size(&sent)) };
    let answer = told.within(|| call(Size(&sent)));
    fence(|| told.note_size(&sent));
    let mut told = Told(Some(told));
    match &answer {
        Ok(answer) => told.answered(answer),
        Err(error) => told.failed(error),
    }
    answer
}

/// A call whose answer is waited for later.
pub(in crate::client) fn deferred(
    client: &Client,
    head: &Entete<'_>,
    call: impl FnOnce(Size<'_>) -> Resultat<CallId>,
) -> Resultat<(CallId, Told)> {
    let sent = Sent::default();
    let Some(told) = Call::begin(client, head) else { return Ok((call(Size(&sent))?, Told(None))) };
    let opened = told.within(|| call(Size(&sent)));
    fence(|| told.note_size(&sent));
    let mut told = Told(Some(told));
    match opened {
        Ok(call) => Ok((call, told)),
        Err(error) => {
            told.failed(&error);
            Err(error)
        }
    }
}

impl Call {
    /// The span of a call that begins; `None` if nobody records it.
    fn begin(client: &Client, head: &Entete<'_>) -> Option<Call> {
        let begin = || {
            let span = info_span!(
                target: "cconn::call",
                "cconn.call",
                otel.name = Empty,
                otel.kind = "client",
                otel.status_code = Empty,
                command = Empty,
                connection = number(client.id()),
                bytes = Empty,
                trace_id = Empty,
                span_id = Empty,
                parent_id = Empty,
                outcome = Empty,
                answer_bytes = Empty,
                duration_us = Empty,
            );
            if span.is_disabled() {
                return None;
            }
            let outer = Contexte::actuel().trace();
            let trace = outer.map_or_else(Trace::nouvelle, |outer| outer.partie());
            span.record("command", head.nom());
            span.record("otel.name", head.nom());
            note_trace(&span, &trace);
            Some(Call { span, began: Instant::now(), trace })
        };
        fence(begin).flatten()
    }

    /// Runs what sends the call, and perhaps waits, inside its span and as a part of its trace.
    fn within<T>(&self, run: impl FnOnce() -> T) -> T {
        let context = Contexte::actuel().avec_trace(self.trace);
        let entered = fence(|| self.span.enter());
        // An iterator that feeds the call may panic: the span is left all the same.
        let done = catch_unwind(AssertUnwindSafe(|| context.dans(run)));
        fence(|| drop(entered));
        done.unwrap_or_else(|payload| resume_unwind(payload))
    }

    fn note_size(&self, sent: &Sent) {
        if let Some(size) = sent.0.get() {
            self.span.record("bytes", number(size));
        }
    }

    /// The call is over: notes how it ended, and closes the span.
    fn end(self, outcome: &str, failed: bool) {
        fence(move || {
            self.span.record("outcome", outcome);
            self.span.record("duration_us", number(self.began.elapsed().as_micros()));
            if failed {
                self.span.record("otel.status_code", "ERROR");
            }
        });
    }
}

impl Told {
    /// The peer has answered.
    pub(in crate::client) fn answered(&mut self, answer: &Answer) {
        let Some(call) = self.0.take() else { return };
        fence(|| call.span.record("answer_bytes", number(answer.size())));
        match answer {
            Answer::Value(_) | Answer::Stream(_) => call.end("Reponse", false),
            Answer::UserError(_) => call.end("Refus", false),
            Answer::Failure { code, .. } => {
                call.end(&format!("{:?}", NatureDistante::from_code(*code)), true);
            }
        }
    }

    /// An error of this side has ended the call.
    pub(in crate::client) fn failed<E>(&mut self, error: &Erreur<E>) {
        if let Some(call) = self.0.take() {
            call.end(word(error), true);
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call.end("Abandonnee", false);
        }
    }
}

/// An error of this side, by its name.
fn word<E>(error: &Erreur<E>) -> &'static str {
    match error {
        Erreur::NonEnvoyee(_) => "NonEnvoyee",
        Erreur::Annulee(_) => "Annulee",
        Erreur::Delai(_) => "Delai",
        Erreur::Fermee(_) => "Fermee",
        Erreur::Codage(_) => "Codage",
        Erreur::Usage(_) => "Usage",
        _ => "Echec",
    }
}

/// Notes which trace a span belongs to.
pub(crate) fn note_trace(span: &Span, trace: &Trace) {
    let hex = |id: [u8; 8]| format!("{:016x}", u64::from_be_bytes(id));
    span.record("trace_id", trace.id_hexa());
    span.record("span_id", hex(trace.span()));
    if let Some(parent) = trace.parent() {
        span.record("parent_id", hex(parent));
    }
}

/// A number as OpenTelemetry has it: it knows no unsigned ones.
pub(crate) fn number(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

/// Runs the subscriber's code; `None` if it panicked.
fn fence<T>(run: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // The payload is the program's too, and may panic when it is dropped.
            std::mem::forget(payload);
            None
        }
    }
}
