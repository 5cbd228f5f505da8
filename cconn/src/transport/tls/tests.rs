//! Tests of encrypted streams over streams in memory.

use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use super::halves::Outgoing;
use super::*;
use crate::copy;
use crate::transport::{Memory, NatureTls, TlsFault};

const PEM: &[u8] = include_bytes!("test.pem");

type Stream = Secured<Arc<dyn Transport>>;

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn sessions() -> [Session; 2] {
    let own = CertificateDer::from_pem_slice(PEM).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(own.clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(Arc::new(client), name).unwrap();
    let server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own], PrivateKeyDer::from_pem_slice(PEM).unwrap())
        .unwrap();
    let server = ServerConnection::new(Arc::new(server)).unwrap();
    [
        Session::new(client.into(), HANDSHAKE_OF_SERVER),
        Session::new(server.into(), HANDSHAKE_WITH_CERTIFICATES),
    ]
}

/// Two ends that have shaken hands, over pipes that hold so many bytes.
fn pair(capacity: usize) -> [Arc<Stream>; 2] {
    let (left, right) = Memory::pair(capacity);
    let [client, server] = sessions();
    let client = Arc::new(Secured::new(Arc::new(left) as Arc<dyn Transport>, client));
    let server = Arc::new(Secured::new(Arc::new(right) as Arc<dyn Transport>, server));
    let theirs = server.clone();
    let shaking = thread::spawn(move || theirs.shake_hands(None));
    client.shake_hands(None).unwrap();
    shaking.join().unwrap().unwrap();
    [client, server]
}

/// A frame with its length, which tells what its bytes must be.
fn frame(length: usize) -> Vec<u8> {
    let mut frame = u32::try_from(length).unwrap().to_le_bytes().to_vec();
    frame.extend((0..length).map(|n| u8::try_from((n + length) % 253).unwrap()));
    frame
}

/// Sends like the connection core: what was not taken is passed again, after a wait for room.
fn send_all(stream: &Stream, bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (first, second) = rest.split_at(rest.len() / 3);
        match stream.try_send(&[IoSlice::new(first), IoSlice::new(&[]), IoSlice::new(second)]) {
            Ok(n) => rest = &rest[n..],
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                let wanted = Ready { readable: false, writable: true };
                stream.poll(wanted, Some(crate::sync::now() + Duration::from_millis(2))).unwrap();
            }
        }
    }
}

/// Receives frames until the end of the stream, and checks each. Returns how many came.
fn receive_all(stream: &Stream, room: usize) -> usize {
    let (mut bytes, mut frames) = (Vec::new(), 0);
    loop {
        bytes.reserve_exact(room);
        if stream.recv(&mut bytes, &mut Deadline::Never).unwrap() == 0 {
            assert!(bytes.is_empty(), "it ends inside a frame");
            return frames;
        }
        while let Some(head) = bytes.first_chunk() {
            let length = usize::try_from(u32::from_le_bytes(*head)).unwrap();
            if bytes.len() < 4 + length {
                break;
            }
            assert!(bytes[..4 + length] == frame(length), "frame {frames} was torn");
            bytes.drain(..4 + length);
            frames += 1;
        }
    }
}

#[test]
fn both_directions_at_once_through_narrow_pipes_with_changes_of_keys() {
    for (capacity, frames, room) in [(700, 30, 100), (20_000, 60, 1000), (200_000, 100, 70_000)] {
        let ends = pair(capacity);
        let threads: Vec<_> = ends
            .iter()
            .flat_map(|end| {
                let (sends, receives) = (end.clone(), end.clone());
                let sending = thread::spawn(move || {
                    for n in 0..frames {
                        send_all(&sends, &frame((n * 7919) % 40_000));
                        if n % 20 == 7 {
                            sends.session.refresh(sends.below.stream());
                        }
                    }
                    // A farewell waits for nobody, so it is said when there is room for it.
                    let wanted = Ready { readable: false, writable: true };
                    sends.poll(wanted, None).unwrap();
                    sends.shutdown_write();
                    frames
                });
                [sending, thread::spawn(move || receive_all(&receives, room))]
            })
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), frames);
        }
    }
}

#[test]
fn a_byte_that_is_not_taken_is_passed_again_and_sent_once() {
    let [client, server] = pair(4000);
    // One byte at a time, until the pipe is full; the byte that is not taken is in the cipher.
    let mut sent = 0_u32;
    let full = loop {
        match client.try_send(&[IoSlice::new(&[u8::try_from(sent % 251).unwrap()])]) {
            Ok(n) => sent += u32::try_from(n).unwrap(),
            Err(error) => break error,
        }
    };
    assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
    let mut came = Vec::with_capacity(10_000);
    while server.try_recv(&mut came).is_ok() {}
    let again = [u8::try_from(sent % 251).unwrap(), u8::try_from((sent + 1) % 251).unwrap()];
    assert_eq!(client.try_send(&[IoSlice::new(&again)]).unwrap(), 2);
    while server.try_recv(&mut came).is_ok() {}
    let expected: Vec<u8> = (0..sent + 2).map(|n| u8::try_from(n % 251).unwrap()).collect();
    assert!(came == expected);
}

#[test]
fn an_end_without_a_farewell_is_an_error_and_with_one_it_is_an_end() {
    // [tls.farewell]
    for inside in [false, true] {
        let [client, server] = pair(1 << 20);
        send_all(&client, b"whole");
        if inside {
            let below = client.below.stream();
            below.try_send(&[IoSlice::new(b"\x17\x03\x03\x00\x20half")]).unwrap();
        }
        client.below.stream().shutdown_write();
        let mut buf = Vec::with_capacity(100);
        assert_eq!(server.recv(&mut buf, &mut Deadline::Never).unwrap(), 5);
        let error = server.recv(&mut buf, &mut Deadline::Never).unwrap_err();
        assert_eq!(TlsFault::inside(&error).unwrap().nature, NatureTls::Tronque);
        assert_eq!((buf.as_slice(), error.kind()), (&b"whole"[..], io::ErrorKind::UnexpectedEof));
    }
    let [client, server] = pair(1 << 20);
    send_all(&client, b"whole");
    client.shutdown_write();
    let mut buf = Vec::with_capacity(100);
    assert_eq!(server.recv(&mut buf, &mut Deadline::Never).unwrap(), 5);
    assert_eq!(server.recv(&mut buf, &mut Deadline::Never).unwrap(), 0);
    send_all(&server, b"the other direction lives");
    buf.clear();
    assert_eq!(client.recv(&mut buf, &mut Deadline::Never).unwrap(), 25);
}

#[test]
fn changed_bytes_end_the_stream_and_are_never_taken_for_a_value() {
    for at in [0, 1, 3, 4, 5, 10, 25] {
        let (left, right) = Memory::pair(1 << 20);
        let [client, server] = sessions();
        let left: Arc<dyn Transport> = Arc::new(left);
        let client = Arc::new(Secured::new(left, client));
        let server = Arc::new(Secured::new(Arc::new(right) as Arc<dyn Transport>, server));
        let theirs = server.clone();
        let shaking = thread::spawn(move || theirs.shake_hands(None));
        client.shake_hands(None).unwrap();
        shaking.join().unwrap().unwrap();
        // Encrypted into a pipe of its own, changed there, and sent on.
        let (aside, away) = Memory::pair(1000);
        client.session.send(&[IoSlice::new(b"value")], &aside, Sending::Now).unwrap();
        let mut raw = Vec::with_capacity(1000);
        away.try_recv(&mut raw).unwrap();
        raw[at] ^= 0x40;
        client.below.stream().try_send(&[IoSlice::new(&raw)]).unwrap();
        client.below.stream().shutdown_write();
        let mut buf = Vec::with_capacity(100);
        let error = server.recv(&mut buf, &mut Deadline::Never).unwrap_err();
        assert!(TlsFault::inside(&error).is_some() && buf.is_empty(), "{at}: {error}");
        assert!(server.recv(&mut buf, &mut Deadline::Never).is_err(), "it stays broken");
    }
}

#[test]
fn what_is_decrypted_already_counts_as_readable() {
    let [client, server] = pair(1 << 20);
    send_all(&client, &[7; 100]);
    let mut buf = Vec::with_capacity(10);
    assert_eq!(server.recv(&mut buf, &mut Deadline::Never).unwrap(), 10);
    let wanted = Ready { readable: true, writable: true };
    assert_eq!(server.poll(wanted, None).unwrap(), wanted);
    assert!(matches!(server.input(Waker::noop()), Input::There));
    buf.reserve_exact(90);
    assert_eq!(server.recv(&mut buf, &mut Deadline::Never).unwrap(), 90);
    let now = Some(crate::sync::now());
    let only = Ready { readable: true, writable: false };
    assert_eq!(server.poll(only, now).unwrap(), Ready::default());
    assert_eq!(
        server.try_recv(&mut Vec::with_capacity(1)).unwrap_err().kind(),
        io::ErrorKind::WouldBlock
    );
}

#[test]
fn a_payload_of_64_kib_and_its_head_are_one_write() {
    copy::drop_spare();
    let [client, server] = pair(1 << 20);
    send_all(&client, &frame(1000));
    assert!(!copy::keeps_spare(), "small bytes take the stream's own buffer");
    let (head, payload) = ([1; 60], frame((64 << 10) - 4));
    let parts = [IoSlice::new(&head), IoSlice::new(&payload)];
    assert_eq!(client.try_send(&parts).unwrap(), 60 + (64 << 10));
    assert!(copy::keeps_spare(), "large bytes take the thread's");
    let mut came = Vec::with_capacity(70_000);
    while server.try_recv(&mut came).is_ok() {}
    assert!(came == [&frame(1000)[..], &head, &payload].concat());
}

#[test]
fn encrypted_bytes_lie_in_a_good_place_and_do_not_grow() {
    copy::assume_slow_places(true);
    let mut outgoing = Outgoing::default();
    for bytes in [1, 5_000, 16 << 10, 64 << 10] {
        outgoing.make_room(bytes);
        let (free, room) = (outgoing.raw.len(), outgoing.raw.capacity());
        assert_eq!(outgoing.sent, free, "nothing of them is sent");
        // 29 bytes are the most that TLS 1.2 adds to a record.
        outgoing.raw.resize(free + bytes + 29 * bytes.div_ceil(16 << 10), 7);
        assert_eq!(outgoing.raw.capacity(), room, "{bytes}");
        assert!(!copy::is_slow_to_send(&[IoSlice::new(&outgoing.raw[free..])]), "{bytes}");
        outgoing.raw.clear();
    }
}
