//! How long the thread waits that feeds the argument streams of a call.

use std::time::{Duration, Instant};

use crate::link::Link;
use crate::link::core::failure::WaitedFor;
use crate::link::core::state::State;
use crate::link::core::whereabouts::Whereabouts;
use crate::sync::Deadline;

/// How long a call with argument streams may take.
// [lane.silence]
pub(in super::super) struct Patience {
    /// Until its command has started.
    pub(super) opening: Deadline,
    /// While its streams are open, without a sign of the peer.
    pub(super) silence: Duration,
    /// Behind the end of the last of them, without a sign of the peer.
    pub(super) answer: Deadline,
    /// The same, not yet begun.
    whole: Deadline,
    /// Of the wait that was the last, once there was one.
    last: Option<Deadline>,
    /// Whether the thread only feeds, and others wait for the answer.
    pub(super) only_feeds: bool,
}

impl Patience {
    /// `deadline`: of the call, whose time begins now.
    #[inline]
    pub(in super::super) fn new(deadline: Deadline, silence: Duration) -> Self {
        // The wait for the answer has as much time as the whole call had, from its own beginning.
        let time = |moment: Instant| moment.saturating_duration_since(crate::sync::now());
        let moment = { deadline }.moment();
        let answer = moment.map_or(deadline, |moment| Deadline::After(time(moment)));
        Patience {
            opening: deadline,
            silence,
            answer,
            whole: answer,
            last: None,
            only_feeds: false,
        }
    }

    /// The deadline of the wait until the command has started.
    #[inline]
    pub(in super::super) fn opening(&mut self) -> &mut Deadline {
        &mut self.opening
    }

    /// The deadline of what is still to be written when the waiting is over: that of the last wait,
    /// which has no time left if it has passed.
    #[inline]
    pub(in super::super) fn closing(&mut self) -> &mut Deadline {
        self.last.as_mut().unwrap_or(&mut self.opening)
    }

    /// Begins the limit on the answer anew, which is this long: the peer has said how far it is.
    // [progress.silence]
    #[inline]
    pub(in super::super) fn begin_anew(&mut self, silence: Deadline) {
        (self.answer, self.whole) = (silence, silence);
    }

    /// Begins the limit on the answer anew: the peer has taken items that were sent before the end.
    // [lane.silence]
    #[inline]
    pub(super) fn hear(&mut self) {
        self.answer = self.whole;
    }

    /// The patience of a thread that only feeds: others wait for the answer.
    #[inline]
    pub(in super::super) fn endless() -> Self {
        let (opening, answer) = (Deadline::Never, Deadline::Never);
        Patience {
            opening,
            silence: Duration::MAX,
            answer,
            whole: answer,
            last: None,
            only_feeds: true,
        }
    }
}

/// What a thread that feeds waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    Opening,
    Silence,
    Answer,
}

impl Late {
    #[inline]
    pub(super) fn phase(self) -> WaitedFor {
        match self {
            Late::Silence => WaitedFor::Taker,
            Late::Opening | Late::Answer => WaitedFor::Answer(Whereabouts::SENT),
        }
    }
}

impl Patience {
    /// Keeps the moment of a deadline that runs on over several waits.
    #[inline]
    pub(super) fn keep(&mut self, late: Option<Late>, until: Deadline) {
        self.last = Some(until);
        match late {
            Some(Late::Opening) => self.opening = until,
            Some(Late::Answer) => self.answer = until,
            Some(Late::Silence) | None => {}
        }
    }
}

impl Link {
    /// Whether the connection is being stopped, and iterators have had their time.
    #[inline]
    pub(super) fn has_no_time(&self, state: &mut State) -> bool {
        self.stop_left_for_iterators(state).is_some_and(|left| left.is_zero())
    }

    /// How long iterators may go on while the connection is being stopped: half of the grace
    /// period.
    // [stream.retrait]
    #[inline]
    pub(super) fn stop_left_for_iterators(&self, state: &mut State) -> Option<Duration> {
        let half = self.limits.grace.checked_div(2).unwrap_or_default();
        state.stop_left(half, crate::sync::now())
    }
}
