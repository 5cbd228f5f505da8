//! Why a message was not sent, or a call not answered.

use std::sync::Arc;

use super::alarm::Unwanted;
use super::goodbye::Ending;
use super::whereabouts::Whereabouts;

/// What a wait was for when its deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitedFor {
    /// Room in the peer's window or in the outbox: nothing was sent.
    Window,
    /// Room in the window of a client that has taken up nothing so far: nothing was sent.
    Unheard,
    /// The answer.
    Answer(Whereabouts),
    /// The next items of a stream, or its end.
    Silence,
    /// The peer to take more of an argument stream.
    Taker,
    /// The end of the commands that had arrived.
    CatchUp,
}

/// Why a message was not sent, or a call not answered.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Not sent: larger than the peer accepts. The connection lives.
    TooLarge { size: usize, limit: usize },
    /// Not sent: nested deeper than the limit. The connection lives.
    TooDeep { limit: usize },
    /// Not sent: the limit of handlers that wait is reached. The connection lives.
    TooManyWaiting { limit: usize },
    /// Not sent: too many calls without an answer. The connection lives.
    TooManyCalls { limit: usize },
    /// Not sent: the connection is being stopped.
    Stopping,
    /// Not sent: the outbox or the window is full, and this message may not wait.
    NoRoom,
    /// A waker or a closure of `quand_prete` may not wait. The connection lives.
    InsideWaker,
    /// A command can't wait until it is handled itself. The connection lives.
    InsideOne,
    /// Not sent: the command answers with a stream, which a one-way message has no taker for. The
    /// connection lives.
    NoTaker,
    /// Not sent: an argument is a stream, which lasts until there is an answer, and none is to come.
    /// The connection lives.
    NoFeeder,
    /// Not sent: no thread could be started to feed the arguments that are streams. The connection
    /// lives.
    NoThread,
    /// Not sent: an argument is a stream that was sent before. The connection lives.
    Spent,
    /// The connection ended first.
    Ended { ending: Arc<Ending>, may_have_run: bool },
    /// The command that the thread works for is not wanted any more. The connection lives.
    Unwanted { why: Unwanted, may_have_run: bool },
    /// The deadline passed first. The connection lives.
    Late { phase: WaitedFor, may_have_run: bool },
}
