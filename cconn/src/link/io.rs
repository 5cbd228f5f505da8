//! The lock of a connection, and what is read and written under its orders.

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
pub(super) mod wanted;
pub(super) mod write;
