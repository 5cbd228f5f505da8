//! Argument streams in the models: callers that feed them, and commands that take them.

use std::sync::Arc;

use crate::channels;
use crate::ledger::Fate;
use crate::link::{
    Answer, Arguments, Ended, Failure, ItemSource, Lane, Link, Pulled, Report, Reporting, Row,
    StreamChannel, Taken, Unwanted,
};
use crate::op::Op;
use crate::speaker::Speaker;
use crate::streams;
use crate::sync::{Condvar, Deadline, FOREVER, Mutex};
use crate::wire::{self, Answering, FailureCode, Outgoing};
use crate::world::random;

/// What makes the items of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Plain,
    /// It calls for each item.
    Calling,
    /// It makes an item only once the answer's item before it was taken.
    Answering,
    /// A channel, into which a thread pushes.
    Channel,
}

/// How many items of an answer were taken, for a source that waits for that.
#[derive(Default)]
struct Progress {
    taken: Mutex<u8>,
    moved: Condvar,
}

impl Progress {
    fn note(&self, taken: u8) {
        let mut place = self.taken.lock();
        *place = taken.max(*place);
        drop(place);
        self.moved.notify_all();
    }

    fn wait(&self, taken: u8) {
        let mut place = self.taken.lock();
        while *place < taken {
            place = self.moved.wait(place, None);
        }
    }
}

/// Makes so many items, which are numbered.
struct Numbered {
    next: u8,
    count: u8,
    of: Source,
    /// Who calls in it. Whoever pulls it has the turn now and then, which is not counted.
    speaker: Speaker,
    progress: Arc<Progress>,
    channel: Option<Arc<StreamChannel>>,
}

impl ItemSource for Numbered {
    fn pull(&mut self, place: &mut Answering) -> Pulled {
        shuttle::thread::yield_now();
        if self.next == self.count {
            return Pulled::Complete;
        }
        match self.of {
            Source::Calling => self.speaker.call(Op::Echo, 0, 0),
            Source::Answering => self.progress.wait(self.next),
            Source::Plain | Source::Channel => {}
        }
        place.bytes.push(self.next);
        self.next += 1;
        Pulled::Item
    }

    fn channel(&mut self) -> Option<Arc<StreamChannel>> {
        self.channel.clone()
    }
}

impl Drop for Numbered {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.abandon();
        }
    }
}

impl Speaker {
    /// Calls, and feeds the argument of that call with so many items.
    pub(crate) fn feed(&self, op: Op, count: u8, of: Source) {
        self.feed_with(op, count, of, |link, frame, deadline, arguments, apart| {
            link.call_fed(frame, deadline, arguments, (apart, None))
        });
    }

    /// The same, and wants reports.
    pub(crate) fn feed_reported(&self, op: Op, count: u8, of: Source) {
        let mut last = 0;
        let mut told = |report: Report| {
            assert!(report.done > last, "an old report behind a newer one");
            last = report.done;
        };
        self.feed_with(op, count, of, |link, frame, deadline, arguments, apart| {
            let told = Reporting { told: &mut told, silence: None };
            link.call_fed(frame, deadline, arguments, (apart, Some(told)))
        });
    }

    /// The same, deferred: the call is waited for later, or given up.
    pub(crate) fn defer_fed(&self, op: Op, count: u8, of: Source, gives_up: bool) {
        let gives_up = gives_up && random(2) == 0;
        self.feed_with(op, count, of, |link, frame, deadline, arguments, _| {
            let call = link.defer_fed(frame, deadline, arguments, true)?;
            (0..random(60)).for_each(|_| shuttle::thread::yield_now());
            if gives_up {
                link.give_up(call);
                let why = Unwanted::GivenUp;
                return Err(Failure::Unwanted { why, may_have_run: true });
            }
            let answer = link.wait_out_fed(call, deadline);
            if let Err(Failure::TooManyWaiting { .. }) = answer {
                link.give_up(call);
                let why = Unwanted::GivenUp;
                return Err(Failure::Unwanted { why, may_have_run: true });
            }
            answer
        });
    }

    fn feed_with(
        &self,
        op: Op,
        count: u8,
        of: Source,
        mut call: impl FnMut(
            &Arc<Link>,
            &mut Outgoing<&[u8]>,
            Deadline,
            Arguments,
            bool,
        ) -> Result<Answer, Failure>,
    ) {
        let (message, body) = self.body(count, 0);
        let progress = Arc::new(Progress::default());
        let channel = (of == Source::Channel).then(|| channels::started(count, &self.ledger));
        let apart = op == Op::Translate;
        let speaker = self.beside();
        let progressing = progress.clone();
        let numbered = Numbered { next: 0, count, of, speaker, progress: progressing, channel };
        let answer = self.fed_frame(op, &body, apart).and_then(|mut frame| {
            let arguments = Arguments::new(vec![Box::new(numbered)]);
            let deadline = self.deadline().map_or(Deadline::Never, Deadline::At);
            self.wait(|| call(&self.link, &mut frame, deadline, arguments, apart))
        });
        match answer {
            Ok(Answer::Stream(call)) => {
                self.ledger.told(message, Fate::Answered);
                let most =
                    if random(2) == 0 { count + 1 } else { random(u64::from(count) + 1) as u8 };
                streams::take_noting(self, call, op, (count, most), |taken| progress.note(taken));
                progress.note(u8::MAX);
            }
            answer => {
                progress.note(u8::MAX);
                self.told_answer(message, answer, &body);
            }
        }
    }
}

/// Opens the argument of a command.
pub(crate) fn open(link: &Arc<Link>) -> Lane {
    link.open_argument().expect("its caller feeds it")
}

/// The items of an argument that a command takes.
pub(crate) struct Taking<'a> {
    speaker: &'a Speaker,
    lane: Lane,
    row: Vec<u8>,
    bytes: usize,
    taken: Taken,
    next: u8,
    is_over: bool,
}

impl<'a> Taking<'a> {
    pub(crate) fn new(speaker: &'a Speaker, lane: Lane) -> Self {
        let (row, taken) = (Vec::new(), Taken::default());
        Taking { speaker, lane, row, bytes: 0, taken, next: 0, is_over: false }
    }

    /// The next item; `None` at its end. `count`: how many there are.
    pub(crate) fn next(&mut self, count: u8) -> Option<u8> {
        loop {
            if let Some(item) = self.next_here() {
                return Some(item);
            }
            let (lane, taken) = (self.lane, std::mem::take(&mut self.taken));
            let link = &self.speaker.link;
            match self.speaker.wait(|| link.next_row(lane, taken, FOREVER)) {
                Ok(Row::Items { row, .. }) => {
                    (self.row, self.bytes) = (row.as_slice().to_vec(), row.len());
                }
                Ok(Row::End(end)) => {
                    self.is_over = true;
                    self.ended(end, count);
                    return None;
                }
                Err(Failure::Ended { .. }) => {
                    self.speaker.ledger.count_cut_stream();
                    return None;
                }
                Err(Failure::TooManyWaiting { .. }) => {
                    self.speaker.ledger.count_too_many_waiting();
                    return None;
                }
                Err(Failure::Unwanted { .. }) => return None,
                other => panic!("{other:?}"),
            }
        }
    }

    fn next_here(&mut self) -> Option<u8> {
        let mut items = self.row.as_slice();
        let item = wire::next_item(&mut items).expect("whole items")?.to_vec();
        let rest = items.to_vec();
        self.row = rest;
        assert_eq!(item, [self.next], "an item in the place of another");
        self.next += 1;
        self.taken.cost += wire::item_cost(item.len());
        if self.row.is_empty() {
            self.taken.bytes += std::mem::take(&mut self.bytes);
        }
        Some(item[0])
    }

    fn ended(&self, end: Ended, count: u8) {
        match end {
            Ended::Complete => {
                assert_eq!(self.next, count, "it ended early, and says it is complete");
            }
            Ended::Failure { text, .. } if text.contains("has returned") => {
                panic!("a stream ended with its command, and goes on with its promise: {text}");
            }
            // The call was given up, or the connection is being stopped.
            Ended::Failure { code: FailureCode::Closed, .. } => {}
            Ended::Failure { code: FailureCode::Handler, text } if &*text == "crowded" => {}
            other => panic!("it ended with {other:?}"),
        }
    }
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        let bytes = self.taken.bytes + self.bytes;
        let taken = Taken { bytes, ..self.taken };
        if !self.is_over {
            self.speaker.link.drop_stream(self.lane, taken);
        }
    }
}

/// A command that feeds another of its caller's.
pub(crate) fn feed_back(speaker: &Speaker, count: u8, of: Source) {
    // It has its turn now and then only: while it makes an item.
    let without_turn = Speaker { turn_of: None, ..speaker.clone() };
    speaker.wait(|| without_turn.feed(Op::Collect, count, of));
}

/// A command that takes at most `most` of `count` items.
pub(crate) fn collect(speaker: &Speaker, count: u8, most: u8) {
    collect_with(speaker, count, most, |_| {});
}

/// The same, and does something behind each.
pub(crate) fn collect_with(speaker: &Speaker, count: u8, most: u8, taken: impl Fn(u8)) {
    // It has its turn now and then only, whenever it does not wait.
    let without_turn = Speaker { turn_of: None, ..speaker.clone() };
    speaker.wait(|| take(&without_turn, count, most, taken));
}

fn take(speaker: &Speaker, count: u8, most: u8, taken: impl Fn(u8)) {
    let mut taking = Taking::new(speaker, open(&speaker.link));
    for _ in 0..most {
        let Some(item) = taking.next(count) else { break };
        taken(item + 1);
        if random(4) == 0 {
            speaker.call(Op::Echo, 0, 0);
        }
    }
}
