//! Bytes that a thread has left to the watchman, written out when the thread or the process ends.
//!
//! The messages of a burst wait up to a millisecond for each other, and a program may end within
//! that millisecond; its watchman ends with it. So each thread remembers on which connections it
//! has left bytes. The destructors of thread-locals run when a thread ends, and when a process ends
//! for the thread that ends it (by returning from `main`, or by `exit`): there the bytes left are
//! written.
//!
//! At the end of `main` two more things are done on these connections. Answers that nobody reads are
//! read, because unread input makes the end of a process a reset. And the peer is told goodbye: it
//! runs what had arrived before a goodbye, and may drop it before a bare end of the stream.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Weak};
use std::time::Instant;

use super::gone::let_go;
use super::watch::Watch;
use crate::link::Link;
use crate::link::core::limits::LAST_GRACE;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::read::let_no_end_be_seen;
use crate::sync::{process_id, thread_local};
use crate::table::Table;
use crate::wire::{self, EndReason};

/// How many connections a thread remembers before it forgets those that no longer exist.
const FEW: usize = 8;

/// Whether the last thread's destructors run while the other threads still can.
///
/// Windows ends all other threads first, wherever they are: perhaps the watchman in the middle of a
/// write, with the lock. No thread could then write bytes that were left, so none are left.
const OTHERS_OUTLIVE_EXIT: bool = cfg!(not(windows));

thread_local! {
    /// Address of the connection on which this thread left bytes last; 0 if there is none.
    static LAST: Cell<usize> = const { Cell::new(0) };
    static LEFT: BytesLeft = const { BytesLeft::new() };
}

/// What a thread remembers.
struct BytesLeft {
    /// The connections, by their address. The weak reference keeps the address from being used
    /// again.
    links: RefCell<Table<Weak<Link>>>,
    /// The process in which they were noted: a child made by `fork` writes nothing of its parent's.
    process: Cell<u32>,
    /// Whether this thread has made connections or servers. Such a thread may be the one that ends
    /// the process, so its end also waits until the bytes left by other threads are written.
    is_maker: Cell<bool>,
    /// Whether this is the thread of `main`, with whose end the process ends.
    is_main: Cell<bool>,
}

impl BytesLeft {
    const fn new() -> Self {
        let links = RefCell::new(Table::new());
        let [is_maker, is_main] = [const { Cell::new(false) }; 2];
        BytesLeft { links, process: Cell::new(0), is_maker, is_main }
    }

    fn add(&self, place: usize, link: &Weak<Link>) {
        let mut links = self.links.borrow_mut();
        if links.has(place as u64) {
            return;
        }
        // After a fork the remembered connections belong to the parent process.
        let process = process_id();
        if self.process.replace(process) != process {
            links.clear();
        }
        // Scanned only when their number has doubled, so that remembering stays cheap.
        if links.len() >= FEW && links.len().is_power_of_two() {
            links.retain(|link| link.strong_count() > 0);
        }
        links.insert(place as u64, link.clone());
    }
}

impl Drop for BytesLeft {
    fn drop(&mut self) {
        // From now on no destructor would write the bytes of the connection in `LAST`.
        let _no_more = LAST.try_with(|last| last.set(0));
        if self.process.get() != process_id() {
            return;
        }
        let until = crate::sync::now().checked_add(LAST_GRACE);
        let links: Vec<_> =
            self.links.take().take_all().into_iter().filter_map(|l| l.upgrade()).collect();
        for link in &links {
            link.write_left(until);
        }
        if self.is_maker.get() {
            Watch::of_process().settle();
        }
        if self.is_main.get() {
            for link in &links {
                link.read_unread(until);
            }
            let_no_end_be_seen();
            for link in &links {
                link.take_leave();
            }
        }
        for link in links {
            let_go(link, None);
        }
    }
}

/// Notes that the calling thread makes a connection or a server: the process may end with this
/// thread. `watch`: the watchman of this process.
pub(crate) fn note_maker(watch: &Watch) {
    if !OTHERS_OUTLIVE_EXIT {
        // The destructor must not even try the lock: the thread that has it may be gone.
        return;
    }
    let _no_locals = LEFT.try_with(|left| {
        let process = watch.process();
        if left.process.replace(process) != process {
            left.links.take();
        }
        if !left.is_maker.replace(true) {
            left.is_main.set(is_main_thread());
        }
    });
}

/// Whether the calling thread is that of `main`, to which the standard library gives this name. A
/// program may give another thread the name too; where the system numbers threads, the number of
/// the first one is that of the process.
fn is_main_thread() -> bool {
    let is_first = || {
        let task = std::fs::read_link("/proc/thread-self").ok()?;
        let mut parts = task.iter();
        let (process, thread) = (parts.next()?, parts.nth(1)?);
        Some(process == thread)
    };
    std::thread::current().name() == Some("main")
        && (cfg!(not(target_os = "linux")) || is_first().unwrap_or(true))
}

impl Link {
    /// Remembers this connection for the end of the thread: an answer may come that no thread waits
    /// for.
    #[inline]
    pub(crate) fn note_unread(&self) {
        // A thread whose locals are gone reads no more.
        let _is_kept = self.is_kept_in_mind();
    }

    /// Remembers that this thread leaves bytes on this connection. False if no destructor would
    /// write them: the thread's locals are destroyed already, or the system ends the other threads
    /// first.
    #[inline]
    pub(in super::super) fn is_kept_in_mind(&self) -> bool {
        let place = std::ptr::from_ref(self).addr();
        OTHERS_OUTLIVE_EXIT
            && (LAST.try_with(Cell::get).is_ok_and(|last| last == place)
                || self.keep_in_mind(place))
    }

    #[cold]
    fn keep_in_mind(&self, place: usize) -> bool {
        let kept = LEFT.try_with(|left| left.add(place, &self.me)).is_ok();
        if kept {
            let _no_locals = LAST.try_with(|last| last.set(place));
        }
        kept
    }

    /// Writes out the bytes of this connection, as the thread's last act.
    fn write_left(self: &Arc<Self>, until: Option<Instant>) {
        let waits = self.locked_soon(|state| {
            let waits = state.has_unwritten();
            if waits {
                state.flush_ready();
            }
            waits
        });
        if waits {
            self.write_out(until.into());
        }
    }

    /// Writes out the bytes left on this connection, as far as the socket takes them without
    /// waiting. Another thread may be about to write them, the watchman most likely, and would take
    /// them with it if the process ended before it does: that thread is waited for.
    #[inline]
    pub(in super::super) fn write_if_left(&self) {
        if self.is_left() {
            self.write_what_is_left();
        }
    }

    /// Reads the answers of deferred calls that no thread waits for, as the process's last act.
    ///
    /// A process that ends with unread input ends its connections with a reset, and the system
    /// throws away what it has still to send then: messages for which the peer's system had no room
    /// yet. Another thread's end ends no connection, so it waits for nothing.
    fn read_unread(&self, until: Option<Instant>) {
        self.locked_soon(|state| {
            let done = |state: &State| !state.awaits_unread();
            // At the end of the time the answers stay unread, as they would without a wait.
            let _waited = state.wait(Sleep::Answers, &mut until.into(), done);
        });
    }

    /// Says goodbye, as the process's last act, unless it was said. A stop that has begun has not said
    /// it: the peer would take the end of the stream for a cut.
    ///
    /// The peer alone learns of it. Here the connection goes on for the moment that the process still
    /// has: no other thread's call fails, and no hook of the program's runs beside its end.
    // [adieu.abrupt] [adieu.late-abrupt]
    fn take_leave(&self) {
        self.locked_soon(|state| {
            if state.ended().is_none() && !state.has_said_adieu() && !state.has_unwritten() {
                state.append_with(|out| wire::write_adieu(out, EndReason::Closed, ""));
                state.flush_ready();
            }
        });
    }

    #[cold]
    fn write_what_is_left(&self) {
        let is_written_elsewhere = self.locked_soon(|state| {
            self.set_left(false);
            state.flush_ready();
            state.is_written_elsewhere()
        });
        if is_written_elsewhere {
            self.write_out(crate::sync::now().checked_add(LAST_GRACE).into());
        }
    }
}
