//! The proof of a secret, which follows the greetings where a side asks for it.
//!
//! The client proves first, so a server says nothing that a stranger could try guesses on. Until
//! both sides are proved only greetings and proofs are read, and nothing is run.

#[cfg(all(test, feature = "secret"))]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::{Greeted, HandshakeError, Told, hear_greeting, read_greeting, receive, send, written};
use crate::link::{Limits, PeerLimits};
use crate::preuve::{Covered, Key, Keys, Prover};
use crate::transport::Transport;
use crate::wire::{Mac, Program, Proof, Refusal, Role};

/// A peer that has proved a secret.
#[derive(Debug)]
pub(crate) struct Proven {
    key: Arc<Key>,
    /// What proves this side to the peer. A server sends it once it has a place for the peer.
    answer: Mac,
}

impl Proven {
    /// The name that this side has for the secret.
    pub(crate) fn name(&self) -> &str {
        &self.key.name
    }
}

/// Greets a server, and proves the secret to it if there is one. Blocks until the server has proved
/// it too.
// [secret.client] [proof.order]
pub(crate) fn greet_and_prove(
    io: &dyn Transport,
    limits: &Limits,
    keys: &Keys,
    program: Option<&Program>,
    deadline: Option<Instant>,
) -> Result<Greeted, HandshakeError> {
    let told = Told { instance: None, program };
    let mut own = written(Role::Client, limits, Refusal::Accepted, "", told);
    if keys.is_empty() {
        send(io, &own, deadline)?;
        io.configure(limits.write_deadline);
        return read_greeting(io, Role::Client, deadline);
    }
    keys.challenge(None).ok_or(HandshakeError::NoRandom)?.append(&mut own);
    send(io, &own, deadline)?;
    io.configure(limits.write_deadline);
    let mut greeted = read_greeting(io, Role::Client, deadline)?;
    let theirs = greeted.offer.take().ok_or(HandshakeError::Unproven(Refusal::Unproven))?;
    let key = keys.known(&theirs.challenge).ok_or(HandshakeError::Unproven(Refusal::NoSecret))?;
    let covered = Covered { client: &own, server: &theirs.said, binding: io.binding() };
    let mut proof = Vec::new();
    Proof::Given(key.prove(Prover::Client, &covered)).write(&mut proof);
    send(io, &proof, deadline)?;
    let (answer, rest) = read_proof(io, std::mem::take(&mut greeted.rest), deadline)?;
    match answer {
        Proof::Given(mac) if key.is_proof(Prover::Server, &covered, &mac) => {
            let proven = Some(Box::new(Proven { key, answer: mac }));
            Ok(Greeted { rest, proven, ..greeted })
        }
        Proof::Given(_) => Err(HandshakeError::Unproven(Refusal::WrongProof)),
        Proof::Refused(decision, text) => Err(match Refusal::from_number(decision) {
            Some(refusal) => HandshakeError::Refused { refusal, text },
            None => crate::wire::WireError::GreetingField.into(),
        }),
    }
}

fn read_proof(
    io: &dyn Transport,
    mut buf: Vec<u8>,
    deadline: Option<Instant>,
) -> Result<(Proof, Vec<u8>), HandshakeError> {
    loop {
        let wanted = Proof::length(&buf)?;
        if buf.len() >= wanted {
            let rest = buf.split_off(wanted);
            return Ok((Proof::parse(&buf)?, rest));
        }
        receive(&mut buf, wanted, |buf| io.recv(buf, &mut deadline.into()))?;
    }
}

/// A newcomer as a server hears it: its greeting, and then its proof where one is asked for.
#[derive(Default)]
pub(crate) struct Hearing {
    said: Vec<u8>,
    /// The newcomer was greeted, and its proof is awaited.
    asked: Option<Box<Asked>>,
}

struct Asked {
    limits: PeerLimits,
    key: Arc<Key>,
    client: Vec<u8>,
    server: Vec<u8>,
    program: Option<Box<Program>>,
}

impl Hearing {
    /// Whether nothing of a greeting has come.
    pub(crate) fn is_silent(&self) -> bool {
        self.said.is_empty() && self.asked.is_none()
    }

    /// Whether the newcomer has been sent this side's greeting.
    pub(crate) fn is_greeted(&self) -> bool {
        self.asked.is_some()
    }

    /// Reads what has arrived of a newcomer's greeting and proof. `None` if that is not all. Does
    /// not wait.
    // [secret.server] [proof.order]
    pub(crate) fn hear(
        &mut self,
        io: &dyn Transport,
        limits: &Limits,
        keys: &Keys,
        told: Told<'_>,
    ) -> Option<Result<Greeted, HandshakeError>> {
        if self.asked.is_none() {
            let mut greeted = match hear_greeting(io, &mut self.said)? {
                Ok(greeted) if !keys.is_empty() => greeted,
                other => return Some(other),
            };
            self.said = std::mem::take(&mut greeted.rest);
            match ask(io, limits, keys, told, greeted) {
                Ok(asked) => self.asked = Some(Box::new(asked)),
                Err(error) => return Some(Err(error)),
            }
        }
        self.hear_proof(io)
    }

    fn hear_proof(&mut self, io: &dyn Transport) -> Option<Result<Greeted, HandshakeError>> {
        loop {
            let Ok(wanted) = Proof::length(&self.said) else {
                return Some(Err(HandshakeError::Unproven(Refusal::WrongProof)));
            };
            if self.said.len() >= wanted {
                let rest = self.said.split_off(wanted);
                let said = std::mem::replace(&mut self.said, rest);
                return Some(self.judge(io, &said));
            }
            match receive(&mut self.said, wanted, |said| io.try_recv(said)) {
                Ok(()) => {}
                Err(HandshakeError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return None;
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn judge(&mut self, io: &dyn Transport, said: &[u8]) -> Result<Greeted, HandshakeError> {
        let wrong = HandshakeError::Unproven(Refusal::WrongProof);
        let Some(asked) = &mut self.asked else { return Err(wrong) };
        let covered =
            Covered { client: &asked.client, server: &asked.server, binding: io.binding() };
        let Ok(Proof::Given(mac)) = Proof::parse(said) else { return Err(wrong) };
        if !asked.key.is_proof(Prover::Client, &covered, &mac) {
            return Err(wrong);
        }
        let answer = asked.key.prove(Prover::Server, &covered);
        let proven = Some(Box::new(Proven { key: asked.key.clone(), answer }));
        let rest = std::mem::take(&mut self.said);
        let program = asked.program.take();
        Ok(Greeted { limits: asked.limits, instance: None, rest, program, offer: None, proven })
    }
}

/// Greets a newcomer that knows one of the secrets, and so asks for its proof.
fn ask(
    io: &dyn Transport,
    limits: &Limits,
    keys: &Keys,
    told: Told<'_>,
    greeted: Greeted,
) -> Result<Asked, HandshakeError> {
    let theirs = greeted.offer.ok_or(HandshakeError::Unproven(Refusal::Unproven))?;
    let key = keys.known(&theirs.challenge).ok_or(HandshakeError::Unproven(Refusal::NoSecret))?;
    let mut server = written(Role::Server, limits, Refusal::Accepted, "", told);
    keys.challenge(Some(&key)).ok_or(HandshakeError::NoRandom)?.append(&mut server);
    send(io, &server, Some(Instant::now()))?;
    let (limits, program) = (greeted.limits, greeted.program);
    Ok(Asked { limits, key, client: theirs.said, server, program })
}

/// Tells a newcomer that has been greeted what becomes of it. Does not wait.
// [proof.decision]
pub(crate) fn answer(
    io: &dyn Transport,
    proven: Option<&Proven>,
    refusal: Refusal,
    text: &str,
) -> Result<(), HandshakeError> {
    let answer = match (proven, refusal) {
        (Some(proven), Refusal::Accepted) => Proof::Given(proven.answer),
        // Nothing to say: the end of the stream follows.
        (None, Refusal::Accepted) => return Ok(()),
        (_, refusal) => Proof::Refused(refusal.number(), text.to_owned()),
    };
    let mut bytes = Vec::new();
    answer.write(&mut bytes);
    send(io, &bytes, Some(Instant::now()))
}
