//! Those who send commands: threads of the program, and handlers.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::ledger::{Fate, Ledger, MessageId, SenderId};
use crate::link::{Answer, Awaited, Failure, Link, Placed, SlotId, wait_for_first};
use crate::op::Op;
use crate::streams;
use crate::wire::{CallId, Context, FailureCode, Features, Outgoing, Start};
use crate::world::random;

/// Bytes of a body without padding.
const BODY: usize = 9;

/// One end of the connection as seen by one thread of control.
#[derive(Clone)]
pub(crate) struct Speaker {
    pub(crate) link: Arc<Link>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) id: SenderId,
    /// What sends the messages of which only the latest counts: they have no order with others.
    pub(crate) latest: SenderId,
    /// How long each call may take.
    pub(crate) patience: Option<Duration>,
    /// Calls tell how much time they have left.
    pub(crate) tells_time: bool,
    /// The end whose turn this speaker holds, if it is a handler that has it.
    pub(crate) turn_of: Option<usize>,
    /// It is a handler of a command that a thread of the program sent: a stop lets it finish.
    pub(crate) owed: bool,
}

/// A deferred call.
pub(crate) struct Pending {
    pub(crate) link: Arc<Link>,
    pub(crate) call: CallId,
    pub(crate) message: MessageId,
    pub(crate) body: Vec<u8>,
}

impl Speaker {
    /// A thread of the program.
    pub(crate) fn program(
        link: &Arc<Link>,
        ledger: &Arc<Ledger>,
        end: usize,
        patience: Option<Duration>,
        tells_time: bool,
    ) -> Self {
        let (id, latest) = (ledger.new_sender(None, end), ledger.new_sender(None, end));
        let (link, ledger) = (link.clone(), ledger.clone());
        Speaker { link, ledger, id, latest, patience, tells_time, turn_of: None, owed: false }
    }

    /// Another thread, or another part of this one, that sends for the same reason.
    pub(crate) fn beside(&self) -> Self {
        let id = self.ledger.beside(self.id);
        Speaker { id, turn_of: None, ..self.clone() }
    }

    pub(crate) fn deadline(&self) -> Option<std::time::Instant> {
        self.patience.map(|patience| crate::sync::now() + patience)
    }

    /// A body and its number in the books.
    pub(crate) fn body(&self, count: u8, padding: usize) -> (MessageId, Vec<u8>) {
        let message = self.ledger.new_message(self.id);
        let mut body = vec![count];
        body.extend(self.id.0.to_le_bytes());
        body.extend(message.0.to_le_bytes());
        body.resize(BODY + padding, 7);
        (message, body)
    }

    /// A frame, unless it is nested too deep.
    fn frame(
        &self,
        op: Op,
        body: &[u8],
        is_call: bool,
    ) -> Result<Outgoing<&'static [u8]>, Failure> {
        let mut start = Start::plain(self.link.sends()?.0, op as u64, 0);
        let mut frame = Outgoing::in_buffer(Vec::new());
        let context = Context { time_left: Some(0), ..Context::default() };
        if self.tells_time && is_call {
            start.context = Some((&context, Features::OURS));
            frame.until = self.deadline();
        }
        if is_call {
            frame.begin_call(start);
        } else {
            frame.begin_one_way(start);
        }
        frame.bytes.extend(body);
        frame.finish().expect("a small frame");
        Ok(frame)
    }

    /// Does what may give up the turn.
    pub(crate) fn wait<T>(&self, act: impl FnOnce() -> T) -> T {
        self.turn_of.into_iter().for_each(|end| self.ledger.pause(end));
        let result = act();
        self.turn_of.into_iter().for_each(|end| self.ledger.go_on(end));
        result
    }

    pub(crate) fn send(&self, op: Op, count: u8, padding: usize) {
        let (message, body) = self.body(count, padding);
        let sent = self
            .frame(op, &body, false)
            .and_then(|mut frame| self.wait(|| self.link.send(&mut frame, self.deadline())));
        self.told_sent(message, sent);
    }

    pub(crate) fn send_at_once(&self, op: Op) {
        let (message, body) = self.body(0, 0);
        let sent = self.frame(op, &body, false).and_then(|frame| self.link.send_at_once(&frame));
        self.told_sent(message, sent);
    }

    /// Sends a message of which only the latest counts.
    pub(crate) fn send_latest(&self, op: Op, padding: usize) {
        let (message, body) = Speaker { id: self.latest, ..self.clone() }.body(0, padding);
        let slot = SlotId { membership: self.latest.0.into(), command: 0 };
        let placed = self.frame(op, &body, false).and_then(|frame| {
            self.link.send_latest(slot, &frame, || frame.parts().concat().into())
        });
        match placed {
            Ok(Placed::Sent) => self.ledger.told(message, Fate::Accepted),
            Ok(placed) => {
                self.ledger.told(message, Fate::Waits);
                if placed == Placed::Replaces {
                    self.ledger.replaced_by(message);
                }
            }
            Err(failure) => self.told_failure(message, &failure),
        }
    }

    /// Drops the last such message, if it waits.
    pub(crate) fn forget_latest(&self) {
        self.link.forget_latest(self.latest.0.into());
        self.ledger.dropped(self.latest);
    }

    fn told_sent(&self, message: MessageId, sent: Result<(), Failure>) {
        match sent {
            Ok(()) => self.ledger.told(message, Fate::Accepted),
            Err(failure) => self.told_failure(message, &failure),
        }
    }

    pub(crate) fn call(&self, op: Op, count: u8, padding: usize) {
        let (message, body) = self.body(count, padding);
        let answer = self
            .frame(op, &body, true)
            .and_then(|mut frame| self.wait(|| self.link.call(&mut frame, self.deadline())));
        self.told_answer(message, answer, &body);
    }

    /// Calls what sends two messages back before it answers, and then catches up: they are handled.
    pub(crate) fn catch_up(&self) {
        let (message, body) = self.body(1, 0);
        let answer = self
            .frame(Op::Hop, &body, true)
            .and_then(|mut frame| self.wait(|| self.link.call(&mut frame, self.deadline())));
        let answered = answer.is_ok();
        self.told_answer(message, answer, &body);
        let caught_up = self.link.catch_up(self.deadline().into());
        assert!(!matches!(caught_up, Err(Failure::InsideOne)), "a thread of the program");
        if answered && caught_up.is_ok() {
            assert_eq!(self.ledger.unhandled_of(message), 0, "caught up, and not all is handled");
        }
    }

    pub(crate) fn defer(&self, op: Op, count: u8, padding: usize) -> Option<Pending> {
        let (message, body) = self.body(count, padding);
        let deferred = self
            .frame(op, &body, true)
            .and_then(|mut frame| self.wait(|| self.link.defer(&mut frame, self.deadline())));
        match deferred {
            Ok(call) => Some(Pending { link: self.link.clone(), call, message, body }),
            Err(failure) => {
                self.told_failure(message, &failure);
                None
            }
        }
    }

    /// Waits for any of several deferred calls; says which is over. `None` where none is in time.
    pub(crate) fn first_of(&self, pending: &[Pending]) -> Option<usize> {
        if pending.iter().any(|one| !Arc::ptr_eq(&one.link, &self.link)) {
            return self.first_of_several(pending);
        }
        let calls: Vec<_> = pending.iter().map(|pending| pending.call).collect();
        let first = self.wait(|| self.link.wait_for_any(&calls, self.deadline())).ok()??;
        assert!(self.link.is_ready(calls[first]), "an answer that is not there");
        Some(first)
    }

    /// The same for calls of several connections.
    fn first_of_several(&self, pending: &[Pending]) -> Option<usize> {
        let mut awaited: Vec<Awaited<'_>> = Vec::new();
        for Pending { link, call, .. } in pending {
            match awaited.iter_mut().find(|awaited| std::ptr::eq(awaited.link, &raw const **link)) {
                Some(awaited) => awaited.calls.push(*call),
                None => awaited.push(Awaited { link, calls: vec![*call] }),
            }
        }
        let time = self.patience.unwrap_or(crate::sync::FOREVER);
        self.wait(|| wait_for_first(&awaited, time)).ok()?;
        let first = pending.iter().position(|one| one.link.is_known_ready(one.call));
        assert!(first.is_some() || self.patience.is_some(), "it ended with nothing to show");
        first
    }

    /// Waits for a deferred call, or, now and then, gives it up.
    pub(crate) fn settle(&self, pending: Pending, gives_up: bool) {
        let Pending { link, call, message, body } = pending;
        if gives_up && random(2) == 0 {
            link.give_up(call);
            return self.ledger.told(message, Fate::MayHaveRun);
        }
        let answer = self.wait(|| link.wait_for(call, self.deadline()));
        if let Err(Failure::Late { .. } | Failure::Unwanted { .. }) = answer {
            link.give_up(call);
        }
        if let Err(Failure::TooManyWaiting { .. }) = answer {
            link.give_up(call);
            return self.ledger.told(message, Fate::MayHaveRun);
        }
        self.told_answer(message, answer, &body);
    }

    /// Takes a stream's items, at most `most`, and lets it go then.
    pub(crate) fn take(&self, op: Op, count: u8, most: u8) {
        let (message, body) = self.body(count, 0);
        let answer = self
            .stream_frame(op, &body)
            .and_then(|mut frame| self.wait(|| self.link.call(&mut frame, self.deadline())));
        match answer {
            Ok(Answer::Stream(call)) => {
                self.ledger.told(message, Fate::Answered);
                streams::take(self, call, op, count, most);
            }
            answer => self.told_answer(message, answer, &body),
        }
    }

    /// Calls, and gives the call up after a while.
    pub(crate) fn give_up(&self, op: Op, count: u8) {
        if let Some(Pending { link, call, message, .. }) = self.defer(op, count, 0) {
            (0..random(100)).for_each(|_| shuttle::thread::yield_now());
            link.give_up(call);
            self.ledger.told(message, Fate::GivenUp);
        }
    }

    /// Asks for a stream, and gives the call up: the cancel may cross the opening.
    pub(crate) fn give_up_stream(&self, op: Op, count: u8) {
        let (message, body) = self.body(count, 0);
        let deferred = self
            .stream_frame(op, &body)
            .and_then(|mut frame| self.wait(|| self.link.defer(&mut frame, self.deadline())));
        match deferred {
            Ok(call) => {
                (0..random(4)).for_each(|_| shuttle::thread::yield_now());
                self.link.give_up(call);
                self.ledger.told(message, Fate::GivenUp);
            }
            Err(failure) => self.told_failure(message, &failure),
        }
    }

    /// A call that expects a stream.
    fn stream_frame(&self, op: Op, body: &[u8]) -> Result<Outgoing<&'static [u8]>, Failure> {
        let context = Context { stream: NonZeroU32::new(streams::CREDIT), ..Context::default() };
        self.told_frame(op, body, &context)
    }

    /// A call with an argument that is a stream; it may expect one too.
    pub(crate) fn fed_frame(
        &self,
        op: Op,
        body: &[u8],
        expects: bool,
    ) -> Result<Outgoing<&'static [u8]>, Failure> {
        let stream = NonZeroU32::new(streams::CREDIT).filter(|_| expects);
        self.told_frame(op, body, &Context { stream, prepaid: Some(0), ..Context::default() })
    }

    fn told_frame(
        &self,
        op: Op,
        body: &[u8],
        context: &Context<'_>,
    ) -> Result<Outgoing<&'static [u8]>, Failure> {
        let mut start = Start::plain(self.link.sends()?.0, op as u64, 0);
        start.context = Some((context, Features::OURS));
        let mut frame = Outgoing::in_buffer(Vec::new());
        frame.begin_call(start);
        frame.bytes.extend(body);
        frame.finish().expect("a small frame");
        Ok(frame)
    }

    pub(crate) fn told_answer(
        &self,
        message: MessageId,
        answer: Result<Answer, Failure>,
        body: &[u8],
    ) {
        let fate = match answer {
            Ok(Answer::Value(bytes)) => {
                assert_eq!(bytes.as_slice(), body, "an answer to something else");
                Fate::Answered
            }
            Ok(Answer::Failure {
                code: FailureCode::Handler | FailureCode::Unanswered, ..
            }) => Fate::Answered,
            Ok(Answer::Failure {
                code: FailureCode::NoResources | FailureCode::Expired, ..
            }) => Fate::NotRun,
            // A channel's stream is not opened any more once the connection is being stopped.
            Ok(Answer::Failure { code: FailureCode::Closed, .. }) => {
                self.ledger.count_stopped_stream();
                Fate::Answered
            }
            Ok(other) => panic!("answered {other:?}"),
            Err(failure) => return self.told_failure(message, &failure),
        };
        self.ledger.told(message, fate);
    }

    fn told_failure(&self, message: MessageId, failure: &Failure) {
        let fate = match failure {
            Failure::Ended { may_have_run: true, .. }
            | Failure::Late { may_have_run: true, .. } => Fate::MayHaveRun,
            Failure::Unwanted { may_have_run: true, .. } => Fate::GivenUp,
            Failure::TooManyWaiting { .. } => {
                self.ledger.count_too_many_waiting();
                Fate::NotRun
            }
            Failure::Stopping if self.owed => {
                self.ledger.count_cut_short();
                Fate::NotRun
            }
            Failure::TooLarge { .. } => panic!("{failure:?}"),
            _ => Fate::NotRun,
        };
        self.ledger.told(message, fate);
    }
}
