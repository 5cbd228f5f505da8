//! One connection.

mod dispatch;

pub(crate) use dispatch::{Dispatch, Incoming, Outcome};

/// One connection.
#[derive(Debug)]
pub(crate) struct Lien;
