//! When a wait must end.

use std::time::{Duration, Instant};

/// When a wait must end.
///
/// A deadline is fixed when a wait begins, and not before: what needs no wait looks at no clock.
/// Whoever waits more than once under one deadline hands the same one on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deadline {
    Never,
    /// So long after the first wait has begun.
    After(Duration),
    At(Instant),
    /// Fixed just now, and so far away: the wait that begins need not ask again.
    Fresh(Instant, Duration),
}

impl Deadline {
    /// Whether it leaves no time at all: who waits under it only looks.
    pub(crate) fn is_no_time(self) -> bool {
        matches!(self, Deadline::After(time) if time.is_zero())
    }

    /// A wait begins.
    #[inline]
    pub(crate) fn begin(&mut self) {
        if let Deadline::After(time) = *self {
            let moment = super::now().checked_add(time);
            *self = moment.map_or(Deadline::Never, |moment| Deadline::Fresh(moment, time));
        }
    }

    /// The moment; a wait begins, if none has.
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

    /// How far away it is; a wait begins, if none has.
    pub(crate) fn rest(&mut self) -> Option<Duration> {
        self.begin();
        if let Deadline::Fresh(moment, time) = *self {
            *self = Deadline::At(moment);
            return Some(time);
        }
        Some(self.moment()?.saturating_duration_since(super::now()))
    }

    /// Whether it has passed. One that no wait has begun under has not, but for one of no time.
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
