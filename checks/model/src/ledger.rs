//! What was sent and what became of it: the books that every run must balance.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Two connections at most.
const MOST_ENDS: usize = 4;

/// What the sender was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing yet: no run may end so.
    Open,
    /// A one-way message was taken.
    Accepted,
    /// Only the latest counts, and this one waits for that it is sent.
    Waits,
    /// The answer came.
    Answered,
    /// It never ran.
    NotRun,
    /// It may have run.
    MayHaveRun,
    /// Nobody waited for it.
    GivenUp,
}

#[derive(Debug)]
struct Entry {
    sender: SenderId,
    fate: Fate,
    started: u32,
    finished: bool,
}

/// One thread of control that sends, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderId(pub(crate) u32);

/// A message; a sender's later ones have larger numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MessageId(pub(crate) u32);

#[derive(Debug, Default)]
struct Books {
    messages: Vec<Entry>,
    /// The last message of each sender that was started.
    last_started: Vec<Option<MessageId>>,
    /// Handlers of each end that are in their own code and not parallel.
    running: [u32; MOST_ENDS],
    /// Which senders are threads of the program; the others are handlers.
    programs: Vec<bool>,
    /// The end that each sender is at.
    ends: Vec<usize>,
    /// The message that each sender is the handler of.
    handled: Vec<Option<MessageId>>,
    /// Messages refused by a limit of waiting handlers.
    too_many_waiting: u32,
    /// Messages refused because of a stop, to a handler that the program had asked for.
    cut_short: u32,
    /// Streams that the end of the connection has cut.
    cut_streams: u32,
    /// Streams of channels that a stop of the connection has ended.
    stopped_streams: u32,
}

/// The books of one run. Their lock is no business of the scheduler's.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Books>);

impl Ledger {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread of the program, or the handler of that message.
    pub(crate) fn new_sender(&self, handled: Option<MessageId>, end: usize) -> SenderId {
        let mut books = self.books();
        books.ends.push(end);
        books.programs.push(handled.is_none());
        books.handled.push(handled);
        books.last_started.push(None);
        SenderId(books.last_started.len() as u32 - 1)
    }

    /// Another sender, at the same end and for the same reason as that one.
    pub(crate) fn beside(&self, sender: SenderId) -> SenderId {
        let books = self.books();
        let place = sender.0 as usize;
        let (handled, end) = (books.handled[place], books.ends[place]);
        drop(books);
        self.new_sender(handled, end)
    }

    pub(crate) fn new_message(&self, sender: SenderId) -> MessageId {
        let mut books = self.books();
        books.messages.push(Entry { sender, fate: Fate::Open, started: 0, finished: false });
        MessageId(books.messages.len() as u32 - 1)
    }

    pub(crate) fn told(&self, message: MessageId, fate: Fate) {
        self.books().messages[message.0 as usize].fate = fate;
    }

    /// A message has taken the place of its sender's last one, which waited and never runs.
    pub(crate) fn replaced_by(&self, message: MessageId) {
        let sender = self.books().messages[message.0 as usize].sender;
        assert!(self.last_waits(sender, message.0, Fate::NotRun), "what was replaced had waited");
    }

    /// The last message of a sender, if it still waits, has been dropped.
    pub(crate) fn dropped(&self, sender: SenderId) {
        self.last_waits(sender, u32::MAX, Fate::GivenUp);
    }

    /// Tells something else of the last message of a sender before that one which may run, if it
    /// waits.
    fn last_waits(&self, sender: SenderId, before: u32, fate: Fate) -> bool {
        let mut books = self.books();
        let earlier = books.messages.iter_mut().take(before as usize).rev();
        let mut of_it = earlier.filter(|entry| entry.sender == sender);
        let last = of_it.find(|entry| entry.fate != Fate::NotRun);
        let last = last.filter(|last| last.fate == Fate::Waits);
        let waits = last.is_some();
        last.into_iter().for_each(|last| last.fate = fate);
        waits
    }

    /// A command has returned.
    pub(crate) fn finish(&self, message: MessageId) {
        self.books().messages[message.0 as usize].finished = true;
    }

    /// Messages that the handler of that one has sent, and that are not handled.
    pub(crate) fn unhandled_of(&self, message: MessageId) -> usize {
        let books = self.books();
        let is_of_it = |entry: &&Entry| books.handled[entry.sender.0 as usize] == Some(message);
        let of_it = books.messages.iter().filter(is_of_it);
        of_it.filter(|entry| entry.fate == Fate::Accepted && !entry.finished).count()
    }

    pub(crate) fn count_cut_stream(&self) {
        self.books().cut_streams += 1;
    }

    pub(crate) fn count_stopped_stream(&self) {
        self.books().stopped_streams += 1;
    }

    pub(crate) fn stopped_streams(&self) -> u32 {
        self.books().stopped_streams
    }

    pub(crate) fn count_too_many_waiting(&self) {
        self.books().too_many_waiting += 1;
    }

    pub(crate) fn is_program(&self, sender: SenderId) -> bool {
        self.books().programs[sender.0 as usize]
    }

    pub(crate) fn count_cut_short(&self) {
        self.books().cut_short += 1;
    }

    /// A command starts: one at a time, in its sender's order.
    pub(crate) fn start(&self, end: usize, sender: SenderId, message: MessageId, parallel: bool) {
        let mut books = self.books();
        books.messages[message.0 as usize].started += 1;
        if parallel {
            return;
        }
        let running = books.running[end];
        let before = books.last_started[sender.0 as usize].replace(message);
        books.running[end] += 1;
        drop(books);
        assert_eq!(running, 0, "a command started while another ran");
        assert!(before < Some(message), "a command overtook another of its sender");
    }

    pub(crate) fn pause(&self, end: usize) {
        self.books().running[end] -= 1;
    }

    pub(crate) fn go_on(&self, end: usize) {
        self.books().running[end] += 1;
    }

    /// Balances the books. `orderly`: the connection was stopped, not cut or closed. `patient`:
    /// no call had a deadline. `heard`: an end whose peer was sent away, and heard all it was sent.
    pub(crate) fn check(&self, orderly: bool, patient: bool, heard: Option<usize>) {
        let books = self.books();
        for (id, Entry { sender, fate, started, .. }) in books.messages.iter().enumerate() {
            let heard = heard == Some(books.ends[sender.0 as usize]);
            let is_right = match fate {
                Fate::Open => false,
                Fate::Answered => *started == 1,
                Fate::Accepted => *started == 1 || !orderly && !heard && *started == 0,
                // It is not sent to a peer that is sent away.
                Fate::Waits => *started == 1 || !orderly && *started == 0,
                Fate::NotRun => *started == 0,
                Fate::GivenUp => *started <= 1,
                Fate::MayHaveRun => *started <= 1 && !(orderly && patient),
            };
            assert!(is_right, "message {id} was told {fate:?} and started {started} times");
        }
        assert_eq!(books.running, [0; MOST_ENDS], "handlers left");
        assert!(!orderly || books.cut_streams == 0, "an orderly end has cut a stream");
        let cut_short = orderly && patient && books.cut_short > 0;
        assert!(!cut_short, "a command that was accepted before the stop could not send");
    }

    pub(crate) fn too_many_waiting(&self) -> u32 {
        self.books().too_many_waiting
    }
}
