//! Channels in the models: commands that return a channel's stream, and the threads that push items
//! into it.

use std::sync::Arc;

use crate::commands::Gate;
use crate::ledger::Ledger;
use crate::link::{
    Capacity, Failure, Finish, Incoming, Opening, Outcome, StreamChannel, Unsent, WhenFull, emit,
    finish,
};
use crate::op::Op;
use crate::sync::Mutex;
use crate::wire::FailureCode;
use crate::world::random;

/// Room for two items: most of them have to wait.
const CAPACITY: Capacity = Capacity { items: 2, bytes: 100 };

/// The channels of one end that stay open, and those that a command pushes into.
#[derive(Default)]
pub(crate) struct Kept {
    open: Mutex<Vec<Arc<StreamChannel>>>,
    published: Mutex<Option<Arc<StreamChannel>>>,
    is_there: Gate,
}

/// Pushes so many items, which are numbered, and ends the stream.
fn push(channel: &StreamChannel, count: u8, ledger: &Ledger) {
    for number in 0..count {
        match emit(channel, &[number], Vec::new(), channel.when_full) {
            Ok(()) => {}
            Err(Unsent::Gone(_)) => return,
            Err(Unsent::Failed(Failure::TooManyWaiting { .. })) => {
                ledger.count_too_many_waiting();
                return finish(channel, Finish::Failed("crowded".into()));
            }
            Err(other) => panic!("an item was {other:?}"),
        }
        if random(3) == 0 {
            shuttle::thread::yield_now();
        }
    }
    finish(channel, Finish::Complete);
}

/// Starts a thread of the program that pushes.
fn start(channel: &Arc<StreamChannel>, count: u8, ledger: &Arc<Ledger>) {
    let (channel, ledger) = (channel.clone(), ledger.clone());
    let name = "emitter".to_owned();
    let thread = shuttle::thread::Builder::new().name(name);
    let body = move || push(&channel, count, &ledger);
    crate::sync::keep(thread.spawn(body).expect("a thread"));
}

/// A channel into which a thread of the program pushes so many items.
pub(crate) fn started(count: u8, ledger: &Arc<Ledger>) -> Arc<StreamChannel> {
    let channel = Arc::new(StreamChannel::new(CAPACITY, WhenFull::Wait));
    start(&channel, count, ledger);
    channel
}

/// Answers with the stream of a channel.
pub(crate) fn subscribe(
    incoming: &Incoming<'_>,
    op: Op,
    count: u8,
    kept: &Kept,
    ledger: &Arc<Ledger>,
) -> Outcome {
    let when_full = if op == Op::SubscribeLatest { WhenFull::DropOldest } else { WhenFull::Wait };
    let channel = Arc::new(StreamChannel::new(CAPACITY, when_full));
    match op {
        Op::SubscribePublished => {
            *kept.published.lock() = Some(channel.clone());
        }
        Op::SubscribeOpen => {
            // Nobody ends it.
            kept.open.lock().push(channel.clone());
            emit(&channel, &[0], Vec::new(), when_full).expect("there is room");
        }
        _ => start(&channel, count, ledger),
    }
    (0..random(4)).for_each(|_| shuttle::thread::yield_now());
    if op == Op::SubscribeFail {
        channel.abandon();
        return Outcome::Failure(FailureCode::Handler);
    }
    let Some(pump) = incoming.stream else {
        return Outcome::Failure(FailureCode::UnexpectedStream);
    };
    let opening = pump.attach(&channel);
    if op == Op::SubscribePublished {
        // Before this, a command that pushes would be told that the channel is not open.
        kept.is_there.open();
    }
    match opening {
        Opening::Open | Opening::Cancelled => Outcome::Answer,
        Opening::Stopping => Outcome::Failure(FailureCode::Closed),
        Opening::Crowded { .. } => Outcome::Failure(FailureCode::OverloadedAfterwards),
    }
}

/// Pushes, inside a command, into the channel that another command has returned.
pub(crate) fn publish(count: u8, kept: &Kept, ledger: &Ledger) {
    kept.is_there.wait();
    let channel = kept.published.lock().take();
    if let Some(channel) = channel {
        push(&channel, count, ledger);
    }
}
