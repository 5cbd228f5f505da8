//! The threads that work for a connection: callers that wait, executors, stand-ins, the watchman.

pub(super) mod after;
pub(super) mod ambient;
pub(super) mod aside;
pub(super) mod attached;
pub(super) mod chained;
pub(super) mod circle;
pub(super) mod dispatch;
pub(super) mod execute;
pub(super) mod gone;
pub(super) mod handler;
pub(super) mod handles;
pub(super) mod idle;
pub(super) mod leave;
pub(super) mod left;
pub(super) mod link;
pub(super) mod listen;
pub(super) mod lookout;
pub(super) mod names;
pub(super) mod pump;
pub(super) mod role;
pub(super) mod room;
pub(super) mod run;
pub(super) mod telling;
pub(super) mod tend;
pub(super) mod wait;
pub(super) mod watch;
