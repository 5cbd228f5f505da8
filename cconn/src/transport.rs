//! The two-way byte streams under a connection, behind one small trait.
//!
//! A transport does not know frames. Only the transport in memory keeps bytes itself.

mod closing;
mod memory;
#[cfg(test)]
mod scripted;
mod socket;
mod stream;

pub(crate) use closing::Closing;
pub(crate) use memory::Memory;
#[cfg(test)]
pub(crate) use scripted::{Script, Scripted};
pub(crate) use socket::{SOCKETS, Socket, configure};
pub(crate) use stream::{End, Input, Ready, Transport};
