//! A whole server and a peer that says anything: the server answers or ends every connection, a
//! stranger is not taken for a client, and other clients are served afterwards.

#![no_main]

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

use cconn::{Client, Octets, Serveur, commande, commandes};
use testkit::raw::{self, Greeting};

/// Peers that may have greeted, and those that the server took for clients.
static GREETED: AtomicU64 = AtomicU64::new(0);
static CONNECTED: AtomicU64 = AtomicU64::new(0);

#[commande]
fn somme(_client: &Client, a: i64, b: i64) -> i64 {
    a.wrapping_add(b)
}

#[commande(parallele)]
fn echo(_client: &Client, octets: Octets, texte: String) -> (Octets, String) {
    (octets, texte)
}

#[commande]
fn compte(_client: &Client, n: u16) -> impl Iterator<Item = u16> + use<> {
    0..n % 300
}

#[commande]
fn rappel(client: &Client, n: u64) -> cconn::Resultat<u64> {
    client.avec_delai(Duration::from_millis(2)).appeler(cconn::nommee("double", (n,)))
}

#[commande]
fn tombe(_client: &Client) {
    panic!("as it was asked to");
}

const NAMES: [&str; 8] =
    ["somme", "echo", "compte", "rappel", "tombe", "cconn.ping", "cconn.decrire", "absente"];

/// What the peer says.
#[derive(Arbitrary, Debug)]
struct Peer {
    greets: bool,
    /// Features that it declares.
    features: u8,
    says: Vec<Piece>,
    /// Whether it ends its side, or goes without a word.
    ends: bool,
}

#[derive(Arbitrary, Debug)]
enum Piece {
    Call {
        id: u8,
        name: u8,
        context: Option<Vec<u8>>,
        body: Body,
    },
    OneWay {
        name: u8,
        context: Option<Vec<u8>>,
        body: Body,
    },
    Answer {
        id: u8,
        body: Vec<u8>,
    },
    UserError {
        id: u8,
        body: Vec<u8>,
    },
    Failure {
        id: u8,
        code: u16,
        text: Vec<u8>,
    },
    Cancel {
        id: u8,
    },
    Grant {
        class: u8,
        bytes: u64,
    },
    Items {
        id: u8,
        lane: u8,
        flags: Option<u8>,
        items: Vec<Vec<u8>>,
    },
    End {
        id: u8,
        lane: u8,
        how: u8,
        rest: Vec<u8>,
    },
    Credit {
        id: u8,
        lane: u8,
        bytes: u32,
    },
    Retrait,
    Adieu {
        reason: u16,
    },
    Frame {
        kind: u8,
        rest: Vec<u8>,
    },
    Bytes(Vec<u8>),
    /// The peer reads what has come.
    Reads,
}

#[derive(Arbitrary, Debug)]
enum Body {
    Numbers(u8, u8),
    Text { bytes: Vec<u8> },
    Any(Vec<u8>),
}

fuzz_target!(|peer: Peer| {
    let address = server();
    // Bytes may happen to be a greeting.
    if peer.greets || peer.says.iter().any(|piece| matches!(piece, Piece::Bytes(_))) {
        GREETED.fetch_add(1, Ordering::SeqCst);
    }
    let mut stream = UnixStream::connect_addr(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
    stream.set_write_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
    if peer.greets {
        let mut greeting = Greeting::client();
        greeting.more = raw::record(1, &[peer.features]);
        let _gone = stream.write_all(&greeting.bytes());
        raw::greeting(&mut stream);
    }
    for piece in &peer.says {
        if said(&mut stream, piece).is_err() {
            break;
        }
    }
    if peer.ends {
        let _gone = stream.shutdown(Shutdown::Write);
        ended(&mut stream);
    }
    drop(stream);
    let connected = CONNECTED.load(Ordering::SeqCst);
    assert!(connected <= GREETED.load(Ordering::SeqCst), "a stranger is taken for a client");
    static RUNS: AtomicU64 = AtomicU64::new(0);
    if RUNS.fetch_add(1, Ordering::Relaxed) % 32 == 0 {
        GREETED.fetch_add(1, Ordering::SeqCst);
        let client = Client::new(format!("unix:@{}", name())).expect("the next client is served");
        assert_eq!(client.appeler(somme { a: 40, b: 2 }).expect("an answer"), 42);
        client.eteindre().expect("an orderly end");
    }
});

/// Says a piece; an error if the server has ended the connection.
fn said(stream: &mut UnixStream, piece: &Piece) -> std::io::Result<()> {
    let named = |name: &u8| NAMES[usize::from(*name) % NAMES.len()];
    let bytes = match piece {
        Piece::Call { id, name, context, body } => {
            carrying(raw::call((*id).into(), named(name), &body.bytes()), context.as_deref())
        }
        Piece::OneWay { name, context, body } => {
            carrying(raw::one_way(named(name), &body.bytes()), context.as_deref())
        }
        Piece::Answer { id, body } => raw::answer((*id).into(), body),
        Piece::UserError { id, body } => raw::user_error((*id).into(), body),
        Piece::Failure { id, code, text } => raw::failure((*id).into(), named(id), *code, text),
        Piece::Cancel { id } => raw::cancel((*id).into()),
        Piece::Grant { class, bytes } => raw::grant(*class, *bytes),
        Piece::Items { id, lane, flags, items } => {
            let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
            raw::items((*id).into(), *lane, *flags, &items)
        }
        Piece::End { id, lane, how, rest } => raw::end((*id).into(), *lane, *how, rest),
        Piece::Credit { id, lane, bytes } => raw::credit((*id).into(), *lane, *bytes),
        Piece::Retrait => raw::retrait(),
        Piece::Adieu { reason } => raw::adieu(*reason, b""),
        Piece::Frame { kind, rest } => raw::frame(*kind, &[rest]),
        Piece::Bytes(bytes) => bytes.clone(),
        Piece::Reads => {
            stream.set_nonblocking(true)?;
            let _none = stream.read(&mut [0; 4096]);
            return stream.set_nonblocking(false);
        }
    };
    stream.write_all(&bytes)
}

fn carrying(command: Vec<u8>, context: Option<&[u8]>) -> Vec<u8> {
    match context {
        None => command,
        Some(block) => raw::with_context(&command, &block[..block.len().min(255)]),
    }
}

impl Body {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Body::Numbers(a, b) => vec![*a, *b],
            Body::Text { bytes } => {
                let length = u8::try_from(bytes.len().min(250)).expect("a short text");
                [&[length], &bytes[..length.into()], &[0]].concat()
            }
            Body::Any(bytes) => bytes.clone(),
        }
    }
}

/// Reads to the end, which must come: the server answers or ends every connection.
fn ended(stream: &mut UnixStream) {
    let mut bytes = [0; 8192];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return,
            Ok(_) => {}
            // The fuzzer's own alarm.
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return,
            Err(error) => panic!("the server neither answers nor ends: {error}"),
        }
    }
}

fn name() -> String {
    format!("cconn-fuzz-{}", std::process::id())
}

/// The server, made by the first run.
fn server() -> &'static SocketAddr {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    SERVER.get_or_init(|| {
        // The panics of `tombe` are wanted; any other ends the process.
        std::panic::set_hook(Box::new(|info| {
            let text = info.payload().downcast_ref::<&str>();
            if text != Some(&"as it was asked to") {
                eprintln!("{info}");
                std::process::abort();
            }
        }));
        let options = Serveur::options(format!("unix:@{}", name())).echecs_affiches(false);
        let options = options.quand_connecte(|_| {
            CONNECTED.fetch_add(1, Ordering::SeqCst);
        });
        let serveur = options.ouvrir().expect("the name is free");
        let commands = commandes![somme, echo, compte, rappel, tombe];
        serveur.enregistrer(commands).expect("each name is there once");
        thread::spawn(move || serveur.lancer());
        SocketAddr::from_abstract_name(name()).expect("an abstract name")
    })
}
