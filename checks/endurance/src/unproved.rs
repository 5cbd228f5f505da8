//! X05: peers that have not proved who they are send every kind of frame for every command: nothing
//! is decoded, nothing runs, and each is sent away in time.

mod held;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cconn::{Client, Serveur};
use testkit::raw::{self, Greeting};
use testkit::{Dice, Relay};

use crate::company::{Door, in_company};
use crate::counted::{self, NAMES, REFUSED};
use crate::heard::{Heard, secret};
use crate::host::Host;
use crate::run::Run;
use crate::times::Times;
use crate::ways::Way;

pub(crate) use self::held::server as held_server;

/// How long a newcomer may take until it has proved who it is, and how much later a busy machine
/// may see its end.
const GREETING: Duration = Duration::from_secs(2);
const LATER: Duration = Duration::from_secs(1);

/// Strangers that come at once; fewer than the 128 of which the first would make room for others.
const THREADS: u64 = 32;

/// The body of a large frame, bytes.
const LARGE: usize = 5 << 10;

/// What is rolled for the kind of a frame: those that there are, two that there are not, and calls
/// for all others, which matter most.
const KINDS: u64 = 24;

/// The most bytes that a server says to a stranger.
const MOST_SAID: usize = 1500;

/// Commands of the library's own.
const OWN: [&str; 2] = ["cconn.info", "cconn.commandes"];

/// What strangers know of those who are let in: what these say first.
struct Known {
    heard: Heard,
    /// The first record of a client of TLS.
    hello: Vec<u8>,
}

/// How far a stranger has come when it sends its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    HalfGreeting,
    /// A greeting without a word of secrets.
    Greeting,
    /// A greeting that wants a secret proved.
    Challenge,
    HalfProof,
    WrongProof,
    OldProof,
}

const BEFORE: [Before; 7] = [
    Before::Nothing,
    Before::HalfGreeting,
    Before::Greeting,
    Before::Challenge,
    Before::HalfProof,
    Before::WrongProof,
    Before::OldProof,
];

/// The same, where TLS is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BeforeTls {
    Plain(Before),
    /// The frames stand in a record of TLS that nobody has agreed on keys for.
    Record,
    HalfHello,
    /// The first message of TLS, then frames in plain or in a record.
    Hello,
    HelloAndRecord,
}

impl Before {
    fn bytes(self, heard: &Heard) -> Vec<u8> {
        let (greeting, proof) = (&heard.client.greeting, &heard.client.proof);
        match self {
            Before::Nothing => Vec::new(),
            Before::HalfGreeting => greeting[..greeting.len() / 2].to_vec(),
            Before::Greeting => Greeting::client().bytes(),
            Before::Challenge => greeting.clone(),
            Before::HalfProof => [greeting, &proof[..proof.len() / 2]].concat(),
            Before::WrongProof => [&greeting[..], &proof[..6], &[7; 32]].concat(),
            Before::OldProof => [&greeting[..], proof].concat(),
        }
    }
}

impl BeforeTls {
    fn roll(dice: &mut Dice) -> BeforeTls {
        match dice.below(8) {
            0 => BeforeTls::Record,
            1 => BeforeTls::HalfHello,
            2 => BeforeTls::Hello,
            3 => BeforeTls::HelloAndRecord,
            _ => BeforeTls::Plain(BEFORE[dice.size(BEFORE.len())]),
        }
    }

    fn said(self, known: &Known, frames: &[u8]) -> Vec<u8> {
        let hello = &known.hello;
        match self {
            BeforeTls::Plain(before) => [&before.bytes(&known.heard)[..], frames].concat(),
            BeforeTls::Record => record(frames),
            BeforeTls::HalfHello => [&hello[..hello.len() / 2], frames].concat(),
            BeforeTls::Hello => [&hello[..], frames].concat(),
            BeforeTls::HelloAndRecord => [&hello[..], &record(frames)].concat(),
        }
    }
}

/// Those bytes in a record of TLS that says that it is encrypted.
fn record(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len().min(16 << 10)).expect("it is not longer");
    [&[0x17, 3, 3][..], &length.to_be_bytes(), &bytes[..usize::from(length)]].concat()
}

pub(crate) fn strangers(run: &Run) {
    let wanted = run.pick(300, 5000);
    let start = |way: Way, options: cconn::OptionsServeur| {
        let options = way.secured_server(options).max_clients(200).delai_accueil(GREETING);
        Host::start(options, counted::register)
    };
    let hosts = [
        start(Way::Tcp, Serveur::options(0).secrets([secret(1)])),
        start(Way::Tls, Serveur::options(0)),
    ];
    let servers = [hosts[0].address(), hosts[1].address()];
    let doors = doors(servers);
    let held: Vec<Client> = doors.iter().map(|door| door().connecter().unwrap()).collect();
    let known = Known { heard: Heard::at(servers[0]), hello: hello(servers[1]) };
    in_company(run, &held, &doors, || {
        come(run, servers, &known, wanted);
        held::hold(run, &known);
    });
    counted::judge(run);
    for client in &held {
        client.eteindre().unwrap();
    }
    for host in hosts {
        let stopped = host.stop();
        run.require(stopped.is_ok(), || format!("a server's stop: {stopped:?}"));
    }
}

fn doors([secret_server, tls_server]: [SocketAddr; 2]) -> Vec<Door> {
    vec![
        Box::new(move || Client::options(secret_server).secrets([secret(1)])),
        Box::new(move || Way::Tls.secured_client(Client::options(tls_server))),
    ]
}

/// The first record of a client of TLS.
fn hello(server: SocketAddr) -> Vec<u8> {
    let relay = Relay::start(server, None, None);
    let client = Way::Tls.secured_client(Client::options(relay.address)).connecter();
    client.and_then(|client| client.eteindre()).expect("it believes the server");
    let [to, _] = relay.finish();
    let length = 5 + usize::from(u16::from_be_bytes([to.taken[3], to.taken[4]]));
    to.taken[..length].to_vec()
}

/// So many strangers come and are sent away.
fn come(run: &Run, servers: [SocketAddr; 2], known: &Known, wanted: u64) {
    let (next, at_the_end) = (AtomicU64::new(0), AtomicU64::new(0));
    let times = Mutex::new(Times::default());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::SeqCst));
                for number in numbers.take_while(|number| *number < wanted) {
                    match come_once(servers, known, &mut Dice::new(number)) {
                        Ok(time) => {
                            at_the_end.fetch_add(u64::from(time * 2 > GREETING), Ordering::SeqCst);
                            times.lock().unwrap().push(time);
                        }
                        Err(fault) => run.fault(&fault),
                    }
                }
            });
        }
    });
    let mut times = times.into_inner().unwrap();
    run.exactly("strangers sent away", times.len() as u64, wanted);
    run.figure("of them at the deadline", at_the_end.load(Ordering::SeqCst), "");
    run.time("median", times.percentile(500));
    run.time_within("last sent away", times.worst(), GREETING + LATER);
}

/// Comes as a stranger; how long it was until the server had ended the connection.
fn come_once(servers: [SocketAddr; 2], known: &Known, dice: &mut Dice) -> Result<Duration, String> {
    let frames: Vec<u8> = (0..=dice.below(3)).flat_map(|_| frame(dice)).collect();
    let (server, said, how) = if dice.one_in(2) {
        let before = BEFORE[dice.size(BEFORE.len())];
        let said = [before.bytes(&known.heard), frames].concat();
        (servers[0], said, format!("{before:?}"))
    } else {
        let before = BeforeTls::roll(dice);
        (servers[1], before.said(known, &frames), format!("{before:?}"))
    };
    let mut stream = TcpStream::connect(server).map_err(|error| error.to_string())?;
    let start = Instant::now();
    stream.set_read_timeout(Some(GREETING + 10 * LATER)).map_err(|error| error.to_string())?;
    // It may be sent away before it has said all.
    let _refused = stream.write_all(&said);
    if dice.one_in(2) {
        let _gone = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer);
    match ended {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => {
            Err(format!("behind {how}: not sent away: {error}"))
        }
        _ if answer.len() > MOST_SAID => Err(format!("behind {how}: told {}", answer.len())),
        _ => Ok(start.elapsed()),
    }
}

/// A frame of any kind, small or large, for any command.
fn frame(dice: &mut Dice) -> Vec<u8> {
    let name = NAMES.iter().chain(&OWN).nth(dice.size(NAMES.len() + OWN.len()));
    let (name, id) = (name.expect("there are so many"), 1 + dice.below(3));
    let body = if dice.one_in(2) { small_body(name) } else { large_body() };
    let lane = dice.next().to_le_bytes()[0] & 1;
    let kind = u8::try_from(dice.below(KINDS)).expect("few kinds");
    match kind {
        1 => raw::one_way(name, &body),
        3 => raw::answer(id, &body),
        4 => raw::user_error(id, &body),
        5 => raw::failure(id, name, 1, &body[..1]),
        6 => raw::cancel(id),
        7 => raw::grant(0, dice.below(1 << 20)),
        8 => raw::items(id, lane, Some(0), &[&[1_u8; 200][..]; 25]),
        9 => raw::end(id, lane, 0, &[]),
        10 => raw::credit(id, lane, 1 << 16),
        11 => raw::retrait(),
        12 => raw::adieu(1, &[]),
        0 | 13..=15 | 17 => raw::frame(kind, &[&id.to_le_bytes(), &body]),
        16 => raw::progress(id, 1, 2, &[]),
        _ => raw::call(id, name, &body),
    }
}

/// The arguments of a command.
fn small_body(name: &str) -> Vec<u8> {
    match name {
        "store" => vec![REFUSED.0, 1, 7],
        "rows" => vec![REFUSED.0, 3],
        _ => vec![REFUSED.0],
    }
}

/// The arguments of `store`, which the others take the first byte of.
fn large_body() -> Vec<u8> {
    let length = u16::try_from(LARGE).expect("it has 16 bits");
    [&[REFUSED.0, 251][..], &length.to_le_bytes(), &[7; LARGE]].concat()
}
