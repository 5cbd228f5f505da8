//! What a command of the peer carries besides its arguments, as it was when the command arrived.

use std::num::{NonZeroU8, NonZeroU32};
use std::time::{Duration, Instant};

use crate::wire::{Context, WireTrace};

/// What a command carries.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    /// The moment at which its sender no longer waits, counted from the arrival.
    // [context.time]
    pub(crate) until: Option<Instant>,
    pub(crate) trace: Option<WireTrace>,
    pub(crate) baggage: Option<Box<[u8]>>,
    /// The caller wants reports of progress.
    pub(crate) progress: bool,
    /// The first credit of the stream that the caller expects; 0 if it expects none.
    pub(crate) credit: u32,
    /// How many argument streams the caller feeds, if it feeds some; as many as may be if it does
    /// not say.
    pub(crate) fed: u8,
}

impl Carried {
    /// What a command carries that has arrived `now`.
    pub(crate) fn of(context: &Context<'_>, now: impl FnOnce() -> Instant) -> Self {
        let left = context.time_left.map(|left| Duration::from_millis(left.into()));
        Carried {
            until: left.and_then(|left| now().checked_add(left)),
            trace: context.trace,
            baggage: context.baggage.map(Into::into),
            progress: context.progress,
            credit: context.stream.map_or(0, NonZeroU32::get),
            // [lane.declared] [lane.count]
            fed: match (context.prepaid, context.lanes) {
                (None, _) => 0,
                (Some(_), lanes) => lanes.map_or(u8::MAX, NonZeroU8::get),
            },
        }
    }

    /// Whether the caller expects a stream, or feeds some.
    #[inline]
    pub(crate) fn streams(&self) -> bool {
        self.credit > 0 || self.fed > 0
    }

    /// Whether a thread that works for the command has anything to pass on.
    pub(crate) fn is_passed_on(&self) -> bool {
        let of_caller = self.until.is_some() || self.trace.is_some() || self.baggage.is_some();
        of_caller || self.progress
    }
}
