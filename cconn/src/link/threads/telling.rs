//! Which thread calls the wakers of a connection: the one that has routed the answer, but never the
//! watchman.

use std::sync::Arc;
use std::task::Waker;

use super::watch::is_watchman;
use crate::link::Link;
use crate::link::io::telling::tell;
use crate::sync::{Mutex, Purpose};

impl Link {
    /// Calls wakers, on this thread unless it is the watchman.
    #[cold]
    pub(super) fn call_wakers(&self, wakers: Vec<Waker>) {
        if !is_watchman() {
            return tell(wakers);
        }
        let (name, stack) = (self.identity.lookout_name(), self.limits.stack);
        let left = Arc::new(Mutex::new(wakers));
        let theirs = left.clone();
        let body = move || {
            let wakers = std::mem::take(&mut *theirs.lock());
            tell(wakers);
        };
        if crate::sync::spawn_for(Purpose::StandIn, name, stack, body).is_err() {
            // There is no thread to be had: an answer told late is worse than a watchman held up.
            let wakers = std::mem::take(&mut *left.lock());
            tell(wakers);
        }
    }
}
