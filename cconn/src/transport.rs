//! What carries the bytes: one two-way stream, seen through one small trait.
//!
//! A transport knows no frame; none but the one in memory keeps bytes.

mod closing;
mod memory;
#[cfg(test)]
mod scripted;
mod stream;
mod tcp;

pub(crate) use closing::Closing;
pub(crate) use memory::Memory;
#[cfg(test)]
pub(crate) use scripted::{Script, Scripted};
pub(crate) use stream::{End, Input, Ready, Transport};
pub(crate) use tcp::{TAKEN_OVER, Tcp, configure};
