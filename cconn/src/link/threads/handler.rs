//! The command that a thread is inside of, if any, and the connections which that command is part
//! of.
//!
//! Every send asks for the marks, so they are a plain value. The connections cost a reference each,
//! so they are set once for each thread that runs commands. A thread serves more than one
//! connection if a command of one connection runs commands of another.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::link::Link;
use crate::link::io::telling::is_telling;
use crate::sync::thread_local;
use crate::transport::Transport;
use crate::wire::CallId;

/// The marks of a running command.
#[derive(Clone, Copy)]
pub(in super::super) struct Marks {
    /// How deep in a chain of calls the command was sent.
    pub(in super::super) depth: u8,
    pub(in super::super) call: Option<CallId>,
    pub(in super::super) parallel: bool,
    /// How many argument streams the caller feeds.
    pub(in super::super) fed: u8,
    /// Whether the command has returned an iterator, which the thread pulls: it has no turn any
    /// more to give up.
    pub(in super::super) pumping: bool,
    /// Whether there is more to tell of what the thread works for (see `ambient`).
    pub(in super::super) ambient: bool,
}

/// The command that a thread runs, with its connection.
#[derive(Clone)]
pub(in super::super) struct Handler {
    /// The connection that the command came by.
    pub(in super::super) link: Arc<Link>,
    pub(in super::super) marks: Marks,
}

impl Handler {
    /// Takes the turn back, for as long as the waiting command makes an item of an argument.
    pub(super) fn begin_item(&self) {
        self.link.locked(|its| its.begin_item(self.marks.parallel));
    }

    /// Gives the turn up again; the command has kept its place among those that wait.
    pub(super) fn end_item(&self) {
        self.link.locked(|its| its.end_item(self.marks.parallel));
    }
}

thread_local! {
    static MARKS: Cell<Option<Marks>> = const { Cell::new(None) };
    /// The connections that the thread serves, the innermost last. Each comes with the marks of the
    /// command, on the connection before it, inside which the thread began to serve it.
    static SERVED: RefCell<Vec<(Arc<Link>, Option<Marks>)>> = const { RefCell::new(Vec::new()) };
}

/// The marks of the command that the calling thread is inside of.
#[inline]
pub(in super::super) fn marks() -> Option<Marks> {
    MARKS.try_with(Cell::get).ok().flatten()
}

/// The command that the calling thread is inside of, with its connection.
#[inline]
pub(in super::super) fn current() -> Option<Handler> {
    let marks = marks()?;
    let link = SERVED.try_with(|served| served.borrow().last().map(|(link, _)| link.clone()));
    let link = link.ok().flatten()?;
    Some(Handler { link, marks })
}

/// The marks of the command of `link` that the calling thread is inside of; of the innermost such
/// command if the thread serves the connection more than once.
pub(super) fn marks_of(link: &Link) -> Option<Marks> {
    let find = |served: &RefCell<Vec<(Arc<Link>, Option<Marks>)>>| {
        let mut inner = marks();
        for (served, outer) in served.borrow().iter().rev() {
            if std::ptr::eq(&raw const **served, link) && inner.is_some() {
                return inner;
            }
            inner = *outer;
        }
        None
    };
    SERVED.try_with(find).ok().flatten()
}

/// Notes whether there is more to tell of what the calling thread works for; false if the thread is
/// inside no command.
pub(super) fn mark_ambient(ambient: bool) -> bool {
    let mark = |cell: &Cell<Option<Marks>>| {
        let marks = cell.get();
        cell.set(marks.map(|marks| Marks { ambient, ..marks }));
        marks.is_some()
    };
    MARKS.try_with(mark).unwrap_or(false)
}

/// Whether the calling thread is inside a command that another command has sent.
pub(in super::super) fn is_asked_for() -> bool {
    marks().is_some_and(|marks| marks.depth > 0)
}

/// The value of `what` for each connection that the calling thread serves.
pub(in super::super) fn served<T>(what: impl Fn(&Link) -> T) -> Vec<T> {
    let each = |served: &RefCell<Vec<(Arc<Link>, Option<Marks>)>>| {
        served.borrow().iter().map(|(link, _)| what(link)).collect()
    };
    SERVED.try_with(each).unwrap_or_default()
}

/// Whether the calling thread serves a connection for which `wanted` holds.
pub(in super::super) fn serves(wanted: impl Fn(&Link) -> bool) -> bool {
    let any = |served: &RefCell<Vec<(Arc<Link>, Option<Marks>)>>| {
        served.borrow().iter().any(|(link, _)| wanted(link))
    };
    SERVED.try_with(any).unwrap_or(false)
}

/// Marks the calling thread as inside a command while `run` lasts; `run` must not panic.
#[inline]
pub(in super::super) fn inside<R>(marks: Marks, run: impl FnOnce() -> R) -> R {
    let set = |marks| MARKS.try_with(|cell| cell.replace(marks)).ok().flatten();
    let before = set(Some(marks));
    let result = run();
    set(before);
    result
}

/// Notes that the command of the calling thread has returned an iterator, which the thread pulls.
pub(super) fn begin_pumping() {
    let pumping = marks().map(|marks| Marks { pumping: true, ..marks });
    let _no_locals = MARKS.try_with(|cell| cell.set(pumping));
}

/// The calling thread runs commands or hooks of a connection as long as this value lives.
#[must_use]
pub(crate) struct Serving(());

pub(in super::super) fn serve(link: &Arc<Link>) -> Serving {
    // Between two commands of this connection the thread is inside none of them.
    let outer = MARKS.try_with(Cell::take).ok().flatten();
    let _no_locals = SERVED.try_with(|served| {
        let mut served = served.borrow_mut();
        if served.capacity() == 0 {
            // Most threads serve one connection, for as long as they live.
            served.reserve_exact(1);
        }
        served.push((link.clone(), outer));
    });
    Serving(())
}

impl Drop for Serving {
    fn drop(&mut self) {
        let served = SERVED.try_with(|served| served.borrow_mut().pop()).ok().flatten();
        let outer = served.as_ref().and_then(|(_, outer)| *outer);
        let _no_locals = MARKS.try_with(|cell| cell.set(outer));
        // Dropping the last reference to the connection may run code that borrows `SERVED` again.
        drop(served);
    }
}

impl Link {
    /// Whether the calling thread is inside a command of this connection, and is thus counted by
    /// its turn when it waits.
    pub(in super::super) fn is_inside(&self) -> bool {
        let is_this = |handler: Handler| {
            !handler.marks.pumping && std::ptr::eq(&raw const *handler.link, self)
        };
        current().is_some_and(is_this)
    }

    /// Marks the calling thread as running a hook of this connection while the value lives.
    pub(crate) fn serving(self: &Arc<Self>) -> Serving {
        serve(self)
    }

    /// Whether the calling thread is part of what must finish before this connection can: whether
    /// it is inside a command or hook of this connection, or of its other end in the same process;
    /// or inside a waker, where no thread may wait.
    pub(crate) fn is_served_here(&self) -> bool {
        is_telling()
            || serves(|served| std::ptr::eq(served, self) || is_other_end(&*served.io, &*self.io))
    }

    /// Whether commands of this connection may be waiting for the end of the command that the
    /// calling thread is inside of, because another command has asked for that command.
    pub(crate) fn may_wait_for_caller(&self) -> bool {
        is_asked_for() && self.locked_soon(|state| state.only_handlers_wait())
    }
}

/// Whether two streams are the two ends of one connection.
fn is_other_end(one: &dyn Transport, other: &dyn Transport) -> bool {
    match (one.ends(), other.ends()) {
        (Some([near, far]), Some([its_near, its_far])) => near == its_far && far == its_near,
        _ => false,
    }
}
