//! The watchman: one thread of the process that looks after connections nobody reads or writes.
//!
//! It holds weak references only and never runs user code. The core is live without it; with it,
//! cancels, goodbyes and lost peers are seen while handlers work, and bytes that were left to it
//! are written within a millisecond or so.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use super::Lien;
use crate::sync::{Condvar, Mutex};

/// A connection on the watchman's list.
struct Entry {
    lien: Weak<Lien>,
    next: Instant,
}

#[derive(Default)]
struct List {
    /// Connections that ask for attention.
    asking: Vec<Entry>,
    /// When the watchman looks at this list by itself; `None` where somebody has to wake it.
    looks: Option<Instant>,
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

    /// Puts a connection on the list, to be looked at in so long at the latest.
    ///
    /// Connections come and go much faster than the watchman looks, and most of what they ask for
    /// is not urgent: it is woken only where it would sleep for longer.
    pub(super) fn look_after(self: &Arc<Self>, lien: &Weak<Lien>, after: Duration) {
        let now = crate::sync::now();
        let next = now.checked_add(after).unwrap_or(now);
        let mut list = self.list.lock();
        list.asking.push(Entry { lien: lien.clone(), next });
        if !list.running {
            let watch = self.clone();
            let name = "cconn-watch".to_owned();
            // Where no thread can be had the next request tries again.
            list.running = crate::sync::spawn(name, None, move || watch.run()).is_ok();
        }
        let asleep = list.looks.is_none_or(|looks| looks > next);
        drop(list);
        if asleep {
            self.wake.notify_one();
        }
    }

    fn run(&self) {
        let mut entries = HashMap::new();
        loop {
            self.collect(&mut entries);
            let now = crate::sync::now();
            entries.retain(|_, entry: &mut Entry| {
                if entry.next > now {
                    // Of connections that were short most are gone: nobody wakes for them.
                    return entry.lien.strong_count() > 0;
                }
                let again = entry.lien.upgrade().and_then(|lien| {
                    let again = lien.tend(now);
                    let_go(lien);
                    again
                });
                let next = again.and_then(|after| now.checked_add(after));
                entry.next = next.unwrap_or(now);
                next.is_some()
            });
        }
    }

    /// Takes in who asks, by the address of its state, and sleeps until an entry is due.
    fn collect(&self, entries: &mut HashMap<usize, Entry>) {
        let mut list = self.list.lock();
        loop {
            for asked in list.asking.drain(..).filter(|asked| asked.lien.strong_count() > 0) {
                let entry = entries.entry(asked.lien.as_ptr().addr());
                let next = asked.next;
                let entry = entry.or_insert(asked);
                entry.next = entry.next.min(next);
            }
            let next = entries.values().map(|entry| entry.next).min();
            // While it is awake it looks again before it sleeps.
            list.looks = next;
            if next.is_some_and(|next| next <= crate::sync::now()) {
                return;
            }
            list = self.wake.wait(list, next);
        }
    }
}

/// Lets go of a connection. If nobody else holds it any more the values that its commands captured
/// go with it, and to drop a value of the program's may take any time, or panic.
fn let_go(lien: Arc<Lien>) {
    if let Some(last) = Arc::into_inner(lien) {
        // Where no thread can be had it is dropped here after all.
        let _no_thread = crate::sync::spawn("cconn-drop".to_owned(), None, move || drop(last));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread::{self, ThreadId};

    use super::super::{Dispatch, Incoming, Limits, Notice, Outcome, Parts, PeerLimits};
    use super::*;
    use crate::transport::Memory;

    struct Captured(mpsc::Sender<ThreadId>);

    impl Drop for Captured {
        fn drop(&mut self) {
            self.0.send(thread::current().id()).unwrap();
        }
    }

    impl Dispatch for Captured {
        fn run(&self, _: &Arc<Lien>, _: &Incoming<'_>, _: &mut Vec<u8>) -> Outcome {
            Outcome::Answer
        }

        fn notice(&self, _: &Arc<Lien>, _: &Notice) {}

        fn is_parallel(&self, _: u64) -> bool {
            false
        }
    }

    #[test]
    fn values_of_the_program_are_dropped_on_another_thread() {
        let (sender, dropped) = mpsc::channel();
        let limits = Limits::default();
        let peer = PeerLimits { max_frame: limits.max_frame, window: limits.window };
        let lien = Lien::new(Parts {
            io: Arc::new(Memory::pair(1).0),
            commands: Arc::new(Captured(sender)),
            limits: Arc::new(limits),
            peer,
            watch: None,
            identity: super::super::Identity::of_client(1, None),
            ends_with_handles: false,
            rest: Vec::new(),
        });
        let_go(lien.clone());
        assert!(dropped.try_recv().is_err(), "it is still held");
        let_go(lien);
        assert_ne!(dropped.recv().unwrap(), thread::current().id());
    }
}
