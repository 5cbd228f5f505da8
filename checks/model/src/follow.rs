//! A thread of the program that polls: it sleeps where the core knows nothing of it, until the waker
//! that it gave to the core is called.

use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

use crate::ledger::Fate;
use crate::speaker::{Pending, Speaker};
use crate::sync::{Condvar, Deadline, Mutex};
use crate::world::random;

/// Where such a thread sleeps.
#[derive(Default)]
struct Alarm {
    rings: Mutex<bool>,
    rung: Condvar,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *self.rings.lock() = true;
        self.rung.notify_all();
    }
}

impl Alarm {
    fn wait(&self) {
        let mut rings = self.rings.lock();
        while !*rings {
            rings = self.rung.wait(rings, None);
        }
        *rings = false;
    }
}

impl Speaker {
    /// Awaits a deferred call as an executor of futures does. Now and then it is given up after it
    /// was polled, or waited for on this thread after all.
    pub(crate) fn follow(&self, pending: Pending, gives_up: bool) {
        let alarm = Arc::new(Alarm::default());
        let waker = Waker::from(alarm.clone());
        let mut deadline = self.patience.map_or(Deadline::Never, Deadline::After);
        let answer = loop {
            match pending.link.follow(pending.call, &waker, &mut deadline) {
                Poll::Ready(answer) => break answer,
                Poll::Pending if gives_up && random(4) == 0 => {
                    pending.link.give_up(pending.call);
                    return self.ledger.told(pending.message, Fate::MayHaveRun);
                }
                Poll::Pending if random(8) == 0 => return self.settle(pending, gives_up),
                Poll::Pending => alarm.wait(),
            }
        };
        self.told_answer(pending.message, answer, &pending.body);
    }
}
