//! A peer that has been accepted and has not greeted yet.

use std::time::Instant;

use super::super::bounds::Origin;
use super::super::listener::Newcomer;
use super::crowd::Progress;
use crate::adresse::Adresse;
use crate::handshake::{Announcement, HandshakeError, Hearing};
use crate::transport::Shake;

/// A peer that has been accepted and has not greeted yet.
pub(super) struct Stranger {
    pub(super) io: Box<dyn Newcomer>,
    /// Where it comes from: as a proxy said, if one speaks for it.
    pub(super) address: Adresse,
    pub(super) preface: Preface,
    /// The part of its greeting and of its proof that has come.
    pub(super) hearing: Hearing,
    /// When it is turned away if it has not greeted.
    pub(super) until: Option<Instant>,
}

/// What comes before a greeting.
pub(super) enum Preface {
    /// Nothing: the address is no proxy's.
    Nothing,
    /// The header of a proxy, of which this has come.
    Awaited(Announcement),
    /// The header has come.
    Heard {
        /// The proxy speaks for itself, or does not say for whom.
        itself: bool,
    },
}

impl Stranger {
    /// Reads the header of a proxy, where one comes first. `None` if it is not whole yet.
    // [proxy.first] [proxy.address]
    pub(super) fn hear_proxy(&mut self) -> Option<Result<(), HandshakeError>> {
        let Preface::Awaited(header) = &mut self.preface else { return Some(Ok(())) };
        Some(header.hear(self.io.bare())?.map(|client| {
            // Some proxies tell their own address where they look whether the server is well.
            let itself = client.is_none() || client == self.address.socket();
            self.preface = Preface::Heard { itself };
            if let Some(client) = client {
                self.address = client.into();
            }
        }))
    }

    pub(super) fn origin(&self) -> Option<Origin> {
        Origin::of(&self.address)
    }

    pub(super) fn progress(&self) -> Progress {
        let is_announced = match &self.preface {
            Preface::Nothing => false,
            Preface::Awaited(header) => header.has_begun(),
            Preface::Heard { .. } => true,
        };
        match self.io.shake() {
            Some(Shake::Done) => Progress::Known,
            Some(Shake::Begun) => Progress::Begun,
            _ if self.hearing.is_greeted() => Progress::Known,
            _ if is_announced || !self.hearing.is_silent() => Progress::Begun,
            _ => Progress::Silent,
        }
    }

    pub(super) fn is_announced(&self) -> bool {
        matches!(self.preface, Preface::Heard { .. })
    }

    /// Whether this is a proxy that speaks for itself and has said nothing but that.
    pub(super) fn is_a_look(&self) -> bool {
        matches!(self.preface, Preface::Heard { itself: true }) && self.hearing.is_silent()
    }
}
