//! What a message carries besides its arguments, and how long its sender waits.

use std::num::{NonZeroU8, NonZeroU32};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Client;
use super::frames::Manner;
use crate::link::{ambient, works};
use crate::message::Entete;
use crate::sync::{Deadline, now};
use crate::wire::{Context, WireTrace};

/// What a message carries, and how long its sender waits.
pub(super) struct Told {
    pub(super) deadline: Deadline,
    /// How long that is.
    pub(super) time: Duration,
    /// When the sender no longer waits; `None` if the receiver is not told.
    pub(super) until: Option<Instant>,
    trace: Option<WireTrace>,
    baggage: Option<Arc<[u8]>>,
    /// The first credit of the stream that the sender expects, if it expects one.
    stream: Option<NonZeroU32>,
    progress: bool,
    /// How many arguments are streams.
    fed: u8,
}

impl Told {
    /// The values of the context block; the time left is filled in when the frame is sent.
    pub(super) fn context(&self) -> Context<'_> {
        Context {
            time_left: self.until.map(|_| 0),
            trace: self.trace,
            baggage: self.baggage.as_deref(),
            stream: self.stream,
            progress: self.progress,
            // [lane.declared]
            prepaid: (self.fed > 0).then_some(0),
            // [lane.count]
            lanes: NonZeroU8::new(self.fed),
        }
    }
}

impl Client {
    /// What a message of this handle carries that the calling thread sends now.
    // [context.deadline]
    pub(super) fn told(&self, head: &Entete<'_>, manner: Manner) -> Told {
        let ambient = ambient();
        let (deadline, time, until) = self.limited(manner, ambient.until);
        let (trace, baggage) = (ambient.trace, ambient.baggage);
        let (stream, progress) = (self.first_credit(head), manner == Manner::Reported);
        let fed = head.fed_count();
        Told { deadline, time, until, trace, baggage, stream, progress, fed }
    }

    /// The first credit of the stream that the sender of a call expects, if it expects one.
    // [stream.expected]
    fn first_credit(&self, head: &Entete<'_>) -> Option<NonZeroU32> {
        NonZeroU32::new(self.link.limits.stream_credit).filter(|_| head.expects_stream())
    }

    /// The deadline of an operation, how long that is, and the moment that the receiver is told
    /// of. `outer`: when the work that the calling thread does must be done.
    fn limited(
        &self,
        manner: Manner,
        outer: Option<Instant>,
    ) -> (Deadline, Duration, Option<Instant>) {
        let own = self.deadline;
        // A deadline without any time says: look, and do not wait.
        if own.is_zero() || (outer.is_none() && !self.limits_calls) {
            return (Deadline::After(own), own, None);
        }
        let now = now();
        // A deferred call has its time from the moment at which it is waited for.
        let own_moment = now.checked_add(own).filter(|_| self.limits_calls && manner.waits());
        let is_call = manner != Manner::OneWay;
        match outer.map(|outer| outer.saturating_duration_since(now)) {
            Some(left) if left < own => {
                let until = outer.filter(|_| is_call);
                (outer.into(), left, until)
            }
            _ => {
                let deadline = own_moment.map_or(Deadline::After(own), Deadline::At);
                let until = own_moment.into_iter().chain(outer).min().filter(|_| is_call);
                (deadline, own, until)
            }
        }
    }

    /// The deadline of a wait for the answer of a deferred call.
    pub(super) fn deadline_of_wait(&self) -> Deadline {
        if !works() {
            return Deadline::After(self.deadline);
        }
        self.limited(Manner::OneWay, ambient().until).0
    }
}
