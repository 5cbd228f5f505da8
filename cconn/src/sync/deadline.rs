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

/// The longest time before a deadline at which the peer is asked something.
const MOST_BEFORE: Duration = Duration::from_millis(50);

/// A deadline this far away is long: nobody asks before it passes, so that a call with such a
/// deadline pays nothing.
const LONG: Duration = Duration::from_secs(10);

/// Within less time than this a question could hardly be answered.
const LEAST: Duration = Duration::from_millis(1);

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

    /// Whether the deadline may be so near that it is worth asking something of the peer before it
    /// passes.
    #[inline]
    pub(crate) fn may_be_short(self) -> bool {
        match self {
            Deadline::After(time) => time < LONG,
            Deadline::Never => false,
            Deadline::At(_) | Deadline::Fresh(..) => true,
        }
    }

    /// Brings the deadline forward, to a moment at which there is still time to ask something of
    /// the peer: by an eighth of the time, and at most `MOST_BEFORE`. Returns by how much, for
    /// `put_off`; zero if there is no deadline, or too little time.
    pub(crate) fn bring_forward(&mut self) -> Duration {
        let Some(moment) = self.moment() else { return Duration::ZERO };
        let time = moment.saturating_duration_since(super::now());
        if time < LEAST {
            return Duration::ZERO;
        }
        let before = time.checked_div(8).unwrap_or_default().min(MOST_BEFORE);
        *self = Deadline::At(moment.checked_sub(before).unwrap_or(moment));
        before
    }

    /// Puts the deadline off again by what `bring_forward` returned.
    pub(crate) fn put_off(&mut self, by: Duration) {
        *self = self.moment().and_then(|moment| moment.checked_add(by)).into();
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
