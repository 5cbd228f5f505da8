//! A peer that has been accepted and has not greeted yet: its stream, and how much has come of what
//! it has to send. Which strangers are turned away is decided in `waiting` and `crowd`.

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
    /// Its address: the one in the header of a proxy, if a proxy has connected for it.
    pub(super) address: Adresse,
    pub(super) preface: Preface,
    /// The part of its greeting and of its proof that has come.
    pub(super) hearing: Hearing,
    /// When it is turned away if it has not greeted.
    pub(super) until: Option<Instant>,
}

/// The header of a proxy, in front of a greeting.
pub(super) enum Preface {
    /// No header is awaited, because the address is no proxy's.
    Nothing,
    /// The part of a header that has come.
    Awaited(Announcement),
    /// The whole header has come.
    Heard {
        /// The header names no client, or the proxy itself.
        itself: bool,
    },
}

impl Stranger {
    /// Reads the header of a proxy, if one is awaited. `None` if the header is not whole yet.
    // [proxy.first] [proxy.address]
    pub(super) fn hear_proxy(&mut self) -> Option<Result<(), HandshakeError>> {
        let Preface::Awaited(header) = &mut self.preface else { return Some(Ok(())) };
        Some(header.hear(self.io.bare())?.map(|client| {
            // Some proxies name their own address when they check whether the server is well.
            let itself = client.is_none() || client == self.address.socket();
            self.preface = Preface::Heard { itself };
            if let Some(client) = client {
                self.address = client.into();
            }
        }))
    }

    /// What its address is counted by.
    pub(super) fn origin(&self) -> Option<Origin> {
        Origin::of(&self.address)
    }

    /// How far it has come with header, handshake of TLS and greeting.
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

    /// Whether a proxy only checks whether the server is well: it has sent a header that names no
    /// client, and nothing else.
    pub(super) fn is_a_look(&self) -> bool {
        matches!(self.preface, Preface::Heard { itself: true }) && self.hearing.is_silent()
    }
}
