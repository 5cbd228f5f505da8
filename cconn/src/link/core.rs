//! The state of a connection and every decision about it, in memory only: no socket, no thread.

pub(super) mod admission;
pub(super) mod asking;
pub(super) mod backlog;
pub(super) mod baton;
pub(super) mod bytes;
pub(super) mod calls;
pub(super) mod catching_up;
pub(super) mod command;
pub(super) mod credit;
pub(super) mod due;
pub(super) mod ends;
pub(super) mod failure;
pub(super) mod goodbye;
pub(super) mod identity;
pub(super) mod inbox;
#[cfg(any(test, model))]
pub(super) mod inside;
pub(super) mod limits;
pub(super) mod notices;
pub(super) mod outbox;
pub(super) mod outgoing;
pub(super) mod queue;
pub(super) mod route;
pub(super) mod running;
pub(super) mod served;
pub(super) mod sleepers;
pub(super) mod state;
pub(super) mod tended;
pub(super) mod tending;
pub(super) mod turn;
pub(super) mod waiting;
pub(super) mod waste;
pub(super) mod whereabouts;
pub(super) mod window;
pub(super) mod writer;
pub(super) mod writing;
