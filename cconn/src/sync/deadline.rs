//! When a wait must end.

use std::time::{Duration, Instant};

/// When a wait must end.
///
/// `After` becomes a moment when the first wait starts, not before: an operation that needs no wait
/// never looks at the clock. An operation that waits several times passes the same `Deadline` on,
/// so that all its waits share one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deadline {
    Never,
    /// This long after the start of the first wait; no wait has started yet.
    After(Duration),
    At(Instant),
    /// The moment, fixed just now, and how far away it is: `rest` returns that duration once
    /// without looking at the clock again.
    Fresh(Instant, Duration),
}

impl Deadline {
    /// The deadline of an operation that may not wait.
    pub(crate) const NO_TIME: Deadline = Deadline::After(Duration::ZERO);

    /// Whether the deadline leaves no time at all, so that its owner only looks and never sleeps.
    pub(crate) fn is_no_time(self) -> bool {
        matches!(self, Deadline::After(time) if time.is_zero())
    }

    /// Fixes the moment, because a wait starts. Later calls change nothing.
    #[inline]
    pub(crate) fn begin(&mut self) {
        if let Deadline::After(time) = *self {
            let moment = super::now().checked_add(time);
            *self = moment.map_or(Deadline::Never, |moment| Deadline::Fresh(moment, time));
        }
    }

    /// The moment at which the wait ends, `None` for never. Starts the wait if none has started.
    pub(crate) fn moment(&mut self) -> Option<Instant> {
        self.begin();
        if let Deadline::Fresh(moment, _) = *self {
            *self = Deadline::At(moment);
        }
        match *self {
            Deadline::At(moment) => Some(moment),
            _ => None,
        }
    }

    /// The time left until the deadline, `None` for ever. Starts the wait if none has started.
    pub(crate) fn rest(&mut self) -> Option<Duration> {
        self.begin();
        if let Deadline::Fresh(moment, time) = *self {
            *self = Deadline::At(moment);
            return Some(time);
        }
        Some(self.moment()?.saturating_duration_since(super::now()))
    }

    /// Whether the deadline has passed. An `After` that no wait has started yet has passed only if
    /// it is zero.
    pub(crate) fn has_passed(self) -> bool {
        match self {
            Deadline::At(moment) | Deadline::Fresh(moment, _) => super::now() >= moment,
            Deadline::After(time) => time.is_zero(),
            Deadline::Never => false,
        }
    }
}

impl From<Option<Instant>> for Deadline {
    fn from(moment: Option<Instant>) -> Self {
        moment.map_or(Deadline::Never, Deadline::At)
    }
}
