//! Which command a thread is inside of, if any.
//!
//! What is asked at every send is a plain value; the connection behind it, which costs a
//! reference, is set once for each thread that runs commands.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::Lien;
use crate::sync::thread_local;
use crate::wire::CallId;

/// What a running command is marked with.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    /// How deep it was sent.
    pub(super) depth: u8,
    pub(super) call: Option<CallId>,
    pub(super) parallel: bool,
}

/// The command that a thread runs.
#[derive(Clone)]
pub(super) struct Handler {
    /// The connection whose command it runs.
    pub(super) lien: Arc<Lien>,
    pub(super) marks: Marks,
}

thread_local! {
    static MARKS: Cell<Option<Marks>> = const { Cell::new(None) };
    static SERVED: RefCell<Option<Arc<Lien>>> = const { RefCell::new(None) };
}

/// The marks of the command that the calling thread is inside of.
#[inline]
pub(super) fn marks() -> Option<Marks> {
    MARKS.try_with(Cell::get).ok().flatten()
}

/// The command that the calling thread is inside of.
#[inline]
pub(super) fn current() -> Option<Handler> {
    let marks = marks()?;
    let lien = SERVED.try_with(|served| served.borrow().clone()).ok().flatten()?;
    Some(Handler { lien, marks })
}

/// Marks the calling thread as inside a command while `run` lasts, which must not panic.
#[inline]
pub(super) fn inside<R>(marks: Marks, run: impl FnOnce() -> R) -> R {
    let set = |marks| MARKS.try_with(|cell| cell.replace(marks)).ok().flatten();
    let before = set(Some(marks));
    let result = run();
    set(before);
    result
}

/// The calling thread runs commands of that connection until this is dropped.
#[must_use]
pub(super) struct Serving {
    before: Option<Arc<Lien>>,
}

pub(super) fn serve(lien: &Arc<Lien>) -> Serving {
    Serving { before: swap(Some(lien.clone())) }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(swap(self.before.take()));
    }
}

fn swap(lien: Option<Arc<Lien>>) -> Option<Arc<Lien>> {
    SERVED.try_with(|served| served.replace(lien)).ok().flatten()
}
