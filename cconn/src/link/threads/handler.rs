//! Which command a thread is inside of, if any, and which connections that command is part of.
//!
//! What is asked at every send is a plain value; the connections behind it, which cost a
//! reference each, are set once for each thread that runs commands. A thread has more than one
//! where a command of one connection serves another.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::link::Link;
use crate::sync::thread_local;
use crate::wire::CallId;

/// What a running command is marked with.
#[derive(Clone, Copy)]
pub(in super::super) struct Marks {
    /// How deep it was sent.
    pub(in super::super) depth: u8,
    pub(in super::super) call: Option<CallId>,
    pub(in super::super) parallel: bool,
}

/// The command that a thread runs.
#[derive(Clone)]
pub(in super::super) struct Handler {
    /// The connection whose command it runs.
    pub(in super::super) link: Arc<Link>,
    pub(in super::super) marks: Marks,
}

thread_local! {
    static MARKS: Cell<Option<Marks>> = const { Cell::new(None) };
    static SERVED: RefCell<Vec<Arc<Link>>> = const { RefCell::new(Vec::new()) };
}

/// The marks of the command that the calling thread is inside of.
#[inline]
pub(in super::super) fn marks() -> Option<Marks> {
    MARKS.try_with(Cell::get).ok().flatten()
}

/// The command that the calling thread is inside of.
#[inline]
pub(in super::super) fn current() -> Option<Handler> {
    let marks = marks()?;
    let link = SERVED.try_with(|served| served.borrow().last().cloned()).ok().flatten()?;
    Some(Handler { link, marks })
}

/// Whether the calling thread is inside a command that a command has asked for.
pub(in super::super) fn is_asked_for() -> bool {
    marks().is_some_and(|marks| marks.depth > 0)
}

/// What that says of each connection that the calling thread serves.
pub(in super::super) fn served<T>(what: impl Fn(&Link) -> T) -> Vec<T> {
    let each =
        |served: &RefCell<Vec<Arc<Link>>>| served.borrow().iter().map(|it| what(it)).collect();
    SERVED.try_with(each).unwrap_or_default()
}

/// Whether the calling thread serves a connection of that sort.
pub(in super::super) fn serves(wanted: impl Fn(&Link) -> bool) -> bool {
    let any = |served: &RefCell<Vec<Arc<Link>>>| served.borrow().iter().any(|link| wanted(link));
    SERVED.try_with(any).unwrap_or(false)
}

/// Marks the calling thread as inside a command while `run` lasts, which must not panic.
#[inline]
pub(in super::super) fn inside<R>(marks: Marks, run: impl FnOnce() -> R) -> R {
    let set = |marks| MARKS.try_with(|cell| cell.replace(marks)).ok().flatten();
    let before = set(Some(marks));
    let result = run();
    set(before);
    result
}

/// The calling thread runs commands or hooks of that connection until this is dropped.
#[must_use]
pub(crate) struct Serving {
    /// The command of another connection that this thread is inside of.
    outer: Option<Marks>,
}

pub(in super::super) fn serve(link: &Arc<Link>) -> Serving {
    let _no_locals = SERVED.try_with(|served| served.borrow_mut().push(link.clone()));
    // Between two commands of this connection the thread is inside none of it.
    Serving { outer: MARKS.try_with(Cell::take).ok().flatten() }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _no_locals = MARKS.try_with(|cell| cell.set(self.outer.take()));
        let served = SERVED.try_with(|served| served.borrow_mut().pop());
        // The last reference may go with it, once nothing is borrowed any more.
        drop(served);
    }
}
