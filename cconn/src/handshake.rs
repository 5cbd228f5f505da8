//! The greeting: each side sends its own at once, and reads the other side's.
//!
//! This file knows one transport and no program. The caller turns what it reports into an
//! error for the program.

mod announcement;
mod secret;
#[cfg(test)]
mod tests;

use std::io::{self, IoSlice};
use std::time::Instant;

use crate::link::{Limits, PeerLimits, smallest_window};
use crate::proxy;
use crate::text::counted;
use crate::transport::{Ready, Transport};
use crate::wire::{
    Challenge, Features, GREETING_HEAD, Greeting, GreetingHead, MIN_FRAME_LIMIT, Program, Refusal,
    Role, VERSION, WireError,
};

pub(crate) use announcement::{Announcement, ProxyFault};
pub(crate) use secret::{Hearing, Proven, answer, greet_and_prove};

/// Room for a greeting and a first small call, bytes. The connection goes on reading into this
/// buffer.
const FIRST_READ: usize = 256;

/// What is wrong with the other side, or with the stream to it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("no greeting came in time")]
    Late,
    #[error("the stream ended before the greeting was done")]
    Ended,
    #[error("the other side is not a cconn peer: it begins with {0}")]
    NotCconn(String),
    #[error("{}", speaks_tls(*.0))]
    SpeaksTls(Role),
    #[error("{0}")]
    Proxy(#[from] ProxyFault),
    #[error("it speaks version {0} of the protocol, this side version {VERSION}")]
    Version(u16),
    #[error("it is a {0} too; connect a client to a server")]
    SameRole(&'static str),
    #[error("its greeting breaks the protocol: {0}")]
    Malformed(#[from] WireError),
    #[error("it announces limits that can't be: frames of {}, a window of {}", counted(*.0, "byte"), .1)]
    Limits(u32, u64),
    #[error("{}", .0.text())]
    Unproven(Refusal),
    #[error("{0}")]
    OtherProgram(String),
    #[error("the system has no random numbers for the proof of a secret")]
    NoRandom,
    #[error("{}{}{text}", refusal.text(), if text.is_empty() { "" } else { ": " })]
    Refused { refusal: Refusal, text: String },
}

/// The other side, once it has greeted.
#[derive(Debug)]
pub(crate) struct Greeted {
    pub(crate) limits: PeerLimits,
    /// The number that a server has chosen when it was made; `None` if it sends none.
    pub(crate) instance: Option<u64>,
    /// The bytes that came behind its greeting, in the buffer that holds them.
    pub(crate) rest: Vec<u8>,
    /// Which program it is, if it says so.
    pub(crate) program: Option<Box<Program>>,
    /// What its greeting says of secrets, if it says anything.
    offer: Option<Box<Offer>>,
    /// The secret that it has proved to know.
    pub(crate) proven: Option<Box<Proven>>,
}

/// What a greeting says of secrets, and the whole greeting as it came, which proofs cover.
#[derive(Debug)]
struct Offer {
    challenge: Challenge,
    said: Vec<u8>,
}

/// What a greeting tells of its sender besides its limits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told<'a> {
    pub(crate) instance: Option<u64>,
    pub(crate) program: Option<&'a Program>,
}

/// Sends this side's greeting. The buffer of any socket takes a whole greeting, so this rarely
/// waits.
// [greeting.first]
pub(crate) fn greet(
    io: &dyn Transport,
    role: Role,
    limits: &Limits,
    refusal: Refusal,
    text: &str,
    told: Told<'_>,
    deadline: Option<Instant>,
) -> Result<(), HandshakeError> {
    send(io, &written(role, limits, refusal, text, told), deadline)
}

/// This side's greeting.
fn written(role: Role, limits: &Limits, refusal: Refusal, text: &str, told: Told<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    let (max_frame, window) = (limits.max_frame, limits.window);
    // [features.declared]
    let (text, features, instance) = (text.to_owned(), Features::OURS, told.instance);
    Greeting { role, refusal, max_frame, window, text, features, instance }.write(&mut bytes);
    if let Some(program) = told.program {
        program.append(&mut bytes);
    }
    bytes
}

/// Sends a greeting, or what follows it.
fn send(io: &dyn Transport, bytes: &[u8], deadline: Option<Instant>) -> Result<(), HandshakeError> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match io.try_send(&[IoSlice::new(rest)]) {
            Ok(n) => rest = rest.get(n..).unwrap_or(&[]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let ready = io.poll(Ready { readable: false, writable: true }, deadline)?;
                if !ready.writable {
                    return Err(HandshakeError::Late);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Reads the other side's greeting and checks that a connection with it is possible.
// [greeting.in-time]
pub(crate) fn read_greeting(
    io: &dyn Transport,
    own_role: Role,
    deadline: Option<Instant>,
) -> Result<Greeted, HandshakeError> {
    let mut buf = Vec::with_capacity(FIRST_READ);
    loop {
        let wanted = wanted(&buf, own_role)?;
        if buf.len() >= wanted {
            return finish(buf, wanted, own_role);
        }
        receive(&mut buf, wanted, |buf| match io.recv(buf, &mut deadline.into()) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => match io.try_recv(buf) {
                // If this process was stopped, a greeting that came in time may be unread.
                Ok(n @ 1..) => Ok(n),
                _ => Err(error),
            },
            other => other,
        })?;
    }
}

/// Reads what has arrived of a client's greeting, behind the part in `said`. `None` if the greeting
/// is not whole yet. Does not wait.
pub(crate) fn hear_greeting(
    io: &dyn Transport,
    said: &mut Vec<u8>,
) -> Option<Result<Greeted, HandshakeError>> {
    loop {
        let wanted = match wanted(said, Role::Server) {
            Ok(wanted) => wanted,
            Err(error) => return Some(Err(error)),
        };
        if said.len() >= wanted {
            return Some(finish(std::mem::take(said), wanted, Role::Server));
        }
        // Only the first read makes room for more than is wanted: a call may come right behind.
        said.reserve(if said.is_empty() { FIRST_READ } else { 0 });
        match receive(said, wanted, |said| io.try_recv(said)) {
            Ok(()) => {}
            Err(HandshakeError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return None;
            }
            Err(error) => return Some(Err(error)),
        }
    }
}

/// The length of a greeting that begins with these bytes: that of its head until the head is there.
/// Bytes that begin no greeting are told at once, for the other side may wait for ours to go on.
// [greeting.order]
fn wanted(buf: &[u8], own_role: Role) -> Result<usize, HandshakeError> {
    if !GreetingHead::may_begin_with(buf) {
        return Err(other_protocol(buf, own_role));
    }
    let Some(head) = buf.first_chunk() else { return Ok(GREETING_HEAD) };
    let head = GreetingHead::parse(head)?;
    if head.version != VERSION {
        return Err(HandshakeError::Version(head.version));
    }
    Ok(GREETING_HEAD + head.rest)
}

/// Checks a greeting that ends at `end`; the bytes behind it are kept.
// [greeting.behind]
fn finish(mut buf: Vec<u8>, end: usize, own_role: Role) -> Result<Greeted, HandshakeError> {
    let greeting = Greeting::parse(buf.get(GREETING_HEAD..end).unwrap_or(&[]))?;
    let limits = check(&greeting, own_role)?;
    let challenge = Challenge::find(buf.get(GREETING_HEAD..end).unwrap_or(&[]))?;
    let offer = challenge.map(|challenge| {
        let said = buf.get(..end).unwrap_or(&[]).to_vec();
        Box::new(Offer { challenge, said })
    });
    let program = Program::find(buf.get(GREETING_HEAD..end).unwrap_or(&[]))?.map(Box::new);
    buf.drain(..end);
    let instance = greeting.instance;
    Ok(Greeted { limits, instance, rest: buf, program, offer, proven: None })
}

fn check(greeting: &Greeting, own_role: Role) -> Result<PeerLimits, HandshakeError> {
    let Greeting { role, refusal, max_frame, window, features, .. } = *greeting;
    // [greeting.role]
    if role == own_role {
        // [greeting.refusal]
        let role = if role == Role::Client { "client" } else { "server" };
        return Err(HandshakeError::SameRole(role));
    }
    // [greeting.text-unread] [refusal.limits]
    if refusal != Refusal::Accepted {
        if role == Role::Client {
            // Only a server accepts or refuses.
            return Err(WireError::GreetingField.into());
        }
        return Err(HandshakeError::Refused { refusal, text: greeting.text.clone() });
    }
    // [greeting.max-frame] [greeting.window]
    if max_frame < MIN_FRAME_LIMIT || window < smallest_window(max_frame) {
        return Err(HandshakeError::Limits(max_frame, window));
    }
    Ok(PeerLimits { max_frame, window, features })
}

/// Receives once, with room for `wanted` bytes in all.
fn receive(
    buf: &mut Vec<u8>,
    wanted: usize,
    recv: impl FnOnce(&mut Vec<u8>) -> io::Result<usize>,
) -> Result<(), HandshakeError> {
    buf.reserve(wanted.saturating_sub(buf.len()));
    match recv(buf) {
        // [greeting.cut]
        Ok(0) => Err(HandshakeError::Ended),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(HandshakeError::Late),
        Err(error) => Err(error.into()),
    }
}

/// What speaks another protocol than this one.
fn other_protocol(first: &[u8], own_role: Role) -> HandshakeError {
    if is_tls(first) {
        return HandshakeError::SpeaksTls(own_role);
    }
    if own_role == Role::Server && proxy::begins(first) {
        return ProxyFault::Unlisted.into();
    }
    HandshakeError::NotCconn(shown(first))
}

/// Whether these bytes begin a record of TLS: an alert, or one of the handshake.
fn is_tls(first: &[u8]) -> bool {
    matches!(first, [0x15 | 0x16, 3, ..])
}

/// What to do about a peer that speaks TLS, for a side of this role.
fn speaks_tls(own_role: Role) -> &'static str {
    match own_role {
        Role::Client => "the server speaks TLS; connect with `tls`",
        Role::Server => "the newcomer speaks TLS, and this server does not; open it with `tls`",
    }
}

/// The first bytes that came, for a person to recognise the protocol.
fn shown(bytes: &[u8]) -> String {
    let first = bytes.get(..bytes.len().min(16)).unwrap_or(&[]);
    format!("\"{}\"", first.escape_ascii())
}
