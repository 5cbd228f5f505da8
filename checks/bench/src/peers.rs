//! The peers, a file each.

pub(crate) mod cconn;
pub(crate) mod jsonrpsee;
pub(crate) mod raw;
pub(crate) mod raw_batch;
pub(crate) mod remoc;
pub(crate) mod tarpc;
pub(crate) mod thrift;
pub(crate) mod tonic;
pub(crate) mod volo;
mod ways;
