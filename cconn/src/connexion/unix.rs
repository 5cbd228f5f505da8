//! Connecting to a Unix socket.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Settings, late, unreachable};
use crate::adresse::Adresse;
use crate::erreur::{Phase, Resultat};
use crate::transport::unix::{self, Name};
use crate::transport::{Closing, Socket, Transport};

/// Connects to the Unix socket `name`, which `address` means.
pub(super) fn connect(
    address: &Adresse,
    name: &str,
    settings: &Settings,
    deadline: Option<Instant>,
) -> Resultat<(Arc<dyn Transport>, Option<Adresse>)> {
    let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
    let rest = deadline.map_or(Duration::MAX, left);
    if rest.is_zero() {
        return Err(late(address, Phase::Connexion, settings.connect_deadline));
    }
    match unix::connect(Name::of(name), rest) {
        Ok(stream) => {
            let io = Socket::new(stream);
            Ok((Arc::new(Closing::new(io)), Some(address.clone())))
        }
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            Err(late(address, Phase::Connexion, settings.connect_deadline))
        }
        Err(error) => Err(unreachable(address, error)),
    }
}
