//! A command of the peer, from its arrival to the end of its handler.

use super::bytes::Bytes;
use super::carried::Carried;
use crate::wire::CallId;

/// A command that has arrived and waits to be run.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) depth: u8,
    pub(crate) call: Option<CallId>,
    /// Hash of the command's name.
    pub(crate) name: u64,
    pub(crate) fingerprint: u32,
    pub(crate) body: Bytes,
    /// Whether the command may run beside others.
    pub(crate) parallel: bool,
    /// What the command counts against the window.
    pub(crate) charge: u64,
    /// How many commands had arrived before this one; set when it is queued.
    pub(crate) number: u64,
    /// What the command carries besides its arguments; most carry nothing.
    pub(crate) carried: Option<Box<Carried>>,
}

/// A command that has returned.
#[derive(Clone, Copy)]
pub(crate) struct Ran {
    pub(crate) call: Option<CallId>,
    pub(crate) parallel: bool,
    pub(crate) number: u64,
}
