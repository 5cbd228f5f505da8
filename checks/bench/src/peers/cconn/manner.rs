//! How cconn is used: over TCP as it is, with another setting, or over another way.

use std::net::SocketAddr;
use std::time::Duration;

use cconn::tls::{TlsClient, TlsServeur};
use cconn::{Client, OptionsClient, OptionsServeur, Serveur};

use crate::outcome::Outcome;
use crate::peers::ways;
use crate::work::Work;

/// A way to use cconn.
pub(crate) trait Manner: Send + Sync + 'static {
    /// The peer's name.
    const NAME: &'static str;

    fn has(_work: Work) -> bool {
        true
    }

    fn serveur() -> Outcome<OptionsServeur>;

    fn client(address: SocketAddr) -> Outcome<OptionsClient>;
}

/// Over TCP.
pub(crate) struct Plain;

impl Manner for Plain {
    const NAME: &'static str = "cconn";

    fn serveur() -> Outcome<OptionsServeur> {
        Ok(Serveur::options(0))
    }

    fn client(address: SocketAddr) -> Outcome<OptionsClient> {
        Ok(Client::options(address))
    }
}

/// Over TCP, with `attente_active` on both sides, at the value that its docs call good.
pub(crate) struct Active;

/// How long it looks for input before it sleeps for it.
const LOOKING: Duration = Duration::from_micros(50);

impl Manner for Active {
    const NAME: &'static str = "cconn-active";

    fn serveur() -> Outcome<OptionsServeur> {
        Ok(Serveur::options(0).attente_active(LOOKING))
    }

    fn client(address: SocketAddr) -> Outcome<OptionsClient> {
        Ok(Client::options(address).attente_active(LOOKING))
    }
}

/// Over a Unix socket.
pub(crate) struct Unix;

impl Manner for Unix {
    const NAME: &'static str = "cconn-unix";

    fn has(work: Work) -> bool {
        ways::have(work)
    }

    fn serveur() -> Outcome<OptionsServeur> {
        Ok(Serveur::options(unix(ways::number())))
    }

    fn client(address: SocketAddr) -> Outcome<OptionsClient> {
        Ok(Client::options(unix(address.port())))
    }
}

fn unix(number: u16) -> String {
    format!("unix:@{}", ways::socket(number))
}

/// Encrypted, over TCP.
pub(crate) struct Tls;

impl Manner for Tls {
    const NAME: &'static str = "cconn-tls";

    fn has(work: Work) -> bool {
        ways::have(work)
    }

    fn serveur() -> Outcome<OptionsServeur> {
        Ok(Serveur::options("127.0.0.1:0").tls(TlsServeur::new(ways::PEM, ways::PEM)?))
    }

    fn client(address: SocketAddr) -> Outcome<OptionsClient> {
        Ok(Client::options(address).tls(TlsClient::new(ways::PEM)?.nom(ways::HOST)?))
    }
}
