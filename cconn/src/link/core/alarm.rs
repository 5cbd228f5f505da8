//! What is run when a command becomes unwanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use crate::sync::Mutex;
use crate::table::Table;
use crate::wire::CallId;

/// Why the outcome of a running command is not wanted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unwanted {
    /// Its caller has given it up.
    GivenUp,
    /// The time that its caller had for it is over.
    Late,
    /// The connection that it came by is lost, or was ended by the peer.
    Lost,
    /// This side stops: half of the grace period is over, or the connection was ended here.
    Stopped,
}

/// What an alarm runs.
type Run = Box<dyn FnOnce(Unwanted) + Send>;

/// A closure of the program's that is run once when a command becomes unwanted.
pub(crate) struct Alarm {
    run: Mutex<Option<Run>>,
    /// Why it is run; set before it is.
    why: Mutex<Unwanted>,
    is_off: AtomicBool,
}

impl Alarm {
    pub(crate) fn new(run: Run) -> Arc<Self> {
        let (run, why) = (Mutex::new(Some(run)), Mutex::new(Unwanted::GivenUp));
        Arc::new(Alarm { run, why, is_off: AtomicBool::new(false) })
    }

    /// The waker that runs the closure.
    pub(crate) fn waker(self: Arc<Self>, why: Unwanted) -> Waker {
        *self.why.lock() = why;
        Waker::from(self)
    }

    /// Keeps the closure from being run, unless that has begun.
    pub(crate) fn switch_off(&self) {
        self.is_off.store(true, Ordering::Relaxed);
        // Dropped behind the lock: it may hold anything of the program's.
        let run = self.run.lock().take();
        drop(run);
    }

    fn is_off(&self) -> bool {
        self.is_off.load(Ordering::Relaxed)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        let (run, why) = (self.run.lock().take(), *self.why.lock());
        if let Some(run) = run {
            run(why);
        }
    }
}

/// The fewest alarms among which those that are off are looked for.
const SWEEP: usize = 64;

/// The alarms of one connection's commands; a one-way message has no id.
///
/// Thousands of promises may have one each, so none of them is searched for.
#[derive(Default)]
pub(crate) struct Alarms {
    /// By the id of the call; 0, which names no call, stands for one-way messages.
    all: Table<Vec<Arc<Alarm>>>,
    /// How many there are.
    count: usize,
    /// At how many those that are off are next looked for.
    sweep_at: usize,
}

impl std::fmt::Debug for Alarms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Alarms").field(&self.count).finish()
    }
}

impl Alarms {
    /// Has an alarm run when that command becomes unwanted.
    pub(super) fn put_alarm(&mut self, call: Option<CallId>, alarm: Arc<Alarm>) {
        if self.count >= self.sweep_at.max(SWEEP) {
            self.sweep();
        }
        self.all.get_or_insert_with(call.map_or(0, |call| call.0), Vec::new).push(alarm);
        self.count = self.count.saturating_add(1);
    }

    /// Forgets the alarms that are off.
    fn sweep(&mut self) {
        self.all.retain(|alarms| {
            alarms.retain(|alarm| !alarm.is_off());
            !alarms.is_empty()
        });
        self.count = self.all.values().map(Vec::len).fold(0, usize::saturating_add);
        self.sweep_at = self.count.saturating_mul(2);
    }

    /// Takes out the alarms of that call.
    pub(super) fn take_alarms(&mut self, call: CallId) -> Vec<Arc<Alarm>> {
        let taken = self.all.remove(call.0).unwrap_or_default();
        self.count = self.count.saturating_sub(taken.len());
        taken
    }

    /// Takes out all alarms.
    pub(super) fn take_all(&mut self) -> Vec<Arc<Alarm>> {
        self.count = 0;
        self.all.take_all().into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm() -> Arc<Alarm> {
        Alarm::new(Box::new(|_| {}))
    }

    #[test]
    fn alarms_that_are_off_are_forgotten_and_others_are_kept() {
        let (mut alarms, kept) = (Alarms::default(), alarm());
        alarms.put_alarm(Some(CallId(0)), kept.clone());
        for id in 1..=10_000 {
            let off = alarm();
            alarms.put_alarm(Some(CallId(id)), off.clone());
            off.switch_off();
            assert!(alarms.count <= SWEEP && alarms.all.len() <= SWEEP, "{alarms:?}");
        }
        assert_eq!(alarms.take_alarms(CallId(0)).len(), 1);
        assert!(alarms.take_alarms(CallId(0)).is_empty());
    }

    #[test]
    fn the_alarms_of_a_call_are_taken_alone_and_the_rest_together() {
        let mut alarms = Alarms::default();
        for call in [Some(CallId(1)), Some(CallId(2)), Some(CallId(1)), None] {
            alarms.put_alarm(call, alarm());
        }
        assert_eq!(alarms.take_alarms(CallId(1)).len(), 2);
        assert_eq!(alarms.count, 2);
        assert_eq!(alarms.take_all().len(), 2);
        assert!(alarms.take_all().is_empty() && alarms.count == 0);
    }
}
