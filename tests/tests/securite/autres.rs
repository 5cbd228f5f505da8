//! Peers that speak TLS otherwise than cconn does.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cconn::erreur::NatureTls;
use cconn::{Client, Serveur};
use cconn_tests::with_watchdog;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};

use crate::certificats::{Autorite, Piece};
use crate::tls::{connect, nature, running, tls_of, trusting, with_tls};

const LIMIT: Duration = Duration::from_secs(30);

type Version = &'static SupportedProtocolVersion;

/// Shakes hands as a client of another program, with the versions and the protocol given. The
/// error of the handshake, if it fails.
fn greet_as(
    serveur: &Serveur,
    autorite: &Autorite,
    version: Version,
    alpn: &[u8],
) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(autorite.pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = [alpn].iter().filter(|a| !a.is_empty()).map(|a| a.to_vec()).collect();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let tls = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(tls, TcpStream::connect(serveur.adresse()).unwrap());
    stream
        .write_all(b"this is no greeting")
        .and_then(|()| stream.read(&mut [0]))
        .err()
        .map(|e| e.to_string())
}

#[test]
fn old_versions_and_other_protocols_are_refused_by_a_server() {
    with_watchdog("old_versions_and_other_protocols_are_refused_by_a_server", LIMIT, || {
        // [tls.version] [tls.protocol]
        let autorite = Autorite::new();
        let piece = autorite.signe(&["127.0.0.1"]);
        let server = running(with_tls(&piece));
        let old = greet_as(&server.serveur, &autorite, &TLS12, b"cconn").unwrap();
        assert!(old.contains("ProtocolVersion"), "{old}");
        assert_eq!(server.refusal(), Some(NatureTls::Version));
        let other = greet_as(&server.serveur, &autorite, &TLS13, b"h2").unwrap();
        assert!(other.contains("NoApplicationProtocol"), "{other}");
        assert!(server.refusal().is_some());
        // Told otherwise, it speaks the older version; what then comes is no greeting.
        let lax = running(Serveur::options(0).tls(tls_of(&piece).aussi_tls12()));
        let ours = Client::options(lax.serveur.adresse()).tls(trusting(&autorite)).connecter();
        ours.unwrap().eteindre().unwrap();
        let old = greet_as(&lax.serveur, &autorite, &TLS12, b"");
        assert!(old.is_none_or(|why| !why.contains("ProtocolVersion")));
        assert_eq!(lax.refusal(), None);
    });
}

/// A server of another program, which takes one connection.
fn server(
    piece: &Piece,
    version: Version,
    alpn: &[u8],
) -> (std::net::SocketAddr, thread::JoinHandle<()>) {
    let own = CertificateDer::from_pem_slice(piece.chaine.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(piece.cle.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth();
    let mut config = config.with_single_cert(vec![own], key).unwrap();
    config.alpn_protocols = vec![alpn.to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let tls = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = StreamOwned::new(tls, listener.accept().unwrap().0);
        let _refused = stream.read_to_end(&mut Vec::new());
    });
    (address, thread)
}

#[test]
fn old_versions_and_other_protocols_are_refused_by_a_client() {
    with_watchdog("old_versions_and_other_protocols_are_refused_by_a_client", LIMIT, || {
        // [tls.version] [tls.protocol]
        let autorite = Autorite::new();
        let piece = autorite.signe(&["127.0.0.1"]);
        for (version, alpn) in [(&TLS12, &b"cconn"[..]), (&TLS13, b"h2")] {
            let (address, thread) = server(&piece, version, alpn);
            let error = Client::options(address).tls(trusting(&autorite)).connecter().unwrap_err();
            assert_eq!(nature(&error), Some(NatureTls::Version), "{error}");
            thread.join().unwrap();
        }
        let own = running(with_tls(&piece));
        connect(&own, trusting(&autorite).aussi_tls12()).unwrap().eteindre().unwrap();
    });
}
