//! Tests of proofs over streams in memory.

use std::io::IoSlice;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use super::*;
use crate::sync::Deadline;
use crate::transport::{Input, Memory, Ready, Script, Scripted};
use crate::wire::Challenge;

/// The keys that this side knows: each has a name, and a byte that makes up its secret.
fn keys(known: &[(&str, u8)]) -> Keys {
    Keys::new(known.iter().map(|(name, byte)| Arc::new(Key::new(name, &[*byte; 32]))).collect())
}

/// When a side that waits in vain fails its test.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(9)
}

/// What a server makes of a newcomer: all that it hears until that is whole.
fn heard(io: &dyn Transport, known: &[(&str, u8)]) -> Result<Greeted, HandshakeError> {
    let (mut hearing, keys, limits) = (Hearing::default(), keys(known), Limits::default());
    loop {
        if let Some(heard) = hearing.hear(io, &limits, &keys, Told::default()) {
            return heard;
        }
        let ready = io.poll(Ready { readable: true, writable: false }, Some(soon())).unwrap();
        assert!(ready.readable, "nothing came");
    }
}

/// A client that greets and proves, in a thread that ends with what became of it.
fn client(
    io: impl Transport + 'static,
    known: &[(&str, u8)],
) -> thread::JoinHandle<Result<Greeted, HandshakeError>> {
    let (keys, limits) = (keys(known), Limits::default());
    thread::spawn(move || greet_and_prove(&io, &limits, &keys, None, Some(soon())))
}

fn put(io: &Memory, bytes: &[u8]) {
    assert_eq!(io.try_send(&[IoSlice::new(bytes)]).unwrap(), bytes.len());
}

/// The refusal that an error tells of a side that is not proved.
fn unproven<T: std::fmt::Debug>(result: Result<T, HandshakeError>) -> Refusal {
    match result {
        Err(HandshakeError::Unproven(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// The greeting of a client that knows these keys.
fn greeting(known: &[(&str, u8)]) -> Vec<u8> {
    let limits = Limits::default();
    let mut bytes = written(Role::Client, &limits, Refusal::Accepted, "", Told::default());
    keys(known).challenge(None).unwrap().append(&mut bytes);
    bytes
}

/// A stream that a value binds proofs to.
struct Bound(Memory, [u8; 32]);

impl Transport for Bound {
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        self.0.recv(buf, deadline)
    }

    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.0.try_recv(buf)
    }

    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_send(parts)
    }

    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready> {
        self.0.poll(wanted, deadline)
    }

    fn input(&self, waker: &Waker) -> Input<'_> {
        self.0.input(waker)
    }

    fn binding(&self) -> Option<[u8; 32]> {
        Some(self.1)
    }

    fn shutdown_write(&self) {
        self.0.shutdown_write();
    }

    fn shutdown(&self) {
        self.0.shutdown();
    }
}

#[test]
fn both_sides_prove_the_secret_that_both_know_and_each_has_its_own_name_for_it() {
    // [secret.client] [secret.server] [proof.decision]
    let (ours, hers) = Memory::pair(1 << 16);
    let client = client(hers, &[("other", 1), ("server", 2)]);
    let greeted = heard(&ours, &[("workshop", 2), ("third", 3)]).unwrap();
    let proven = greeted.proven.unwrap();
    assert_eq!(proven.name(), "workshop");
    assert!(greeted.rest.is_empty());
    answer(&ours, Some(&proven), Refusal::Accepted, "").unwrap();
    let greeted = client.join().unwrap().unwrap();
    assert_eq!(greeted.proven.unwrap().name(), "server");
    assert_eq!(greeted.limits.window, Limits::default().window);
}

#[test]
fn what_comes_behind_a_proof_is_kept() {
    let (ours, hers) = Memory::pair(1 << 16);
    let client = client(Bound(hers, [1; 32]), &[("a", 1)]);
    let server = Bound(ours, [1; 32]);
    let proven = heard(&server, &[("b", 1)]).unwrap().proven.unwrap();
    let mut bytes = Vec::new();
    Proof::Given(proven.answer).write(&mut bytes);
    put(&server.0, &[&bytes[..], b"behind"].concat());
    assert_eq!(client.join().unwrap().unwrap().rest, b"behind");
    // What follows the client's proof, in the same piece.
    let (ours, hers) = Memory::pair(1 << 16);
    let mut hearing = asked(&ours, &hers);
    let proof = proof(&hearing, None);
    put(&hers, &[&proof[..], b"call"].concat());
    let greeted = hear(&mut hearing, &ours).unwrap().unwrap();
    assert_eq!(greeted.rest, b"call");
}

fn hear(hearing: &mut Hearing, io: &dyn Transport) -> Option<Result<Greeted, HandshakeError>> {
    hearing.hear(io, &Limits::default(), &keys(&[("a", 1)]), Told::default())
}

/// A newcomer that has greeted and been asked for its proof.
fn asked(ours: &Memory, hers: &Memory) -> Hearing {
    let mut hearing = Hearing::default();
    put(hers, &greeting(&[("a", 1)]));
    assert!(hear(&mut hearing, ours).is_none());
    hearing
}

/// The message by which such a newcomer proves its secret.
fn proof(hearing: &Hearing, binding: Option<[u8; 32]>) -> Vec<u8> {
    let asked = hearing.asked.as_ref().unwrap();
    let covered = Covered { client: &asked.client, server: &asked.server, binding };
    let mut bytes = Vec::new();
    Proof::Given(Key::new("a", &[1; 32]).prove(Prover::Client, &covered)).write(&mut bytes);
    bytes
}

#[test]
fn a_newcomer_is_silent_until_it_greets_and_is_greeted_when_its_greeting_is_whole() {
    let (ours, hers) = Memory::pair(1 << 16);
    let mut hearing = Hearing::default();
    assert!(hear(&mut hearing, &ours).is_none());
    assert!(hearing.is_silent() && !hearing.is_greeted());
    let greeting = greeting(&[("a", 1)]);
    put(&hers, &greeting[..1]);
    assert!(hear(&mut hearing, &ours).is_none());
    assert!(!hearing.is_silent() && !hearing.is_greeted());
    put(&hers, &greeting[1..]);
    assert!(hear(&mut hearing, &ours).is_none());
    assert!(hearing.said.is_empty() && !hearing.is_silent() && hearing.is_greeted());
}

#[test]
fn a_proof_comes_in_any_pieces_and_one_that_is_cut_is_an_end() {
    let (ours, hers) = Memory::pair(1 << 16);
    let mut hearing = asked(&ours, &hers);
    let proof = proof(&hearing, None);
    for byte in &proof {
        assert!(hear(&mut hearing, &ours).is_none());
        put(&hers, &[*byte]);
    }
    assert!(hear(&mut hearing, &ours).unwrap().is_ok());
    for cut in 0..proof.len() {
        let (ours, hers) = Memory::pair(1 << 16);
        let mut hearing = asked(&ours, &hers);
        hers.try_send(&[IoSlice::new(&proof[..cut])]).ok();
        hers.shutdown_write();
        let ended = hear(&mut hearing, &ours).unwrap();
        assert!(matches!(ended, Err(HandshakeError::Ended)), "{cut}: {ended:?}");
    }
}

#[test]
fn a_stream_that_breaks_before_the_proof_is_not_waited_for() {
    let (ours, hers) = Memory::pair(1 << 16);
    let mut hearing = asked(&ours, &hers);
    let broken = Scripted::new(ours, Script { fails_at: 1, ..Script::default() });
    let broken = hear(&mut hearing, &broken).unwrap();
    assert!(matches!(broken, Err(HandshakeError::Io(_))), "{broken:?}");
}

#[test]
fn what_is_no_proof_is_a_wrong_one_before_its_bytes_come() {
    // [proof.order]
    let frame = [&40_u32.to_le_bytes()[..], &[2, 0]].concat();
    let long = [&515_u32.to_le_bytes()[..], &[13, 0]].concat();
    for bytes in [frame, long, u32::MAX.to_le_bytes().to_vec()] {
        let (ours, hers) = Memory::pair(1 << 16);
        let mut hearing = asked(&ours, &hers);
        put(&hers, &bytes);
        let wrong = hear(&mut hearing, &ours).unwrap();
        assert_eq!(unproven(wrong), Refusal::WrongProof, "{bytes:?}");
    }
    // A refusal is no proof either, though it may be as long as one can be.
    let (ours, hers) = Memory::pair(1 << 16);
    let mut hearing = asked(&ours, &hers);
    let mut bytes = Vec::new();
    Proof::Refused(1, "x".repeat(512)).write(&mut bytes);
    put(&hers, &bytes[..6]);
    assert!(hear(&mut hearing, &ours).is_none(), "so long a message may come");
    put(&hers, &bytes[6..]);
    assert_eq!(unproven(hear(&mut hearing, &ours).unwrap()), Refusal::WrongProof);
}

#[test]
fn a_wrong_proof_is_refused_whichever_side_gives_it() {
    // [proof.covers]
    let (ours, hers) = Memory::pair(1 << 16);
    let mut hearing = asked(&ours, &hers);
    let mut wrong = proof(&hearing, None);
    *wrong.last_mut().unwrap() ^= 1;
    put(&hers, &wrong);
    assert_eq!(unproven(hear(&mut hearing, &ours).unwrap()), Refusal::WrongProof);
    let (ours, hers) = Memory::pair(1 << 16);
    let client = client(hers, &[("a", 1)]);
    heard(&ours, &[("a", 1)]).unwrap();
    let mut bytes = Vec::new();
    Proof::Given([0; 32]).write(&mut bytes);
    put(&ours, &bytes);
    assert_eq!(unproven(client.join().unwrap()), Refusal::WrongProof);
}

#[test]
fn a_proof_for_one_encrypted_stream_is_wrong_on_every_other() {
    // [proof.covers]
    for (client_binding, server_binding) in [([1; 32], [2; 32]), ([1; 32], [0; 32])] {
        let (ours, hers) = Memory::pair(1 << 16);
        let client = client(Bound(hers, client_binding), &[("a", 1)]);
        let server = Bound(ours, server_binding);
        assert_eq!(unproven(heard(&server, &[("a", 1)])), Refusal::WrongProof);
        drop(server);
        client.join().unwrap().unwrap_err();
    }
}

#[test]
fn a_side_that_wants_a_proof_takes_no_peer_without_the_secret() {
    let none: &[(&str, u8)] = &[];
    for (server, newcomer, expected) in [
        (&[("a", 1)][..], none, Some(Refusal::Unproven)),
        (&[("a", 1)], &[("a", 2), ("a", 3)], Some(Refusal::NoSecret)),
        (none, none, None),
    ] {
        let (ours, hers) = Memory::pair(1 << 16);
        let client = client(hers, newcomer);
        let heard = heard(&ours, server);
        assert_eq!(expected, heard.is_err().then(|| unproven(heard)));
        drop(ours);
        client.join().unwrap().unwrap_err();
    }
    // And a client none that says nothing of secrets, or knows only others.
    for (challenge, expected) in [(None, Refusal::Unproven), (Some([9; 8]), Refusal::NoSecret)] {
        let (ours, hers) = Memory::pair(1 << 16);
        let limits = Limits::default();
        let mut bytes = written(Role::Server, &limits, Refusal::Accepted, "", Told::default());
        if let Some(id) = challenge {
            Challenge { nonce: [0; 32], keys: vec![id] }.append(&mut bytes);
        }
        put(&ours, &bytes);
        assert_eq!(unproven(client(hers, &[("a", 1)]).join().unwrap()), expected);
    }
}

#[test]
fn a_newcomer_that_has_proved_is_told_why_it_is_refused() {
    // [proof.decision]
    let (ours, hers) = Memory::pair(1 << 16);
    let client = client(hers, &[("a", 1)]);
    let proven = heard(&ours, &[("a", 1)]).unwrap().proven;
    answer(&ours, proven.as_deref(), Refusal::Full, "plein").unwrap();
    match client.join().unwrap() {
        Err(HandshakeError::Refused { refusal: Refusal::Full, text }) => assert_eq!(text, "plein"),
        other => panic!("{other:?}"),
    }
    // Nothing is said to one that was accepted without a proof.
    let (ours, hers) = Memory::pair(1 << 16);
    answer(&ours, None, Refusal::Accepted, "").unwrap();
    assert_eq!(
        hers.try_recv(&mut Vec::with_capacity(9)).unwrap_err().kind(),
        io::ErrorKind::WouldBlock
    );
}
