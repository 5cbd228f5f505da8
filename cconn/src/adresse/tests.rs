//! What is an address, what is none, and that each has one text.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;

fn address(given: impl VersAdresse) -> Adresse {
    given.vers_adresse().unwrap()
}

fn fault(given: impl VersAdresse) -> String {
    let invalid = given.vers_adresse().unwrap_err();
    let error = invalid.to_io();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let (alone, text) = (error.to_string(), invalid.to_string());
    assert!(text.ends_with(&alone), "{text} and {alone}");
    alone
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table: one case a line")]
fn a_bad_address_says_what_is_wrong_and_shows_a_good_one() {
    let cases = [
        ("", "is empty"),
        ("localhost", "the port is missing"),
        ("127.0.0.1", "the port is missing"),
        ("127.0.0.1:", "the port is missing"),
        ("127.0.0.1:65536", "the port `65536` is no number from 0 to 65535"),
        ("host:99999", "the port `99999`"),
        ("host:-1", "the port `-1`"),
        ("host: 80", "the port ` 80`"),
        ("host:http", "the port `http`"),
        (":12800", "the host is missing"),
        ("12800", "a mere port"),
        ("tcp://127.0.0.1:12800", "`tcp://` is no part"),
        ("http://host/path", "`http://` is no part"),
        ("://", "`://` is no part"),
        ("host/path:80", "`/` is no part"),
        ("host:80/path", "a path is no part"),
        ("user@host:80", "`@` is no part"),
        ("my host:80", "` ` is no part"),
        ("1.2.3.4:5:6", "too many colons"),
        ("::1", "stands in brackets"),
        ("::1:4000", "stands in brackets"),
        ("fe80::1", "stands in brackets"),
        ("[::1]", "the port is missing"),
        ("[::1]:", "the port is missing"),
        ("[::1]:99999", "the port `99999`"),
        ("[host]:80", "`[` is no part"),
        ("[::1:80", "too many colons"),
        ("[::g]:80", "`::g` is no IPv6 address"),
        ("fe80::1%eth0", "stands in brackets"),
        ("[::1%]:80", "is no IPv6 address"),
        ("host:+80", "the port `+80`"),
        ("/run/x", "write `unix:/run/x`"),
        ("unix:4000", "write `unix:./4000` for a socket of that name"),
        ("unix:", "the path of the socket is missing"),
        ("exec:cat", "no `exec:` addresses yet"),
        ("exec:/bin/cat -u", "no `exec:` addresses yet"),
        ("pipe:/x", "there is no scheme `pipe:`"),
        ("tls:host:4000", "there is no scheme `tls:`"),
        ("tcp:127.0.0.1:4000", "there is no scheme `tcp:`"),
        ("vsock:2:4000", "there is no scheme `vsock:`"),
    ];
    for (text, wanted) in cases {
        let said = fault(text);
        assert!(said.contains(wanted), "{text:?}: {said}");
        assert!(said.contains("`127.0.0.1:4000`, `[::1]:4000`"), "{text:?}: {said}");
    }
    for (host, wanted) in [
        ("", "the host is missing"),
        ("127.0.0.1:80", "`:` is no part"),
        ("tcp://host", "`:` is no part"),
        ("[host]", "`[` is no part"),
        ("a b", "` ` is no part"),
        ("a%b", "`%` is no part"),
        ("unix", "write the host as `unix.`"),
        ("Exec", "write the host as `exec.`"),
    ] {
        let said = fault((host, 4000));
        assert!(said.contains(wanted), "{host:?}: {said}");
    }
}

#[test]
#[cfg(unix)]
fn a_path_that_is_no_text_is_no_address() {
    use std::os::unix::ffi::OsStrExt;
    let path = Path::new(std::ffi::OsStr::from_bytes(b"/run/\xff"));
    assert!(fault(path).contains("the path is no UTF-8 text"));
    assert!(fault(Path::new("")).contains("the path of the socket is missing"));
}

#[test]
fn a_unix_socket_is_no_place_for_a_port() {
    let socket = address("unix:/run/x");
    assert_eq!((socket.port(), socket.socket()), (None, None));
    assert!(socket.resolve().unwrap_err().to_string().contains("it has no IP address"));
    assert_eq!(socket.chemin(), Some(Path::new("/run/x")));
    assert_eq!((address("unix:@x").chemin(), address(80).chemin()), (None, None));
}

#[test]
fn a_name_that_nobody_knows_is_named() {
    let error = address(("no-such-host.invalid", 1)).resolve().unwrap_err().to_string();
    assert!(error.contains("`no-such-host.invalid` can't be looked up"), "{error}");
}

#[test]
fn every_address_is_accepted() {
    let here = SocketAddr::from(([127, 0, 0, 1], 4000));
    let six: SocketAddr = "[::1]:4000".parse().unwrap();
    assert_eq!(address("127.0.0.1:4000").resolve().unwrap(), [here]);
    assert_eq!(address("[::1]:4000").resolve().unwrap(), [six]);
    assert_eq!(address("0.0.0.0:0").resolve().unwrap().len(), 1);
    assert!(address("localhost:4000").resolve().unwrap().contains(&here));
    for host in ["::1", "[::1]"] {
        assert_eq!(address((host, 4000)).resolve().unwrap(), [six]);
    }
}

#[expect(clippy::needless_borrows_for_generic_args, reason = "what is borrowed is an address too")]
#[test]
fn however_an_address_is_made_it_is_the_same() {
    let SocketAddr::V4(four) = SocketAddr::from(([127, 0, 0, 1], 4000)) else { panic!("not IPv4") };
    let (host, port) = ("127.0.0.1", 4000);
    let all = [
        address(port),
        address("127.0.0.1:4000"),
        address("127.0.0.1:4000".to_owned()),
        address(&"127.0.0.1:4000".to_owned()),
        address((host, port)),
        address((host.to_owned(), port)),
        address((&host.to_owned(), port)),
        address((IpAddr::from([127, 0, 0, 1]), port)),
        address((Ipv4Addr::LOCALHOST, port)),
        address(four),
        address(SocketAddr::V4(four)),
        address(&SocketAddr::V4(four)),
        address(&address(port)),
    ];
    for other in &all {
        assert_eq!(other.socket(), Some(SocketAddr::V4(four)));
        assert_eq!(other.port(), Some(4000));
    }
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 1);
    assert_eq!(address("LocalHost:80"), address(("localhost", 80)));
    assert_ne!(address("localhost:80"), address(80));
    assert_ne!(address(80), address(81));
    assert_eq!(address((Ipv6Addr::LOCALHOST, 1)), address("[::1]:1"));
}

#[test]
fn the_text_of_an_address_can_be_given_as_one() {
    let cases = [
        (address((IpAddr::from([0; 16]), 4000)), "[::]:4000"),
        (address(("::1", 1)), "[::1]:1"),
        (address(("[::1]", 1)), "[::1]:1"),
        (address(("2001:DB8::1".to_owned(), 1)), "[2001:db8::1]:1"),
        (address(("::ffff:1.2.3.4", 1)), "[::ffff:1.2.3.4]:1"),
        (address(("127.0.0.1", 1)), "127.0.0.1:1"),
        (address(("localhost", 1)), "localhost:1"),
        (address(("fe80::1%Eth0", 1)), "[fe80::1%Eth0]:1"),
        (address("[fe80::1%eth0]:1"), "[fe80::1%eth0]:1"),
        (address("[fe80::1%3]:1"), "[fe80::1%3]:1"),
        (address("unix.:4000"), "unix.:4000"),
        (address("élève:4000"), "élève:4000"),
        (address(4000), "127.0.0.1:4000"),
        (address(Path::new("/run/x")), "unix:/run/x"),
        (address(Path::new("x").to_owned()), "unix:x"),
        (address(Path::new("@x")), "unix:./@x"),
        (address(Path::new("4000").to_owned()), "unix:./4000"),
        (address("unix:@x"), "unix:@x"),
        (address("Parent:"), "parent:"),
        (address("parent:80"), "parent:80"),
    ];
    for (address, text) in cases {
        assert_eq!(address.to_string(), text);
        assert_eq!(text.parse(), Ok(address), "{text}");
    }
}
