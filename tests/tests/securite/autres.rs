//! Peers that speak TLS otherwise than cconn does.

use std::time::Duration;

use cconn::erreur::NatureTls;
use cconn::{Client, Serveur};
use cconn_tests::certificates::Authority;
use cconn_tests::other_tls::Version::{self, Tls12, Tls13};
use cconn_tests::other_tls::{OtherServer, greet};
use cconn_tests::with_watchdog;

use crate::tls::{Running, connect, nature, running, tls_of, trusting, with_tls};

const LIMIT: Duration = Duration::from_secs(30);

/// Shakes hands as a client of another program, with the version and the protocol given. The error
/// of the handshake, if it fails.
fn greet_as(
    server: &Running,
    autorite: &Authority,
    version: Version,
    alpn: &[u8],
) -> Option<String> {
    let address = server.serveur.adresse().socket().unwrap();
    let greeted = greet(address, autorite, (version, alpn), b"this is no greeting");
    greeted.err().map(|error| error.to_string())
}

#[test]
fn old_versions_and_other_protocols_are_refused_by_a_server() {
    with_watchdog("old_versions_and_other_protocols_are_refused_by_a_server", LIMIT, || {
        // [tls.version] [tls.protocol]
        let autorite = Authority::new();
        let piece = autorite.sign(&["127.0.0.1"]);
        let server = running(with_tls(&piece));
        let old = greet_as(&server, &autorite, Tls12, b"cconn").unwrap();
        assert!(old.contains("ProtocolVersion"), "{old}");
        assert_eq!(server.refusal(), Some(NatureTls::Version));
        let other = greet_as(&server, &autorite, Tls13, b"h2").unwrap();
        assert!(other.contains("NoApplicationProtocol"), "{other}");
        assert_eq!(server.refusal(), Some(NatureTls::Version));
        // Told otherwise, it speaks the older version; what then comes is no greeting.
        let lax = running(Serveur::options(0).tls(tls_of(&piece).aussi_tls12()));
        let ours = Client::options(lax.serveur.adresse()).tls(trusting(&autorite)).connecter();
        ours.unwrap().eteindre().unwrap();
        let old = greet_as(&lax, &autorite, Tls12, b"");
        assert!(old.is_none_or(|why| !why.contains("ProtocolVersion")));
        assert_eq!(lax.refusal(), None);
    });
}

#[test]
fn old_versions_and_other_protocols_are_refused_by_a_client() {
    with_watchdog("old_versions_and_other_protocols_are_refused_by_a_client", LIMIT, || {
        // [tls.version] [tls.protocol]
        let autorite = Authority::new();
        let piece = autorite.sign(&["127.0.0.1"]);
        for (version, alpn) in [(Tls12, &b"cconn"[..]), (Tls13, b"h2")] {
            let other = OtherServer::start(&piece, version, alpn);
            let error =
                Client::options(other.address).tls(trusting(&autorite)).connecter().unwrap_err();
            assert_eq!(nature(&error), Some(NatureTls::Version), "{error}");
        }
        let own = running(with_tls(&piece));
        connect(&own, trusting(&autorite).aussi_tls12()).unwrap().eteindre().unwrap();
    });
}
