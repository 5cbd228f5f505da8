//! Which proxies a server believes about for whom they connect.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::OptionsServeur;
use crate::adresse::Adresse;
use crate::erreur::{Erreur, Resultat, Usage};

/// The text that stands for whoever connects to a Unix socket.
const UNIX: &str = "unix:";

/// Where a proxy connects from: an address, a network, or the Unix socket that is listened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Proxy(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The addresses whose first `bits` bits are those of `first`; the others of `first` are 0.
    Network {
        first: IpAddr,
        bits: u8,
    },
    Unix,
}

impl Proxy {
    fn network(first: IpAddr, bits: u8) -> Self {
        // A peer's address is compared in its shortest form.
        let first = match (first.to_canonical(), bits.checked_sub(96)) {
            (IpAddr::V4(four), Some(bits)) if first.is_ipv6() => {
                return Proxy(Kind::Network { first: four.into(), bits });
            }
            _ => first,
        };
        Proxy(Kind::Network { first, bits })
    }

    fn includes(&self, address: &Adresse) -> bool {
        let ip = address.socket().map(|address| address.ip().to_canonical());
        match (self.0, ip) {
            (Kind::Network { first, bits }, Some(ip)) => {
                first.is_ipv4() == ip.is_ipv4() && masked(ip, bits) == first
            }
            (Kind::Unix, None) => address.unix().is_some(),
            _ => false,
        }
    }
}

/// The address with all bits behind the first `bits` as 0.
fn masked(ip: IpAddr, bits: u8) -> IpAddr {
    let cleared = |width: u8| u32::from(width.saturating_sub(bits));
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(cleared(32)).unwrap_or(0);
            Ipv4Addr::from(u32::from(ip) & mask).into()
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(cleared(128)).unwrap_or(0);
            Ipv6Addr::from(u128::from(ip) & mask).into()
        }
    }
}

impl FromStr for Proxy {
    /// What is wrong with the text.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == UNIX {
            return Ok(Proxy(Kind::Unix));
        }
        let (first, bits) = match text.split_once('/') {
            Some((first, bits)) => (first, Some(bits)),
            None => (text, None),
        };
        let ip: IpAddr = first
            .parse()
            .map_err(|_| format!("`{first}` is no IP address (names are not looked up)"))?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => plain(bits).filter(|bits| *bits <= most).ok_or_else(|| {
                format!("behind `/` stands how many bits are the network's, 0 to {most}")
            })?,
        };
        let network = masked(ip, bits);
        if network != ip {
            return Err(format!("that network begins at `{network}/{bits}`"));
        }
        Ok(Proxy::network(ip, bits))
    }
}

/// A number of digits only.
fn plain(text: &str) -> Option<u8> {
    text.parse().ok().filter(|_| text.bytes().all(|digit| digit.is_ascii_digit()))
}

/// The proxies that a server believes.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies {
    listed: Vec<Proxy>,
    /// The first text that says nowhere a proxy may connect from, and what is wrong with it.
    invalid: Option<(String, String)>,
}

impl Proxies {
    fn new(texts: impl Iterator<Item = String>) -> Self {
        let mut proxies = Proxies::default();
        for text in texts {
            match text.parse() {
                Ok(proxy) => proxies.listed.push(proxy),
                Err(fault) => {
                    proxies.invalid.get_or_insert((text, fault));
                }
            }
        }
        proxies
    }

    pub(super) fn check(&self) -> Resultat<()> {
        let Some((quoi, texte)) = &self.invalid else { return Ok(()) };
        let (quoi, texte) = (quoi.as_str().into(), texte.as_str().into());
        Err(Erreur::Usage(Box::new(Usage::Mandataire { quoi, texte })))
    }

    /// Whether a connection from there begins with a header.
    // [proxy.listed]
    pub(super) fn lists(&self, address: &Adresse) -> bool {
        self.listed.iter().any(|proxy| proxy.includes(address))
    }
}

impl OptionsServeur {
    /// Believes the proxies at these addresses about for whom they connect (the PROXY protocol,
    /// versions 1 and 2, as HAProxy sends it); nobody unless set.
    ///
    /// Each is an IP address, or a text: `"10.0.0.5"`, a network such as `"10.0.0.0/8"` or
    /// `"2001:db8::/32"`, or `"unix:"`, which means whoever connects to the Unix socket that the
    /// server listens on. Another text is an error of [`ouvrir`](OptionsServeur::ouvrir).
    ///
    /// A connection from one of them must begin with a PROXY header, before TLS and before the
    /// greeting, within [`delai_accueil`](OptionsServeur::delai_accueil). The address in it is then
    /// the client's: in [`Client::adresse`](crate::Client::adresse), hooks, errors and black boxes,
    /// and for [`max_par_adresse`](OptionsServeur::max_par_adresse) and
    /// [`places_reservees`](OptionsServeur::places_reservees). Where the proxy speaks for itself
    /// (`LOCAL`, `UNKNOWN`) or for a peer of a Unix socket, its own address stays; if it then only
    /// looks whether the server is there, nobody is told. Of a header of version 2 at most 4,096
    /// bytes are taken; its checksum is checked if it has one, and what else it carries is skipped.
    ///
    /// A connection from there without a good header is refused, and so is a header from anywhere
    /// else: [`EchecConnexion::Mandataire`](crate::erreur::EchecConnexion::Mandataire).
    /// [`Client::identite`](crate::Client::identite) stays what the connection proves: with TLS the
    /// client proves it through the proxy, on a Unix socket it is the proxy's user.
    ///
    /// List addresses of proxies and of nothing else: whoever connects from there can pretend to be
    /// any address.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::io::Write as _;
    /// # let (told, heard) = std::sync::mpsc::channel();
    /// let serveur = Serveur::options(0)
    ///     .mandataires(["127.0.0.1"]) // in truth: where HAProxy runs
    ///     .quand_connecte(move |client: &Client| {
    /// #       told.send(client.adresse().unwrap().to_string()).unwrap();
    ///         println!("{} comes by the proxy", client.adresse().unwrap());
    ///     })
    ///     .ouvrir()?;
    /// # let thread = std::thread::spawn({ let s = serveur.clone(); move || s.lancer() });
    /// # let mut proxy = std::net::TcpStream::connect(serveur.adresse())?;
    /// # proxy.write_all(b"PROXY TCP4 203.0.113.7 192.0.2.2 56324 443\r\n")?;
    /// # let mut greeting = b"cconn\r\n\0\x01\0\x12\0\0\x01\0\0\0\0\x10\0".to_vec();
    /// # greeting.extend((2 * (0x10_0000_u64 + 64)).to_le_bytes());
    /// # greeting.extend([0, 0]);
    /// # proxy.write_all(&greeting)?;
    /// # assert_eq!(heard.recv()?, "203.0.113.7:56324");
    /// # drop(proxy);
    /// # serveur.eteindre()?; thread.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("trusted_proxies", "haproxy", "send_proxy", "accept_proxy", "forwarded_for"))]
    #[doc(alias = "proxies")]
    #[doc(alias = "proxy_protocol")]
    pub fn mandataires<M: ToString>(mut self, mandataires: impl IntoIterator<Item = M>) -> Self {
        self.proxies = Proxies::new(mandataires.into_iter().map(|proxy| proxy.to_string()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(proxies: &[&str], address: &str) -> bool {
        let proxies = Proxies::new(proxies.iter().map(ToString::to_string));
        proxies.check().unwrap();
        proxies.lists(&address.parse().unwrap())
    }

    #[test]
    fn a_proxy_is_an_address_a_network_or_whoever_uses_the_unix_socket() {
        for (proxy, address, is_listed) in [
            ("10.0.0.5", "10.0.0.5:1", true),
            ("10.0.0.5", "10.0.0.6:1", false),
            ("10.0.0.5", "[::ffff:10.0.0.5]:1", true),
            ("::ffff:10.0.0.5", "10.0.0.5:1", true),
            ("::ffff:10.0.0.0/104", "10.9.9.9:1", true),
            ("::ffff:10.0.0.0/104", "11.9.9.9:1", false),
            ("10.0.0.0/8", "10.255.255.255:1", true),
            ("10.0.0.0/8", "11.0.0.0:1", false),
            ("10.0.0.0/31", "10.0.0.1:1", true),
            ("10.0.0.0/31", "10.0.0.2:1", false),
            ("0.0.0.0/0", "203.0.113.9:1", true),
            ("0.0.0.0/0", "[2001:db8::1]:1", false),
            ("::/0", "[2001:db8::1]:1", true),
            ("::/0", "10.0.0.5:1", false),
            ("2001:db8::/32", "[2001:db8:ffff::1]:1", true),
            ("2001:db8::/32", "[2001:db9::1]:1", false),
            ("2001:db8::1", "[2001:db8::1]:1", true),
            ("2001:db8::/127", "[2001:db8::1]:1", true),
            ("unix:", "unix:/run/moi.sock", true),
            ("unix:", "unix:@moi", true),
            ("unix:", "10.0.0.5:1", false),
            ("0.0.0.0/0", "unix:/run/moi.sock", false),
            ("0.0.0.0/0", "parent:", false),
            ("unix:", "parent:", false),
        ] {
            assert_eq!(lists(&[proxy], address), is_listed, "{proxy} {address}");
            assert_eq!(lists(&["192.0.2.1", proxy], address), is_listed, "the second of two");
        }
        assert!(!lists(&[], "10.0.0.5:1"), "nobody unless set");
    }

    #[test]
    fn texts_that_say_nowhere_are_told_why() {
        for (text, why) in [
            ("", "no IP address"),
            ("localhost", "names are not looked up"),
            ("10.0.0.5:80", "no IP address"),
            ("10.0.0/8", "no IP address"),
            ("unix:/run/moi.sock", "no IP address"),
            ("10.0.0.0/33", "0 to 32"),
            ("10.0.0.0/", "0 to 32"),
            ("10.0.0.0/+8", "0 to 32"),
            ("10.0.0.0/8/8", "0 to 32"),
            ("::/129", "0 to 128"),
            ("::/1000", "0 to 128"),
            ("10.0.0.5/8", "`10.0.0.0/8`"),
            ("2001:db8::1/32", "`2001:db8::/32`"),
        ] {
            let proxies = Proxies::new(["10.0.0.5", text].iter().map(ToString::to_string));
            let error = proxies.check().unwrap_err().to_string();
            assert!(error.contains(why) && error.contains(&format!("`{text}`")), "{error}");
            assert!(error.contains("`mandataires`"), "{error}");
        }
    }
}
