//! What the program may give as an address.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// What can be listened on or connected to.
///
/// A bare port means this machine only (127.0.0.1). Names are looked up by the system, which may
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
        self.to_socket_addrs().map(Iterator::collect)
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
        format!("{}:{}", self.0, self.1)
    }

    fn resoudre(&self) -> io::Result<Vec<SocketAddr>> {
        self.to_socket_addrs().map(Iterator::collect)
    }
}
