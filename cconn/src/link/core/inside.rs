//! The parts of the state, for tests and models that bring about a moment which they could not wait
//! for, or look at what no method of the state shows.

use super::calls::Calls;
use super::due::Due;
use super::outbox::Outbox;
use super::sleepers::Sleepers;
use super::state::State;
use super::turn::Turn;
#[cfg(fuzzing)]
use super::window::Window;
use super::writer::Writer;

/// The parts of one connection's state.
#[cfg_attr(fuzzing, allow(dead_code, reason = "the fuzz target looks at fewer parts"))]
pub(crate) struct Inside<'a> {
    pub(crate) turn: &'a mut Turn,
    pub(crate) calls: &'a mut Calls,
    pub(crate) outbox: &'a mut Outbox,
    pub(crate) writer: &'a mut Writer,
    #[cfg(model)]
    pub(crate) goodbye: &'a mut super::goodbye::Goodbye,
    #[cfg(fuzzing)]
    pub(crate) window: &'a mut Window,
    pub(crate) sleepers: &'a mut Sleepers,
    pub(crate) due: &'a mut Due,
    /// The numbers of calls of the peer's that are reported on, of calls whose report waits to be
    /// sent, and of calls of this side that want reports.
    pub(crate) reports: [usize; 3],
}

impl State {
    /// What the peer's greeting declares.
    #[cfg(fuzzing)]
    pub(crate) fn peer_features(&self) -> crate::wire::Features {
        self.peer
    }

    /// Lends the parts of the state. Compiled for tests, models and fuzz targets alone.
    pub(crate) fn inside(&mut self) -> Inside<'_> {
        Inside {
            turn: &mut self.turn,
            calls: &mut self.calls,
            outbox: &mut self.outbox,
            writer: &mut self.writer,
            #[cfg(model)]
            goodbye: &mut self.goodbye,
            #[cfg(fuzzing)]
            window: &mut self.window,
            sleepers: &mut self.sleepers,
            due: &mut self.due,
            reports: self.reports.kept(),
        }
    }
}
