//! Counting commands: how often each was asked for, how it ended, how long it took, and which run
//! now.
//!
//! A thread that runs commands has a `Counter` if the program has asked for figures, and else
//! nothing of this is there. Only commands that are registered have a tally, so a peer that makes
//! names up makes no table grow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Registry;
use super::builtin::Integree;
use crate::forme::{CLASSES, CommandeChiffree, Durees, EchecsComptes, EnCours, class};
use crate::link::Outcome;
use crate::order;
use crate::sync::Mutex;
use crate::table::Table;
use crate::wire::FailureCode;

/// The parts of a tally. The threads are spread over them, so that they seldom write to one place.
const SHARDS: usize = 4;

/// The failures that are counted apart; others are counted under the last one.
// [figures.codes]
const CODES: [FailureCode; 18] = [
    FailureCode::UnknownCommand,
    FailureCode::Signature,
    FailureCode::Arguments,
    FailureCode::NoResources,
    FailureCode::Expired,
    FailureCode::Forbidden,
    FailureCode::NotReady,
    FailureCode::Overloaded,
    FailureCode::UnexpectedStream,
    FailureCode::Panic,
    FailureCode::Handler,
    FailureCode::AnswerTooLarge,
    FailureCode::AnswerEncoding,
    FailureCode::AnswerDropped,
    FailureCode::Closed,
    FailureCode::OverloadedAfterwards,
    FailureCode::Unanswered,
    FailureCode::from_number(0x02ff),
];

/// What is counted for one program: for all connections of a server, or for those of a client.
#[derive(Debug)]
pub(crate) struct Tallies {
    begun: Instant,
    commands: Mutex<Table<Arc<Tally>>>,
    unknown: AtomicU64,
    /// What each thread runs now, by the number of its counter.
    threads: Mutex<Table<Arc<Place>>>,
    last: AtomicU64,
}

/// What is counted of one command.
#[derive(Debug)]
struct Tally {
    hash: u64,
    name: Box<str>,
    alias_of: Option<&'static str>,
    shards: [Shard; SHARDS],
}

/// A part of what is counted of one command.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Shard {
    answered: AtomicU64,
    refused: AtomicU64,
    failed: [AtomicU64; CODES.len()],
    nanos: AtomicU64,
    longest: AtomicU64,
    classes: Classes,
}

#[derive(Debug)]
struct Classes([AtomicU64; CLASSES]);

impl Default for Classes {
    fn default() -> Self {
        Classes([const { AtomicU64::new(0) }; CLASSES])
    }
}

/// What one thread runs now.
#[derive(Debug)]
struct Place {
    connection: u64,
    /// The hash of the command; 0 if the thread runs none.
    command: AtomicU64,
    /// When it began, in nanoseconds since counting began.
    since: AtomicU64,
}

/// Counts the commands that one thread of a connection runs.
pub(super) struct Counter {
    all: Arc<Tallies>,
    place: Arc<Place>,
    number: u64,
    shard: usize,
    /// Tallies of commands that the thread has run lately: it finds them again without a lock.
    known: [Option<Arc<Tally>>; 4],
}

fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Default for Tallies {
    fn default() -> Self {
        Tallies {
            begun: Instant::now(),
            commands: Mutex::default(),
            unknown: AtomicU64::new(0),
            threads: Mutex::default(),
            last: AtomicU64::new(0),
        }
    }
}

impl Shard {
    fn ended(&self, outcome: Outcome, nanos: u64) {
        match outcome {
            Outcome::Answer | Outcome::Later => count(&self.answered, 1),
            Outcome::UserError => count(&self.refused, 1),
            Outcome::Failure(code) => self.failed(code),
        }
        count(&self.nanos, nanos);
        if nanos > read(&self.longest) {
            self.longest.fetch_max(nanos, Ordering::Relaxed);
        }
        if let Some(class) = self.classes.0.get(class(nanos)) {
            count(class, 1);
        }
    }

    #[cold]
    fn failed(&self, code: FailureCode) {
        let at = CODES.iter().position(|known| *known == code);
        if let Some(counter) = self.failed.get(at.unwrap_or(CODES.len() - 1)) {
            count(counter, 1);
        }
    }
}

impl Counter {
    pub(super) fn new(all: &Arc<Tallies>, connection: u64) -> Self {
        let number = all.last.fetch_add(1, Ordering::Relaxed);
        let (command, since) = (AtomicU64::new(0), AtomicU64::new(0));
        let place = Arc::new(Place { connection, command, since });
        all.threads.lock().insert(number, place.clone());
        let shard = usize::try_from(number).unwrap_or_default() % SHARDS;
        Counter { all: all.clone(), place, number, shard, known: Default::default() }
    }

    /// Runs a command, and counts it.
    #[inline]
    pub(super) fn run(
        &mut self,
        registry: &Registry,
        command: u64,
        run: impl FnOnce() -> Outcome,
    ) -> Outcome {
        let Counter { all, place, shard, known, .. } = self;
        let Some(tally) = tally(known, all, registry, command) else {
            count(&all.unknown, 1);
            return run();
        };
        let start = Instant::now();
        place.since.store(nanos(start.saturating_duration_since(all.begun)), Ordering::Relaxed);
        place.command.store(command, Ordering::Relaxed);
        let outcome = run();
        place.command.store(0, Ordering::Relaxed);
        if let Some(shard) = tally.shards.get(*shard) {
            shard.ended(outcome, nanos(start.elapsed()));
        }
        outcome
    }

    /// Notes that what a command has returned could not be sent, for another reason than it gave.
    pub(super) fn not_sent(&mut self, command: u64, outcome: Outcome, code: FailureCode) {
        let place = command_place(command);
        let tally = self.known.get(place).and_then(Option::as_ref);
        let tally = tally.filter(|tally| tally.hash == command);
        let Some(shard) = tally.and_then(|tally| tally.shards.get(self.shard)) else { return };
        match outcome {
            Outcome::Answer => shard.answered.fetch_sub(1, Ordering::Relaxed),
            Outcome::UserError => shard.refused.fetch_sub(1, Ordering::Relaxed),
            Outcome::Failure(_) | Outcome::Later => return,
        };
        shard.failed(code);
    }
}

/// The tally of a command, if there is such a command.
#[inline]
fn tally<'a>(
    known: &'a mut [Option<Arc<Tally>>; 4],
    all: &Tallies,
    registry: &Registry,
    command: u64,
) -> Option<&'a Tally> {
    let place = known.get_mut(command_place(command))?;
    if place.as_ref().is_none_or(|tally| tally.hash != command) {
        *place = Some(all.of(registry, command)?);
    }
    place.as_deref()
}

/// The place of a command among those that a thread has run lately.
#[inline]
fn command_place(command: u64) -> usize {
    usize::from((command % 4) as u8)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.all.threads.lock().remove(self.number);
    }
}

impl Tallies {
    /// The tally of a command, if there is such a command.
    #[cold]
    fn of(&self, registry: &Registry, hash: u64) -> Option<Arc<Tally>> {
        if let Some(known) = self.commands.lock().get(hash) {
            return Some(known.clone());
        }
        let (name, alias_of) = match (registry.find(hash), Integree::of(hash)) {
            (Some(command), _) => ((*command.name).into(), command.alias_of),
            (None, Some(builtin)) => (builtin.nom().into(), None),
            (None, None) => return None,
        };
        let tally = Arc::new(Tally { hash, name, alias_of, shards: Default::default() });
        Some(self.commands.lock().get_or_insert_with(hash, || tally).clone())
    }

    pub(super) fn unknown(&self) -> u64 {
        read(&self.unknown)
    }

    pub(super) fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The commands that run now, the one that has run for longest first. `shown`: whether a name
    /// may be told.
    pub(super) fn running(&self, shown: impl Fn(u64) -> bool) -> Vec<EnCours> {
        let places: Vec<_> = self.threads.lock().values().cloned().collect();
        let now = nanos(self.begun.elapsed());
        let mut running: Vec<_> = places
            .iter()
            .filter_map(|place| {
                let command = Some(read(&place.command)).filter(|command| *command != 0)?;
                let depuis = Duration::from_nanos(now.saturating_sub(read(&place.since)));
                let name = self.commands.lock().get(command).map(|tally| tally.name.to_string());
                let commande = name.filter(|_| shown(command)).unwrap_or_default();
                Some(EnCours { commande, client: place.connection, depuis })
            })
            .collect();
        order::sort_by(&mut running, |one, other| other.depuis.cmp(&one.depuis));
        running
    }

    /// What is counted of each command that is `shown`, sorted by name.
    pub(super) fn commands(&self, shown: impl Fn(u64) -> bool) -> Vec<CommandeChiffree> {
        let mut tallies: Vec<_> = self.commands.lock().values().cloned().collect();
        tallies.retain(|tally| shown(tally.hash));
        order::sort_by(&mut tallies, |one, other| one.name.cmp(&other.name));
        let mut running: Table<u64> = Table::new();
        for place in self.threads.lock().values() {
            *running.get_or_insert_with(read(&place.command), || 0) += 1;
        }
        let running = |tally: &Tally| running.get(tally.hash).copied().unwrap_or_default();
        tallies.iter().map(|tally| tally.read(running(tally))).collect()
    }
}

impl Tally {
    fn read(&self, en_cours: u64) -> CommandeChiffree {
        let sum = |part: &dyn Fn(&Shard) -> &AtomicU64| {
            self.shards.iter().fold(0_u64, |sum, shard| sum.wrapping_add(read(part(shard))))
        };
        let failures = CODES.iter().enumerate().map(|(at, code)| EchecsComptes {
            code: code.number(),
            nombre: self.shards.iter().filter_map(|shard| shard.failed.get(at)).map(read).sum(),
        });
        let longest = self.shards.iter().map(|shard| read(&shard.longest)).max();
        CommandeChiffree {
            nom: self.name.to_string(),
            ancien_nom_de: self.alias_of.map(ToOwned::to_owned),
            reponses: sum(&|shard| &shard.answered),
            refus: sum(&|shard| &shard.refused),
            echecs: failures.filter(|one| one.nombre > 0).collect(),
            en_cours,
            durees: Durees {
                nombres: self.classes(),
                somme: Duration::from_nanos(sum(&|shard| &shard.nanos)),
                maximum: Duration::from_nanos(longest.unwrap_or_default()),
            },
        }
    }

    fn classes(&self) -> Vec<u64> {
        let class = |at: usize| {
            self.shards.iter().filter_map(|shard| shard.classes.0.get(at)).map(read).sum()
        };
        let mut counts: Vec<u64> = (0..CLASSES).map(class).collect();
        let used = counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        counts.truncate(used);
        counts
    }
}
