//! The lock of a connection, and the reading and writing that its state decides on.

pub(super) mod channel;
pub(super) mod direct;
pub(super) mod helm;
pub(super) mod lock;
pub(super) mod polling;
pub(super) mod read;
pub(super) mod reader;
pub(super) mod shared;
pub(super) mod sleep;
pub(super) mod stream;
pub(super) mod telling;
pub(super) mod wanted;
pub(super) mod write;
