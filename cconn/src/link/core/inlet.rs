//! The receiving end of one stream: items that have come and were not taken, and the credit that its
//! sender has left.

use std::collections::VecDeque;

use super::bytes::Bytes;
use crate::sync::{Rule, holds};
use crate::wire::{self, FailureCode, StreamEnd, WireError};

/// How a stream has ended, kept until the program learns of it.
#[derive(Debug)]
pub(crate) enum Ended {
    Complete,
    /// The encoded error, of the command's own type.
    UserError(Bytes),
    Failure {
        code: FailureCode,
        text: Box<str>,
    },
}

impl Ended {
    /// The end that the sender tells.
    pub(crate) fn told(how: StreamEnd<'_>) -> Self {
        match how {
            StreamEnd::Complete => Ended::Complete,
            StreamEnd::UserError(value) => Ended::UserError(Bytes::copy(value)),
            StreamEnd::Failure { code, text } => {
                // A sender keeps its texts shorter.
                let text = wire::shorten(text, wire::MAX_TEXT).into();
                Ended::Failure { code, text }
            }
        }
    }
}

/// Items that the program has taken out since it last said so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    /// What the items cost.
    pub(crate) cost: u64,
    /// The bytes of the rows that these items were in, if the rows are used up.
    pub(crate) bytes: usize,
    /// Whether the sender is to learn of them at once, because they are taken so slowly that it
    /// would otherwise hear nothing for long.
    pub(crate) slowly: bool,
}

/// What the call of an arriving frame of a stream was doing.
pub(crate) enum Stream<'a> {
    /// The stream is open.
    Open(&'a mut Inlet),
    /// The call waits for its outcome, and expects a stream.
    Expected,
    /// The call waits for its outcome, and expects no stream.
    NotExpected,
    /// No call of that id has a stream: what comes for it is dropped.
    Unknown,
}

/// Why items can't be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// An item began though no credit was left.
    Credit,
    Wire(WireError),
}

/// The receiving end of one stream.
///
/// `credit + owed + (cost of what is here and not taken) <= first + (the cost of one item)`.
#[derive(Debug)]
pub(crate) struct Inlet {
    /// Rows of items, each as a frame brought it.
    rows: VecDeque<Bytes>,
    /// What the sender may still spend. An item may begin while this is positive.
    credit: i64,
    /// The credit at first.
    first: u32,
    /// The cost of items that were taken, for which no credit was given again.
    owed: u64,
    /// The flags of the first frame of items, once that has come.
    flags: Option<u8>,
    /// Whether the program wants no more items: the stream was stopped, or is void.
    unwanted: bool,
    /// Whether the sender's end has come.
    has_ended: bool,
    /// How the stream ends for the program; `None` while it goes on, and once the program knows.
    end: Option<Ended>,
}

impl Inlet {
    pub(crate) fn new(first: u32, flags: u8) -> Self {
        Inlet {
            rows: VecDeque::new(),
            credit: i64::from(first),
            first,
            owed: 0,
            flags: Some(flags),
            unwanted: false,
            has_ended: false,
            end: None,
        }
    }

    /// A stream of which no frame has come yet.
    pub(crate) fn awaited(first: u32) -> Self {
        Inlet { flags: None, ..Inlet::new(first, 0) }
    }

    /// Takes the flags off the stream's first frame. `None` if they are missing.
    // [items.flags]
    pub(crate) fn begin<'a>(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        if self.flags.is_some() {
            return Some(rest);
        }
        let (flags, items) = rest.split_first()?;
        self.flags = Some(*flags);
        Some(items)
    }

    /// Charges the items of a row that has come.
    // [credit.spend] [credit.overrun]
    pub(crate) fn spend(&mut self, mut items: &[u8]) -> Result<(), Bad> {
        while let Some(item) = wire::next_item(&mut items).map_err(Bad::Wire)? {
            if self.credit <= 0 {
                return Err(Bad::Credit);
            }
            let cost = i64::try_from(wire::item_cost(item.len())).unwrap_or(i64::MAX);
            self.credit = self.credit.saturating_sub(cost);
        }
        Ok(())
    }

    /// Whether items that come now are dropped: behind a stop or an end.
    // [stop.crossing] [end.crossing]
    pub(crate) fn drops_items(&self) -> bool {
        self.unwanted || self.has_ended || self.end.is_some()
    }

    /// Whether no row is here.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn may_be_silent(&self) -> bool {
        self.flags.is_some_and(|flags| flags & wire::MAY_BE_SILENT != 0)
    }

    /// Keeps a row until the program takes it.
    pub(crate) fn keep(&mut self, row: Bytes) {
        self.rows.push_back(row);
    }

    /// Notes that items were taken. Returns the credit to give again, if that is due.
    // [credit.due]
    pub(crate) fn took(&mut self, taken: Taken) -> Option<u32> {
        self.owed = self.owed.saturating_add(taken.cost);
        let is_much = self.owed >= u64::from(self.first / 2) && holds(Rule::CreditIsGivenAgain);
        let is_due = is_much || (taken.slowly && self.owed > 0);
        // Behind its end a sender wants no credit, but waits for the outcome as long as items that
        // it has sent are taken.
        let is_heard = !self.drops_items() || (taken.slowly && !self.unwanted);
        if !is_due || !is_heard {
            return None;
        }
        let credit = u32::try_from(self.owed).unwrap_or(u32::MAX);
        self.owed = 0;
        self.credit = self.credit.saturating_add(i64::from(credit));
        Some(credit)
    }

    /// How much more may be taken before credit is due.
    pub(crate) fn until_due(&self) -> u64 {
        u64::from(self.first / 2).saturating_sub(self.owed)
    }

    /// Takes the oldest row out.
    pub(crate) fn next_row(&mut self) -> Option<Bytes> {
        self.rows.pop_front()
    }

    /// Takes the end out, once nothing is before it.
    pub(crate) fn take_end(&mut self) -> Option<Ended> {
        if self.rows.is_empty() { self.end.take() } else { None }
    }

    /// Notes that the sender's end has come. An end that the stream has here already stays.
    pub(crate) fn hear_end(&mut self, end: Ended) {
        self.has_ended = true;
        if !self.unwanted {
            self.end.get_or_insert(end);
        }
    }

    /// Ends the stream here, because its items can't be kept. What is here already is still taken.
    pub(crate) fn break_off(&mut self) {
        let text = "too many bytes of streams and answers were not yet taken".into();
        self.end = Some(Ended::Failure { code: FailureCode::AnswerDropped, text });
    }

    /// Notes that the program takes nothing more. Returns the bytes that were here.
    pub(crate) fn forget(&mut self) -> usize {
        self.unwanted = true;
        self.end = None;
        let bytes = self.rows.iter().map(Bytes::len).fold(0, usize::saturating_add);
        self.rows = VecDeque::new();
        bytes
    }

    pub(crate) fn is_unwanted(&self) -> bool {
        self.unwanted
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Whether a wait of the program for this stream is over.
    pub(crate) fn has_news(&self) -> bool {
        !self.rows.is_empty() || self.end.is_some()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

    use super::*;

    fn cost(cost: u64) -> Taken {
        Taken { cost, ..Taken::default() }
    }

    fn items(lengths: &[usize]) -> Vec<u8> {
        let mut row = Vec::new();
        for length in lengths {
            wire::put_item_length(&mut row, *length);
            row.extend(vec![1; *length]);
        }
        row
    }

    #[test]
    fn an_item_may_begin_while_credit_is_left_and_not_without() {
        // [credit.spend] [credit.overrun]
        let mut inlet = Inlet::new(100, 0);
        assert_eq!(inlet.spend(&items(&[83])), Ok(()));
        assert_eq!(inlet.credit, 1);
        assert_eq!(inlet.spend(&items(&[5000])), Ok(()), "a large item takes it below zero");
        assert_eq!(inlet.spend(&items(&[0])), Err(Bad::Credit));
        assert_eq!(inlet.spend(&[]), Ok(()), "no item");
    }

    #[test]
    fn credit_is_given_again_once_half_of_it_was_taken() {
        // [credit.due]
        let mut inlet = Inlet::new(1024, 0);
        inlet.spend(&items(&[1008])).unwrap();
        assert_eq!(inlet.until_due(), 512);
        assert_eq!(inlet.took(cost(511)), None);
        assert_eq!(inlet.until_due(), 1);
        assert_eq!(inlet.took(cost(1)), Some(512));
        assert_eq!((inlet.credit, inlet.owed), (512, 0));
        assert_eq!(inlet.took(cost(2000)), Some(2000));
        inlet.hear_end(Ended::Complete);
        assert_eq!(inlet.took(cost(2000)), None, "an ended stream needs none");
    }

    #[test]
    fn credit_is_given_at_once_for_what_is_taken_slowly() {
        // [credit.due] [lane.silence]
        let slowly = |cost| Taken { cost, slowly: true, ..Taken::default() };
        let mut inlet = Inlet::new(1024, 0);
        assert_eq!(inlet.took(slowly(0)), None, "nothing was taken");
        assert_eq!(inlet.took(cost(20)), None);
        assert_eq!(inlet.took(slowly(1)), Some(21));
        inlet.hear_end(Ended::Complete);
        assert_eq!(inlet.took(slowly(3)), Some(3), "its sender waits for the outcome");
        inlet.forget();
        assert_eq!(inlet.took(slowly(3)), None, "nothing more is taken");
    }

    #[test]
    fn the_end_comes_behind_what_is_here_and_once() {
        let mut inlet = Inlet::new(1024, 0);
        inlet.keep(Bytes::copy(&items(&[1, 2])));
        inlet.hear_end(Ended::Complete);
        assert!(inlet.take_end().is_none() && inlet.has_news() && inlet.drops_items());
        assert!(inlet.next_row().is_some() && inlet.next_row().is_none());
        assert!(matches!(inlet.take_end(), Some(Ended::Complete)));
        assert!(inlet.take_end().is_none() && !inlet.has_news());
    }

    #[test]
    fn a_stream_that_is_forgotten_frees_what_it_holds() {
        let mut inlet = Inlet::new(1024, wire::MAY_BE_SILENT);
        assert!(inlet.may_be_silent());
        let row = items(&[1, 2]);
        inlet.keep(Bytes::copy(&row));
        assert_eq!(inlet.forget(), row.len());
        inlet.hear_end(Ended::Complete);
        assert!(inlet.has_ended() && inlet.is_empty() && !inlet.has_news());
    }

    #[test]
    fn the_first_frame_says_whether_the_lane_may_be_silent() {
        // [items.flags]
        let mut inlet = Inlet::awaited(1024);
        assert!(inlet.begin(&[]).is_none() && !inlet.may_be_silent());
        assert_eq!(inlet.begin(&[0xff, 7]), Some(&[7][..]));
        assert!(inlet.may_be_silent());
        assert_eq!(inlet.begin(&[9]), Some(&[9][..]), "no flags behind the first frame");
    }

    #[test]
    fn no_item_begins_once_the_credit_is_spent_to_the_last_byte() {
        // [credit.spend] [credit.overrun]
        let mut inlet = Inlet::new(100, 0);
        assert_eq!((inlet.spend(&items(&[84])), inlet.credit), (Ok(()), 0));
        assert_eq!(inlet.spend(&items(&[0])), Err(Bad::Credit));
    }

    #[test]
    fn a_stream_that_is_broken_off_takes_no_items_and_fails_behind_what_is_here() {
        // [stop.crossing] [end.crossing]
        let mut inlet = Inlet::new(1024, 0xfe);
        assert!(!inlet.drops_items() && !inlet.has_news() && inlet.is_empty());
        assert!(!inlet.may_be_silent(), "other flags say nothing of that");
        inlet.keep(Bytes::copy(&items(&[1])));
        assert!(inlet.has_news() && !inlet.is_empty() && !inlet.has_ended());
        inlet.break_off();
        assert!(inlet.drops_items() && !inlet.has_ended() && !inlet.is_unwanted());
        inlet.hear_end(Ended::Complete);
        assert!(inlet.take_end().is_none() && inlet.next_row().is_some() && inlet.has_news());
        let end = inlet.take_end();
        assert!(
            matches!(end, Some(Ended::Failure { code: FailureCode::AnswerDropped, .. })),
            "{end:?}"
        );
    }

    #[test]
    fn items_are_dropped_behind_a_stop_and_behind_an_end() {
        // [stop.crossing] [end.crossing]
        let (mut stopped, mut ended) = (Inlet::new(1024, 0), Inlet::new(1024, 0));
        assert!(!stopped.is_unwanted());
        stopped.forget();
        assert!(stopped.drops_items() && stopped.is_unwanted() && !stopped.has_ended());
        ended.hear_end(Ended::Complete);
        ended.take_end();
        assert!(ended.drops_items() && ended.has_ended() && !ended.is_unwanted());
    }
}
