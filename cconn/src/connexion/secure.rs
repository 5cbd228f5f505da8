//! What a client does between connecting and greeting: it encrypts, where the program wants that.

use std::sync::Arc;
use std::time::Instant;

use super::Settings;
use crate::adresse::Adresse;
use crate::erreur::Resultat;
use crate::transport::Transport;

/// The stream to a server, encrypted if the settings say so.
#[cfg(feature = "tls")]
pub(super) fn secured(
    settings: &Settings,
    io: Arc<dyn Transport>,
    address: &Adresse,
    deadline: Option<Instant>,
) -> Resultat<Arc<dyn Transport>> {
    use std::io::ErrorKind;

    use crate::handshake::HandshakeError;
    use crate::transport::Secured;

    let Some(tls) = &settings.tls else { return Ok(io) };
    // Here the server's work begins with TLS.
    io.configure(settings.limits.write_deadline);
    let stream = Secured::new(io, tls.session(address.host().as_deref())?);
    stream.shake_hands(deadline).map_err(|error| {
        let error = match error.kind() {
            ErrorKind::TimedOut => HandshakeError::Late,
            ErrorKind::UnexpectedEof => HandshakeError::Io(super::no_word()),
            _ => HandshakeError::Io(error),
        };
        super::handshake_failed(error, address, settings.connect_deadline)
    })?;
    Ok(Arc::new(stream))
}

/// The stream to a server, as it is.
#[cfg(not(feature = "tls"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature `tls` this may fail")]
pub(super) fn secured(
    _: &Settings,
    io: Arc<dyn Transport>,
    _: &Adresse,
    _: Option<Instant>,
) -> Resultat<Arc<dyn Transport>> {
    Ok(io)
}
