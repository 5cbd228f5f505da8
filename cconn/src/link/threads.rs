//! Who does the work of a connection: waits, executors, stand-ins, the watchman.

pub(super) mod circle;
pub(super) mod dispatch;
pub(super) mod handler;
pub(super) mod idle;
pub(super) mod left;
pub(super) mod run;
pub(super) mod tend;
pub(super) mod wait;
pub(super) mod watch;
