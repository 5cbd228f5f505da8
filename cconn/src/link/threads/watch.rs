//! The watchman: one thread of the process that looks after connections nobody reads or writes.
//!
//! It holds weak references only and runs no user code but, where no thread can be had for that,
//! the `drop` of what a connection's commands captured. The core is live without it; with it,
//! cancels, goodbyes and lost peers are seen while handlers work, and bytes that were left to it
//! are written within a millisecond or so.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use super::circle::Stops;
use super::gone::let_go;
use crate::link::Link;
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

/// A connection on the watchman's list.
struct Entry {
    link: Weak<Link>,
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
    pub(in super::super) fn look_after(
        self: &Arc<Self>,
        link: &Weak<Link>,
        after: Duration,
    ) -> bool {
        if !self.is_of_this_process() {
            return false;
        }
        let now = crate::sync::now();
        let next = now.checked_add(after).unwrap_or(now);
        let mut list = self.list.lock();
        if !self.start(&mut list) {
            return false;
        }
        list.asking.push(Entry { link: link.clone(), next, urgent: after <= WRITE_TICK });
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
                let again = entry.link.upgrade().and_then(|link| {
                    let again = link.tend(now);
                    let_go(link, None);
                    again
                });
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
                let entry = entries.entry(asked.link.as_ptr().addr());
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

#[cfg(test)]
mod tests {
    use std::io::IoSlice;
    use std::sync::mpsc;
    use std::thread::{self, ThreadId};

    use super::*;
    use crate::link::{
        Dispatch, Incoming, Kinds, Limits, Notice, Outcome, Parts, PeerLimits, Runner,
    };
    use crate::transport::{Memory, Transport as _};
    use crate::wire::{self, Features};

    /// Tells who drops it, and may panic then.
    struct Captured(mpsc::Sender<ThreadId>, Option<&'static str>);

    impl Drop for Captured {
        fn drop(&mut self) {
            let _nobody_asks = self.0.send(thread::current().id());
            if let Some(text) = self.1 {
                panic!("{text}");
            }
        }
    }

    impl Dispatch for Captured {
        fn runner<'a>(&'a self, _: &'a Arc<Link>) -> Box<dyn Runner + 'a> {
            Box::new(|_: &Incoming<'_>, _: &mut Vec<u8>| Outcome::Answer)
        }

        fn notice(&self, _: &Arc<Link>, _: &Notice) {}
    }

    impl Kinds for Captured {
        fn is_parallel(&self, _: u64) -> bool {
            false
        }
    }

    fn link(commands: Arc<dyn Dispatch>, io: Memory, watch: Option<Arc<Watch>>) -> Arc<Link> {
        let limits = Limits::default();
        let (max_frame, window) = (limits.max_frame, limits.window);
        let peer = PeerLimits { max_frame, window, features: Features::OURS };
        Link::new(Parts {
            io: Arc::new(io),
            commands,
            limits: Arc::new(limits),
            peer,
            watch,
            identity: crate::link::Identity::of_client(1, None),
            ends_with_handles: false,
            rest: Vec::new(),
        })
    }

    /// A watchman whose thread can't be had: no stack is as large.
    fn without_thread() -> Arc<Watch> {
        let watch = Arc::new(Watch::default());
        watch.list.lock().stack = Some(1 << 60);
        watch
    }

    #[test]
    fn a_watchman_without_a_thread_is_asked_again() {
        let watch = without_thread();
        let (left, right) = Memory::pair(1000);
        let link = link(Arc::new(Captured(mpsc::channel().0, None)), left, Some(watch.clone()));
        link.leave_helm();
        assert!(!watch.is_there(), "there can be no such thread");
        watch.list.lock().stack = None;
        let mut bytes = Vec::new();
        wire::write_adieu(&mut bytes, wire::EndReason::Closed, "");
        right.try_send(&[IoSlice::new(&bytes)]).unwrap();
        // Nobody but the watchman reads; to look at the connection is to use it.
        let deadline = Instant::now() + Duration::from_secs(10);
        while link.ending().is_none() {
            drop(link.lock());
            assert!(Instant::now() < deadline, "nobody came");
            thread::yield_now();
        }
    }

    #[test]
    fn nothing_is_left_to_a_watchman_without_a_thread() {
        let (left, right) = Memory::pair(1000);
        let link = link(Arc::new(Captured(mpsc::channel().0, None)), left, Some(without_thread()));
        let mut message = Vec::new();
        let start = wire::begin_one_way(&mut message, 0, 1, 0);
        wire::finish_with(&mut message, start, 0);
        // However slow this thread is, they are a burst.
        link.lock().last_message = Instant::now().checked_add(Duration::from_secs(10));
        let mut received = Vec::with_capacity(1000);
        for count in 1..=3 {
            link.send(&mut message.clone(), 0, None).unwrap();
            right.try_recv(&mut received).unwrap();
            assert_eq!(received.len(), count * message.len());
        }
    }

    #[test]
    fn a_value_that_panics_when_it_is_dropped_ends_no_watchman() {
        let commands = Arc::new(Captured(mpsc::channel().0, Some("a panic on purpose")));
        let link = link(commands, Memory::pair(1).0, None);
        // There is no such stack, so it is dropped here.
        let_go(link, Some(1 << 60));
    }

    #[test]
    fn values_of_the_program_are_dropped_on_another_thread() {
        let (sender, dropped) = mpsc::channel();
        let link = link(Arc::new(Captured(sender, None)), Memory::pair(1).0, None);
        let_go(link.clone(), None);
        assert!(dropped.try_recv().is_err(), "it is still held");
        let_go(link, None);
        assert_ne!(dropped.recv().unwrap(), thread::current().id());
    }

    #[test]
    fn what_waits_to_be_written_comes_before_all_that_can_wait() {
        let (start, tick) = (Instant::now(), WRITE_TICK);
        let entry = |next, urgent| Entry { link: Weak::new(), next, urgent };
        let mut entries: HashMap<_, _> = (0..500)
            .map(|n| (n, entry(start + tick / 500 * u32::try_from(n).unwrap(), false)))
            .collect();
        entries.insert(700, entry(start + tick, true));
        entries.insert(800, entry(start + 2 * tick, true));
        let mut due = Vec::new();
        list_due(&entries, start + tick, &mut due);
        let places: Vec<_> = due.iter().map(|(_, _, place)| *place).collect();
        assert_eq!((places.len(), places[0], places[1]), (501, 700, 0));
        assert!(places.windows(2).skip(1).all(|pair| pair[0] < pair[1]), "the longest wait first");
    }
}
