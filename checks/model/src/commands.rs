//! The commands of the models, and those who send them: threads of the program and handlers.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use crate::ledger::{Fate, Ledger, MessageId, SenderId};
use crate::link::{
    Answer, Awaited, Dispatch, Failure, Incoming, Kinds, Link, Notice, Outcome, Runner, Stopped,
    wait_for_first,
};
use crate::streams;
use crate::sync::{Condvar, Mutex};
use crate::wire::{CallId, Context, EndReason, FailureCode, Features, Outgoing, Start};
use crate::world::random;

/// What a command does. The number travels as the command's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Op {
    /// Answers with its arguments.
    Echo = 1,
    /// Calls back, as often as its count says, each time from inside the last.
    Nest,
    /// Sends two messages back, as deep as its count says.
    Hop,
    /// Lets others run for a while.
    Busy,
    /// Fails.
    Fail,
    /// Stops the connection from inside.
    Stop,
    /// Closes the connection from inside.
    Close,
    /// Runs beside others; calls back once if its count says so.
    Parallel,
    /// Calls on: in the middle over the other connection, at an outer end back again, as often
    /// as its count says.
    Forward,
    /// In the middle: stops the other connection and waits for its end.
    StopOther,
    /// Calls `Attend` back.
    Meet,
    /// Waits until a `Release` has run, on whichever end.
    Attend,
    /// The same, beside others.
    ParallelAttend,
    Release,
    /// Answers with a stream of as many items as its count says.
    Stream,
    /// The same, and its iterator calls back for each item.
    StreamCalling,
    /// The same, and its iterator waits until a `Release` has run.
    StreamAttend,
    /// The same, beside others.
    ParallelStream,
    /// Takes the items of a stream of its caller's, as many as its count says.
    Take,
}

const OPS: [Op; 19] = [
    Op::Echo,
    Op::Nest,
    Op::Hop,
    Op::Busy,
    Op::Fail,
    Op::Stop,
    Op::Close,
    Op::Parallel,
    Op::Forward,
    Op::StopOther,
    Op::Meet,
    Op::Attend,
    Op::ParallelAttend,
    Op::Release,
    Op::Stream,
    Op::StreamCalling,
    Op::StreamAttend,
    Op::ParallelStream,
    Op::Take,
];

impl Op {
    fn is_parallel(self) -> bool {
        matches!(self, Op::Parallel | Op::ParallelAttend | Op::ParallelStream)
    }

    fn streams(self) -> bool {
        matches!(self, Op::Stream | Op::StreamCalling | Op::StreamAttend | Op::ParallelStream)
    }
}

/// Bytes of a body without padding.
const BODY: usize = 9;

/// One end of the connection as seen by one thread of control.
#[derive(Clone)]
pub(crate) struct Speaker {
    pub(crate) link: Arc<Link>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) id: SenderId,
    /// How long each call may take.
    pub(crate) patience: Option<Duration>,
    /// The end whose turn this speaker holds, if it is a handler that has it.
    pub(crate) turn_of: Option<usize>,
    /// It is a handler of a command that a thread of the program sent: a stop lets it finish.
    pub(crate) owed: bool,
}

/// The message that a handler is the handler of, and who sent it.
#[derive(Clone, Copy)]
struct Origin {
    sender: SenderId,
    message: MessageId,
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
    ) -> Self {
        let id = ledger.new_sender(None, end);
        let (link, ledger) = (link.clone(), ledger.clone());
        Speaker { link, ledger, id, patience, turn_of: None, owed: false }
    }

    fn deadline(&self) -> Option<std::time::Instant> {
        self.patience.map(|patience| crate::sync::now() + patience)
    }

    /// A body and its number in the books.
    fn body(&self, count: u8, padding: usize) -> (MessageId, Vec<u8>) {
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
        let start = Start::plain(self.link.depth()?, op as u64, 0);
        let mut frame = Outgoing::in_buffer(Vec::new());
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
        if let Err(Failure::Late { .. }) = answer {
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
        let mut start = Start::plain(self.link.depth()?, op as u64, 0);
        let context = Context { stream: NonZeroU32::new(streams::CREDIT), ..Context::default() };
        start.context = Some((&context, Features::OURS));
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
            Ok(Answer::Failure { code: FailureCode::Handler, .. }) => Fate::Answered,
            Ok(Answer::Failure { code: FailureCode::NoResources, .. }) => Fate::NotRun,
            Ok(other) => panic!("answered {other:?}"),
            Err(failure) => return self.told_failure(message, &failure),
        };
        self.ledger.told(message, fate);
    }

    fn told_failure(&self, message: MessageId, failure: &Failure) {
        let fate = match failure {
            Failure::Ended { may_have_run: true, .. }
            | Failure::Late { may_have_run: true, .. } => Fate::MayHaveRun,
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

/// What handlers of one end wait for, and those of another bring about: a dependence between
/// commands that the core knows nothing of.
#[derive(Default)]
pub(crate) struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn wait(&self) {
        let mut is_open = self.is_open.lock();
        while !*is_open {
            is_open = self.opened.wait(is_open, None);
        }
    }

    fn open(&self) {
        *self.is_open.lock() = true;
        self.opened.notify_all();
    }
}

/// The command of that hash, which is its number counted from 1.
fn known(command: u64) -> Option<Op> {
    OPS.get((command as usize).checked_sub(1)?).copied()
}

/// The registry of one end.
pub(crate) struct Commands {
    pub(crate) end: usize,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) gate: Arc<Gate>,
    /// The other connection of an end in the middle.
    pub(crate) other: OnceLock<Weak<Link>>,
    pub(crate) patience: Option<Duration>,
}

impl Commands {
    /// The speaker that a handler is.
    fn speaker(&self, link: &Arc<Link>, parallel: bool, of: Origin) -> Speaker {
        Speaker {
            link: link.clone(),
            ledger: self.ledger.clone(),
            id: self.ledger.new_sender(Some(of.message), self.end),
            patience: self.patience,
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
            Op::Take => {
                // It has its turn now and then only, whenever it does not wait.
                let speaker = speaker();
                let without_turn = Speaker { turn_of: None, ..speaker.clone() };
                speaker.wait(|| without_turn.take(Op::Stream, count, u8::MAX));
            }
            Op::Nest
            | Op::Hop
            | Op::Parallel
            | Op::Stream
            | Op::StreamCalling
            | Op::StreamAttend
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
        let before_item = |_: u8| match op {
            Op::StreamCalling => speaker().call(Op::Echo, 0, 0),
            Op::StreamAttend => self.gate.wait(),
            _ => shuttle::thread::yield_now(),
        };
        streams::feed(incoming.stream, incoming.body[0], before_item)
    }

    fn run(&self, link: &Arc<Link>, incoming: &Incoming<'_>, out: &mut Vec<u8>) -> Outcome {
        // A call that was given up before it left.
        let Some(op) = known(incoming.command) else {
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
        self.act(link, op, body[0], of);
        self.ledger.finish(message);
        if !parallel {
            self.ledger.pause(self.end);
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
        known(command).is_some_and(Op::is_parallel)
    }
}
