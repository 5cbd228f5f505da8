//! Reads an address from a text or a pair, and says what is wrong with a text that is no address.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::{Adresse, Kind, PARENT, unix};
use crate::text::Harmless;

/// Schemes of other kinds of addresses, of this version and of later ones. A host with such a name
/// needs a dot behind it.
const RESERVED: [&str; 2] = [unix::SCHEME, "exec"];

/// The end of every error about a text that is no address.
const EXAMPLES: &str = "it takes a host and a port, as in `127.0.0.1:4000`, `[::1]:4000` or \
                        `localhost:4000`, or a Unix socket, as in `unix:/run/moi.sock`";

/// A text, or a host with a port, that is no address.
#[doc(alias("InvalidAddress", "AddrParseError"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdresseInvalide {
    /// The address as given.
    pub(super) text: Box<str>,
    pub(super) fault: Box<str>,
}

impl AdresseInvalide {
    /// The address as given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The fault without the address, for an error that names the address itself.
    pub(crate) fn to_io(&self) -> io::Error {
        let text = format!("{}; {EXAMPLES}", Harmless(&self.fault));
        io::Error::new(io::ErrorKind::InvalidInput, text)
    }
}

impl fmt::Display for AdresseInvalide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AdresseInvalide { text, fault } = self;
        write!(f, "`{}` is no address: {}; {EXAMPLES}", Harmless(text), Harmless(fault))
    }
}

impl Error for AdresseInvalide {}

impl FromStr for Adresse {
    type Err = AdresseInvalide;

    fn from_str(text: &str) -> Result<Adresse, AdresseInvalide> {
        if let Ok(address) = text.parse() {
            return Ok(Adresse(Kind::Socket(address)));
        }
        let invalid = |fault: String| AdresseInvalide { text: text.into(), fault: fault.into() };
        if text.eq_ignore_ascii_case(PARENT) {
            return Ok(Adresse(Kind::Parent));
        }
        if let Some(name) = unix::name_in(text) {
            return unix::checked(name).map(|name| Adresse(Kind::Unix(name))).map_err(invalid);
        }
        let (host, port) = host_and_port(text).map_err(invalid)?;
        Ok(of(host, port))
    }
}

/// The address of a host and a port.
pub(super) fn pair(host: &str, port: u16) -> Result<Adresse, AdresseInvalide> {
    let address = bare(host);
    // Only the system understands a scope (`fe80::1%eth0`).
    let is_six = address.parse::<Ipv6Addr>().is_ok() || is_scoped(address);
    let host_alone = if is_six { Ok(address) } else { host_alone(host) };
    let host_alone = host_alone.map_err(|fault| AdresseInvalide {
        text: format!("{host}:{port}").into(),
        fault: fault.into(),
    })?;
    Ok(of(host_alone, port))
}

/// The address of a host whose form was checked.
fn of(host: &str, port: u16) -> Adresse {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Adresse(Kind::Socket(SocketAddr::from((address, port))));
    }
    // The names of hosts ignore case, the names of interfaces do not.
    let is_name = !host.contains('%');
    let host = if is_name { host.to_ascii_lowercase().into() } else { host.into() };
    Adresse(Kind::Host { host, port })
}

/// Whether `host` is an IPv6 address with the name of an interface behind it.
fn is_scoped(host: &str) -> bool {
    host.split_once('%').is_some_and(|(address, name)| {
        let fits = |c: char| c.is_ascii_graphic() && !"%[]/\\".contains(c);
        address.parse::<Ipv6Addr>().is_ok() && !name.is_empty() && name.chars().all(fits)
    })
}

/// An IPv6 address without the brackets that set it apart from a port; any other host as it is.
fn bare(host: &str) -> &str {
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.filter(|inside| inside.contains(':')).unwrap_or(host)
}

/// Splits a text into host and port, or says what is wrong with it. The system would only say that
/// it knows no such name.
fn host_and_port(text: &str) -> Result<(&str, u16), String> {
    let is_six = |text: &str| text.parse::<Ipv6Addr>().is_ok() || is_scoped(text);
    if text.is_empty() {
        return Err("the address is empty".to_owned());
    }
    if let Some(fault) = scheme(text) {
        return Err(fault);
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, _)) if is_six(text) || is_six(host) => {
            return Err("an IPv6 address stands in brackets, in front of its port".to_owned());
        }
        Some((host, port)) if bare(text) == text => (host, port),
        _ if text.parse::<u16>().is_ok() => {
            return Err("a mere port is given as a number, not as a text".to_owned());
        }
        _ if text.starts_with('/') => {
            return Err(format!(
                "a mere path is no address; write `unix:{text}` for a Unix socket"
            ));
        }
        _ => return Err("the port is missing".to_owned()),
    };
    let host = match bare(host) {
        inside if inside != host && is_six(inside) => inside,
        inside if inside != host => return Err(format!("`{inside}` is no IPv6 address")),
        _ if host.contains(':') => return Err("too many colons".to_owned()),
        _ => host_alone(host)?,
    };
    match port.parse() {
        Ok(port) if !port_has_sign(text) => Ok((host, port)),
        _ if port.is_empty() => Err("the port is missing".to_owned()),
        _ if port.contains('/') => Err("a path is no part of an address".to_owned()),
        _ => Err(format!("the port `{port}` is no number from 0 to {}", u16::MAX)),
    }
}

/// Whether the port in `text` begins with `+`: Rust reads `+80` as a number, but it is no port.
fn port_has_sign(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(_, port)| port.starts_with('+'))
}

/// What is wrong with a text that begins with a scheme; `None` if it begins with none.
fn scheme(text: &str) -> Option<String> {
    if let Some(reserved) = reserved(text) {
        return Some(format!("there are no `{reserved}:` addresses yet in this version of cconn"));
    }
    let (scheme, rest) = text.split_once(':')?;
    if rest.starts_with("//") {
        return Some(format!("`{scheme}://` is no part of an address"));
    }
    // In `a:/b` no number follows the colon, so `a` is no host.
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let is_nested = || rest.contains(':') && !rest.starts_with(':') && !is_hex(scheme);
    (is_scheme && (rest.starts_with('/') || is_nested()))
        .then(|| format!("there is no scheme `{scheme}:`"))
}

/// Whether `text` may be the first group of an IPv6 address.
fn is_hex(text: &str) -> bool {
    text.len() <= 4 && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// The reserved scheme that `text` begins with.
fn reserved(text: &str) -> Option<&'static str> {
    let (scheme, _) = text.split_once(':')?;
    RESERVED.into_iter().find(|reserved| reserved.eq_ignore_ascii_case(scheme))
}

/// Checks a host that is a name or an IPv4 address.
fn host_alone(host: &str) -> Result<&str, String> {
    if host.is_empty() {
        return Err("the host is missing; `0.0.0.0` listens everywhere".to_owned());
    }
    if let Some(name) = RESERVED.into_iter().find(|name| name.eq_ignore_ascii_case(host)) {
        return Err(format!(
            "`{name}:` begins another kind of address; write the host as `{name}.`"
        ));
    }
    match host.chars().find(|c| c.is_whitespace() || c.is_control() || "/\\:[]@?#%".contains(*c)) {
        Some(c) => Err(format!("`{c}` is no part of the name of a host")),
        None => Ok(host),
    }
}
