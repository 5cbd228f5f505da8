//! Bytes that a thread has left to the watchman, written out when the thread or the process ends.
//!
//! The messages of a burst wait for each other a millisecond at most, and a program may end within
//! that millisecond: its watchman ends with it. So each thread keeps in mind on which connections
//! it left bytes. When a thread ends its locals are destroyed, and when a process ends those of the
//! thread that ends it (the one that returns from `main`, or calls `exit`): what was left is then
//! written there.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Instant;

use super::watch::let_go;
use crate::link::{LAST_GRACE, Link, Watch};
use crate::sync::{process_id, thread_local};

/// Connections that a thread keeps in mind before it looks which of them are gone.
const FEW: usize = 8;

thread_local! {
    /// Where the connection lies on which this thread left bytes last; 0 where there is none.
    static LAST: Cell<usize> = const { Cell::new(0) };
    static LEFT: Left = const { Left::new() };
}

/// What a thread keeps in mind.
struct Left {
    /// By where they lie. As long as one is here no other can lie in its place.
    links: RefCell<BTreeMap<usize, Weak<Link>>>,
    /// The process that they belong to: a child made by `fork` writes nothing of its parent's.
    process: Cell<u32>,
    /// This thread made connections or servers: its end may be that of the process, and what other
    /// threads have left is written then too.
    is_maker: Cell<bool>,
}

impl Left {
    const fn new() -> Self {
        let links = RefCell::new(BTreeMap::new());
        Left { links, process: Cell::new(0), is_maker: Cell::new(false) }
    }

    fn add(&self, place: usize, link: &Weak<Link>) {
        let mut links = self.links.borrow_mut();
        if links.contains_key(&place) {
            return;
        }
        if self.process.replace(process_id()) != process_id() {
            links.clear();
        }
        if links.len() >= FEW && links.len().is_power_of_two() {
            links.retain(|_, link| link.strong_count() > 0);
        }
        links.insert(place, link.clone());
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        let _no_more = LAST.try_with(|last| last.set(0));
        if self.process.get() != process_id() {
            return;
        }
        let until = crate::sync::now().checked_add(LAST_GRACE);
        for link in self.links.take().into_values().filter_map(|link| link.upgrade()) {
            link.write_left(until);
            let_go(link, None);
        }
        if self.is_maker.get() {
            Watch::of_process().settle();
        }
    }
}

/// The calling thread makes a connection or a server: it may be the one with whose end the process
/// ends.
pub(crate) fn note_maker() {
    let _no_locals = LEFT.try_with(|left| {
        if left.process.replace(process_id()) != process_id() {
            left.links.take();
        }
        left.is_maker.set(true);
    });
}

impl Link {
    /// Keeps in mind that this thread leaves bytes here; false where its locals are gone, and
    /// nobody would write them.
    #[inline]
    pub(in super::super) fn is_kept_in_mind(&self) -> bool {
        let place = std::ptr::from_ref(self).addr();
        LAST.try_with(Cell::get).is_ok_and(|last| last == place) || self.keep_in_mind(place)
    }

    #[cold]
    fn keep_in_mind(&self, place: usize) -> bool {
        let kept = LEFT.try_with(|left| left.add(place, &self.me)).is_ok();
        if kept {
            let _no_locals = LAST.try_with(|last| last.set(place));
        }
        kept
    }

    /// Writes out what waits here, as the last that a thread does.
    fn write_left(self: &Arc<Self>, until: Option<Instant>) {
        let state = self.lock_soon();
        if state.outbox.bytes() == 0 || !state.can_write() {
            return;
        }
        drop(self.flush_ready(state));
        self.write_out(until.into());
    }

    /// Writes out what was left here, as far as that needs no waiting.
    #[inline]
    pub(in super::super) fn write_if_left(&self) {
        if self.is_left() {
            self.write_what_is_left();
        }
    }

    #[cold]
    fn write_what_is_left(&self) {
        let state = self.lock_soon();
        self.set_left(false);
        drop(self.flush_ready(state));
    }
}
