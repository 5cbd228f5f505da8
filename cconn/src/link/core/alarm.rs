//! What is run when a command becomes unwanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use crate::sync::Mutex;
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

/// The alarms of one connection's commands; a one-way message has no id.
#[derive(Default)]
pub(crate) struct Alarms(Vec<(Option<CallId>, Arc<Alarm>)>);

impl std::fmt::Debug for Alarms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Alarms").field(&self.0.len()).finish()
    }
}

impl Alarms {
    /// Has an alarm run when that command becomes unwanted.
    pub(super) fn put_alarm(&mut self, call: Option<CallId>, alarm: Arc<Alarm>) {
        self.0.retain(|(_, alarm)| !alarm.is_off());
        self.0.push((call, alarm));
    }

    /// Takes out the alarms for which `wanted` holds.
    pub(super) fn take_alarms(
        &mut self,
        wanted: impl Fn(Option<CallId>) -> bool,
    ) -> Vec<Arc<Alarm>> {
        let (taken, kept) =
            std::mem::take(&mut self.0).into_iter().partition(|(call, _)| wanted(*call));
        self.0 = kept;
        let taken: Vec<(_, _)> = taken;
        taken.into_iter().map(|(_, alarm)| alarm).collect()
    }
}
