//! How a connection ends: the two-step goodbye, or a cut.
//!
//! A side sends `retrait` to say "I start no new commands of my own", and `adieu` to say "I am
//! idle, and you have sent `retrait` too". The connection is finished once both sides have sent
//! `adieu`.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use crate::sync::{Rule, holds};
use crate::wire::EndReason;

/// Why a connection ended.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// Both sides have said goodbye. `asked_here`: a thread of this side asked for the stop.
    Finished { asked_here: bool },
    /// This side ended the connection: its program wanted it, or the peer did something wrong.
    Here { reason: EndReason, text: Box<str> },
    /// This side ended the connection because nothing was asked on it for as long as its limit
    /// allows. The peer is sent away with the text.
    Idle { text: Box<str> },
    /// The stop that the drop of the last handle had begun was not finished in its time. The peer
    /// still runs what had arrived there; with a text it is sent away.
    LetGo { text: Box<str> },
    /// The peer ended the connection and gave this reason.
    Peer { reason: EndReason, text: Box<str> },
    /// The stream ended or broke without a goodbye.
    Cut { text: Box<str> },
}

impl Ending {
    pub(crate) fn here(reason: EndReason, text: impl Into<Box<str>>) -> Self {
        Ending::Here { reason, text: text.into() }
    }

    pub(crate) fn cut(error: &io::Error) -> Self {
        // A transport reports this error if a peer acknowledges nothing.
        if error.kind() == io::ErrorKind::ConnectionAborted {
            return Ending::here(EndReason::SlowPeer, error.to_string());
        }
        Ending::Cut { text: lost(error) }
    }

    /// The end of a stream that no goodbye had announced.
    pub(crate) fn vanished() -> Self {
        Ending::Cut { text: "".into() }
    }

    /// Whether the program of either side wanted the connection to end. Being sent away is not
    /// orderly.
    pub(crate) fn is_orderly(&self) -> bool {
        match self {
            Ending::Finished { .. } => true,
            Ending::Here { reason, .. } => {
                matches!(reason, EndReason::Finished | EndReason::Closed)
            }
            Ending::Peer { reason, .. } => {
                matches!(reason, EndReason::Finished | EndReason::Closed) && !self.is_expulsion()
            }
            Ending::Idle { .. } | Ending::LetGo { .. } | Ending::Cut { .. } => false,
        }
    }

    /// Whether this side ended the connection.
    pub(crate) fn is_here(&self) -> bool {
        match self {
            Ending::Finished { asked_here } => *asked_here,
            Ending::Here { .. } | Ending::Idle { .. } | Ending::LetGo { .. } => true,
            Ending::Peer { .. } | Ending::Cut { .. } => false,
        }
    }

    /// Whether the peer ended the connection, for whatever reason.
    pub(crate) fn is_of_peer(&self) -> bool {
        matches!(self, Ending::Peer { .. })
    }

    /// The last words of this side, if the ending is one that it has to tell the peer of.
    pub(super) fn last_words(&self) -> Option<(EndReason, &str)> {
        match self {
            Ending::Here { reason, text } => Some((*reason, text)),
            // [abrupt.text] [goodbye.let-go]
            Ending::Idle { text } | Ending::LetGo { text } => Some((EndReason::Closed, text)),
            Ending::Finished { .. } | Ending::Peer { .. } | Ending::Cut { .. } => None,
        }
    }

    /// Whether one side's program sent the other side away: it closed the connection with a text.
    // [abrupt.text]
    pub(crate) fn is_expulsion(&self) -> bool {
        matches!(
            self,
            Ending::Here { reason: EndReason::Closed, text }
            | Ending::Peer { reason: EndReason::Closed, text } if !text.is_empty()
        )
    }
}

/// What a failed system call tells about a connection, for a sentence that already says it was
/// lost.
pub(crate) fn lost(error: &io::Error) -> Box<str> {
    match error.kind() {
        io::ErrorKind::ConnectionReset => "the peer reset it".into(),
        io::ErrorKind::BrokenPipe => "the peer has closed it".into(),
        io::ErrorKind::TimedOut => "nothing was acknowledged any more".into(),
        _ => error.to_string().into(),
    }
}

/// The orderly stop of this side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stop {
    /// No stop has begun.
    #[default]
    No,
    /// A thread here asked for the stop, or the peer's `retrait` came; and the moment from which the
    /// grace period counts, once it is noted.
    Begun(Option<Instant>),
    /// The peer is being sent away, by a thread that has a deadline of its own.
    Watched,
    /// The peer has closed the connection, and commands that had arrived before wait to be begun.
    Rest,
}

/// Whether the program of this side has asked for the stop, while the connection had not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    No,
    /// A thread here has asked for it.
    Here,
    /// The program has let go of its last handle.
    LetGo,
}

/// The parts of the goodbye that one side has said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    #[default]
    Nothing,
    Retrait,
    /// `adieu`, and `retrait` before it.
    Adieu,
}

/// The end of a connection.
#[derive(Debug, Default)]
enum End {
    #[default]
    Open,
    /// Ended for this reason: nothing more is sent and no answer comes. What was said before is
    /// still written, or what had arrived is still run.
    Ended(Arc<Ending>),
    /// Closed: nothing is left to be written or run.
    Closed(Arc<Ending>),
}

/// How far the goodbye has come.
#[derive(Debug, Default)]
pub(crate) struct Goodbye {
    stop: Stop,
    asked: Asked,
    /// Commands that had arrived were dropped when the connection was closed, which its peer had
    /// closed before.
    pub(super) has_dropped_rest: bool,
    /// The parts of our goodbye that are in the outbox or written, or could not be written any
    /// more.
    ours: Said,
    /// Outbox position before our `retrait`.
    retrait_at: u64,
    /// The parts of the peer's goodbye that have come.
    theirs: Said,
    /// The input has ended.
    pub(crate) end_of_input: bool,
    /// Threads that are inside a send.
    pub(crate) senders: usize,
    end: End,
    /// Why the last words of this side, which were still waiting, can't all be written any more.
    pub(crate) cut_short: Option<Arc<Ending>>,
}

/// The step of the goodbye that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Nothing,
    Retrait,
    Adieu,
    /// Both goodbyes are sent and ours is written: the connection is finished.
    Finish,
}

impl Goodbye {
    /// Whether the connection is being stopped, or has ended.
    #[inline]
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop != Stop::No
    }

    /// Notes that the stop has begun by `now`, and says since when its grace period counts. `None`
    /// if no stop has begun that the grace period bounds.
    pub(super) fn note_stop(&mut self, now: Instant) -> Option<Instant> {
        match &mut self.stop {
            Stop::Begun(since) => Some(*since.get_or_insert(now)),
            Stop::No | Stop::Watched | Stop::Rest => None,
        }
    }

    /// Since when the grace period of a stop counts, as far as that was noted.
    pub(super) fn stopping_since(&self) -> Option<Instant> {
        match self.stop {
            Stop::Begun(since) => since,
            Stop::No | Stop::Watched | Stop::Rest => None,
        }
    }

    /// Begins the stop, unless it has begun: from now on it has the grace period.
    pub(super) fn begin_stop(&mut self) {
        if !matches!(self.stop, Stop::Begun(_)) {
            self.stop = Stop::Begun(None);
        }
    }

    /// Notes that a thread here asks for the stop. A connection that has ended can't be stopped.
    pub(super) fn ask_here(&mut self) {
        if self.ended().is_none() && self.asked == Asked::No {
            self.asked = Asked::Here;
        }
    }

    /// Whether a thread here asked for the stop before the connection ended.
    pub(crate) fn is_asked_here(&self) -> bool {
        self.asked != Asked::No
    }

    /// Notes that the program has let go of its last handle.
    pub(super) fn note_let_go(&mut self) {
        if self.ended().is_none() {
            self.asked = Asked::LetGo;
        }
    }

    /// Whether the program has let go of its last handle.
    pub(super) fn is_let_go(&self) -> bool {
        self.asked == Asked::LetGo
    }

    /// Whether this side has said `adieu`.
    pub(super) fn has_said_adieu(&self) -> bool {
        self.ours == Said::Adieu
    }

    /// Notes that the peer is sent away by a thread with a deadline of its own.
    pub(super) fn begin_expulsion(&mut self) {
        self.stop = Stop::Watched;
    }

    /// Whether commands of a peer that has closed the connection may wait to be begun.
    pub(super) fn is_rest(&self) -> bool {
        self.stop == Stop::Rest
    }

    /// Notes that all commands are begun of a peer that has closed the connection: what still runs has
    /// the grace period, from now on.
    pub(super) fn end_rest(&mut self) {
        self.stop = Stop::Begun(None);
    }

    /// Notes that the peer has closed the connection and what had arrived is left to be run. A stop
    /// that was asked for here keeps its grace period; one that the peer had begun is over.
    pub(super) fn begin_rest(&mut self) {
        if self.asked == Asked::No || self.stop == Stop::No {
            self.stop = Stop::Rest;
        }
    }

    /// Notes that our `retrait` is written, or about to be, behind outbox position `at`.
    pub(super) fn say_retrait(&mut self, at: u64) {
        self.retrait_at = at;
        self.ours = Said::Retrait;
    }

    /// Notes that our `adieu` is written, or about to be.
    pub(super) fn say_adieu(&mut self) {
        self.ours = Said::Adieu;
    }

    /// Notes that the peer's `retrait` has come. False if it had come before.
    pub(super) fn hear_retrait(&mut self) -> bool {
        let is_first = self.theirs < Said::Retrait;
        self.theirs = self.theirs.max(Said::Retrait);
        is_first
    }

    /// Notes that the peer's `adieu` has come.
    pub(super) fn hear_adieu(&mut self) {
        self.theirs = Said::Adieu;
    }

    /// Outbox position before our `retrait`; `None` if none was said.
    pub(super) fn retrait_at(&self) -> Option<u64> {
        (self.ours >= Said::Retrait).then_some(self.retrait_at)
    }

    /// Whether the peer has said `retrait`.
    pub(super) fn has_peer_retired(&self) -> bool {
        self.theirs >= Said::Retrait
    }

    /// Whether the peer has said `adieu`.
    pub(super) fn has_peer_left(&self) -> bool {
        self.theirs == Said::Adieu
    }

    /// Why the connection ends. Once the reason is known, nothing more is sent and no answer comes.
    #[inline]
    pub(crate) fn ended(&self) -> Option<&Arc<Ending>> {
        match &self.end {
            End::Open => None,
            End::Ended(ending) | End::Closed(ending) => Some(ending),
        }
    }

    /// Whether nothing is left to be written or run.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.end, End::Closed(_))
    }

    /// Ends the connection for this reason.
    pub(super) fn set_ended(&mut self, ending: Ending) {
        self.end = End::Ended(Arc::new(ending));
    }

    /// Notes that the end is complete. Does nothing if no end has begun.
    pub(super) fn set_closed(&mut self) {
        if let End::Ended(ending) = std::mem::take(&mut self.end) {
            self.end = End::Closed(ending);
        }
    }

    /// The step that comes next. `idle`: nothing runs or waits on this side; `written`: its outbox
    /// is written out.
    // [adieu.when] [goodbye.finish]
    pub(crate) fn next_step(&self, idle: bool, written: bool) -> Step {
        if self.ended().is_some() || !self.is_stopping() {
            return Step::Nothing;
        }
        if self.ours == Said::Nothing {
            return Step::Retrait;
        }
        // A thread inside a send may still append a command.
        let idle = idle && self.senders == 0;
        let peer_retired = self.theirs >= Said::Retrait || !holds(Rule::TwoStepGoodbye);
        if self.ours == Said::Retrait && idle && peer_retired {
            return Step::Adieu;
        }
        if self.ours == Said::Adieu && self.theirs == Said::Adieu && idle && written {
            return Step::Finish;
        }
        Step::Nothing
    }

    /// Whether a new command may be sent. During a stop only a handler may still send.
    #[inline]
    // [retrait.after] [adieu.after]
    pub(crate) fn admits(&self, from_handler: bool) -> bool {
        self.ended().is_none() && self.ours < Said::Adieu && (from_handler || !self.is_stopping())
    }
}

#[cfg(test)]
mod tests;
