//! The watchman: one thread of the process that looks after connections nobody reads or writes.
//!
//! It holds weak references only and never runs user code. The core is live without it; with it,
//! cancels, goodbyes and lost peers are seen while handlers work, and bytes that were left to it
//! are written within a millisecond or so.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use super::Lien;
use super::goodbye::Ending;
use super::state::State;
use crate::sync::{Condvar, Mutex};
use crate::wire::EndReason;

/// How often bytes that were left unwritten are tried again.
const WRITE_TICK: Duration = Duration::from_millis(1);

/// How long a helm stays free and unread before the watchman reads in its place.
const UNREAD: Duration = Duration::from_millis(100);

/// The longest the watchman lets a quiet connection be.
const QUIETEST: Duration = Duration::from_millis(500);

/// How often a connection that lingers after its end is read out.
const LINGER_TICK: Duration = Duration::from_millis(10);

/// Bytes read for one connection before the others have their turn.
const READ_BUDGET: usize = 256 << 10;

/// What one connection tells the watchman, and remembers of it.
#[derive(Debug, Default)]
pub(super) struct Tended {
    /// The watchman has it on its list.
    listed: bool,
    /// It was told that bytes wait.
    hurried: bool,
    /// Bytes were left in the outbox with nobody at it.
    pub(super) left_unflushed: bool,
    /// The helm was left free with nobody to take it.
    pub(super) helm_left_free: bool,
    /// The connection has ended on this side and reads out what the peer still sends.
    pub(super) lingers: bool,
    /// Read passes when last seen, and since when there were no more.
    passes: u64,
    quiet_since: Option<Instant>,
    /// Bytes written when last seen, and since when there were no more.
    sent: u64,
    stuck_since: Option<Instant>,
    linger_since: Option<Instant>,
}

impl State {
    /// Asks for the watchman where something is left to it. Called before each unlock.
    pub(super) fn arrange_watch(&mut self) {
        let bytes = self.tended.left_unflushed && self.is_unflushed();
        let helm = self.tended.helm_left_free && self.inbox.is_some() && !self.is_closed();
        let linger = self.tended.lingers && !self.goodbye.end_of_input;
        if (bytes || helm || linger) && !self.tended.listed {
            self.tended.listed = true;
            self.tended.hurried = bytes;
            self.due.watch = true;
        } else if bytes && !self.tended.hurried {
            self.tended.hurried = true;
            self.due.watch = true;
        }
    }
}

impl Lien {
    /// Looks after this connection once. Returns when to look again, or nothing if it needs no
    /// looking after; it then asks again by itself.
    pub(super) fn tend(&self, now: Instant) -> Option<Duration> {
        let mut state = self.lock();
        state.tended.hurried = false;
        let next = if state.is_closed() {
            drop(state);
            self.tend_linger(now)
        } else {
            let (written, read);
            (state, written) = self.tend_outbox(state, now);
            (state, read) = self.tend_helm(state, now);
            drop(state);
            written.into_iter().chain(read).min()
        };
        let mut state = self.lock();
        state.tended.listed = next.is_some();
        if next.is_none() {
            // Whatever was left while this ran is arranged anew by dropping the lock.
            drop(state);
            return None;
        }
        next
    }

    fn tend_outbox<'a>(
        &'a self,
        mut state: super::lock::Locked<'a>,
        now: Instant,
    ) -> (super::lock::Locked<'a>, Option<Duration>) {
        if !state.is_unflushed() {
            state.tended.left_unflushed = false;
            state.tended.stuck_since = None;
            return (state, None);
        }
        state = self.flush_ready(state);
        if !state.is_unflushed() {
            return (state, Some(WRITE_TICK));
        }
        let sent = state.outbox.sent();
        if state.tended.sent != sent || state.tended.stuck_since.is_none() {
            state.tended.sent = sent;
            state.tended.stuck_since = Some(now);
        }
        let stuck = state.tended.stuck_since.map_or(Duration::ZERO, |since| now - since);
        if stuck >= self.limits.write_deadline {
            state.close(Ending::here(EndReason::SlowPeer, ""));
        }
        (state, Some(WRITE_TICK))
    }

    fn tend_helm<'a>(
        &'a self,
        mut state: super::lock::Locked<'a>,
        now: Instant,
    ) -> (super::lock::Locked<'a>, Option<Duration>) {
        if state.inbox.is_none() || state.is_closed() {
            state.tended.helm_left_free = false;
            state.tended.quiet_since = None;
            return (state, None);
        }
        let passes = state.passes;
        if state.tended.passes != passes || state.tended.quiet_since.is_none() {
            state.tended.passes = passes;
            state.tended.quiet_since = Some(now);
            return (state, Some(UNREAD));
        }
        let quiet = state.tended.quiet_since.map_or(Duration::ZERO, |since| now - since);
        if quiet < UNREAD {
            return (state, Some(UNREAD - quiet));
        }
        let Some(mut inbox) = state.inbox.take() else { return (state, None) };
        if inbox.is_overdue(now) {
            state.put_helm(inbox);
            state.close(Ending::here(EndReason::SlowFrame, ""));
            return (state, Some(LINGER_TICK));
        }
        let read;
        (state, read) = self.read_ready(state, inbox, READ_BUDGET);
        // The watchman's own pass is no sign of somebody else's.
        state.tended.passes = state.passes;
        state.pass_on();
        let next = if read > 0 { LINGER_TICK } else { quiet.clamp(UNREAD, QUIETEST) };
        (self.flush_ready(state), Some(next))
    }

    fn tend_linger(&self, now: Instant) -> Option<Duration> {
        let mut state = self.lock();
        if !state.tended.lingers || state.goodbye.end_of_input {
            return None;
        }
        let since = *state.tended.linger_since.get_or_insert(now);
        if now - since >= super::LINGER {
            state.goodbye.end_of_input = true;
            drop(state);
            self.io.shutdown();
            return None;
        }
        if let Some(mut inbox) = state.inbox.take() {
            drop(state);
            inbox.discard();
            let result = inbox.try_fill(&*self.io);
            state = self.lock();
            let goes_on = match result {
                Ok(n) => n > 0,
                Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
            };
            state.goodbye.end_of_input |= !goes_on;
            state.put_helm(inbox);
        }
        Some(LINGER_TICK)
    }
}

/// A connection on the watchman's list.
struct Entry {
    lien: Weak<Lien>,
    next: Instant,
}

#[derive(Default)]
struct List {
    /// Connections that ask for attention, by the address of their state.
    asking: Vec<Weak<Lien>>,
    running: bool,
}

/// The watchman's list and bed.
#[derive(Default)]
pub(crate) struct Watch {
    list: Mutex<List>,
    wake: Condvar,
}

impl Watch {
    /// The watchman of this process; its thread is started when first needed.
    pub(crate) fn of_process() -> Arc<Watch> {
        static WATCH: OnceLock<Arc<Watch>> = OnceLock::new();
        WATCH.get_or_init(Arc::default).clone()
    }

    /// Puts a connection on the list, or asks to look at it now if it is there.
    pub(super) fn look_after(self: &Arc<Self>, lien: &Weak<Lien>) {
        let mut list = self.list.lock();
        list.asking.push(lien.clone());
        if !list.running {
            let watch = self.clone();
            let name = "cconn-watch".to_owned();
            // Where no thread can be had the next request tries again.
            list.running = crate::sync::spawn(name, None, move || watch.run()).is_ok();
        }
        drop(list);
        self.wake.notify_one();
    }

    fn run(&self) {
        let mut entries: HashMap<usize, Entry> = HashMap::new();
        loop {
            let next = entries.values().map(|entry| entry.next).min();
            self.collect(&mut entries, next);
            let now = crate::sync::now();
            entries.retain(|_, entry| {
                if entry.next > now {
                    return true;
                }
                let again = entry.lien.upgrade().and_then(|lien| lien.tend(now));
                entry.next = now + again.unwrap_or_default();
                again.is_some()
            });
        }
    }

    /// Sleeps until the next entry is due or somebody asks, and takes in who asks.
    fn collect(&self, entries: &mut HashMap<usize, Entry>, next: Option<Instant>) {
        let mut list = self.list.lock();
        while list.asking.is_empty() && next.is_none_or(|next| crate::sync::now() < next) {
            list = self.wake.wait(list, next);
        }
        let now = crate::sync::now();
        for lien in list.asking.drain(..) {
            let address = lien.as_ptr().addr();
            entries.insert(address, Entry { lien, next: now });
        }
    }
}
