//! What carries the bytes of a bare peer: TCP, a Unix socket, or rustls over TCP.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{self as unix, UnixListener, UnixStream};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use rustls::{StreamOwned, pki_types::ServerName};

use super::{LARGE, PREFIX};
use crate::outcome::{Outcome, unsupported};
use crate::peers::ways;
use crate::work::{Senders, Work};

/// A way to connect two processes.
pub(crate) trait Carrier: Sync + 'static {
    /// The peer's name.
    const NAME: &'static str;
    type Listener: Send + 'static;
    /// A connection as the server has it, and as the client has it.
    type Accepted: Stream;
    type Connected: Stream;

    fn has(work: Work) -> bool;

    /// Listens where nobody else does: the port, or what stands for it.
    fn listen() -> Outcome<(Self::Listener, u16)>;

    fn accept(listener: &Self::Listener) -> Outcome<Self::Accepted>;

    fn connect(address: SocketAddr) -> Outcome<Self::Connected>;
}

/// A connection.
pub(crate) trait Stream: Read + Write + Send + Sized + 'static {
    /// Another handle, which writes while this one reads.
    fn share(&self) -> Outcome<Self> {
        unsupported()
    }
}

/// TCP with `TCP_NODELAY`, else no settings.
pub(crate) struct Tcp;

impl Carrier for Tcp {
    const NAME: &'static str = "raw";
    type Listener = TcpListener;
    type Accepted = TcpStream;
    type Connected = TcpStream;

    fn has(work: Work) -> bool {
        work != Work::Pipelined(Senders::Sixteen)
    }

    fn listen() -> Outcome<(TcpListener, u16)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    }

    fn accept(listener: &TcpListener) -> Outcome<TcpStream> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn connect(address: SocketAddr) -> Outcome<TcpStream> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Stream for TcpStream {
    fn share(&self) -> Outcome<TcpStream> {
        Ok(self.try_clone()?)
    }
}

/// A Unix socket without settings.
pub(crate) struct Unix;

impl Carrier for Unix {
    const NAME: &'static str = "raw-unix";
    type Listener = UnixListener;
    type Accepted = UnixStream;
    type Connected = UnixStream;

    fn has(work: Work) -> bool {
        ways::have(work)
    }

    fn listen() -> Outcome<(UnixListener, u16)> {
        let number = ways::number();
        Ok((UnixListener::bind_addr(&named(number)?)?, number))
    }

    fn accept(listener: &UnixListener) -> Outcome<UnixStream> {
        Ok(listener.accept()?.0)
    }

    fn connect(address: SocketAddr) -> Outcome<UnixStream> {
        Ok(UnixStream::connect_addr(&named(address.port())?)?)
    }
}

fn named(number: u16) -> io::Result<unix::SocketAddr> {
    unix::SocketAddr::from_abstract_name(ways::socket(number))
}

impl Stream for UnixStream {}

/// A bare pair of rustls over TCP: TLS 1.3 with ring, as its own `StreamOwned` reads and writes.
pub(crate) struct Tls;

/// The most that is encrypted for one system call: a message of the smaller large payloads, whole.
const SHARE: usize = PREFIX + LARGE;

impl Carrier for Tls {
    const NAME: &'static str = "raw-tls";
    type Listener = (TcpListener, Arc<ServerConfig>);
    type Accepted = StreamOwned<ServerConnection, TcpStream>;
    type Connected = StreamOwned<ClientConnection, TcpStream>;

    fn has(work: Work) -> bool {
        ways::have(work)
    }

    fn listen() -> Outcome<(Self::Listener, u16)> {
        let (listener, port) = Tcp::listen()?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth()
            .with_single_cert(certificates()?, PrivateKeyDer::from_pem_slice(ways::PEM)?)?;
        Ok(((listener, Arc::new(config)), port))
    }

    /// Its first read shakes hands.
    fn accept((listener, config): &Self::Listener) -> Outcome<Self::Accepted> {
        let mut tls = ServerConnection::new(Arc::clone(config))?;
        tls.set_buffer_limit(Some(SHARE));
        Ok(StreamOwned::new(tls, Tcp::accept(listener)?))
    }

    /// Its first write shakes hands.
    fn connect(address: SocketAddr) -> Outcome<Self::Connected> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates()?);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tls = ClientConnection::new(Arc::new(config), ServerName::try_from(ways::HOST)?)?;
        tls.set_buffer_limit(Some(SHARE));
        Ok(StreamOwned::new(tls, Tcp::connect(address)?))
    }
}

fn certificates() -> Outcome<Vec<CertificateDer<'static>>> {
    Ok(CertificateDer::pem_slice_iter(ways::PEM).collect::<Result<_, _>>()?)
}

impl Stream for StreamOwned<ServerConnection, TcpStream> {}
impl Stream for StreamOwned<ClientConnection, TcpStream> {}
