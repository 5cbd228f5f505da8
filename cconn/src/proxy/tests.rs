//! Headers, good and bad, as a reader takes them that never reads too far.

use super::*;

/// Reads a header as a stream is read, in pieces of at most `piece` bytes. Returns what it says and
/// how many bytes it took; `None` if it is not whole.
fn read(bytes: &[u8], piece: usize) -> Option<Result<(Option<SocketAddr>, usize), HeaderFault>> {
    let mut taken = 0;
    loop {
        let wanted = match wanted(&bytes[..taken]) {
            Ok(wanted) => wanted,
            Err(fault) => return Some(Err(fault)),
        };
        if taken >= wanted {
            assert_eq!(taken, wanted, "it read too far");
            return Some(parse(&bytes[..taken]).map(|said| (said, taken)));
        }
        if taken == bytes.len() {
            return None;
        }
        taken = taken.saturating_add(piece).min(wanted).min(bytes.len());
    }
}

/// The same however it comes in pieces; and of a good header no part is one.
fn said(bytes: &[u8]) -> Option<Result<Option<SocketAddr>, HeaderFault>> {
    let whole = read(bytes, usize::MAX / 2);
    for piece in [1, 2, 3, 7, 16, 100] {
        assert_eq!(read(bytes, piece), whole, "pieces of {piece}");
    }
    if let Some(Ok((_, length))) = whole {
        for cut in 0..length {
            assert_eq!(read(&bytes[..cut], 1), None, "cut at {cut}");
        }
        let longer = [&bytes[..length], b"PROXY \r\n\r\n\0"].concat();
        assert_eq!(read(&longer, usize::MAX / 2), whole, "what follows is not read");
    }
    whole.map(|whole| whole.map(|(said, _)| said))
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn lines_that_are_good() {
    for (line, from) in [
        ("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", Some("192.0.2.1:56324")),
        ("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n", Some("0.0.0.0:0")),
        (
            "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
            Some("255.255.255.255:65535"),
        ),
        ("PROXY TCP6 2001:db8::1 ::1 1 2\r\n", Some("[2001:db8::1]:1")),
        ("PROXY TCP6 :: :: 1 1\r\n", Some("[::]:1")),
        ("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", Some("[::ffff:192.0.2.1]:1")),
        (
            "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff \
             ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            Some("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"),
        ),
        ("PROXY UNKNOWN\r\n", None),
        ("PROXY UNKNOWN whatever \0 it says\r\n", None),
        // The longest line of all.
        (
            "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff \
             ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            None,
        ),
    ] {
        assert_eq!(said(line.as_bytes()), Some(Ok(from.map(address))), "{line}");
    }
}

#[test]
fn lines_that_are_not_good() {
    use HeaderFault::{LineAddress, LineFamily, LineParts, LinePort, NoHeader, Unended};
    for (line, fault) in [
        ("GET / HTTP/1.1\r\n", NoHeader),
        ("PROXX TCP4 1.1.1.1 1.1.1.1 1 1\r\n", NoHeader),
        ("proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n", NoHeader),
        (" PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n", NoHeader),
        ("PROXY TCP5 1.1.1.1 1.1.1.1 1 1\r\n", LineFamily),
        ("PROXY tcp4 1.1.1.1 1.1.1.1 1 1\r\n", LineFamily),
        ("PROXY  TCP4 1.1.1.1 1.1.1.1 1 1\r\n", LineFamily),
        ("PROXY UNKNOWNER\r\n", LineFamily),
        ("PROXY \r\nxxxxxxxxx", LineParts),
        ("PROXY UNKNOWN\n\r", Unended),
        ("PROXY TCP4\r\nxxxxx", LineParts),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n", LineParts),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n", LineParts),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n", LineParts),
        ("PROXY TCP4 1.1.1.1  1.1.1.1 1 1\r\n", LineParts),
        ("PROXY TCP4  1.1.1.1 1 1\r\n", LineAddress),
        ("PROXY TCP4 1.1.1 1.1.1.1 1 1\r\n", LineAddress),
        ("PROXY TCP4 1.1.1.256 1.1.1.1 1 1\r\n", LineAddress),
        ("PROXY TCP4 01.1.1.1 1.1.1.1 1 1\r\n", LineAddress),
        ("PROXY TCP4 1.1.1.1 1.1.1.01 1 1\r\n", LineAddress),
        ("PROXY TCP4 ::1 ::1 1 1\r\n", LineAddress),
        ("PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n", LineAddress),
        ("PROXY TCP6 ::1 1.1.1.1 1 1\r\n", LineAddress),
        ("PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n", LineAddress),
        ("PROXY TCP6 [::1] ::1 1 1\r\n", LineAddress),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n", LinePort),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n", LinePort),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n", LinePort),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 00\r\n", LinePort),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 +1 1\r\n", LinePort),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 -1 1\r\n", LinePort),
        ("PROXY TCP4 1.1.1.1 1.1.1.1  1\r\n", LinePort),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1x 1\r\n", LinePort),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n", Unended),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r", Unended),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n\r", Unended),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\r\n", Unended),
        ("PROXY UNKNOWN\rx\n", Unended),
    ] {
        // A line that only begins to end wants one byte more.
        let line = if fault == Unended { format!("{line}x") } else { line.to_owned() };
        assert_eq!(said(line.as_bytes()), Some(Err(fault)), "{line:?}");
    }
}

#[test]
fn a_line_of_107_bytes_and_one_of_108() {
    let line = |length: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(length - 16));
    assert_eq!(line(107).len(), 107);
    assert_eq!(said(line(107).as_bytes()), Some(Ok(None)));
    assert_eq!(said(line(108).as_bytes()), Some(Err(HeaderFault::Unended)));
    // One that never ends is refused before more of it is read than may be.
    let endless = format!("PROXY {}", "x".repeat(100));
    assert_eq!(said(&endless.as_bytes()[..105]), None);
    assert_eq!(said(endless.as_bytes()), Some(Err(HeaderFault::Unended)));
}

/// A header of version 2.
fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n".as_slice(), &[command, family], &length, rest].concat()
}

const FOUR: [u8; 12] = [192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 4, 1, 0xbb];

fn six() -> Vec<u8> {
    let mut rest = vec![0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    rest.extend([0; 16]);
    rest.extend([0xdc, 4, 1, 0xbb]);
    rest
}

#[test]
fn binary_headers_that_are_good() {
    let four = Some(address("192.0.2.1:56324"));
    let six_from = Some(address("[2001:db8::1]:56324"));
    let noop = [FOUR.as_slice(), &[4, 0, 2, 9, 9, 0xea, 0, 0]].concat();
    let unix = vec![b'/'; 216];
    for (command, family, rest, from) in [
        (0x21, 0x11, FOUR.as_slice(), four),
        (0x21, 0x12, &FOUR, four),
        (0x21, 0x11, &noop, four),
        (0x21, 0x21, &six(), six_from),
        (0x21, 0x22, &six(), six_from),
        (0x21, 0x31, &unix, None),
        (0x21, 0x32, &unix, None),
        (0x21, 0, &[], None),
        (0x21, 0, &[4, 0, 0], None),
        // A proxy that speaks for itself may say anything.
        (0x20, 0, &[], None),
        (0x20, 0x11, &FOUR, None),
        (0x20, 0xff, &[1, 2], None),
        (0x20, 0x11, &[], None),
    ] {
        let bytes = header(command, family, rest);
        assert_eq!(said(&bytes), Some(Ok(from)), "{command:x} {family:x} {rest:?}");
    }
}

#[test]
fn binary_headers_that_are_not_good() {
    use HeaderFault::{Command, Family, Records, TooShort, Version};
    let cut = |rest: &[u8]| rest[..rest.len() - 1].to_vec();
    let behind = |more: &[u8]| [FOUR.as_slice(), more].concat();
    for (command, family, rest, fault) in [
        (0x11, 0x11, FOUR.to_vec(), Version),
        (0x31, 0x11, FOUR.to_vec(), Version),
        (0x01, 0x11, FOUR.to_vec(), Version),
        (0x22, 0x11, FOUR.to_vec(), Command),
        (0x2f, 0x11, FOUR.to_vec(), Command),
        (0x21, 0x10, FOUR.to_vec(), Family),
        (0x21, 0x01, FOUR.to_vec(), Family),
        (0x21, 0x13, FOUR.to_vec(), Family),
        (0x21, 0x41, FOUR.to_vec(), Family),
        (0x21, 0x11, Vec::new(), TooShort),
        (0x21, 0x11, cut(&FOUR), TooShort),
        (0x21, 0x21, cut(&six()), TooShort),
        (0x21, 0x21, FOUR.to_vec(), TooShort),
        (0x21, 0x31, vec![0; 215], TooShort),
        (0x21, 0x11, behind(&[4]), Records),
        (0x21, 0x11, behind(&[4, 0]), Records),
        (0x21, 0x11, behind(&[4, 0, 1]), Records),
        (0x21, 0x11, behind(&[4, 0xff, 0xff, 1]), Records),
        (0x21, 0x11, behind(&[4, 0, 0, 4, 0, 2, 1]), Records),
    ] {
        let bytes = header(command, family, &rest);
        assert_eq!(said(&bytes), Some(Err(fault)), "{command:x} {family:x} {rest:?}");
    }
    // Each byte of the signature counts, and the first wrong one is told at once.
    for at in 0..12 {
        let mut bytes = header(0x21, 0x11, &FOUR);
        bytes[at] ^= 1;
        assert_eq!(said(&bytes), Some(Err(HeaderFault::NoHeader)), "{at}");
        assert_eq!(wanted(&bytes[..=at]), Err(HeaderFault::NoHeader), "{at}");
    }
}

#[test]
fn a_header_as_long_as_may_be_and_one_byte_longer() {
    let long = |rest: usize| {
        let mut rest = [FOUR.as_slice(), &vec![0; rest - FOUR.len()]].concat();
        let record = u16::try_from(rest.len() - FOUR.len() - 3).unwrap();
        rest[FOUR.len()] = 4;
        rest[FOUR.len() + 1..FOUR.len() + 3].copy_from_slice(&record.to_be_bytes());
        header(0x21, 0x11, &rest)
    };
    let most = MAX_HEADER - 16;
    assert_eq!(parse(&long(most)), Ok(Some(address("192.0.2.1:56324"))));
    assert_eq!(wanted(&long(most)), Ok(MAX_HEADER));
    // It is refused by its head, before the rest comes.
    assert_eq!(wanted(&long(most + 1)[..16]), Err(HeaderFault::TooLong));
    assert_eq!(wanted(&header(0x20, 0, &vec![0; 65_535])[..16]), Err(HeaderFault::TooLong));
}

#[test]
fn a_checksum_is_checked() {
    // As HAProxy 2.6 sends it with `proxy-v2-options crc32c,unique-id`.
    let bytes = header(
        0x21,
        0x11,
        &[
            127, 0, 0, 1, 127, 0, 0, 1, 0xc4, 0xc4, 0x4a, 0x3b, 3, 0, 4, 0xce, 0xa3, 0x13, 0x2d, 5,
            0, 0,
        ],
    );
    let record = 16 + 12;
    assert_eq!(said(&bytes), Some(Ok(Some(address("127.0.0.1:50372")))));
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        // A proxy that speaks for itself says nothing that could be wrong, and of a record of
        // another number nobody knows that it was a checksum.
        let is_beside = changed[12] == 0x20 || bit / 8 == record;
        let is_refused = wanted(&changed) != Ok(bytes.len()) || parse(&changed).is_err();
        assert!(is_refused || is_beside, "bit {bit}");
    }
    for wrong in [&[3, 0, 3, 0, 0, 0][..], &[3, 0, 5, 0, 0, 0, 0, 0], &[3, 0, 0]] {
        let bytes = header(0x21, 0x11, &[FOUR.as_slice(), wrong].concat());
        assert_eq!(said(&bytes), Some(Err(HeaderFault::Checksum)), "{wrong:?}");
    }
}

#[test]
fn headers_as_a_proxy_sends_them() {
    // HAProxy 2.6: `send-proxy`, `send-proxy-v2` and its looks at the server.
    let head = b"\r\n\r\n\0\r\nQUIT\n";
    let six = [0_u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    for (bytes, from) in [
        (b"PROXY TCP6 ::1 ::1 54754 19001\r\n".to_vec(), Some("[::1]:54754")),
        (b"PROXY TCP4 127.0.0.1 127.0.0.1 39808 19101\r\n".to_vec(), Some("127.0.0.1:39808")),
        ([&head[..], b"\x20\0\0\0"].concat(), None),
        ([&head[..], b"\x20\0\0\x0a\x03\0\x04\x82ct\xb8\x05\0\0"].concat(), None),
        (
            [&head[..], b"\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\x82BJ:"].concat(),
            Some("127.0.0.1:33346"),
        ),
        ([&head[..], b"\x21\x21\0\x24", &six, &six, b"\x92\x20J:"].concat(), Some("[::1]:37408")),
    ] {
        assert_eq!(said(&bytes), Some(Ok(from.map(address))), "{}", bytes.escape_ascii());
    }
}
