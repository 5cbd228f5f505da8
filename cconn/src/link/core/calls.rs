//! The calls of this side that wait for an answer, and answers that no thread has claimed yet.
//!
//! A call's id names a place in a table and the generation of the place. So no id is used twice,
//! and a late answer can be told from an answer to a call that was never made.

mod late;
mod questions;
mod streams;

use super::bytes::Bytes;
use super::inlet::{Inlet, Stream};
use super::told::Told;
use crate::wire::{CallId, FailureCode};

/// What the peer sent back for a call.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The encoded answer.
    Value(Bytes),
    /// The encoded error, of the command's own error type.
    UserError(Bytes),
    /// The command did not produce an answer; `text` tells people why. `accepted`: the fingerprints
    /// that the peer accepts, if the peer has listed them.
    Failure { code: FailureCode, accepted: Box<[u32]>, text: Box<str> },
    /// A stream has opened; it stays with the connection, which hands its items out.
    Stream(CallId),
}

impl Answer {
    /// The bytes of its value, error or text; none for a stream.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        match self {
            Answer::Value(bytes) | Answer::UserError(bytes) => bytes.len(),
            Answer::Failure { text, .. } => text.len(),
            Answer::Stream(_) => 0,
        }
    }
}

/// A call that was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Outbox position before the call's first byte.
    pub(crate) at: u64,
    /// Hash of the command's name.
    pub(crate) command: u64,
    /// The first credit of the stream that the call expects; 0 if it expects none.
    pub(crate) credit: u32,
    /// What the peer has said about the call.
    pub(crate) told: Told,
}

#[derive(Debug)]
enum Slot {
    Free,
    Waiting(Asked),
    Answered(Answer),
    /// The call was answered by a stream.
    Open(Box<Inlet>),
    /// The peer had not started the call when it was asked, and never will.
    Withdrawn(Told),
}

#[derive(Debug)]
struct Entry {
    generation: u32,
    /// Whether a thread waits for this very answer, or did when it came: such an answer does not
    /// count as unclaimed.
    awaited: bool,
    slot: Slot,
}

impl Entry {
    /// Fills the place, in which nothing is that would have to be dropped: it is free, or its call
    /// waits. So no code for dropping stands on the way of a call.
    #[inline]
    fn fill(&mut self, slot: Slot) {
        std::mem::forget(std::mem::replace(&mut self.slot, slot));
    }
}

/// What the call of an arriving answer was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Met {
    /// The call waits: the thread that waits for the answer must be woken.
    Waiting,
    /// The call was given up: the answer is dropped and counted.
    Late,
    /// The call was never made: the peer breaks the protocol.
    Never,
}

/// The table of calls. `waiting + free.len() <= entries.len()`: the other entries are answered and
/// not claimed, or their generations are used up.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    entries: Vec<Entry>,
    free: Vec<u32>,
    waiting: usize,
    /// Bytes of all answers kept here, including answers that a thread waits for.
    kept: usize,
    /// Bytes of the kept answers that no thread waits for. `unclaimed <= kept`
    unclaimed: usize,
    /// Bytes of items of streams that the program has not taken.
    streamed: usize,
    /// The number of answers that have come to calls that waited.
    answered: u64,
    /// Outbox position before the answered call that was sent last.
    settled: u64,
    /// The number of answers that came after their call was given up.
    pub(crate) late: u64,
    /// The number of calls that were given up before an answer came.
    abandoned: u64,
    /// The oldest call that was given up while the peer may still be running it. Forgotten when its
    /// answer, or the answer to a later call, comes.
    given_up: Option<(CallId, Asked)>,
}

impl Calls {
    /// The number of answers that have come.
    #[inline]
    pub(crate) fn answered(&self) -> u64 {
        self.answered
    }

    /// Outbox position before the answered call that was sent last.
    #[inline]
    pub(crate) fn settled(&self) -> u64 {
        self.settled
    }

    /// The number of calls without an answer.
    #[inline]
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether no answer is kept here.
    #[inline]
    pub(crate) fn keeps_none(&self) -> bool {
        self.kept == 0
    }

    /// Opens a call that is about to be sent. `awaited`: the calling thread will wait for its
    /// answer at once.
    #[inline]
    pub(crate) fn open(&mut self, asked: Asked, awaited: bool) -> CallId {
        self.waiting = self.waiting.saturating_add(1);
        let slot = Slot::Waiting(asked);
        if let Some(index) = self.free.pop()
            && let Some(entry) = self.entries.get_mut(index as usize)
        {
            entry.fill(slot);
            entry.awaited = awaited;
            return id(entry.generation, index);
        }
        let index = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push(Entry { generation: 1, awaited, slot });
        id(1, index)
    }

    /// Notes that a thread begins to wait for the answer of a deferred call, or that it no longer
    /// does.
    pub(crate) fn set_awaited(&mut self, call: CallId, now: bool) {
        if let Some(entry) = self.entry(call).filter(|entry| entry.generation == generation(call))
            && matches!(entry.slot, Slot::Waiting(_))
        {
            entry.awaited = now;
        }
    }

    /// Stores an answer.
    ///
    /// If no thread waits for the answer and the unclaimed answers would exceed `most` bytes with
    /// it, it is replaced by a failure that says so. An answer that a thread waits for is always
    /// kept, because that thread takes it out as soon as it runs.
    #[inline]
    // [outcome.order]
    pub(crate) fn answer(&mut self, call: CallId, answer: Answer, most: usize) -> Met {
        let entry = match self.entries.get_mut(index(call)) {
            Some(entry) if entry.generation == generation(call) => entry,
            _ => return self.unawaited(call),
        };
        let Slot::Waiting(Asked { at, .. }) = entry.slot else { return self.unawaited(call) };
        let mut size = answer.size();
        if entry.awaited {
            entry.fill(Slot::Answered(answer));
        } else {
            let unclaimed = self.unclaimed.saturating_add(size);
            if unclaimed.saturating_add(self.streamed) <= most {
                entry.fill(Slot::Answered(answer));
                self.unclaimed = unclaimed;
            } else {
                let answer = not_kept();
                size = answer.size();
                entry.fill(Slot::Answered(answer));
                self.unclaimed = self.unclaimed.saturating_add(size);
            }
        }
        self.kept = self.kept.saturating_add(size);
        self.waiting = self.waiting.saturating_sub(1);
        self.answered = self.answered.saturating_add(1);
        self.settled = self.settled.max(at);
        Met::Waiting
    }

    /// The oldest call sent before `at` that has no answer and has not been overtaken by a later
    /// call's answer.
    pub(crate) fn first_before(&self, at: u64) -> Option<Asked> {
        let waiting = self.entries.iter().filter_map(|entry| match entry.slot {
            Slot::Waiting(asked) => Some(asked),
            Slot::Free | Slot::Answered(_) | Slot::Open(_) | Slot::Withdrawn(_) => None,
        });
        let given_up = self.given_up.iter().map(|(_, asked)| *asked);
        let before =
            waiting.chain(given_up).filter(|asked| asked.at < at && !self.is_passed(asked));
        before.min_by_key(|asked| asked.at)
    }

    /// Whether the answer of a deferred call may still come, and no thread waits for it. Looks at
    /// each call.
    ///
    /// Calls that were given up do not count: the peer owes no outcome for them.
    // [cancel.unstarted]
    pub(crate) fn awaits_unread(&self) -> bool {
        self.entries.iter().any(|entry| !entry.awaited && matches!(entry.slot, Slot::Waiting(_)))
    }

    /// Whether this call or a later one has been answered.
    fn is_passed(&self, asked: &Asked) -> bool {
        self.answered > 0 && asked.at <= self.settled
    }

    /// Notes that the peer may still be running a call that was given up.
    pub(crate) fn may_go_on(&mut self, call: CallId, asked: Asked) {
        // An older call that may still hold up the peer stays noted.
        if self.given_up.is_none_or(|(_, before)| self.is_passed(&before)) {
            self.given_up = Some((call, asked));
        }
    }

    /// Judges an answer for which no call waits: it is late, or its call was never made.
    #[cold]
    fn unawaited(&mut self, call: CallId) -> Met {
        // An answer to the call that was given up shows that the peer is done with it.
        self.given_up = self.given_up.filter(|(given_up, _)| *given_up != call);
        let Some(entry) = self.entry(call) else { return Met::Never };
        let late = match (&entry.slot, entry.generation == generation(call)) {
            // An older generation was closed; a newer one was never given out.
            (_, false) => entry.generation > generation(call),
            // A second answer to a call that has one.
            (Slot::Waiting(_) | Slot::Answered(_) | Slot::Open(_) | Slot::Withdrawn(_), true) => {
                true
            }
            // The place is free and its generation not used yet, unless its generations are used
            // up.
            (Slot::Free, true) => entry.generation == u32::MAX,
        };
        self.count_late(late)
    }

    fn count_late(&mut self, late: bool) -> Met {
        if !late {
            return Met::Never;
        }
        self.late = self.late.saturating_add(1);
        Met::Late
    }

    #[inline]
    pub(crate) fn is_answered(&self, call: CallId) -> bool {
        self.entries.get(index(call)).is_some_and(|entry| {
            entry.generation == generation(call)
                && matches!(entry.slot, Slot::Answered(_) | Slot::Open(_) | Slot::Withdrawn(_))
        })
    }

    /// Takes the answer of a call and closes the call.
    #[inline]
    pub(crate) fn claim(&mut self, call: CallId) -> Option<Answer> {
        let entry = self.entry(call)?;
        if entry.generation != generation(call) || !matches!(entry.slot, Slot::Answered(_)) {
            return self.claim_stream(call);
        }
        let awaited = entry.awaited;
        let Slot::Answered(answer) = std::mem::replace(&mut entry.slot, Slot::Free) else {
            return None;
        };
        self.free(call);
        self.taken_out(&answer, awaited);
        Some(answer)
    }

    /// What the call is doing.
    pub(crate) fn stream(&mut self, call: CallId) -> Stream<'_> {
        match self.entry(call).filter(|entry| entry.generation == generation(call)) {
            Some(entry) => match &mut entry.slot {
                Slot::Open(inlet) => Stream::Open(inlet),
                Slot::Waiting(Asked { credit: 0, .. }) => Stream::NotExpected,
                Slot::Waiting(_) => Stream::Expected,
                Slot::Free | Slot::Answered(_) | Slot::Withdrawn(_) => Stream::Unknown,
            },
            None => Stream::Unknown,
        }
    }

    /// The open stream of that call.
    pub(crate) fn inlet(&mut self, call: CallId) -> Option<&mut Inlet> {
        match self.stream(call) {
            Stream::Open(inlet) => Some(inlet),
            _ => None,
        }
    }

    /// Hands an open stream out as the answer of its call.
    #[cold]
    fn claim_stream(&mut self, call: CallId) -> Option<Answer> {
        self.inlet(call).map(|_| Answer::Stream(call))
    }

    /// Gives a call up that is not answered by a stream. Returns how it was sent if it still waited.
    pub(crate) fn give_up(&mut self, call: CallId) -> Option<Asked> {
        if self.inlet(call).is_some() {
            return None;
        }
        let (slot, awaited) = self.close(call)?;
        match slot {
            Slot::Waiting(asked) => {
                self.waiting = self.waiting.saturating_sub(1);
                self.abandoned = self.abandoned.saturating_add(1);
                Some(asked)
            }
            Slot::Answered(answer) => {
                self.taken_out(&answer, awaited);
                None
            }
            Slot::Free | Slot::Open(_) | Slot::Withdrawn(_) => None,
        }
    }

    #[inline]
    fn taken_out(&mut self, answer: &Answer, awaited: bool) {
        let size = answer.size();
        self.kept = self.kept.saturating_sub(size);
        if !awaited {
            self.unclaimed = self.unclaimed.saturating_sub(size);
        }
    }

    /// Closes a call. Returns what its entry held, and whether a thread waited for it.
    fn close(&mut self, call: CallId) -> Option<(Slot, bool)> {
        let entry = self.entry(call).filter(|entry| entry.generation == generation(call))?;
        let (slot, awaited) = (std::mem::replace(&mut entry.slot, Slot::Free), entry.awaited);
        self.free(call);
        Some((slot, awaited))
    }

    /// Frees the place of a closed call. A place whose generations are used up is never used again.
    #[inline]
    fn free(&mut self, call: CallId) {
        let place = index(call);
        let Some(entry) = self.entries.get_mut(place) else { return };
        // The next generation tells an answer to the closed call from one to the next call in this
        // place.
        if let Some(next) = entry.generation.checked_add(1) {
            entry.generation = next;
            self.free.push(u32::try_from(place).unwrap_or(u32::MAX));
        }
    }

    #[inline]
    fn entry(&mut self, call: CallId) -> Option<&mut Entry> {
        self.entries.get_mut(index(call))
    }
}

#[cold]
fn not_kept() -> Answer {
    let text = "too many bytes of answers were not yet claimed".into();
    Answer::Failure { code: FailureCode::AnswerDropped, accepted: Box::default(), text }
}

#[inline]
fn id(generation: u32, index: u32) -> CallId {
    CallId(u64::from(generation) << 32 | u64::from(index))
}

#[inline]
fn generation(call: CallId) -> u32 {
    (call.0 >> 32) as u32
}

#[inline]
fn index(call: CallId) -> usize {
    usize::try_from(call.0 & u64::from(u32::MAX)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
