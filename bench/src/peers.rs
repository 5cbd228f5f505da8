//! The peers, a file each.

pub(crate) mod cconn;
pub(crate) mod raw;
pub(crate) mod raw_batch;
