//! When a wait must end.

use std::time::{Duration, Instant};

/// When a wait must end.
///
/// Most waits end long before, so no clock is looked at until one begins to last: `After` counts
/// from then, and every wait that lasts makes it an `At`. Whoever waits more than once under one
/// deadline hands the same one on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deadline {
    Never,
    /// So long after the first wait has begun.
    After(Duration),
    At(Instant),
}

impl Deadline {
    /// The moment, counted from now where it was not fixed yet; from here on it stays.
    pub(crate) fn moment(&mut self) -> Option<Instant> {
        if let Deadline::After(time) = *self {
            *self = super::now().checked_add(time).into();
        }
        match *self {
            Deadline::At(moment) => Some(moment),
            Deadline::Never | Deadline::After(_) => None,
        }
    }

    /// Whether it has passed. One that no wait has begun under has not.
    pub(crate) fn has_passed(self) -> bool {
        match self {
            Deadline::At(moment) => super::now() >= moment,
            Deadline::After(time) => time.is_zero(),
            Deadline::Never => false,
        }
    }

    /// The deadline after a wait of that long, which no clock was looked at for.
    #[cfg_attr(modele, expect(dead_code, reason = "sockets alone wait by the length of time"))]
    pub(crate) fn waited(self, time: Duration) -> Self {
        match self {
            Deadline::After(all) => super::now().checked_add(all.saturating_sub(time)).into(),
            fixed => fixed,
        }
    }
}

impl From<Option<Instant>> for Deadline {
    fn from(moment: Option<Instant>) -> Self {
        moment.map_or(Deadline::Never, Deadline::At)
    }
}
