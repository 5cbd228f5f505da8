//! Answers that borrow from the arguments, the state or the session: they are encoded before the
//! borrow ends.
//!
//! As in `field`, bytes are recognised by type: an inherent method comes before a trait's.

use serde::Serialize;

use super::answer::{LINK, MIXED, REFUSAL, VALUE};
use super::{Plain, Reply, ReplyKind, no_value};
use crate::codec;
use crate::erreur::{Erreur, Jamais};
use crate::wire::{Answering, FailureCode};

/// What a command of the form `KIND` has returned, and lends until it is encoded.
#[derive(Debug)]
pub struct Lent<const KIND: u8, R>(pub R);

/// Encodes through serde what was lent.
pub trait LendSerde {
    /// Encodes it.
    fn __cconn_lend(self, out: &mut Answering) -> Reply;
}

/// Accepts a type that can't be encoded, so that the user sees one error and not two.
pub trait LendNever {
    /// Fails always.
    fn __cconn_lend(&self, out: &mut Answering) -> Reply;
}

#[diagnostic::do_not_recommend]
impl<const KIND: u8, R> LendNever for Lent<KIND, R> {
    fn __cconn_lend(&self, out: &mut Answering) -> Reply {
        match no_value::<Jamais>() {
            Ok(never) => match never {},
            Err(error) => Reply::failure(FailureCode::AnswerEncoding, &error, out),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> LendSerde for Lent<VALUE, T> {
    fn __cconn_lend(self, out: &mut Answering) -> Reply {
        value(&self.0, out)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> LendSerde for Lent<LINK, Result<T, Erreur>> {
    fn __cconn_lend(self, out: &mut Answering) -> Reply {
        link(self.0, out, |found, out| value(&found, out))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize, E: Plain> LendSerde for Lent<MIXED, Result<T, Erreur<E>>> {
    fn __cconn_lend(self, out: &mut Answering) -> Reply {
        mixed(self.0, out, |found, out| value(&found, out))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize, E: Serialize> LendSerde for Lent<REFUSAL, Result<T, E>> {
    fn __cconn_lend(self, out: &mut Answering) -> Reply {
        match self.0 {
            Ok(found) => value(&found, out),
            Err(refusal) => {
                encoded(codec::encode(&refusal, &mut out.bytes), ReplyKind::Refusal, out)
            }
        }
    }
}

impl<const KIND: u8> Lent<KIND, &[u8]> {
    /// Encodes it, as one block.
    pub fn __cconn_lend(self, out: &mut Answering) -> Reply {
        block(self.0, out)
    }
}

impl<const KIND: u8> Lent<KIND, Result<&[u8], Erreur>> {
    /// Encodes it, as one block.
    pub fn __cconn_lend(self, out: &mut Answering) -> Reply {
        link(self.0, out, block)
    }
}

impl<const KIND: u8, E: Plain> Lent<KIND, Result<&[u8], Erreur<E>>> {
    /// Encodes it, as one block.
    pub fn __cconn_lend(self, out: &mut Answering) -> Reply {
        mixed(self.0, out, block)
    }
}

impl<const KIND: u8, E: Plain> Lent<KIND, Result<&[u8], E>> {
    /// Encodes it, as one block.
    pub fn __cconn_lend(self, out: &mut Answering) -> Reply {
        match self.0 {
            Ok(bytes) => block(bytes, out),
            Err(refusal) => Reply::refusal(&refusal, out),
        }
    }
}

fn block(bytes: &[u8], out: &mut Answering) -> Reply {
    codec::encode_bytes(bytes, &mut out.bytes);
    Reply(ReplyKind::Answer)
}

fn value<T: Serialize>(value: &T, out: &mut Answering) -> Reply {
    encoded(codec::encode(value, &mut out.bytes), ReplyKind::Answer, out)
}

fn link<T>(
    returned: Result<T, Erreur>,
    out: &mut Answering,
    encode: impl FnOnce(T, &mut Answering) -> Reply,
) -> Reply {
    match returned {
        Ok(found) => encode(found, out),
        Err(error) => Reply::failed(&error, out),
    }
}

fn mixed<T, E: Plain>(
    returned: Result<T, Erreur<E>>,
    out: &mut Answering,
    encode: impl FnOnce(T, &mut Answering) -> Reply,
) -> Reply {
    match returned.map_err(Erreur::split::<Jamais>) {
        Ok(found) => encode(found, out),
        Err(Ok(refusal)) => Reply::refusal(&refusal, out),
        Err(Err(error)) => Reply::failed(&error, out),
    }
}

fn encoded(result: Result<(), codec::CodecError>, ended: ReplyKind, out: &mut Answering) -> Reply {
    match result {
        Ok(()) => Reply(ended),
        Err(error) => Reply::failure(FailureCode::AnswerEncoding, &error, out),
    }
}
