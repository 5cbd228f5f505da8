//! The verbs of a connection, as the layers above call them: send, answer, wait, stop.

pub(super) mod admit;
pub(super) mod answers;
pub(super) mod catch_up;
pub(super) mod channels;
pub(super) mod expel;
pub(super) mod fed;
pub(super) mod follow;
pub(super) mod handles;
pub(super) mod reports;
pub(super) mod send;
pub(super) mod several;
pub(super) mod stop;
pub(super) mod streams;
