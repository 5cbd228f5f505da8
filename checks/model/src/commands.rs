//! The handlers of one end of a connection in the models.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use crate::lanes::{Source, Taking};
use crate::ledger::{Ledger, MessageId, SenderId};
use crate::link::{Dispatch, Incoming, Kinds, Link, Notice, Outcome, Runner, Stopped, ambient};
use crate::op::Op;
use crate::speaker::Speaker;
use crate::sync::{Condvar, Mutex, now};
use crate::wire::{EndReason, FailureCode};
use crate::{channels, lanes, progress, promises, streams};

/// The message that a handler is the handler of, and who sent it.
#[derive(Clone, Copy)]
struct Origin {
    sender: SenderId,
    message: MessageId,
}

/// What handlers of one end wait for, and those of another bring about: a dependence between
/// commands that the core knows nothing of.
#[derive(Default)]
pub(crate) struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub(crate) fn wait(&self) {
        let mut is_open = self.is_open.lock();
        while !*is_open {
            is_open = self.opened.wait(is_open, None);
        }
    }

    pub(crate) fn open(&self) {
        *self.is_open.lock() = true;
        self.opened.notify_all();
    }
}

/// The registry of one end.
pub(crate) struct Commands {
    pub(crate) end: usize,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) gate: Arc<Gate>,
    /// The other connection of an end in the middle.
    pub(crate) other: OnceLock<Weak<Link>>,
    pub(crate) patience: Option<Duration>,
    pub(crate) tells_time: bool,
    pub(crate) channels: channels::Kept,
}

impl Commands {
    /// The speaker that a handler is.
    fn speaker(&self, link: &Arc<Link>, parallel: bool, of: Origin) -> Speaker {
        let id = self.ledger.new_sender(Some(of.message), self.end);
        Speaker {
            link: link.clone(),
            ledger: self.ledger.clone(),
            id,
            latest: id,
            patience: self.patience,
            tells_time: self.tells_time,
            turn_of: (!parallel).then_some(self.end),
            owed: self.ledger.is_program(of.sender),
        }
    }

    fn act(&self, link: &Arc<Link>, op: Op, count: u8, of: Origin) {
        let speaker = || self.speaker(link, op.is_parallel(), of);
        match op {
            Op::Echo | Op::Fail => {}
            Op::Nest if count > 0 => speaker().call(Op::Nest, count - 1, 0),
            Op::Parallel if count > 0 => speaker().call(Op::Echo, 0, 0),
            Op::Hop if count > 0 => {
                let speaker = speaker();
                speaker.send(Op::Hop, count - 1, 0);
                speaker.send(Op::Hop, count - 1, 0);
            }
            Op::Forward => self.forward(link, count, of),
            Op::StopOther => self.stop_other(link, of),
            Op::Meet => speaker().call(Op::Attend, 0, 0),
            Op::Attend | Op::ParallelAttend => self.gate.wait(),
            Op::Release => self.gate.open(),
            Op::Persist => {
                // Another command may start until it goes on, and it opens the gate before it does.
                let speaker = speaker();
                let without_turn = Speaker { turn_of: None, ..speaker.clone() };
                speaker.wait(|| {
                    without_turn.call(Op::ParallelAttend, 0, 0);
                    self.gate.open();
                });
            }
            Op::Take => {
                // It has its turn now and then only, whenever it does not wait.
                let speaker = speaker();
                let without_turn = Speaker { turn_of: None, ..speaker.clone() };
                speaker.wait(|| without_turn.take(Op::Stream, count, u8::MAX));
            }
            Op::Report => progress::tell(link, count),
            Op::ReportAttend => {
                progress::tell(link, count);
                self.gate.wait();
            }
            Op::Collect | Op::ParallelCollect => lanes::collect(&speaker(), count, u8::MAX),
            Op::CollectReporting => {
                lanes::collect_with(&speaker(), count, u8::MAX, |taken| {
                    progress::tell_one(link, taken);
                });
            }
            Op::CollectHalf => lanes::collect(&speaker(), count, count / 2),
            Op::CollectNone => lanes::collect(&speaker(), count, 0),
            Op::Feed => lanes::feed_back(&speaker(), count, Source::Plain),
            Op::FeedCalling => lanes::feed_back(&speaker(), count, Source::Calling),
            Op::Publish => channels::publish(count, &self.channels, &self.ledger),
            Op::Subscribe
            | Op::SubscribeLatest
            | Op::SubscribeFail
            | Op::SubscribeOpen
            | Op::SubscribePublished
            | Op::Nest
            | Op::Hop
            | Op::Parallel
            | Op::Promise
            | Op::PromiseCollect
            | Op::Stream
            | Op::StreamCalling
            | Op::StreamAttend
            | Op::Translate
            | Op::ParallelStream => shuttle::thread::yield_now(),
            Op::Busy => (0..10).for_each(|_| shuttle::thread::yield_now()),
            Op::Stop => assert_eq!(link.stop(None), Stopped::Begun),
            Op::Close => link.close(EndReason::Closed, ""),
        }
    }
}

impl Commands {
    fn forward(&self, link: &Arc<Link>, count: u8, of: Origin) {
        let Some(other) = self.other.get() else {
            if count > 0 {
                self.speaker(link, false, of).call(Op::Forward, count - 1, 0);
            }
            return;
        };
        let other = other.upgrade().expect("the world holds it");
        // Its own stop may come first.
        let speaker = Speaker { owed: false, ..self.speaker(&other, false, of) };
        speaker.call(Op::Forward, count, 0);
    }

    fn stop_other(&self, link: &Arc<Link>, of: Origin) {
        let other = self.other.get().and_then(Weak::upgrade).expect("in the middle");
        let stopped = self.speaker(link, false, of).wait(|| other.stop(None));
        assert_eq!(stopped, Stopped::Ended, "the command is no part of it");
    }
}

impl Commands {
    /// Answers with a stream. The turn ends as it opens.
    fn stream(&self, link: &Arc<Link>, incoming: &Incoming<'_>, op: Op, of: Origin) -> Outcome {
        self.ledger.finish(of.message);
        if !op.is_parallel() {
            self.ledger.pause(self.end);
        }
        let speaker = || Speaker { turn_of: None, ..self.speaker(link, true, of) };
        if op == Op::Translate {
            let speaker = speaker();
            let taking = RefCell::new(Taking::new(&speaker, lanes::open(link)));
            let count = incoming.body[0];
            return streams::feed_while(incoming.stream, count, |_| {
                taking.borrow_mut().next(count).is_some()
            });
        }
        let before_item = |_: u8| match op {
            Op::StreamCalling => speaker().call(Op::Echo, 0, 0),
            Op::StreamAttend => self.gate.wait(),
            _ => shuttle::thread::yield_now(),
        };
        streams::feed(incoming.stream, incoming.body[0], before_item)
    }

    fn run(&self, link: &Arc<Link>, incoming: &Incoming<'_>, out: &mut Vec<u8>) -> Outcome {
        // No other thread runs between the core's look at the clock and this one.
        let until = ambient().until;
        assert!(until.is_none_or(|until| now() < until), "a command started too late");
        // A call that was given up before it left.
        let Some(op) = Op::known(incoming.command) else {
            return Outcome::Failure(FailureCode::UnknownCommand);
        };
        let body = incoming.body;
        let number = |at: usize| u32::from_le_bytes(body[at..at + 4].try_into().unwrap());
        let (sender, message) = (SenderId(number(1)), MessageId(number(5)));
        let parallel = op.is_parallel();
        self.ledger.start(self.end, sender, message, parallel);
        let of = Origin { sender, message };
        if op.streams() {
            return self.stream(link, incoming, op, of);
        }
        let promise = match op {
            Op::Promise => Some(promises::promise(link, op, body)),
            Op::PromiseCollect => Some(promises::collect(self.speaker(link, true, of), op, body)),
            _ => None,
        };
        let subscribed = op
            .subscribes()
            .then(|| channels::subscribe(incoming, op, body[0], &self.channels, &self.ledger));
        self.act(link, op, body[0], of);
        self.ledger.finish(message);
        if !parallel {
            self.ledger.pause(self.end);
        }
        if let Some(outcome) = subscribed {
            return outcome;
        }
        if let Some(outcome) = promise {
            return outcome;
        }
        if op == Op::Fail {
            return Outcome::Failure(FailureCode::Handler);
        }
        out.extend(body);
        Outcome::Answer
    }
}

impl Dispatch for Commands {
    fn runner<'a>(&'a self, link: &'a Arc<Link>) -> Box<dyn Runner + 'a> {
        Box::new(|incoming: &Incoming<'_>, out: &mut Vec<u8>| self.run(link, incoming, out))
    }

    fn notice(&self, _: &Arc<Link>, _: &Notice) {
        shuttle::thread::yield_now();
    }
}

impl Kinds for Commands {
    fn is_parallel(&self, command: u64) -> bool {
        Op::known(command).is_some_and(Op::is_parallel)
    }
}
