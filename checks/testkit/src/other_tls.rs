//! Peers that speak TLS otherwise than cconn does: other versions, other protocols inside.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};

use crate::certificates::{Authority, Identity};

/// The longest that such a peer waits for the other side.
const PATIENCE: Duration = Duration::from_secs(20);

/// The one version that such a peer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Version {
    Tls12,
    Tls13,
}

impl Version {
    fn only(self) -> [&'static SupportedProtocolVersion; 1] {
        [match self {
            Version::Tls12 => &TLS12,
            Version::Tls13 => &TLS13,
        }]
    }
}

/// Shakes hands with a server at 127.0.0.1, with that protocol inside or none, says these bytes and
/// waits for an answer.
///
/// # Errors
/// If the handshake fails, or nothing is answered.
///
/// # Panics
/// If the authority's certificate is none.
pub fn greet(
    server: SocketAddr,
    authority: &Authority,
    (version, protocol): (Version, &[u8]),
    said: &[u8],
) -> io::Result<()> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.pem().as_bytes());
    roots.add(root.expect("a certificate")).expect("an authority");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&version.only())
        .expect("a known version")
        .with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols =
        [protocol].iter().filter(|p| !p.is_empty()).map(|p| p.to_vec()).collect();
    let name = ServerName::try_from("127.0.0.1").expect("an address is a name");
    let tls = ClientConnection::new(Arc::new(config), name).expect("a client can begin");
    let stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(tls, stream);
    stream.write_all(said)?;
    stream.read_exact(&mut [0])
}

/// A server of another program: it shakes hands with one client after the other, and says nothing.
/// Dropping it ends it.
#[derive(Debug)]
pub struct OtherServer {
    /// Where it listens.
    pub address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl OtherServer {
    /// Starts such a server, with that protocol inside.
    ///
    /// # Panics
    /// If no port can be had, or the identity is none.
    #[must_use]
    pub fn start(identity: &Identity, version: Version, protocol: &[u8]) -> OtherServer {
        let config = Arc::new(config(identity, version, protocol));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = is_over.clone();
        let thread = thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                serve(client, config.clone());
            }
        });
        OtherServer { address, is_over, thread: Some(thread) }
    }
}

impl Drop for OtherServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is over.
        let _woken = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn config(identity: &Identity, version: Version, protocol: &[u8]) -> ServerConfig {
    let own = CertificateDer::from_pem_slice(identity.chain.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&version.only())
        .expect("a known version")
        .with_no_client_auth();
    let mut config = config.with_single_cert(vec![own], key).expect("the key is the certificate's");
    config.alpn_protocols = vec![protocol.to_vec()];
    config
}

fn serve(client: TcpStream, config: Arc<ServerConfig>) {
    let tls = ServerConnection::new(config).expect("a server can begin");
    let _patient = client.set_read_timeout(Some(PATIENCE));
    let _refused = StreamOwned::new(tls, client).read_to_end(&mut Vec::new());
}
