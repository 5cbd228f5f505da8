//! Joins the spans of cconn's commands to OpenTelemetry: what a program needs besides the feature
//! `tracing`, to be copied into it.
//!
//! Each command belongs to a trace, and has the id of a span in it, which what it calls carries on.
//! OpenTelemetry is given those ids, so that its spans are linked as the commands are.

use std::cell::Cell;

use cconn::Resultat;
use cconn::contexte::{Contexte, Trace};
use cconn::crochets::Execution;
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags, TraceState, TracerProvider};
use opentelemetry::{Context, SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::{Layer, SubscriberExt};

thread_local! {
    /// The trace of the command whose span this thread is about to start.
    static STARTING: Cell<Option<Trace>> = const { Cell::new(None) };
}

/// Gives the span of a command the ids that cconn has chosen for it, and any other span new ones.
#[derive(Debug, Default)]
struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        let chosen = STARTING.get().map(|trace| TraceId::from_bytes(trace.id()));
        chosen.unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        let chosen = STARTING.get().map(|trace| SpanId::from_bytes(trace.span()));
        chosen.unwrap_or_else(|| self.0.new_span_id())
    }
}

/// Sends the spans of this program to OpenTelemetry, from now on and until the value that comes
/// back is shut down.
pub fn install(program: &'static str) -> SdkTracerProvider {
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(opentelemetry_stdout::SpanExporter::default())
        .with_id_generator(Ids::default())
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(program))
        // The span of a command is started by the hook below, and not when it is entered.
        .with_context_activation(false)
        .with_location(false)
        .with_threads(false)
        // The span of a connection lasts as long as that, and would be the parent of too much.
        // OpenTelemetry would give that of a call an id of its own, which the peer can't know: a
        // call that nobody records hands its caller's id over.
        .with_filter(tracing_subscriber::filter::filter_fn(|metadata| {
            !matches!(metadata.target(), "cconn::connection" | "cconn::call")
        }));
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::set_global_default(subscriber).expect("no subscriber is installed yet");
    provider
}

/// The hook `avant_commande` of both sides: starts the span of the command with the ids that cconn
/// has chosen, and as a part of the caller's span.
#[expect(clippy::unnecessary_wraps, reason = "that is the form of such a hook")]
pub fn begins(_: &Execution<'_>) -> Resultat<()> {
    if let Some(trace) = Contexte::actuel().trace() {
        let span = Span::current();
        let caller = trace.parent().map(|caller| remote(&trace, caller)).unwrap_or_default();
        STARTING.set(Some(trace));
        // A span that is not recorded has no parent either.
        let _not_recorded = span.set_parent(caller);
        let _started = span.context();
        STARTING.set(None);
    }
    Ok(())
}

fn remote(trace: &Trace, caller: [u8; 8]) -> Context {
    let (id, span) = (TraceId::from_bytes(trace.id()), SpanId::from_bytes(caller));
    let flags = TraceFlags::new(trace.drapeaux());
    Context::new().with_remote_span_context(SpanContext::new(
        id,
        span,
        flags,
        true,
        TraceState::NONE,
    ))
}

/// Runs `f`, whose calls are a part of the span that the thread is in. Needed outside of commands
/// only, where a trace begins.
pub fn calling<R>(f: impl FnOnce() -> R) -> R {
    let context = Span::current().context();
    let (span, here) = (context.span(), Contexte::actuel());
    let span = span.span_context();
    let (id, own) = (span.trace_id().to_bytes(), span.span_id().to_bytes());
    match Trace::de_parties(id, own, span.trace_flags().to_u8()) {
        Ok(trace) => here.avec_trace(trace).dans(f),
        Err(_) => f(),
    }
}
