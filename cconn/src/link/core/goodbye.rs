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
    /// Both sides have said goodbye.
    Finished,
    /// This side ended the connection: its program wanted it, or the peer did something wrong.
    Here { reason: EndReason, text: Box<str> },
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
            Ending::Finished => true,
            Ending::Here { reason, .. } => {
                matches!(reason, EndReason::Finished | EndReason::Closed)
            }
            Ending::Peer { reason, .. } => {
                matches!(reason, EndReason::Finished | EndReason::Closed) && !self.is_expulsion()
            }
            Ending::Cut { .. } => false,
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
        io::ErrorKind::BrokenPipe => "the peer takes nothing more".into(),
        io::ErrorKind::TimedOut => "nothing was acknowledged any more".into(),
        _ => error.to_string().into(),
    }
}

/// How far the goodbye has come.
///
/// `bye` implies `retired` and `peer_retired`; `closed` is final and implies `ended`.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, in any combination")]
#[derive(Debug, Default)]
pub(crate) struct Goodbye {
    /// The stop has begun: a thread here asked for it, or the peer's `retrait` came.
    pub(crate) stopping: bool,
    /// When the stop began.
    pub(crate) stop_since: Option<Instant>,
    /// Our `retrait` is in the outbox or written, or could not be written any more.
    pub(crate) retired: bool,
    /// Outbox position before our `retrait`.
    pub(crate) retrait_at: u64,
    /// The peer's `retrait` has come.
    pub(crate) peer_retired: bool,
    /// Our `adieu` is in the outbox or written, or could not be written any more.
    pub(crate) bye: bool,
    /// The peer's `adieu` has come.
    pub(crate) peer_bye: bool,
    /// The input has ended.
    pub(crate) end_of_input: bool,
    /// Threads that are inside a send.
    pub(crate) senders: usize,
    /// Why the connection ends. Once set, nothing more is sent and no answer comes.
    pub(crate) ended: Option<Arc<Ending>>,
    /// The end is complete: nothing is left to be written or run.
    pub(crate) closed: bool,
    /// Why the last words of this side can't all be written any more; they were still waiting to
    /// be.
    pub(crate) unsaid: Option<Arc<Ending>>,
}

/// The step of the goodbye that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Retrait,
    Adieu,
    /// Both goodbyes are sent and ours is written: the connection is finished.
    Finish,
}

impl Goodbye {
    /// The step that comes next. `idle`: nothing runs or waits on this side; `written`: its outbox
    /// is written out.
    // [adieu.when] [goodbye.finish]
    pub(crate) fn due(&self, idle: bool, written: bool) -> Due {
        if self.ended.is_some() || !self.stopping {
            return Due::Nothing;
        }
        if !self.retired {
            return Due::Retrait;
        }
        // A thread inside a send may still append a command.
        let idle = idle && self.senders == 0;
        let peer_retired = self.peer_retired || !holds(Rule::TwoStepGoodbye);
        if !self.bye && idle && peer_retired {
            return Due::Adieu;
        }
        if self.bye && self.peer_bye && idle && written {
            return Due::Finish;
        }
        Due::Nothing
    }

    /// Whether a new command may be sent. During a stop only a handler may still send.
    #[inline]
    // [retrait.after] [adieu.after]
    pub(crate) fn admits(&self, from_handler: bool) -> bool {
        self.ended.is_none() && !self.bye && (from_handler || !self.stopping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adieu_waits_for_the_peers_retrait_and_for_idleness() {
        // [retrait.answer] [adieu.when]
        let mut end = Goodbye { stopping: true, ..Goodbye::default() };
        assert_eq!(end.due(true, true), Due::Retrait);
        end.retired = true;
        assert_eq!(end.due(true, true), Due::Nothing, "the peer has not retired");
        end.peer_retired = true;
        assert_eq!(end.due(false, true), Due::Nothing, "a handler runs");
        end.senders = 1;
        assert_eq!(end.due(true, true), Due::Nothing, "a thread is sending");
        end.senders = 0;
        assert_eq!(end.due(true, true), Due::Adieu);
        end.bye = true;
        assert_eq!(end.due(true, true), Due::Nothing, "the peer may still send");
        end.peer_bye = true;
        assert_eq!(end.due(true, false), Due::Nothing, "our adieu is not written");
        assert_eq!(end.due(true, true), Due::Finish);
    }

    #[test]
    fn handlers_may_send_while_stopping_but_not_after_adieu() {
        // [retrait.after] [adieu.after]
        let mut end = Goodbye { stopping: true, ..Goodbye::default() };
        assert!(end.admits(true) && !end.admits(false));
        end.bye = true;
        assert!(!end.admits(true));
    }
}
