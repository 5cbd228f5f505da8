//! What the program may give as an address.

use std::fmt::Display;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use crate::erreur::Harmless;

/// What can be listened on or connected to.
///
/// A text such as `"127.0.0.1:4000"`, a host or an `IpAddr` with a port, a `SocketAddr`, or a bare
/// port, which means this machine only (127.0.0.1). Names are looked up by the system, which may
/// take its own time.
#[doc(alias = "ToSocketAddrs")]
pub trait VersAdresse {
    /// The address for a person to read.
    #[doc(alias = "text")]
    fn texte(&self) -> String;

    /// The addresses that it stands for.
    ///
    /// # Errors
    ///
    /// What the system says of a name it can't resolve, or of a text that is no address.
    #[doc(alias = "resolve")]
    fn resoudre(&self) -> io::Result<Vec<SocketAddr>>;
}

impl VersAdresse for u16 {
    fn texte(&self) -> String {
        format!("127.0.0.1:{self}")
    }

    fn resoudre(&self) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![SocketAddr::from(([127, 0, 0, 1], *self))])
    }
}

impl VersAdresse for &str {
    fn texte(&self) -> String {
        (*self).to_owned()
    }

    fn resoudre(&self) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = self.parse() {
            return Ok(vec![address]);
        }
        let (host, port) = host_and_port(self).map_err(no_address)?;
        look_up(host, port)
    }
}

impl VersAdresse for String {
    fn texte(&self) -> String {
        self.clone()
    }

    fn resoudre(&self) -> io::Result<Vec<SocketAddr>> {
        self.as_str().resoudre()
    }
}

impl VersAdresse for &String {
    fn texte(&self) -> String {
        (*self).clone()
    }

    fn resoudre(&self) -> io::Result<Vec<SocketAddr>> {
        self.as_str().resoudre()
    }
}

impl VersAdresse for SocketAddr {
    fn texte(&self) -> String {
        self.to_string()
    }

    fn resoudre(&self) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![*self])
    }
}

impl VersAdresse for (&str, u16) {
    fn texte(&self) -> String {
        let (host, port) = *self;
        match bare(host).parse::<IpAddr>() {
            Ok(address) => SocketAddr::from((address, port)).to_string(),
            Err(_) => format!("{host}:{port}"),
        }
    }

    fn resoudre(&self) -> io::Result<Vec<SocketAddr>> {
        let (host, port) = *self;
        let address = bare(host);
        // A scope (`fe80::1%eth0`) is the system's to understand.
        let is_six = address.parse::<Ipv6Addr>().is_ok() || address.contains('%');
        let host = if is_six { Ok(address) } else { host_alone(host) };
        look_up(host.map_err(no_address)?, port)
    }
}

impl VersAdresse for (String, u16) {
    fn texte(&self) -> String {
        (self.0.as_str(), self.1).texte()
    }

    fn resoudre(&self) -> io::Result<Vec<SocketAddr>> {
        (self.0.as_str(), self.1).resoudre()
    }
}

impl VersAdresse for (IpAddr, u16) {
    fn texte(&self) -> String {
        SocketAddr::from(*self).to_string()
    }

    fn resoudre(&self) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![SocketAddr::from(*self)])
    }
}

/// What every text that is no address is told.
const EXAMPLES: &str = "it takes a host and a port, as in `127.0.0.1:4000`, `[::1]:4000` or \
                        `localhost:4000`";

fn no_address(fault: impl Display) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{}; {EXAMPLES}", Harmless(&fault.to_string())),
    )
}

/// An IPv6 address without the brackets that set it apart from a port; any other host as it is.
fn bare(host: &str) -> &str {
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.filter(|inside| inside.contains(':')).unwrap_or(host)
}

/// Takes a text apart, or says what is wrong with it: the system would only say that it knows no
/// such name.
fn host_and_port(text: &str) -> Result<(&str, u16), String> {
    let is_six = |text: &str| text.parse::<Ipv6Addr>().is_ok();
    if text.is_empty() {
        return Err("the address is empty".to_owned());
    }
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(format!("`{scheme}://` is no part of an address"));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, _)) if is_six(text) || is_six(host) => {
            return Err("an IPv6 address stands in brackets, in front of its port".to_owned());
        }
        Some((host, port)) if bare(text) == text => (host, port),
        _ if text.parse::<u16>().is_ok() => {
            return Err("a mere port is given as a number, not as a text".to_owned());
        }
        _ => return Err("the port is missing".to_owned()),
    };
    let host = match bare(host) {
        inside if inside != host => inside,
        _ if host.contains(':') => return Err("too many colons".to_owned()),
        _ => host_alone(host)?,
    };
    match port.parse() {
        Ok(port) => Ok((host, port)),
        Err(_) if port.is_empty() => Err("the port is missing".to_owned()),
        Err(_) if port.contains('/') => Err("a path is no part of an address".to_owned()),
        Err(_) => Err(format!("the port `{port}` is no number from 0 to {}", u16::MAX)),
    }
}

/// A host by its name or IPv4 address.
fn host_alone(host: &str) -> Result<&str, String> {
    if host.is_empty() {
        return Err("the host is missing; `0.0.0.0` listens everywhere".to_owned());
    }
    match host.chars().find(|c| c.is_whitespace() || "/\\:[]@?#".contains(*c)) {
        Some(c) => Err(format!("`{c}` is no part of the name of a host")),
        None => Ok(host),
    }
}

/// Asks the system. Where it knows no such name it is said which.
fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found = (host, port).to_socket_addrs().map(Iterator::collect);
    found.map_err(|error| {
        io::Error::new(error.kind(), format!("`{}` can't be looked up: {error}", Harmless(host)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(address: &impl VersAdresse) -> String {
        let error = address.resoudre().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        error.to_string()
    }

    #[test]
    fn what_is_no_address_says_what_is_wrong_and_what_one_is() {
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
        ];
        for (text, wanted) in cases {
            let said = fault(&text);
            assert!(said.contains(wanted), "{text:?}: {said}");
            assert!(said.contains("`127.0.0.1:4000`, `[::1]:4000`"), "{text:?}: {said}");
        }
        for (host, wanted) in [
            ("", "the host is missing"),
            ("127.0.0.1:80", "`:` is no part"),
            ("tcp://host", "`:` is no part"),
            ("[host]", "`[` is no part"),
            ("a b", "` ` is no part"),
        ] {
            let said = fault(&(host, 4000));
            assert!(said.contains(wanted), "{host:?}: {said}");
        }
    }

    #[test]
    fn a_name_that_nobody_knows_is_named() {
        let error = ("no-such-host.invalid", 1).resoudre().unwrap_err().to_string();
        assert!(error.contains("`no-such-host.invalid` can't be looked up"), "{error}");
    }

    #[test]
    fn what_is_an_address_is_taken() {
        let here = SocketAddr::from(([127, 0, 0, 1], 4000));
        let six: SocketAddr = "[::1]:4000".parse().unwrap();
        assert_eq!("127.0.0.1:4000".resoudre().unwrap(), [here]);
        assert_eq!("[::1]:4000".resoudre().unwrap(), [six]);
        assert_eq!("0.0.0.0:0".resoudre().unwrap().len(), 1);
        assert!("localhost:4000".resoudre().unwrap().contains(&here));
        for host in ["::1", "[::1]"] {
            assert_eq!((host, 4000).resoudre().unwrap(), [six]);
        }
    }

    #[test]
    fn pairs_are_a_host_and_a_port() {
        let wanted = [SocketAddr::from(([127, 0, 0, 1], 4000))];
        let (host, port) = ("127.0.0.1", 4000);
        assert_eq!((host, port).resoudre().unwrap(), wanted);
        assert_eq!((host.to_owned(), port).resoudre().unwrap(), wanted);
        assert_eq!((IpAddr::from([127, 0, 0, 1]), port).resoudre().unwrap(), wanted);
    }

    #[test]
    fn the_text_of_an_address_can_be_given_as_one() {
        assert_eq!((IpAddr::from([0; 16]), 4000).texte(), "[::]:4000");
        assert_eq!(("::1", 1).texte(), "[::1]:1");
        assert_eq!(("[::1]", 1).texte(), "[::1]:1");
        assert_eq!(("2001:DB8::1".to_owned(), 1).texte(), "[2001:db8::1]:1");
        assert_eq!(("::ffff:1.2.3.4", 1).texte(), "[::ffff:1.2.3.4]:1");
        assert_eq!(("127.0.0.1", 1).texte(), "127.0.0.1:1");
        assert_eq!(("localhost", 1).texte(), "localhost:1");
        assert_eq!(4000_u16.texte(), "127.0.0.1:4000");
    }
}
