//! Addresses of any transport: where a server listens, where a client connects, where a peer is.
//!
//! This file knows how addresses are written, compared and looked up, and opens no socket. A
//! further transport adds a kind of address here and a scheme in `parse`.

mod convert;
mod parse;
#[cfg(test)]
mod tests;
mod unix;

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::vec;

use crate::text::Harmless;

pub use convert::VersAdresse;
pub use parse::AdresseInvalide;

/// Where a server listens, where a client connects, or where a peer is.
///
/// An address is made from a port, a text, a host with a port, or a `SocketAddr`.
/// [`Client::new`](crate::Client::new) and [`Serveur::new`](crate::Serveur::new) take all of these
/// directly (see [`VersAdresse`]). Shown, an address is a text that can be parsed again. Two
/// addresses are equal if their texts are equal, however they were made: the port 12800 equals
/// the text `"127.0.0.1:12800"`, and differs from `"localhost:12800"`.
///
/// `unix:/run/moi.sock` is a Unix socket, named by a path (which may be relative, `unix:./moi.sock`)
/// or, on Linux, by an abstract name, `unix:@moi`. A `Path` is an address too. See
/// [`local`](crate::local). `parent:` is the process that started this one with
/// [`Client::enfant`](crate::Client::enfant). Texts that begin with another scheme (`exec:program`) are refused,
/// because a later version may give them a meaning. A host with such a name is written with a dot
/// behind it, `unix.:4000`.
///
/// # Examples
///
/// ```
/// use std::net::SocketAddr;
/// use cconn::Adresse;
///
/// let adresse: Adresse = "localhost:12800".parse().unwrap();
/// assert_eq!(adresse.to_string(), "localhost:12800");
/// assert_eq!(adresse.port(), Some(12800));
/// assert_eq!(adresse.socket(), None, "a name is not looked up yet");
///
/// let adresse = Adresse::from(12800);
/// assert_eq!(adresse, "127.0.0.1:12800".parse().unwrap());
/// assert_eq!(adresse.socket(), Some(SocketAddr::from(([127, 0, 0, 1], 12800))));
///
/// let adresse: Adresse = "unix:/run/moi.sock".parse().unwrap();
/// assert_eq!(adresse.chemin(), Some("/run/moi.sock".as_ref()));
/// assert_eq!(adresse.port(), None);
///
/// let refusee = "exec:programme".parse::<Adresse>().unwrap_err();
/// assert!(refusee.to_string().contains("no `exec:` addresses"));
/// ```
#[doc(alias("Address", "SocketAddr", "Endpoint"))]
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Adresse(Kind);

/// The address of the process that started this one.
const PARENT: &str = "parent:";

/// The kinds of addresses.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Socket(SocketAddr),
    /// A name that the system looks up, in lower case, or an IPv6 address with the name of an
    /// interface. Never an address that `SocketAddr` can hold: that one is a `Socket`, so that
    /// equal addresses are equal values.
    Host {
        host: Box<str>,
        port: u16,
    },
    /// A Unix socket: its path, or `@` and its abstract name. A path never begins with `@`.
    Unix(Box<str>),
    /// The process that started this one, by the connection in the standard input.
    Parent,
}

impl Adresse {
    /// The IP address and the port; `None` for the name of a host, which is not looked up here.
    #[doc(alias = "socket_addr")]
    pub fn socket(&self) -> Option<SocketAddr> {
        match self.0 {
            Kind::Socket(address) => Some(address),
            Kind::Host { .. } | Kind::Unix(_) | Kind::Parent => None,
        }
    }

    /// The port; `None` if the address has none.
    pub fn port(&self) -> Option<u16> {
        match self.0 {
            Kind::Socket(address) => Some(address.port()),
            Kind::Host { port, .. } => Some(port),
            Kind::Unix(_) | Kind::Parent => None,
        }
    }

    /// The path of a Unix socket; `None` for any other address, and for an abstract name.
    #[doc(alias = "path")]
    pub fn chemin(&self) -> Option<&Path> {
        self.unix().filter(|name| !name.starts_with('@')).map(Path::new)
    }

    /// The process that started this one.
    #[cfg(unix)]
    pub(crate) fn parent() -> Self {
        Adresse(Kind::Parent)
    }

    /// Whether this means the process that started this one.
    pub(crate) fn is_parent(&self) -> bool {
        matches!(self.0, Kind::Parent)
    }

    /// The name of a Unix socket: a path, or `@` and an abstract name.
    pub(crate) fn unix(&self) -> Option<&str> {
        match &self.0 {
            Kind::Unix(name) => Some(name),
            Kind::Socket(_) | Kind::Host { .. } | Kind::Parent => None,
        }
    }

    /// The host, for the name in its certificate; `None` if the address has none.
    #[cfg(feature = "tls")]
    pub(crate) fn host(&self) -> Option<String> {
        match &self.0 {
            Kind::Socket(address) => Some(address.ip().to_string()),
            Kind::Host { host, .. } => Some(host.to_string()),
            Kind::Unix(_) | Kind::Parent => None,
        }
    }

    /// Looks the address up and returns all socket addresses that it means. The name of a host
    /// takes as long as the system needs for it.
    pub(crate) fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let (host, port) = match &self.0 {
            Kind::Socket(address) => return Ok(vec![*address]),
            Kind::Host { host, port } => (&**host, *port),
            Kind::Unix(_) | Kind::Parent => {
                let text = "it has no IP address";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
        };
        let found = (host, port).to_socket_addrs().map(Iterator::collect);
        found.map_err(|error| {
            // The system's error does not say which name it did not find.
            let text = format!("`{}` can't be looked up: {error}", Harmless(host));
            io::Error::new(error.kind(), text)
        })
    }
}

/// Functions of the standard library that connect or bind accept an address through this.
impl ToSocketAddrs for Adresse {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        self.resolve().map(Vec::into_iter)
    }
}

impl fmt::Display for Adresse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Socket(address) => address.fmt(f),
            // Only the name of an interface makes an IPv6 address a host.
            Kind::Host { host, port } if host.contains(':') => {
                f.pad(&format!("[{}]:{port}", Harmless(host)))
            }
            Kind::Host { host, port } => f.pad(&format!("{}:{port}", Harmless(host))),
            // What could do harm is no part of the name of a socket.
            Kind::Unix(name) => f.pad(&format!("unix:{name}")),
            Kind::Parent => f.pad(PARENT),
        }
    }
}

impl fmt::Debug for Adresse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
