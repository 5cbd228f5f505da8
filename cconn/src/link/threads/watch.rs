//! The watchman: one thread of the process that looks after connections nobody reads or writes.
//!
//! It holds weak references only and runs no user code but, where no thread can be had for that,
//! the `drop` of what a connection's commands captured. The core is live without it; with it,
//! cancels, goodbyes and lost peers are seen while handlers work, and bytes that were left to it
//! are written within a millisecond or so.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use super::circle::Stops;
use crate::link::core::tended::WRITE_TICK;
use crate::sync::{Condvar, Mutex};

/// Looks that can wait this long are made at moments so far apart.
const TOGETHER: Duration = Duration::from_millis(10);

/// How long the watchman looks at what can wait before it looks for what can't.
const SLICE: Duration = Duration::from_millis(1);

/// How soon the thread is tried again that could not be started.
const RETRY: Duration = Duration::from_millis(10);

/// Whoever waits for the watchman waits until he has looked at all that was to be looked at so soon:
/// bytes that were left are looked for each millisecond.
const SOON: Duration = Duration::from_millis(2);

/// How long that may take at most, with many connections.
const LONGEST_ROUND: Duration = Duration::from_millis(200);

/// What the watchman looks after.
pub(super) trait Attended: Send + Sync {
    /// Looks after it once, and lets go of it. Returns in how long to look again; `None` if it
    /// needs no looking after until it asks again.
    fn attend(self: Arc<Self>, now: Instant) -> Option<Duration>;
}

/// A connection on the watchman's list.
struct Entry {
    link: Weak<dyn Attended>,
    next: Instant,
    /// Bytes wait there to be written.
    urgent: bool,
}

#[derive(Default)]
struct List {
    /// Connections that ask for attention.
    asking: Vec<Entry>,
    /// When the watchman looks at this list by itself; `None` where somebody has to wake it.
    looks: Option<Instant>,
    /// When the thread may be tried again.
    retry: Option<Instant>,
    /// Its stack: the platform's default, unless a test wants one that can't be had.
    stack: Option<usize>,
    /// When the last round began that has ended.
    round: Option<Instant>,
}

/// The watchman's list and bed.
pub(crate) struct Watch {
    /// The process whose watchman it is: a child made by `fork` has this and no thread.
    process: u32,
    /// Its thread runs. Written under the list's lock.
    running: AtomicBool,
    list: Mutex<List>,
    wake: Condvar,
    /// For those who wait until a round has ended.
    settled: Condvar,
    /// Stops that commands wait for: like the watchman, those of one process.
    stops: Mutex<Stops>,
}

/// The watchman of a process, and behind it that of a child which was made by `fork`.
struct OfProcess {
    watch: Arc<Watch>,
    child: OnceLock<Box<OfProcess>>,
}

impl Default for Watch {
    fn default() -> Self {
        Watch {
            process: crate::sync::process_id(),
            running: AtomicBool::new(false),
            list: Mutex::default(),
            wake: Condvar::new(),
            settled: Condvar::new(),
            stops: Mutex::default(),
        }
    }
}

impl Watch {
    /// The watchman of this process; its thread is started with the first connection.
    ///
    /// Nothing of a parent's is locked here: the lock might have been held when it forked, by a
    /// thread that this process does not have.
    pub(crate) fn of_process() -> Arc<Watch> {
        static FIRST: OnceLock<Box<OfProcess>> = OnceLock::new();
        let process = crate::sync::process_id();
        let mut place = &FIRST;
        loop {
            let new = || Box::new(OfProcess { watch: Arc::default(), child: OnceLock::new() });
            let found = place.get_or_init(new);
            if found.watch.process == process {
                return found.watch.clone();
            }
            place = &found.child;
        }
    }

    /// The stops that commands of this process wait for.
    pub(in super::super) fn stops(&self) -> &Mutex<Stops> {
        &self.stops
    }

    /// Whether it is this process's own, and not that of a parent.
    pub(in super::super) fn is_of_this_process(&self) -> bool {
        self.process == crate::sync::process_id()
    }

    /// Puts a connection on the list, to be looked at in so long at the latest. False where no
    /// thread can be had: the connection asks again later.
    ///
    /// Connections come and go much faster than the watchman looks, and most of what they ask for
    /// is not urgent: it is woken only where it would sleep for longer.
    pub(super) fn look_after(self: &Arc<Self>, link: Weak<dyn Attended>, after: Duration) -> bool {
        if !self.is_of_this_process() {
            return false;
        }
        let now = crate::sync::now();
        let next = now.checked_add(after).unwrap_or(now);
        let mut list = self.list.lock();
        if !self.start(&mut list) {
            return false;
        }
        list.asking.push(Entry { link, next, urgent: after <= WRITE_TICK });
        let asleep = list.looks.is_none_or(|looks| looks > next);
        drop(list);
        if asleep {
            self.wake.notify_one();
        }
        true
    }

    /// Makes the watchman ready, so that bytes may be left to it.
    pub(in super::super) fn prepare(self: &Arc<Self>) {
        if !self.is_there() {
            self.start(&mut self.list.lock());
        }
    }

    /// Waits until what was left to it by now is written, as far as the sockets take it: the
    /// process may be about to end.
    pub(in super::super) fn settle(&self) {
        if !self.is_there() {
            return;
        }
        let begin = crate::sync::now();
        let (due, until) = (begin.checked_add(SOON), begin.checked_add(LONGEST_ROUND));
        let mut list = self.list.lock();
        loop {
            let is_soon = |looks| due.is_some_and(|due| looks <= due);
            let waits = !list.asking.is_empty() || list.looks.is_some_and(is_soon);
            let looked = list.round.is_some_and(|round| due.is_some_and(|due| round >= due));
            if !waits || looked || until.is_some_and(|until| crate::sync::now() >= until) {
                return;
            }
            list = self.settled.wait(list, until);
        }
    }

    /// Whether anything may be left to it.
    pub(in super::super) fn is_there(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Starts its thread unless it runs; says whether it does now.
    fn start(self: &Arc<Self>, list: &mut List) -> bool {
        if self.is_there() {
            return true;
        }
        let now = crate::sync::now();
        if list.retry.is_some_and(|retry| now < retry) {
            return false;
        }
        let watch = self.clone();
        let name = "cconn-watch".to_owned();
        let started = crate::sync::spawn(name, list.stack, move || watch.run()).is_ok();
        self.running.store(started, Ordering::Relaxed);
        list.retry = now.checked_add(RETRY);
        started
    }

    fn run(&self) {
        let (mut entries, mut due) = (HashMap::new(), Vec::new());
        let start = crate::sync::now();
        let mut round = None;
        loop {
            self.collect(&mut entries, round);
            let begun = crate::sync::now();
            round = Some(begun);
            // Of connections that were short most are gone: nobody wakes for them.
            entries.retain(|_, entry: &mut Entry| entry.link.strong_count() > 0);
            list_due(&entries, begun, &mut due);
            for (_, _, place) in due.drain(..) {
                let Some(entry) = entries.get_mut(&place) else { continue };
                let now = crate::sync::now();
                if !entry.urgent && now.saturating_duration_since(begun) >= SLICE {
                    // The rest is still due, and what has become urgent meanwhile comes first.
                    break;
                }
                let again = entry.link.upgrade().and_then(|link| link.attend(now));
                entry.urgent = again.is_some_and(|after| after <= WRITE_TICK);
                match again.and_then(|after| together(start, now, after)) {
                    Some(next) => entry.next = next,
                    None => drop(entries.remove(&place)),
                }
            }
        }
    }

    /// Takes in who asks, by the address of its state, and sleeps until an entry is due.
    fn collect(&self, entries: &mut HashMap<usize, Entry>, round: Option<Instant>) {
        let mut list = self.list.lock();
        list.round = round;
        loop {
            for asked in list.asking.drain(..).filter(|asked| asked.link.strong_count() > 0) {
                let entry = entries.entry(asked.link.as_ptr().cast::<()>().addr());
                let Entry { next, urgent, .. } = asked;
                let entry = entry.or_insert(asked);
                entry.next = entry.next.min(next);
                entry.urgent |= urgent;
            }
            let next = entries.values().map(|entry| entry.next).min();
            // While it is awake it looks again before it sleeps.
            list.looks = next;
            self.settled.notify_all();
            if next.is_some_and(|next| next <= crate::sync::now()) {
                return;
            }
            list = self.wake.wait(list, next);
        }
    }
}

/// An entry whose moment has come, so that the smallest is looked at first: whether it can wait,
/// since when it does, its place.
type Due = (bool, Instant, usize);

/// Lists whose moment has come: first what waits to be written, then the others, those first that
/// have waited longest.
fn list_due(entries: &HashMap<usize, Entry>, now: Instant, due: &mut Vec<Due>) {
    due.clear();
    let now_due = entries.iter().filter(|(_, entry)| entry.next <= now);
    due.extend(now_due.map(|(place, entry)| (!entry.urgent, entry.next, *place)));
    due.sort_unstable();
}

/// The moment to look again after that long: with many connections those that can wait are looked
/// at together, so that the watchman wakes a hundred times a second at most for all of them.
fn together(start: Instant, now: Instant, after: Duration) -> Option<Instant> {
    let next = now.checked_add(after)?;
    if after < TOGETHER {
        return Some(next);
    }
    let since = next.saturating_duration_since(start).as_nanos();
    let step = TOGETHER.as_nanos();
    let behind = since.checked_rem(step).filter(|behind| *behind > 0).unwrap_or(step);
    let wait = u64::try_from(step.saturating_sub(behind)).ok()?;
    next.checked_add(Duration::from_nanos(wait))
}
