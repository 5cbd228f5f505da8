//! Over what two programs are connected: a network or a local socket, encrypted or not.

use std::sync::atomic::{AtomicU64, Ordering};

use cconn::{OptionsClient, OptionsServeur};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Tcp,
    Unix,
    #[cfg(feature = "tls")]
    Tls,
    #[cfg(feature = "tls")]
    TlsUnix,
}

impl Way {
    pub(crate) const ALL: &[Way] = &[
        Way::Tcp,
        Way::Unix,
        #[cfg(feature = "tls")]
        Way::Tls,
        #[cfg(feature = "tls")]
        Way::TlsUnix,
    ];

    fn is_local(self) -> bool {
        match self {
            Way::Tcp => false,
            Way::Unix => true,
            #[cfg(feature = "tls")]
            Way::Tls => false,
            #[cfg(feature = "tls")]
            Way::TlsUnix => true,
        }
    }

    #[cfg(feature = "tls")]
    fn is_secured(self) -> bool {
        matches!(self, Way::Tls | Way::TlsUnix)
    }

    /// A free address for a server.
    pub(crate) fn address(self) -> String {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        if !self.is_local() {
            return "127.0.0.1:0".to_owned();
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        format!("unix:@cconn-endurance-{}-{number}", std::process::id())
    }
}

/// A certificate for `localhost` that signs itself, and its key.
#[cfg(feature = "tls")]
pub(crate) const PEM: &[u8] = include_bytes!("../../../cconn/src/transport/tls/test.pem");

#[cfg(feature = "tls")]
impl Way {
    /// The options of a server that is reached this way.
    pub(crate) fn secured_server(self, options: OptionsServeur) -> OptionsServeur {
        if !self.is_secured() {
            return options;
        }
        options.tls(cconn::tls::TlsServeur::new(PEM, PEM).expect("a certificate and its key"))
    }

    /// The options of a client that goes this way.
    pub(crate) fn secured_client(self, options: OptionsClient) -> OptionsClient {
        if !self.is_secured() {
            return options;
        }
        let tls = cconn::tls::TlsClient::new(PEM).and_then(|tls| tls.nom("localhost"));
        options.tls(tls.expect("a certificate and a name"))
    }
}

#[cfg(not(feature = "tls"))]
#[expect(clippy::unused_self, reason = "with encryption it matters")]
impl Way {
    /// The options of a server that is reached this way.
    pub(crate) fn secured_server(self, options: OptionsServeur) -> OptionsServeur {
        options
    }

    /// The options of a client that goes this way.
    pub(crate) fn secured_client(self, options: OptionsClient) -> OptionsClient {
        options
    }
}
