//! What a thread works for: the time that is left for it, its trace, its baggage, and the command
//! that asked for it.
//!
//! A command that carries nothing, on a thread of the connection, costs nothing here: its marks say
//! that there is nothing to look for. A thread of the program's can take over what another thread
//! works for.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::handler::{self, Marks};
use crate::link::Link;
use crate::link::core::alarm::{Alarm, Unwanted};
use crate::link::core::carried::Carried;
use crate::link::core::failure::Failure;
use crate::link::io::telling::tell;
use crate::sync::{now, thread_local};
use crate::wire::{CallId, WireTrace};

/// What a thread works for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ambient {
    /// When nobody waits for the work any more.
    pub(crate) until: Option<Instant>,
    /// The trace, with the span of this work.
    pub(crate) trace: Option<WireTrace>,
    /// The span that has asked for this work.
    pub(crate) parent: Option<[u8; 8]>,
    pub(crate) baggage: Option<Arc<[u8]>>,
    /// The command that the work is a part of.
    pub(crate) asked: Option<Asked>,
    /// The work goes on whether its outcome is wanted or not.
    pub(crate) is_free: bool,
}

/// A command that runs, as work of other threads may refer to it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    link: Weak<Link>,
    call: Option<CallId>,
    pub(crate) depth: u8,
}

impl Asked {
    /// The connection that the command came by, while that exists.
    pub(crate) fn link(&self) -> Option<Arc<Link>> {
        self.link.upgrade()
    }

    fn is_of(&self, link: &Link) -> bool {
        std::ptr::eq(self.link.as_ptr(), link)
    }
}

thread_local! {
    /// Whether `AMBIENT` holds anything for a thread that is inside no command.
    static OUTSIDE: Cell<bool> = const { Cell::new(false) };
    static AMBIENT: RefCell<Option<Ambient>> = const { RefCell::new(None) };
}

/// Whether there is anything to tell of what the calling thread works for.
#[inline]
pub(in super::super) fn is_any(marks: Option<Marks>) -> bool {
    match marks {
        Some(marks) => marks.ambient,
        None => OUTSIDE.try_with(Cell::get).unwrap_or(false),
    }
}

/// Whether the calling thread is inside a command, or works for anything else.
#[inline]
pub(crate) fn works() -> bool {
    handler::marks().is_some() || OUTSIDE.try_with(Cell::get).unwrap_or(false)
}

/// What the calling thread works for.
pub(crate) fn ambient() -> Ambient {
    let marks = handler::marks();
    let mut ambient = Ambient::default();
    if is_any(marks) {
        ambient =
            AMBIENT.try_with(|ambient| ambient.borrow().clone()).ok().flatten().unwrap_or_default();
    }
    if let Some(handler) = handler::current() {
        let (link, marks) = (Arc::downgrade(&handler.link), handler.marks);
        ambient.asked = Some(Asked { link, call: marks.call, depth: marks.depth });
    }
    ambient
}

/// The depth of the command that the calling thread has taken work over from; `None` if there is
/// none, or if the thread is inside a command itself.
#[cold]
fn depth_taken_over() -> Option<u8> {
    AMBIENT
        .try_with(|ambient| Some(ambient.borrow().as_ref()?.asked.as_ref()?.depth))
        .ok()
        .flatten()
}

/// The calling thread works for something else as long as this value lives.
#[must_use]
pub(crate) struct Entered {
    before: Option<Ambient>,
    was_any: bool,
}

/// Makes the calling thread work for `ambient`.
pub(crate) fn enter(ambient: Ambient) -> Entered {
    let was_any = is_any(handler::marks());
    set_any(true);
    let before = AMBIENT.try_with(|place| place.borrow_mut().replace(ambient)).ok().flatten();
    Entered { before, was_any }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        // Dropped behind the borrow: the last reference to a connection may run code.
        let mine = AMBIENT.try_with(|place| std::mem::replace(&mut *place.borrow_mut(), before));
        set_any(self.was_any);
        drop(mine);
    }
}

fn set_any(any: bool) {
    if !handler::mark_ambient(any) {
        let _no_locals = OUTSIDE.try_with(|outside| outside.set(any));
    }
}

/// What a command works for that carries this, and which this thread is inside of.
#[cold]
pub(in super::super) fn of_command(carried: &Carried) -> Ambient {
    let span = |trace: WireTrace| WireTrace { span: new_span(), ..trace };
    Ambient {
        until: carried.until,
        trace: carried.trace.map(span),
        parent: carried.trace.map(|trace| trace.span),
        baggage: carried.baggage.as_deref().map(Into::into),
        ..Ambient::default()
    }
}

/// Notes that the work of the command on the calling thread has no deadline any more: it has opened
/// a stream, and its caller's deadline covers the opening only.
pub(in super::super) fn forget_deadline() {
    let forget = |place: &RefCell<Option<Ambient>>| {
        if let Some(ambient) = &mut *place.borrow_mut() {
            ambient.until = None;
        }
    };
    if is_any(handler::marks()) {
        let _no_locals = AMBIENT.try_with(forget);
    }
}

/// An id for a span, which is not zero.
pub(crate) fn new_span() -> [u8; 8] {
    // Each `RandomState` has keys of its own: this is the randomness of the standard library.
    let random = || RandomState::new().hash_one(0_u8);
    std::iter::repeat_with(random).find(|span| *span != 0).unwrap_or(1).to_le_bytes()
}

impl Link {
    /// How the calling thread sends: the depth, one deeper than the command it works for, checked
    /// against the limit; and whether its messages have a context to carry.
    // [depth.outside] [depth.inside]
    pub(crate) fn sends(&self) -> Result<(u8, bool), Failure> {
        Link::sends_within(self.limits.max_depth)
    }

    /// Like `sends`, without a connection.
    pub(crate) fn sends_within(limit: u8) -> Result<(u8, bool), Failure> {
        let marks = handler::marks();
        let any = is_any(marks);
        let outer = match marks {
            Some(marks) => Some(marks.depth),
            None if any => depth_taken_over(),
            None => None,
        };
        let depth = outer.map_or(Some(0), |depth| depth.checked_add(1));
        let depth = depth.filter(|depth| *depth <= limit);
        Ok((depth.ok_or(Failure::TooDeep { limit: usize::from(limit) })?, any))
    }

    /// The call of this connection that the calling thread works for, if it carries anything.
    pub(in super::super) fn call_worked_for(&self) -> Option<CallId> {
        if !works() {
            return None;
        }
        match handler::marks_of(self) {
            Some(marks) => marks.call.filter(|_| marks.ambient),
            None => ambient().asked.filter(|asked| asked.is_of(self))?.call,
        }
    }

    /// Why the outcome of the command of this connection that the calling thread works for is not
    /// wanted; `None` if it is, or if the thread works for no such command.
    pub(crate) fn unwanted(&self) -> Option<Unwanted> {
        let ambient = ambient();
        let call = match handler::marks_of(self) {
            Some(marks) => marks.call,
            None => ambient.asked.as_ref().filter(|asked| asked.is_of(self))?.call,
        };
        let late = late(ambient.until);
        if ambient.is_free { late } else { late.or_else(|| self.unwanted_call(call)) }
    }

    /// Has an alarm run when the command of this connection that the calling thread works for
    /// becomes unwanted; at once if it is. `asked`: the command that the thread works for.
    pub(crate) fn set_alarm(&self, alarm: &Arc<Alarm>, asked: Option<&Asked>) {
        let call = match handler::marks_of(self) {
            Some(marks) => marks.call,
            None => match asked.filter(|asked| asked.is_of(self)) {
                Some(asked) => asked.call,
                None => return,
            },
        };
        let ambient = ambient();
        if ambient.is_free {
            return;
        }
        let late = late(ambient.until);
        let why = self.locked(|state| {
            let why = late.or_else(|| state.unwanted(call, self.limits.grace, now));
            if why.is_none() {
                state.set_alarm(call, alarm.clone());
            }
            why
        });
        if let Some(why) = why {
            tell(vec![alarm.clone().waker(why)]);
        }
    }

    pub(in super::super) fn unwanted_call(&self, call: Option<CallId>) -> Option<Unwanted> {
        self.locked(|state| state.unwanted(call, self.limits.grace, now))
    }
}

/// How long after its caller's deadline a command takes note of it. The caller's own wait ends
/// first: whether an answer of that very moment would still arrive must not be a matter of luck.
const SLACK: Duration = Duration::from_millis(50);

pub(super) fn late(until: Option<Instant>) -> Option<Unwanted> {
    let noted = until?.checked_add(SLACK)?;
    (noted <= now()).then_some(Unwanted::Late)
}

/// Why the outcome of the command that the calling thread works for is not wanted, whichever
/// connection it came by; `None` also if the thread works for none.
pub(crate) fn unwanted_here() -> Option<Unwanted> {
    Working::here()?.unwanted()
}

/// The command that the calling thread works for, as its waits look after it.
pub(in super::super) struct Working {
    link: Arc<Link>,
    call: Option<CallId>,
    until: Option<Instant>,
}

impl Working {
    /// `None` if the thread works for no command, or goes on whatever becomes of it.
    pub(in super::super) fn here() -> Option<Self> {
        let marks = handler::marks();
        let any = is_any(marks);
        if marks.is_none() && !any {
            return None;
        }
        Working::of(any)
    }

    fn of(any: bool) -> Option<Self> {
        if !any {
            let handler = handler::current()?;
            return Some(Working { link: handler.link, call: handler.marks.call, until: None });
        }
        let ambient = ambient();
        let asked = ambient.asked.filter(|_| !ambient.is_free)?;
        Some(Working { link: asked.link()?, call: asked.call, until: ambient.until })
    }

    /// Whether the command came by that connection.
    pub(in super::super) fn is_of(&self, link: &Link) -> bool {
        std::ptr::eq(&raw const *self.link, link)
    }

    pub(in super::super) fn call(&self) -> Option<CallId> {
        self.call
    }

    /// Why its outcome is not wanted. No lock may be held.
    pub(in super::super) fn unwanted(&self) -> Option<Unwanted> {
        late(self.until).or_else(|| self.link.unwanted_call(self.call))
    }
}
