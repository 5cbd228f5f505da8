//! An encrypted stream whose bytes are spoilt on the way: what is received is a first part of what
//! was sent, and its end is told only if it is the true one.

#![no_main]

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::Waker;
use std::time::Instant;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection,
};

use cconn::sync::Deadline;
use cconn::transport::{Input, Ready, Secured, Session, Transport};

pub(crate) use cconn::{copy, identite, proxy, sync, text, transport};

/// The library keeps its layers private: they are built in here, from where they stand.
#[path = "../../../cconn/src"]
#[allow(dead_code, unused_imports, reason = "only a part of the layers is needed")]
mod cconn {
    pub mod copy;
    pub mod identite;
    pub mod proxy;
    pub mod sync;
    pub mod text;
    pub mod transport {
        mod fault;
        mod stream;
        mod tls;

        pub use fault::NatureTls;
        pub(crate) use fault::TlsFault;
        pub(crate) use stream::{End, Input, Ready, Shake, Transport};
        pub(crate) use tls::{Below, Secured, Session};
    }
}

const PEM: &[u8] = include_bytes!("../../../cconn/src/transport/tls/test.pem");

/// What happens to the bytes on their way to the library's side.
#[derive(Arbitrary, Debug)]
struct Way {
    /// Whether the library's side is the server's.
    serves: bool,
    spoilt: Vec<Spoilt>,
    /// How many bytes come at a time.
    pieces: Vec<u8>,
    /// What the peer sends, and whether it says farewell.
    lengths: Vec<u16>,
    says_farewell: bool,
    /// What the library's side sends back.
    answers: Vec<u16>,
}

#[derive(Arbitrary, Debug)]
enum Spoilt {
    Flipped { at: u16, bits: u8 },
    Inserted { at: u16, bytes: Vec<u8> },
    Lost { at: u16, count: u8 },
    Cut { at: u16 },
}

/// The other side, which sends and receives whenever the library's side waits.
struct Peer {
    tls: Connection,
    /// Bytes for the library's side, and how many were there before them.
    ways: VecDeque<u8>,
    passed: usize,
    spoilt: Vec<Spoilt>,
    is_spoilt: bool,
    is_cut: bool,
    pieces: VecDeque<u8>,
    to_send: Vec<u8>,
    says_farewell: bool,
    said_farewell: bool,
    received: Vec<u8>,
}

struct Wire(Mutex<Peer>);

fuzz_target!(|way: Way| {
    let sent = sequence(way.lengths.iter().map(|length| usize::from(*length)).sum());
    let mut peer = Peer {
        tls: if way.serves { client().into() } else { server().into() },
        ways: VecDeque::new(),
        passed: 0,
        spoilt: way.spoilt,
        is_spoilt: false,
        is_cut: false,
        pieces: way.pieces.into(),
        to_send: sent.clone(),
        says_farewell: way.says_farewell,
        said_farewell: false,
        received: Vec::new(),
    };
    peer.tls.set_buffer_limit(None);
    let wire = Arc::new(Wire(Mutex::new(peer)));
    let own: Connection = if way.serves { server().into() } else { client().into() };
    let stream = Secured::new(wire.clone() as Arc<dyn Transport>, Session::new(own, 16 << 10));
    let shaken = stream.shake_hands(None);
    let mut came = Vec::new();
    let mut answered = 0;
    let end = shaken.and_then(|()| {
        for length in &way.answers {
            let answer = &sequence(answered + usize::from(*length))[answered..];
            answered += send(&stream, answer)?;
        }
        loop {
            came.reserve(1 + came.len() % 5000);
            if stream.recv(&mut came, &mut Deadline::Never)? == 0 {
                return Ok(());
            }
        }
    });
    assert!(sent.starts_with(&came), "what came was never sent");
    // A broken stream stays broken, and gives nothing more.
    if end.is_err() {
        let before = came.len();
        came.reserve(100);
        let again = stream.try_recv(&mut came);
        assert!(came.len() == before && !matches!(again, Ok(n) if n > 0), "it goes on");
    }
    let mut peer = wire.0.lock().expect("no panic");
    peer.turn();
    assert!(sequence(answered).starts_with(&peer.received), "what the peer got was never sent");
    if end.is_ok() {
        // An end is told if the peer said farewell, or if it left before the handshake was done.
        assert!(came.is_empty() || came == sent, "the end is told too early");
    }
    if !peer.is_spoilt {
        assert_eq!(end.is_ok(), peer.says_farewell, "{end:?}");
        assert_eq!((came.len(), peer.received.len()), (sent.len(), answered), "bytes are lost");
    }
});

/// Bytes that tell where they belong.
fn sequence(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from(n % 251).expect("a small number")).collect()
}

fn send(stream: &Secured<Arc<dyn Transport>>, bytes: &[u8]) -> io::Result<usize> {
    let mut rest = bytes;
    while !rest.is_empty() {
        rest = &rest[stream.try_send(&[IoSlice::new(rest)])?..];
    }
    Ok(bytes.len())
}

impl Peer {
    /// Reads what the library's side has sent, and says what there is to say.
    fn turn(&mut self) {
        let mut plain = Vec::new();
        if self.tls.process_new_packets().is_err() {
            self.is_spoilt = true;
        }
        let _none = self.tls.reader().read_to_end(&mut plain);
        self.received.extend(plain);
        if !self.tls.is_handshaking() {
            let _taken = self.tls.writer().write_all(&self.to_send);
            self.to_send.clear();
            if self.says_farewell && !self.said_farewell {
                self.tls.send_close_notify();
                self.said_farewell = true;
            }
        }
        let mut bytes = Vec::new();
        while self.tls.wants_write() && self.tls.write_tls(&mut bytes).is_ok() {}
        for byte in bytes {
            self.pass(byte);
        }
    }

    /// Passes a byte on, or does with it what the way does.
    fn pass(&mut self, byte: u8) {
        let place = self.passed;
        self.passed += 1;
        let mut passed = vec![byte];
        for spoilt in &self.spoilt {
            match spoilt {
                Spoilt::Flipped { at, bits } if usize::from(*at) == place && *bits != 0 => {
                    passed.iter_mut().for_each(|byte| *byte ^= bits);
                    self.is_spoilt = true;
                }
                Spoilt::Inserted { at, bytes }
                    if usize::from(*at) == place && !bytes.is_empty() =>
                {
                    passed.extend(bytes);
                    self.is_spoilt = true;
                }
                Spoilt::Lost { at, count }
                    if (usize::from(*at)..usize::from(*at) + usize::from(*count))
                        .contains(&place) =>
                {
                    passed.clear();
                    self.is_spoilt = true;
                }
                Spoilt::Cut { at } if usize::from(*at) <= place => {
                    self.is_cut = true;
                    self.is_spoilt = true;
                }
                _ => {}
            }
        }
        if !self.is_cut {
            self.ways.extend(passed);
        }
    }
}

impl Transport for Wire {
    fn recv(&self, buf: &mut Vec<u8>, _deadline: &mut Deadline) -> io::Result<usize> {
        let mut peer = self.0.lock().expect("no panic");
        if peer.ways.is_empty() {
            peer.turn();
        }
        // A peer that has nothing more to say ends its side.
        let piece = peer.pieces.pop_front().map_or(usize::MAX, |piece| usize::from(piece) + 1);
        let room = buf.capacity() - buf.len();
        let count = peer.ways.len().min(piece).min(room);
        buf.extend(peer.ways.drain(..count));
        Ok(count)
    }

    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.recv(buf, &mut Deadline::Never)
    }

    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut peer = self.0.lock().expect("no panic");
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let taken = peer.tls.read_tls(&mut &bytes[..]).unwrap_or(bytes.len());
        peer.turn();
        Ok(taken.max(1))
    }

    fn poll(&self, wanted: Ready, _deadline: Option<Instant>) -> io::Result<Ready> {
        Ok(wanted)
    }

    fn input(&self, _waker: &Waker) -> Input<'_> {
        Input::There
    }

    fn shutdown_write(&self) {}

    fn shutdown(&self) {}
}

fn client() -> ClientConnection {
    static CONFIG: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(PEM).expect("a certificate")).expect("a root");
        let config = ClientConfig::builder_with_provider(provider());
        let config = config.with_safe_default_protocol_versions().expect("versions");
        Arc::new(config.with_root_certificates(roots).with_no_client_auth())
    });
    let name = ServerName::try_from("localhost").expect("a name");
    ClientConnection::new(CONFIG.clone(), name).expect("a client")
}

fn server() -> ServerConnection {
    static CONFIG: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| {
        let own = CertificateDer::from_pem_slice(PEM).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(PEM).expect("a key");
        let config = ServerConfig::builder_with_provider(provider());
        let config = config.with_safe_default_protocol_versions().expect("versions");
        Arc::new(config.with_no_client_auth().with_single_cert(vec![own], key).expect("a key"))
    });
    ServerConnection::new(CONFIG.clone()).expect("a server")
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
