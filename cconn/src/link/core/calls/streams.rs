//! Calls that are answered by a stream: the stream takes the place of the answer in the table, and
//! stays there until its end has come and the program is done with it.

use super::{Asked, Calls, Slot, generation};
use crate::link::core::bytes::Bytes;
use crate::link::core::inlet::{Ended, Inlet, Taken};
use crate::wire::CallId;

impl Calls {
    /// Opens the stream of a call that expects one. The call goes on counting as one without an
    /// outcome, until the stream's end has come.
    pub(crate) fn open_stream(&mut self, call: CallId, flags: u8) {
        let Some(entry) = self.entry(call) else { return };
        let Slot::Waiting(Asked { at, credit, .. }) = entry.slot else { return };
        entry.slot = Slot::Open(Box::new(Inlet::new(credit, flags)));
        self.answered = self.answered.saturating_add(1);
        self.settled = self.settled.max(at);
    }

    /// Whether a stream has something for the program, or is none any more.
    pub(crate) fn has_news(&self, call: CallId) -> bool {
        let entry = self.entries.get(super::index(call));
        match entry.filter(|entry| entry.generation == generation(call)).map(|entry| &entry.slot) {
            Some(Slot::Open(inlet)) => inlet.has_news(),
            _ => true,
        }
    }

    /// Keeps a row of items that has come. False if that would exceed `most` bytes of unclaimed
    /// answers and items: then the stream ends here, and the sender is to be stopped.
    // [stream.kept]
    pub(crate) fn keep_items(&mut self, call: CallId, row: Bytes, most: usize) -> bool {
        let held = self.unclaimed.saturating_add(self.streamed).saturating_add(row.len());
        let bytes = row.len();
        let Some(inlet) = self.inlet(call) else { return true };
        if held > most {
            inlet.break_off();
            return false;
        }
        inlet.keep(row);
        self.streamed = self.streamed.saturating_add(bytes);
        true
    }

    /// How many streams are open: their ends have not come, or the program has not read so far.
    pub(crate) fn open_streams(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry.slot, Slot::Open(_))).count()
    }

    /// Whether so many bytes of items of an argument stream can be kept; then they are counted.
    // [stream.kept]
    pub(crate) fn may_keep(&mut self, bytes: usize, most: usize) -> bool {
        let held = self.unclaimed.saturating_add(self.streamed).saturating_add(bytes);
        if held <= most {
            self.streamed = self.streamed.saturating_add(bytes);
        }
        held <= most
    }

    /// Counts bytes of items no more that were kept.
    pub(crate) fn let_go(&mut self, bytes: usize) {
        self.streamed = self.streamed.saturating_sub(bytes);
    }

    /// Bytes of items that wait here for the program, over all streams.
    #[cfg(any(model, fuzzing))]
    pub(crate) fn streamed(&self) -> usize {
        self.streamed
    }

    /// Notes what the program has taken. Returns the credit to give again, if that is due.
    pub(crate) fn took(&mut self, call: CallId, taken: Taken) -> Option<u32> {
        self.streamed = self.streamed.saturating_sub(taken.bytes);
        self.inlet(call)?.took(taken)
    }

    /// Takes the end of a stream that the program has read to its end; the stream is then over for
    /// the program.
    pub(crate) fn take_end(&mut self, call: CallId) -> Option<Ended> {
        let end = self.inlet(call)?.take_end()?;
        self.forget_stream(call);
        Some(end)
    }

    /// Notes that the program takes nothing more of a stream. True if its sender does not know.
    pub(crate) fn forget_stream(&mut self, call: CallId) -> bool {
        let Some(inlet) = self.inlet(call) else { return false };
        let (goes_on, was_unwanted) = (!inlet.has_ended(), inlet.is_unwanted());
        let bytes = inlet.forget();
        self.streamed = self.streamed.saturating_sub(bytes);
        if !goes_on {
            self.free_stream(call);
        }
        goes_on && !was_unwanted
    }

    /// Notes that the sender's end of a stream has come. False if the stream is not open, or has
    /// ended before.
    pub(crate) fn end_stream(&mut self, call: CallId, end: Ended) -> bool {
        let Some(inlet) = self.inlet(call).filter(|inlet| !inlet.has_ended()) else { return false };
        inlet.hear_end(end);
        let unwanted = inlet.is_unwanted();
        self.waiting = self.waiting.saturating_sub(1);
        if unwanted {
            self.free_stream(call);
        }
        true
    }

    /// Forgets the streams that the program wants no more: once the connection has ended, no end
    /// of theirs comes.
    pub(crate) fn lose_unwanted(&mut self) {
        for index in 0..self.entries.len() {
            let Some(entry) = self.entries.get(index) else { return };
            let Slot::Open(inlet) = &entry.slot else { continue };
            if inlet.is_unwanted() {
                let call = super::id(entry.generation, u32::try_from(index).unwrap_or(u32::MAX));
                self.end_stream(call, Ended::Complete);
            }
        }
    }

    fn free_stream(&mut self, call: CallId) {
        if let Some(entry) = self.entry(call) {
            entry.slot = Slot::Free;
            self.free(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Answer;
    use super::*;
    use crate::link::core::told::Told;
    use crate::wire::FailureCode;

    fn stream(calls: &mut Calls) -> CallId {
        let call = calls.open(Asked { at: 0, command: 1, credit: 1000, told: Told::Unasked }, true);
        calls.open_stream(call, 0);
        assert!(matches!(calls.claim(call), Some(Answer::Stream(of)) if of == call));
        call
    }

    #[test]
    fn items_beyond_what_is_kept_unclaimed_end_their_stream_behind_what_is_here() {
        // [stream.kept]
        let mut calls = Calls::default();
        let (first, second) = (stream(&mut calls), stream(&mut calls));
        assert!(calls.keep_items(first, Bytes::copy(&[7; 60]), 100));
        assert!(!calls.keep_items(second, Bytes::copy(&[7; 41]), 100));
        assert!(calls.keep_items(first, Bytes::copy(&[7; 40]), 100));
        assert_eq!(calls.streamed, 100);
        let end = calls.take_end(second);
        let dropped = FailureCode::AnswerDropped;
        assert!(matches!(end, Some(Ended::Failure { code, .. }) if code == dropped));
        // An answer that no thread waits for shares that limit.
        let deferred =
            calls.open(Asked { at: 0, command: 1, credit: 0, told: Told::Unasked }, false);
        calls.answer(deferred, Answer::Value(Bytes::copy(&[1])), 100);
        assert!(matches!(calls.claim(deferred), Some(Answer::Failure { .. })));
        let row = calls.inlet(first).and_then(|inlet| inlet.next_row()).map_or(0, |row| row.len());
        calls.took(first, Taken { bytes: row, ..Taken::default() });
        assert_eq!(calls.streamed, 40);
        assert!(calls.forget_stream(first));
        assert_eq!(calls.streamed, 0);
    }

    #[test]
    fn a_place_is_free_once_the_end_has_come_and_the_program_is_done() {
        let mut calls = Calls::default();
        let first = stream(&mut calls);
        assert!(calls.forget_stream(first) && !calls.forget_stream(first), "stopped once");
        assert_eq!(calls.waiting(), 1, "its end is still to come");
        assert!(calls.end_stream(first, Ended::Complete));
        assert!(!calls.end_stream(first, Ended::Complete), "a second end");
        assert_eq!((calls.waiting(), calls.free.len()), (0, 1));
        let second = stream(&mut calls);
        assert_ne!(first, second);
        assert!(calls.end_stream(second, Ended::Complete));
        assert!(matches!(calls.take_end(second), Some(Ended::Complete)));
        assert_eq!((calls.waiting(), calls.free.len()), (0, 1));
        let third = stream(&mut calls);
        assert!(calls.forget_stream(third));
        calls.lose_unwanted();
        assert_eq!((calls.waiting(), calls.free.len()), (0, 1));
    }
}
