//! Ending a connection from this side.

use std::time::{Duration, Instant};

use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::link::io::read::LOOK_BUDGET;
use crate::link::io::sleep::is_past;
use crate::link::threads::aside::Aside;
use crate::link::threads::chained::Chained;
use crate::link::threads::handler;
use crate::link::threads::wait::Waited;
use crate::wire::EndReason;

/// How often a stop inside a command checks whether what it waits for may be waiting for it.
pub(crate) const CHAIN_TICK: Duration = Duration::from_millis(20);

/// The text about a connection that was inherited from a parent process and ended there.
const INHERITED: &str = "it belongs to the parent process; a child made by fork makes its own";

/// The result of an orderly stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The connection has ended.
    Ended,
    /// The stop has begun. The calling thread did not wait for the end, because it is part of what
    /// has to finish, or because what has to finish may be waiting for it.
    Begun,
    /// The grace period ran out, and the connection was cut.
    GraceOver,
}

impl Link {
    /// Stops in order and waits for the end, at most until the deadline. Stopping twice does no
    /// harm.
    ///
    /// A thread inside a command waits too, with its turn given up, unless the command is part of
    /// what has to finish.
    pub(crate) fn stop(&self, deadline: Option<Instant>) -> Stopped {
        if self.is_disowned() {
            return Stopped::Ended;
        }
        self.begin_stop();
        if self.is_served_here() {
            return if self.has_ended() { Stopped::Ended } else { Stopped::Begun };
        }
        let chained = self.watch.clone().and_then(Chained::begin);
        // The command that this thread is inside of lets the next one start meanwhile.
        let _aside = Aside::step();
        self.finish_stop(deadline, chained.as_ref())
    }

    fn finish_stop(&self, deadline: Option<Instant>, chained: Option<&Chained>) -> Stopped {
        let waited = self.locked_soon(|state| {
            // While this thread waits, the peer's commands are run for its sake.
            state.begin_calling(true);
            let waited = match chained {
                Some(chained) => self.wait_for_end_inside(state, chained, deadline),
                None => state.wait(Sleep::End, &mut deadline.into(), |_| false),
            };
            state.end_calling(true);
            if waited == Waited::Expired {
                state.end_grace();
            }
            waited
        });
        // The wait was given up, because what is left may be waiting for this thread.
        if waited == Waited::Done {
            return Stopped::Begun;
        }
        let most = crate::sync::now().checked_add(self.limits.linger);
        self.drain(deadline.into_iter().chain(most).min());
        if waited == Waited::Expired { Stopped::GraceOver } else { Stopped::Ended }
    }

    /// Waits for the end on a thread that is part of something else, such as a command of another
    /// connection. What is left here may be waiting for that command: because the command asked for
    /// it, or because it waits for the end of what the command is part of. In both cases the wait
    /// ends with `Done`. No input announces these cases, so they are looked for every `CHAIN_TICK`.
    fn wait_for_end_inside(
        &self,
        state: &mut Locked<'_>,
        chained: &Chained,
        deadline: Option<Instant>,
    ) -> Waited {
        let (place, is_asked_for) = (self.place(), handler::is_asked_for());
        loop {
            if chained.closes(vec![place]) {
                return Waited::Done;
            }
            let look = crate::sync::now().checked_add(CHAIN_TICK);
            let until = deadline.into_iter().chain(look).min();
            let done = |state: &State| is_asked_for && state.only_handlers_wait();
            let waited = state.wait(Sleep::End, &mut until.into(), done);
            if waited != Waited::Expired || is_past(deadline) {
                return waited;
            }
        }
    }

    /// Reads what has arrived, without waiting, before a deadline is declared to have passed.
    /// `all`: up to the budget instead of a single read. True if something had arrived.
    pub(crate) fn take_in(&self, all: bool) -> bool {
        self.locked_soon(|state| {
            let before = state.read_so_far();
            // A budget of 1 is used up by a single read.
            state.look_at(if all { LOOK_BUDGET } else { 1 });
            state.has_read_since(before)
        })
    }

    /// Ends the connection now; complete frames are written once, without blocking.
    pub(crate) fn close(&self, reason: EndReason, text: &str) {
        if self.is_disowned() {
            return;
        }
        self.locked_soon(|state| state.close(Ending::here(reason, text)));
    }

    /// Whether the connection was inherited from a parent process. If so it is ended here; its
    /// stream stays open at the parent.
    pub(in super::super) fn is_disowned(&self) -> bool {
        let inherited = self.is_inherited();
        if inherited {
            self.locked(|state| state.close(Ending::Cut { text: INHERITED.into() }));
        }
        inherited
    }

    /// Ends the linger after the end: no more of the peer's bytes are read, by any thread.
    pub(crate) fn end_linger(&self) {
        self.io.shutdown();
    }

    /// Whether the system knows that the peer is gone, which this side may not have noticed yet.
    /// `None` if it will be known once all that has arrived is read.
    pub(crate) fn is_peer_gone(&self) -> Option<bool> {
        self.io.is_peer_gone()
    }

    /// The number of threads that are inside a command of this connection.
    pub(crate) fn threads_inside(&self) -> usize {
        self.locked_soon(|state| state.threads_inside())
    }

    /// Waits until the stand-ins have ended; false if the deadline passed first.
    pub(crate) fn wait_for_stand_ins(&self, deadline: Option<Instant>) -> bool {
        self.locked(|state| {
            let mut expired = false;
            while state.has_stand_ins() && !expired {
                expired = state.sleep(Sleep::End, deadline);
            }
            !state.has_stand_ins()
        })
    }
}
