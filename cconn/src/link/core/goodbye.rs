//! How a connection ends: the two-step goodbye, or a cut.
//!
//! `retrait` says "I start no new commands of my own", `adieu` says "I am idle, and you have said
//! `retrait` too". When both `adieu`s are in, the connection is finished.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use crate::sync::{Rule, holds};
use crate::wire::EndReason;

/// Why a connection ended.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// Both sides said goodbye.
    Finished,
    /// This side ended it: its program, or because of what the peer did.
    Here { reason: EndReason, text: Box<str> },
    /// The peer ended it and said why.
    Peer { reason: EndReason, text: Box<str> },
    /// The stream ended or broke without a goodbye.
    Cut { text: Box<str> },
}

impl Ending {
    pub(crate) fn here(reason: EndReason, text: impl Into<Box<str>>) -> Self {
        Ending::Here { reason, text: text.into() }
    }

    pub(crate) fn cut(error: &io::Error) -> Self {
        // What a transport calls the end of a peer that takes nothing.
        if error.kind() == io::ErrorKind::ConnectionAborted {
            return Ending::here(EndReason::SlowPeer, error.to_string());
        }
        Ending::Cut { text: lost(error) }
    }

    /// The end of the stream where none was announced.
    pub(crate) fn vanished() -> Self {
        Ending::Cut { text: "".into() }
    }

    /// Whether the program (of either side) wanted it so; who is sent away did not.
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

    /// Whether one side's program sent the other away: it closed the connection and said why.
    pub(crate) fn is_expulsion(&self) -> bool {
        matches!(
            self,
            Ending::Here { reason: EndReason::Closed, text }
            | Ending::Peer { reason: EndReason::Closed, text } if !text.is_empty()
        )
    }
}

/// What a failed system call says of a connection that is named as lost already.
pub(crate) fn lost(error: &io::Error) -> Box<str> {
    match error.kind() {
        io::ErrorKind::ConnectionReset => "the peer reset it".into(),
        io::ErrorKind::BrokenPipe => "the peer takes nothing more".into(),
        io::ErrorKind::TimedOut => "nothing was acknowledged any more".into(),
        _ => error.to_string().into(),
    }
}

/// Where the goodbye stands.
///
/// `bye` implies `retired` and `peer_retired`; `closed` is final and implies `ended`.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, in any combination")]
#[derive(Debug, Default)]
pub(crate) struct Goodbye {
    /// Somebody here, or the peer's `retrait`, began the stop.
    pub(crate) stopping: bool,
    /// When that was.
    pub(crate) stop_since: Option<Instant>,
    /// Our `retrait` stands in the outbox, or could not be written any more.
    pub(crate) retired: bool,
    /// Outbox position in front of it.
    pub(crate) retrait_at: u64,
    pub(crate) peer_retired: bool,
    /// So does our `adieu`.
    pub(crate) bye: bool,
    pub(crate) peer_bye: bool,
    /// The input has ended.
    pub(crate) end_of_input: bool,
    /// Threads between the start of a send and its end.
    pub(crate) senders: usize,
    /// Why the connection ends, once that is known: nothing more is sent, and no answer comes.
    pub(crate) ended: Option<Arc<Ending>>,
    /// The end has come: what still had to be written, or to be run, is.
    pub(crate) closed: bool,
    /// Why the last words of this side, which wait for their turn, can't all be written any more.
    pub(crate) unsaid: Option<Arc<Ending>>,
}

/// A frame of the goodbye that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Retrait,
    Adieu,
    /// Both goodbyes are said and written: the connection is finished.
    Finish,
}

impl Goodbye {
    /// What is due next, given whether this side is idle and its outbox written.
    pub(crate) fn due(&self, idle: bool, written: bool) -> Due {
        if self.ended.is_some() || !self.stopping {
            return Due::Nothing;
        }
        if !self.retired {
            return Due::Retrait;
        }
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

    /// Whether a new command may be sent, by a handler or by others.
    #[inline]
    pub(crate) fn admits(&self, from_handler: bool) -> bool {
        self.ended.is_none() && !self.bye && (from_handler || !self.stopping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adieu_waits_for_the_peers_retrait_and_for_idleness() {
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
        let mut end = Goodbye { stopping: true, ..Goodbye::default() };
        assert!(end.admits(true) && !end.admits(false));
        end.bye = true;
        assert!(!end.admits(true));
    }
}
