//! The watchman: one thread of the process that looks after connections that no thread reads or
//! writes.
//!
//! The watchman holds weak references only. It runs no user code, with one exception: if no thread
//! can be started for it, the watchman drops the values that a connection's commands captured. The
//! core works without the watchman. With it, cancels, goodbyes and lost peers are noticed while
//! handlers work, and bytes left to it are written within about a millisecond.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use super::circle::Stops;
use crate::link::core::tended::WRITE_TICK;
use crate::sync::{Condvar, Mutex, thread_local};

/// Looks that can wait this long are made at moments this far apart.
const TOGETHER: Duration = Duration::from_millis(10);

/// How long the watchman looks at what can wait before it checks for urgent work.
const SLICE: Duration = Duration::from_millis(1);

/// How soon a failed start of the watchman's thread is tried again.
const RETRY: Duration = Duration::from_millis(10);

/// A thread that waits for the watchman waits until it has looked at everything that was due this
/// soon: bytes left to it are looked for each millisecond.
const SOON: Duration = Duration::from_millis(2);

/// The longest time that such a wait may take, with many connections.
const LONGEST_ROUND: Duration = Duration::from_millis(200);

thread_local! {
    /// Whether the thread is the watchman, which runs none of the program's code.
    static IS_WATCHMAN: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is the watchman.
pub(super) fn is_watchman() -> bool {
    IS_WATCHMAN.try_with(Cell::get).unwrap_or(false)
}

/// What the watchman looks after.
pub(super) trait Attended: Send + Sync {
    /// Looks after this once, and drops the reference. Returns how soon to look again; `None` if
    /// nothing is to be looked at until it asks again.
    fn attend(self: Arc<Self>, now: Instant) -> Option<Duration>;
}

/// A connection on the watchman's list.
struct Listed {
    link: Weak<dyn Attended>,
    next: Instant,
    /// Whether bytes wait to be written on the connection.
    urgent: bool,
}

#[derive(Default)]
struct List {
    /// Connections that have asked for attention since the last round.
    asking: Vec<Listed>,
    /// When the watchman looks at this list by itself; `None` if it must be woken.
    looks: Option<Instant>,
    /// When a failed start of the thread may be tried again.
    retry: Option<Instant>,
    /// The thread's stack size: the platform's default, unless a test wants a stack that can't be
    /// had.
    stack: Option<usize>,
    /// When the last finished round began.
    round: Option<Instant>,
}

/// The watchman's list, and where its thread sleeps.
pub(crate) struct Watch {
    /// The process whose watchman this is. A child made by `fork` has this memory but not the
    /// thread.
    process: u32,
    /// Whether the thread runs. Written under the lock of `list`.
    running: AtomicBool,
    list: Mutex<List>,
    wake: Condvar,
    /// Wakes threads that wait until a round has ended.
    settled: Condvar,
    /// Stops for which commands wait: one table for each process, like the watchman.
    stops: Mutex<Stops>,
}

/// The watchman of a process, and after it the watchman of a child made by `fork`.
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
    /// The watchman of this process. Its thread starts with the first connection.
    ///
    /// No lock of a parent's watchman is taken here: a thread that this process does not have might
    /// have held it when the parent forked.
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

    /// The stops for which commands of this process wait.
    pub(in super::super) fn stops(&self) -> &Mutex<Stops> {
        &self.stops
    }

    /// The number of the process whose watchman this is.
    pub(super) fn process(&self) -> u32 {
        self.process
    }

    /// Whether this watchman belongs to this process, and not to a parent.
    pub(in super::super) fn is_of_this_process(&self) -> bool {
        self.process == crate::sync::process_id()
    }

    /// Puts a connection on the list, to be looked at within `after`. False if no thread can be
    /// started: the connection then asks again later.
    ///
    /// Connections come and go much faster than the watchman looks, and most of what they ask for
    /// is not urgent. So the watchman is woken only if it would sleep for longer than `after`.
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
        list.asking.push(Listed { link, next, urgent: after <= WRITE_TICK });
        let asleep = list.looks.is_none_or(|looks| looks > next);
        drop(list);
        if asleep {
            self.wake.notify_one();
        }
        true
    }

    /// Starts the watchman's thread, so that bytes may be left to it.
    pub(in super::super) fn prepare(self: &Arc<Self>) {
        if !self.is_there() {
            self.start(&mut self.list.lock());
        }
    }

    /// Waits until the bytes left to the watchman so far are written, as far as the sockets take
    /// them, because the process may be about to end.
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

    /// Whether the thread runs, so that bytes may be left to it.
    pub(in super::super) fn is_there(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Starts the thread unless it runs; true if it runs now.
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
        let _no_locals = IS_WATCHMAN.try_with(|is| is.set(true));
        let (mut entries, mut due) = (HashMap::new(), Vec::new());
        // Looks that can wait are made at whole steps from this moment on.
        let start = crate::sync::now();
        let mut round = None;
        loop {
            self.collect(&mut entries, round);
            let begun = crate::sync::now();
            round = Some(begun);
            // Short connections are mostly gone by now: the watchman must not wake for them.
            entries.retain(|_, entry: &mut Listed| entry.link.strong_count() > 0);
            list_due(&entries, begun, &mut due);
            for (_, _, place) in due.drain(..) {
                let Some(entry) = entries.get_mut(&place) else { continue };
                let now = crate::sync::now();
                if !entry.urgent && now.saturating_duration_since(begun) >= SLICE {
                    // The rest stays due; work that has become urgent meanwhile comes first.
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

    /// Takes in the connections that ask, keyed by the address of their state, and sleeps until an
    /// entry is due.
    fn collect(&self, entries: &mut HashMap<usize, Listed>, round: Option<Instant>) {
        let mut list = self.list.lock();
        list.round = round;
        loop {
            for asked in list.asking.drain(..).filter(|asked| asked.link.strong_count() > 0) {
                let entry = entries.entry(asked.link.as_ptr().cast::<()>().addr());
                let Listed { next, urgent, .. } = asked;
                let entry = entry.or_insert(asked);
                entry.next = entry.next.min(next);
                entry.urgent |= urgent;
            }
            let next = entries.values().map(|entry| entry.next).min();
            // While awake the watchman looks at the list again before it sleeps.
            list.looks = next;
            self.settled.notify_all();
            if next.is_some_and(|next| next <= crate::sync::now()) {
                return;
            }
            list = self.wake.wait(list, next);
        }
    }
}

/// An entry that is due, ordered so that the smallest is looked at first: whether it can wait,
/// since when it is due, and its place.
type LookDue = (bool, Instant, usize);

/// Lists the entries that are due: first those with bytes to write, then the others, the longest
/// due first.
fn list_due(entries: &HashMap<usize, Listed>, now: Instant, due: &mut Vec<LookDue>) {
    due.clear();
    let now_due = entries.iter().filter(|(_, entry)| entry.next <= now);
    due.extend(now_due.map(|(place, entry)| (!entry.urgent, entry.next, *place)));
    due.sort_unstable();
}

/// The moment to look again after `after`. Looks that can wait are made together, so that the
/// watchman wakes at most a hundred times a second however many connections there are.
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
