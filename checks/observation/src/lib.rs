//! A tracing subscriber that remembers: the spans of cconn, what stood in them, and the events
//! inside them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// A span or an event, as it was told.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The span's name; "event" for an event.
    pub name: String,
    /// The fields by name, as texts.
    pub fields: BTreeMap<String, String>,
    /// The number of the span that it stands in.
    pub parent: Option<u64>,
    /// The span's number while it is open.
    pub id: Option<u64>,
    /// Whether the span is over.
    pub closed: bool,
}

impl Seen {
    /// A field as a text; empty if it was not told.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

static SEEN: Mutex<Vec<Seen>> = Mutex::new(Vec::new());

fn seen<R>(with: impl FnOnce(&mut Vec<Seen>) -> R) -> R {
    with(&mut SEEN.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Begins to remember, in this whole process.
///
/// # Panics
///
/// If the process has another subscriber already.
pub fn observe() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let subscriber = tracing_subscriber::registry().with(Remembers);
        tracing::subscriber::set_global_default(subscriber).expect("there is no other subscriber");
    });
}

/// All that was told so far and fits, in its order.
pub fn observed(fits: impl Fn(&Seen) -> bool) -> Vec<Seen> {
    seen(|all| all.iter().filter(|one| fits(one)).cloned().collect())
}

/// The spans of the commands of that name.
#[must_use]
pub fn commands(name: &str) -> Vec<Seen> {
    observed(|one| one.name == "cconn.command" && one.field("command") == name)
}

/// The spans of the calls of commands of that name.
#[must_use]
pub fn calls(name: &str) -> Vec<Seen> {
    observed(|one| one.name == "cconn.call" && one.field("command") == name)
}

struct Remembers;

/// The name of a command at which the subscriber panics.
pub const FATAL: &str = "tr_fatale";

/// The name of a command at whose call the subscriber panics when the span is entered, left and
/// closed.
pub const FATAL_LATER: &str = "tr_fatale_plus_tard";

/// Panics if that is the span of such a call.
fn spoil<S: Subscriber + for<'a> LookupSpan<'a>>(id: &Id, context: &Context<'_, S>) {
    let is_call = context.span(id).is_some_and(|span| span.name() == "cconn.call");
    let is_meant = is_call
        && seen(|all| latest(all, id).is_some_and(|span| span.field("command") == FATAL_LATER));
    assert!(!is_meant, "on purpose");
}

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

/// The latest span of that number: numbers are used again.
fn latest<'a>(all: &'a mut [Seen], id: &Id) -> Option<&'a mut Seen> {
    all.iter_mut().rev().find(|one| one.id == Some(id.into_u64()))
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Remembers {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = context.span(id).and_then(|span| span.parent()).map(|span| span.id());
        let name = attributes.metadata().name().to_owned();
        let (id, parent) = (Some(id.into_u64()), parent.map(|parent| parent.into_u64()));
        let mut new = Seen { name, parent, id, ..Seen::default() };
        attributes.record(&mut Fields(&mut new.fields));
        seen(|all| all.push(new));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut fields = BTreeMap::new();
        values.record(&mut Fields(&mut fields));
        assert!(fields.get("command").is_none_or(|command| command != FATAL), "on purpose");
        seen(|all| {
            if let Some(span) = latest(all, id) {
                values.record(&mut Fields(&mut span.fields));
            }
        });
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let parent = context.event_span(event).map(|span| span.id().into_u64());
        let mut new = Seen { name: "event".to_owned(), parent, ..Seen::default() };
        event.record(&mut Fields(&mut new.fields));
        seen(|all| all.push(new));
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        spoil(id, &context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        spoil(id, &context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        seen(|all| {
            if let Some(span) = latest(all, &id) {
                span.closed = true;
            }
        });
        spoil(&id, &context);
    }
}
