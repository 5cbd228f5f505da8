//! What carries the bytes: one two-way stream, seen through one small trait.
//!
//! A transport knows no frame and keeps no data of its own.

mod memory;
mod stream;
mod tcp;

pub(crate) use memory::Memory;
pub(crate) use stream::{Ready, Transport};
pub(crate) use tcp::Tcp;
