//! Counters, gauges and histograms of connections and commands, for the program's recorder. Their
//! names are listed in the guide's page `observing.md`.
//!
//! Only commands that are registered have a series of their own, so a peer that makes names up
//! makes no table of the recorder's grow.

use std::sync::Once;
use std::time::Instant;

use metrics::{
    Counter, Gauge, Histogram, SharedString, Unit, counter, describe_counter, describe_gauge,
    describe_histogram, gauge, histogram,
};

use super::told::{Word, added, side};
use crate::commande::{Integree, Registry};
use crate::link::{Incoming, Link, Outcome};
use crate::wire::{Answering, FailureCode};

const CONNECTIONS: &str = "cconn_connections";
const CONNECTIONS_BEGUN: &str = "cconn_connections_total";
const CONNECTIONS_ENDED: &str = "cconn_connections_ended_total";
const CONNECTION_TIME: &str = "cconn_connection_duration_seconds";
const REFUSED: &str = "cconn_refused_total";
const COMMANDS: &str = "cconn_commands_total";
const RUNNING: &str = "cconn_commands_running";
const COMMAND_TIME: &str = "cconn_command_duration_seconds";
const ARGUMENT_BYTES: &str = "cconn_command_bytes";
const ANSWER_BYTES: &str = "cconn_answer_bytes";
const NOT_SENT: &str = "cconn_answers_not_sent_total";

/// The label of commands that are not there.
const UNKNOWN: &str = "(unknown)";

/// Tells the recorder once what the names mean.
fn describe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        describe_gauge!(CONNECTIONS, Unit::Count, "connections that are open");
        describe_counter!(CONNECTIONS_BEGUN, Unit::Count, "connections that have begun");
        describe_counter!(CONNECTIONS_ENDED, Unit::Count, "connections that have ended");
        describe_histogram!(CONNECTION_TIME, Unit::Seconds, "how long connections lasted");
        describe_counter!(REFUSED, Unit::Count, "newcomers that did not become clients");
        describe_counter!(COMMANDS, Unit::Count, "commands that have ended, by outcome");
        describe_gauge!(RUNNING, Unit::Count, "commands that run");
        describe_histogram!(COMMAND_TIME, Unit::Seconds, "how long commands took");
        describe_histogram!(ARGUMENT_BYTES, Unit::Bytes, "the size of encoded arguments");
        describe_histogram!(ANSWER_BYTES, Unit::Bytes, "the size of encoded answers");
        describe_counter!(NOT_SENT, Unit::Count, "answers that could not be sent");
    });
}

/// One connection, counted from its greeting to its end.
pub(super) struct Connection(&'static str);

impl Connection {
    pub(super) fn begin(link: &Link) -> Self {
        describe();
        let side = side(link);
        counter!(CONNECTIONS_BEGUN, "side" => side).increment(1);
        gauge!(CONNECTIONS, "side" => side).increment(1);
        Connection(side)
    }

    pub(super) fn end(&self, link: &Link, in_order: bool) {
        let Connection(side) = *self;
        let outcome = if in_order { "ended" } else { "lost" };
        counter!(CONNECTIONS_ENDED, "side" => side, "outcome" => outcome).increment(1);
        gauge!(CONNECTIONS, "side" => side).decrement(1);
        histogram!(CONNECTION_TIME, "side" => side).record(link.age());
    }
}

pub(super) fn refused() {
    describe();
    counter!(REFUSED).increment(1);
}

/// Counts the commands that one thread runs.
pub(super) struct Commands {
    side: &'static str,
    /// The series of commands that the thread has run lately.
    known: [Option<Series>; 4],
}

/// The series of one command, looked up once by a thread.
struct Series {
    hash: u64,
    name: SharedString,
    running: Gauge,
    time: Histogram,
    argument_bytes: Histogram,
    answer_bytes: Histogram,
    answered: Counter,
}

impl Series {
    #[cold]
    fn of(registry: &Registry, side: &'static str, hash: u64) -> Self {
        let name = name(registry, hash);
        Series {
            hash,
            running: gauge!(RUNNING, "side" => side, "command" => name.clone()),
            time: histogram!(COMMAND_TIME, "side" => side, "command" => name.clone()),
            argument_bytes: histogram!(ARGUMENT_BYTES, "side" => side, "command" => name.clone()),
            answer_bytes: histogram!(ANSWER_BYTES, "side" => side, "command" => name.clone()),
            answered: ended(side, &name, Outcome::Answer),
            name,
        }
    }
}

/// How often a command ended in that way.
fn ended(side: &'static str, name: &SharedString, outcome: Outcome) -> Counter {
    let outcome = Word(outcome).to_string();
    counter!(COMMANDS, "side" => side, "command" => name.clone(), "outcome" => outcome)
}

/// The name of a command for its series.
fn name(registry: &Registry, hash: u64) -> SharedString {
    match (registry.find(hash), Integree::of(hash)) {
        (Some(command), _) => SharedString::from(command.name.to_string()),
        (None, Some(builtin)) => SharedString::const_str(builtin.nom()),
        (None, None) => SharedString::const_str(UNKNOWN),
    }
}

impl Commands {
    pub(super) fn of(link: &Link) -> Self {
        Commands { side: side(link), known: Default::default() }
    }

    pub(super) fn run(
        &mut self,
        registry: &Registry,
        incoming: &Incoming<'_>,
        out: &mut Answering,
        run: impl FnOnce(&mut Answering) -> Outcome,
    ) -> Outcome {
        let (side, before) = (self.side, out.len());
        let arguments = u32::try_from(incoming.size()).unwrap_or(u32::MAX);
        let Some(series) = self.series(registry, incoming.command) else { return run(out) };
        series.running.increment(1);
        let began = Instant::now();
        let outcome = run(out);
        series.time.record(began.elapsed());
        series.running.decrement(1);
        series.argument_bytes.record(f64::from(arguments));
        series.answer_bytes.record(f64::from(added(before, out)));
        match outcome {
            Outcome::Answer | Outcome::Later => series.answered.increment(1),
            Outcome::UserError | Outcome::Failure(_) => {
                ended(side, &series.name, outcome).increment(1);
            }
        }
        outcome
    }

    /// The series of a command; those of commands that are not there are one.
    fn series(&mut self, registry: &Registry, hash: u64) -> Option<&Series> {
        let Commands { side, known } = self;
        let place = known.get_mut(usize::from((hash % 4) as u8))?;
        if place.as_ref().is_none_or(|series| series.hash != hash) {
            *place = Some(Series::of(registry, side, hash));
        }
        place.as_ref()
    }

    pub(super) fn not_sent(&self, registry: &Registry, command: u64, code: FailureCode) {
        let (name, outcome) = (name(registry, command), Word(Outcome::Failure(code)).to_string());
        let side = self.side;
        counter!(NOT_SENT, "side" => side, "command" => name, "outcome" => outcome).increment(1);
    }
}
