//! Values that the program may give where an address is wanted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};

use super::{Adresse, AdresseInvalide, Kind, parse, unix};

/// A value that can be listened on or connected to.
///
/// An [`Adresse`] is one, and so are a text such as `"127.0.0.1:4000"`, a host or an `IpAddr` with
/// a port, a `SocketAddr`, and a bare port, which means this machine only (127.0.0.1). A `Path`, and
/// a text such as `"unix:/run/moi.sock"`, is a Unix socket. The system looks a name up when the
/// address is used.
///
/// # Examples
///
/// A type of the program can be one too:
///
/// ```
/// use cconn::erreur::AdresseInvalide;
/// use cconn::traits::VersAdresse;
/// use cconn::{Adresse, Serveur};
///
/// struct Reglages {
///     hote: String,
///     port: u16,
/// }
///
/// impl VersAdresse for &Reglages {
///     fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
///         (self.hote.as_str(), self.port).vers_adresse()
///     }
/// }
///
/// # fn main() -> cconn::Resultat<()> {
/// let reglages = Reglages { hote: "127.0.0.1".to_owned(), port: 0 };
/// let serveur = Serveur::new(&reglages)?;
/// # Ok(())
/// # }
/// ```
#[doc(alias("ToSocketAddrs", "IntoAddress"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an address",
    label = "not an address",
    note = "an address is a port of this machine (`12800`), a text (`\"127.0.0.1:12800\"`, \
            `\"unix:/run/moi.sock\"`), a host and a port (`(\"localhost\", 12800)`), an `IpAddr` \
            and a port, a `SocketAddr`, a `Path` or an `Adresse`",
    note = "a port is a `u16`"
)]
pub trait VersAdresse {
    /// Makes the address of this value.
    ///
    /// # Errors
    ///
    /// [`AdresseInvalide`]: a text is no address; the error says what is wrong with it.
    #[doc(alias = "into_address")]
    fn vers_adresse(self) -> Result<Adresse, AdresseInvalide>;
}

macro_rules! certain {
    ($($ty:ty: $given:ident => $socket:expr;)*) => {
        $(
            impl From<$ty> for Adresse {
                fn from($given: $ty) -> Self {
                    Adresse(Kind::Socket($socket))
                }
            }

            impl VersAdresse for $ty {
                fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
                    Ok(self.into())
                }
            }
        )*
    };
}

certain! {
    u16: port => SocketAddr::from(([127, 0, 0, 1], port));
    SocketAddr: address => address;
    &SocketAddr: address => *address;
    SocketAddrV4: address => address.into();
    SocketAddrV6: address => address.into();
    (IpAddr, u16): pair => pair.into();
    (Ipv4Addr, u16): pair => pair.into();
    (Ipv6Addr, u16): pair => pair.into();
}

impl VersAdresse for Adresse {
    fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
        Ok(self)
    }
}

impl VersAdresse for &Adresse {
    fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
        Ok(self.clone())
    }
}

impl VersAdresse for &str {
    fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
        self.parse()
    }
}

impl VersAdresse for String {
    fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
        self.parse()
    }
}

impl VersAdresse for &String {
    fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
        self.parse()
    }
}

impl VersAdresse for (&str, u16) {
    fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
        parse::pair(self.0, self.1)
    }
}

impl VersAdresse for (String, u16) {
    fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
        parse::pair(&self.0, self.1)
    }
}

impl VersAdresse for (&String, u16) {
    fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
        parse::pair(self.0, self.1)
    }
}

impl VersAdresse for &Path {
    fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
        unix::of_path(self).map(|name| Adresse(Kind::Unix(name)))
    }
}

impl VersAdresse for PathBuf {
    fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
        self.as_path().vers_adresse()
    }
}

impl VersAdresse for &PathBuf {
    fn vers_adresse(self) -> Result<Adresse, AdresseInvalide> {
        self.as_path().vers_adresse()
    }
}
