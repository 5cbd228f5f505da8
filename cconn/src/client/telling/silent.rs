//! Telling nobody anything.

use crate::client::Client;
use crate::erreur::{Erreur, Resultat};
use crate::link::Answer;
use crate::message::Entete;
use crate::wire::{CallId, Outgoing};

/// The size of a call, which nobody wants to know.
#[derive(Clone, Copy)]
pub(in crate::client) struct Size;

#[expect(clippy::unused_self, reason = "where somebody is told, it is used")]
impl Size {
    #[inline]
    pub(in crate::client) fn note(self, _: &Outgoing<&[u8]>) {}
}

/// What is told of a deferred call while it is under way.
pub(in crate::client) struct Told;

#[expect(clippy::unused_self, reason = "where somebody is told, it is used")]
impl Told {
    #[inline]
    pub(in crate::client) fn answered(&mut self, _: &Answer) {}

    pub(in crate::client) fn failed<E>(&mut self, _: &Erreur<E>) {}
}

/// A call whose answer the calling thread waits for.
#[inline(always)]
#[expect(clippy::inline_always, reason = "every call comes through here")]
pub(in crate::client) fn called(
    _: &Client,
    _: &Entete<'_>,
    call: impl FnOnce(Size) -> Resultat<Answer>,
) -> Resultat<Answer> {
    call(Size)
}

/// A call whose answer is waited for later.
#[inline(always)]
#[expect(clippy::inline_always, reason = "every call comes through here")]
pub(in crate::client) fn deferred(
    _: &Client,
    _: &Entete<'_>,
    call: impl FnOnce(Size) -> Resultat<CallId>,
) -> Resultat<(CallId, Told)> {
    Ok((call(Size)?, Told))
}
