//! Tests of greetings over streams in memory.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::*;
use crate::preuve::Keys;
use crate::transport::{Closing, Memory, Script, Scripted, Socket};

#[test]
fn a_greeting_that_is_there_is_not_late() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = Socket::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let hers = Socket::new(listener.accept().unwrap().0);
    let (limits, past) = (Limits::default(), Some(Instant::now()));
    let late = read_greeting(&ours, Role::Client, past);
    assert!(matches!(late, Err(HandshakeError::Late)), "{late:?}");
    greet(&hers, Role::Server, &limits, Refusal::Accepted, "", Told::default(), past).unwrap();
    read_greeting(&ours, Role::Client, past).unwrap();
}

#[test]
fn a_client_that_has_greeted_delays_no_small_write_and_probes_its_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let same = stream.try_clone().unwrap();
    let ours = Closing::new(Socket::new(stream));
    let hers = Socket::new(listener.accept().unwrap().0);
    let (limits, keys) = (Limits::default(), Keys::default());
    greet(&hers, Role::Server, &limits, Refusal::Accepted, "", Told::default(), Some(soon()))
        .unwrap();
    assert!(!same.nodelay().unwrap());
    greet_and_prove(&ours, &limits, &keys, None, Some(soon())).unwrap();
    assert!(same.nodelay().unwrap());
    assert!(rustix::net::sockopt::socket_keepalive(&same).unwrap());
}

/// Bytes that may be held of a peer before it is known who it is.
const HELD: usize = 16 << 10;

#[test]
fn little_is_held_of_who_has_not_greeted() {
    let (ours, hers) = Memory::pair(1 << 20);
    let told = Told::default();
    let mut greeting = written(Role::Client, &Limits::default(), Refusal::Accepted, "", told);
    // As long as a greeting can be: a record that nobody knows fills it.
    let filler = 4096 - greeting.len() - 4;
    greeting.extend(999_u16.to_le_bytes());
    greeting.extend(u16::try_from(filler).unwrap().to_le_bytes());
    greeting.extend(vec![7; filler]);
    let length = u16::try_from(greeting.len() - GREETING_HEAD).unwrap();
    greeting[GREETING_HEAD - 2..GREETING_HEAD].copy_from_slice(&length.to_le_bytes());
    let send =
        |bytes: &[u8]| assert_eq!(hers.try_send(&[IoSlice::new(bytes)]).unwrap(), bytes.len());
    let (last, most) = greeting.split_last().unwrap();
    let mut said = Vec::new();
    for piece in most.chunks(100) {
        send(piece);
        assert!(hear_greeting(&ours, &mut said).is_none(), "it is not whole");
        assert!(said.capacity() <= HELD, "{} bytes", said.capacity());
    }
    send(&[*last]);
    send(&vec![0xff; 200 << 10]);
    let greeted = hear_greeting(&ours, &mut said).unwrap().unwrap();
    assert!(greeted.rest.capacity() <= HELD, "{} bytes", greeted.rest.capacity());
    // One byte more is no greeting, and is told before the bytes come.
    greeting[GREETING_HEAD - 2..GREETING_HEAD].copy_from_slice(&(length + 1).to_le_bytes());
    let (ours, hers) = Memory::pair(1 << 20);
    hers.try_send(&[IoSlice::new(&greeting[..GREETING_HEAD])]).unwrap();
    let refused = hear_greeting(&ours, &mut Vec::new()).unwrap();
    assert!(matches!(refused, Err(HandshakeError::Malformed(_))), "{refused:?}");
}

/// When a side that waits in vain fails its test.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(9)
}

/// A greeting of this role with ordinary limits.
fn greeting(role: Role) -> Vec<u8> {
    written(role, &Limits::default(), Refusal::Accepted, "", Told::default())
}

/// Sends bytes that the stream has room for.
fn put(io: &Memory, bytes: &[u8]) {
    assert_eq!(io.try_send(&[IoSlice::new(bytes)]).unwrap(), bytes.len());
}

/// What both ways of reading a greeting make of these bytes, for a side of this role.
fn heard(bytes: &[u8], own_role: Role) -> Result<Greeted, HandshakeError> {
    let (ours, hers) = Memory::pair(1 << 20);
    put(&hers, bytes);
    let read = read_greeting(&ours, own_role, Some(Instant::now()));
    if own_role == Role::Server {
        put(&hers, bytes);
        let heard = hear_greeting(&ours, &mut Vec::new()).unwrap();
        assert_eq!(format!("{read:?}"), format!("{heard:?}"));
    }
    read
}

/// A stream that is broken.
fn broken() -> Scripted<Memory> {
    Scripted::new(Memory::pair(100).0, Script { fails_at: 1, ..Script::default() })
}

#[test]
fn a_greeting_tells_limits_number_and_program_and_what_comes_behind_it_is_kept() {
    // [greeting.behind]
    let (limits, name) = (Limits { window: 99 << 20, ..Limits::default() }, "demon".to_owned());
    let program = Program { name, ..Program::default() };
    let told = Told { instance: Some(7), program: Some(&program) };
    let mut bytes = written(Role::Server, &limits, Refusal::Accepted, "", told);
    bytes.extend(b"behind");
    let greeted = heard(&bytes, Role::Client).unwrap();
    assert_eq!(greeted.limits.max_frame, limits.max_frame);
    assert_eq!(greeted.limits.window, limits.window);
    assert_eq!(greeted.limits.features, Features::OURS);
    assert_eq!((greeted.instance, greeted.program.as_deref()), (Some(7), Some(&program)));
    assert_eq!(greeted.rest, b"behind");
    assert!(greeted.proven.is_none());
}

#[test]
fn a_greeting_comes_in_any_pieces() {
    let bytes = greeting(Role::Client);
    let (ours, hers) = Memory::pair(1 << 10);
    let mut said = Vec::new();
    for byte in &bytes {
        assert!(hear_greeting(&ours, &mut said).is_none());
        put(&hers, &[*byte]);
    }
    assert!(hear_greeting(&ours, &mut said).unwrap().is_ok());
    for script in (1..20).map(|seed| Script { seed, ..Script::default() }) {
        let (ours, hers) = Memory::pair(1 << 10);
        put(&hers, &bytes);
        read_greeting(&Scripted::new(ours, script), Role::Server, Some(soon())).unwrap();
    }
}

#[test]
fn a_greeting_goes_out_as_the_stream_takes_it_and_no_longer_than_the_deadline() {
    let bytes = greeting(Role::Client);
    let (ours, _hers) = Memory::pair(bytes.len() - 1);
    let late = send(&ours, &bytes, Some(Instant::now()));
    assert!(matches!(late, Err(HandshakeError::Late)), "{late:?}");
    let (ours, hers) = Memory::pair(9);
    let reading = std::thread::spawn(move || read_greeting(&hers, Role::Server, Some(soon())));
    send(&ours, &bytes, Some(soon())).unwrap();
    reading.join().unwrap().unwrap();
}

#[test]
fn a_stream_that_breaks_is_neither_late_nor_waited_for() {
    let reset = |result: Result<(), HandshakeError>| match result {
        Err(HandshakeError::Io(error)) => {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        }
        other => panic!("{other:?}"),
    };
    reset(send(&broken(), &greeting(Role::Client), Some(soon())));
    reset(read_greeting(&broken(), Role::Client, Some(soon())).map(drop));
    reset(hear_greeting(&broken(), &mut Vec::new()).unwrap().map(drop));
    // One of which only a write tells that it is broken.
    let script = Script { cut_at: Some(0), stuck_at: Some(0), ..Script::default() };
    let cut = Scripted::new(Memory::pair(100).0, script);
    let cut = send(&cut, b"cconn", Some(Instant::now()));
    assert!(matches!(cut, Err(HandshakeError::Io(_))), "{cut:?}");
}

#[test]
fn a_stream_that_ends_in_a_greeting_has_not_greeted() {
    // [greeting.cut]
    for role in [Role::Client, Role::Server] {
        let bytes = greeting(role);
        for cut in 0..bytes.len() {
            let (ours, hers) = Memory::pair(1 << 10);
            hers.try_send(&[IoSlice::new(&bytes[..cut])]).ok();
            hers.shutdown_write();
            let ended = match role {
                Role::Client => hear_greeting(&ours, &mut Vec::new()).unwrap(),
                Role::Server => read_greeting(&ours, Role::Client, Some(soon())),
            };
            assert!(matches!(ended, Err(HandshakeError::Ended)), "{cut}: {ended:?}");
        }
    }
}

#[test]
fn a_peer_of_another_version_is_told_so_by_its_head() {
    for (own, peer) in [(Role::Client, Role::Server), (Role::Server, Role::Client)] {
        let mut bytes = greeting(peer);
        bytes[8] = 2;
        let other = heard(&bytes[..GREETING_HEAD], own);
        assert!(matches!(other, Err(HandshakeError::Version(2))), "{other:?}");
    }
}

#[test]
fn a_peer_of_the_same_role_is_told_its_role() {
    // [greeting.role]
    for (role, name) in [(Role::Client, "client"), (Role::Server, "server")] {
        let same = heard(&greeting(role), role);
        assert!(matches!(same, Err(HandshakeError::SameRole(n)) if n == name), "{same:?}");
    }
}

#[test]
fn a_server_refuses_and_a_client_cannot() {
    // [greeting.text-unread] [refusal.limits]
    let none = Limits { max_frame: 0, window: 0, ..Limits::default() };
    let refusing = |role| written(role, &none, Refusal::Full, "plein", Told::default());
    match heard(&refusing(Role::Server), Role::Client) {
        Err(HandshakeError::Refused { refusal: Refusal::Full, text }) => assert_eq!(text, "plein"),
        other => panic!("{other:?}"),
    }
    match heard(&refusing(Role::Client), Role::Server) {
        Err(HandshakeError::Malformed(WireError::GreetingField)) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_smallest_limits_are_taken_and_smaller_ones_refused() {
    // [greeting.max-frame] [greeting.window]
    let least = smallest_window(MIN_FRAME_LIMIT);
    for (max_frame, window, good) in [
        (MIN_FRAME_LIMIT, least, true),
        (MIN_FRAME_LIMIT, least + 1, true),
        (MIN_FRAME_LIMIT, least - 1, false),
        (MIN_FRAME_LIMIT - 1, least, false),
        (MIN_FRAME_LIMIT + 1, least, false),
        (u32::MAX, u64::MAX, true),
    ] {
        let limits = Limits { max_frame, window, ..Limits::default() };
        let bytes = written(Role::Client, &limits, Refusal::Accepted, "", Told::default());
        match heard(&bytes, Role::Server) {
            Ok(_) => assert!(good, "{max_frame} {window}"),
            Err(HandshakeError::Limits(frame, bytes)) => {
                assert!(!good);
                assert_eq!((frame, bytes), (max_frame, window));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn who_speaks_another_protocol_is_told_which() {
    // [greeting.order]
    let told = |bytes: &[u8], own_role| heard(bytes, own_role).unwrap_err().to_string();
    for record in [b"\x15\x03\x01", b"\x16\x03\x01"] {
        let client = told(record, Role::Client);
        assert_eq!(client, "the server speaks TLS; connect with `tls`");
        let server = told(record, Role::Server);
        assert!(server.starts_with("the newcomer speaks TLS"), "{server}");
    }
    let stranger = "the other side is not a cconn peer: it begins with";
    for no_tls in [&b"\x17\x03\x01"[..], b"\x16\x02", b"\x16"] {
        for role in [Role::Client, Role::Server] {
            let expected = format!("{stranger} \"{}\"", no_tls.escape_ascii());
            assert_eq!(told(no_tls, role), expected);
        }
    }
    let http = told(b"GET /secret HTTP/1.1\r\n", Role::Server);
    assert_eq!(http, format!("{stranger} \"GET /secret HTTP\""));
    let line = b"PROXY TCP4 192.0.2.1";
    assert!(told(line, Role::Server).contains("`mandataires`"));
    assert_eq!(told(line, Role::Client), format!("{stranger} \"PROXY TCP4 192.0\""));
}
