//! Streams in the models: those that make the items, and those that take them.

use crate::link::{ANSWER, Ended, Failure, ItemSink, Lane, Opening, Outcome, Put, Row, Taken};
use crate::op::Op;
use crate::speaker::Speaker;
use crate::sync::FOREVER;
use crate::wire::{self, CallId, FailureCode};
use crate::world::random;

/// The first credit: room for two or three items.
pub(crate) const CREDIT: u32 = 40;

/// Sends so many items, which are numbered.
pub(crate) fn feed(pump: Option<&dyn ItemSink>, count: u8, before_item: impl Fn(u8)) -> Outcome {
    feed_while(pump, count, |number| {
        before_item(number);
        true
    })
}

/// The same, for as long as there is a next one; where there is none, the stream fails.
pub(crate) fn feed_while(
    pump: Option<&dyn ItemSink>,
    count: u8,
    has_item: impl Fn(u8) -> bool,
) -> Outcome {
    let Some(pump) = pump else { return Outcome::Failure(FailureCode::UnexpectedStream) };
    match pump.open() {
        Opening::Open => {}
        Opening::Cancelled => return Outcome::Answer,
        Opening::Stopping => return Outcome::Failure(FailureCode::Closed),
        Opening::Crowded { .. } => return Outcome::Failure(FailureCode::OverloadedAfterwards),
    }
    for number in 0..count {
        if !has_item(number) {
            return Outcome::Failure(FailureCode::Closed);
        }
        match pump.put(&[number], Vec::new()) {
            Put::Done => {}
            Put::Halted => break,
            other => panic!("an item was {other:?}"),
        }
    }
    Outcome::Answer
}

/// Takes at most `most` of `count` items, and lets the stream go.
pub(crate) fn take(speaker: &Speaker, call: CallId, op: Op, count: u8, most: u8) {
    take_noting(speaker, call, op, (count, most), |_| ());
}

/// The same, and notes how many were taken.
pub(crate) fn take_noting(
    speaker: &Speaker,
    call: CallId,
    op: Op,
    (count, most): (u8, u8),
    note: impl Fn(u8),
) {
    let (link, call) = (&speaker.link, Lane { call, lane: ANSWER });
    let (mut taken, mut next) = (Taken::default(), 0);
    while next < most {
        let row = speaker.wait(|| link.next_row(call, std::mem::take(&mut taken), FOREVER));
        match row {
            Ok(Row::Items { mut row, until_due }) => {
                let (mut items, size) = (row.as_slice(), row.len());
                let mut until_due = until_due;
                while next < most
                    && let Some(item) = wire::next_item(&mut items).expect("whole items")
                {
                    let is_next = item == [next] || op.drops_items() && item > [next].as_slice();
                    assert!(is_next, "{item:?} in the place of {next}");
                    next = item[0] + 1;
                    note(next);
                    taken.cost += wire::item_cost(item.len());
                    if taken.cost >= until_due {
                        until_due = link.took(call, std::mem::take(&mut taken));
                    }
                    if op == Op::StreamCalling || random(4) == 0 {
                        speaker.call(Op::Echo, 0, 0);
                    }
                }
                taken.bytes += size;
                link.recycle(&mut row);
            }
            Ok(Row::End(Ended::Complete)) => {
                assert_eq!(next, count, "a stream that ended early and says it is complete");
                return;
            }
            Ok(Row::End(Ended::Failure { code: FailureCode::Closed, .. })) => {
                speaker.ledger.count_stopped_stream();
                return;
            }
            Ok(Row::End(Ended::Failure { code: FailureCode::Handler, text }))
                if &*text == "crowded" =>
            {
                return;
            }
            Ok(Row::End(Ended::Failure { code, .. })) => panic!("it ended with {code:?}"),
            Ok(other) => panic!("{other:?}"),
            Err(Failure::Ended { .. }) => {
                speaker.ledger.count_cut_stream();
                break;
            }
            Err(Failure::TooManyWaiting { .. }) => {
                speaker.ledger.count_too_many_waiting();
                break;
            }
            // The handler that takes the items is not wanted any more.
            Err(Failure::Unwanted { may_have_run: true, .. }) => break,
            Err(failure) => panic!("{failure:?}"),
        }
    }
    link.drop_stream(call, taken);
}
