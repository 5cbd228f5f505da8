//! What the program may give as an address.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

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
        let found = self.to_socket_addrs().map(Iterator::collect);
        found.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => {
                let text = format!("{error}; it takes a host and a port, as in `127.0.0.1:4000`");
                io::Error::new(io::ErrorKind::InvalidInput, text)
            }
            _ => error,
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_says_what_one_is() {
        for text in ["", "localhost", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536"] {
            let error = text.resoudre().unwrap_err().to_string();
            assert!(error.contains("127.0.0.1:4000"), "{text:?}: {error}");
        }
    }

    #[test]
    fn pairs_are_a_host_and_a_port() {
        let wanted = [SocketAddr::from(([127, 0, 0, 1], 4000))];
        let (host, port) = ("127.0.0.1", 4000);
        assert_eq!((host, port).resoudre().unwrap(), wanted);
        assert_eq!((host.to_owned(), port).resoudre().unwrap(), wanted);
        assert_eq!((IpAddr::from([127, 0, 0, 1]), port).resoudre().unwrap(), wanted);
        assert_eq!((IpAddr::from([0; 16]), port).texte(), "[::]:4000");
    }
}
