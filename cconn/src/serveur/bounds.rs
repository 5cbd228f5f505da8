//! How many places a newcomer may take, by where it comes from.
//!
//! A newcomer on TCP comes from an address. Local clients and peers of a Unix socket come from
//! nowhere in this sense: only the number of all clients bounds them.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use super::OptionsServeur;
use crate::adresse::Adresse;
use crate::connexion::check;
use crate::erreur::Resultat;
use crate::text::counted;

/// What connections are counted by: an IPv4 address, or the network of an IPv6 address, since a
/// single machine has a whole network of those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Origin(IpAddr);

impl Origin {
    pub(super) fn of(address: &Adresse) -> Option<Self> {
        Some(Origin(match address.socket()?.ip().to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address @ IpAddr::V4(_) => address,
        }))
    }
}

/// The settings of a server about its places.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// The most clients at the same time.
    pub(super) most: usize,
    /// How long a client that was never used keeps its place for certain.
    pub(super) unused: Duration,
    /// The most clients of one origin.
    per_origin: Option<usize>,
    /// How many of the places are for newcomers from the `privileged` addresses only.
    reserved: usize,
    privileged: Vec<IpAddr>,
}

/// What bounds the places of one newcomer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    /// The newcomer has a place if fewer than so many are taken.
    pub(super) most: usize,
    pub(super) unused: Duration,
    /// Where it comes from, and the most clients from there.
    pub(super) origin: Option<(Origin, usize)>,
}

impl Bounds {
    pub(super) fn new(most: usize, unused: Duration) -> Self {
        Bounds { most, unused, per_origin: None, reserved: 0, privileged: Vec::new() }
    }

    pub(super) fn check(&self) -> Resultat<()> {
        check("max_clients", self.most, 1, None, usize::to_string)?;
        check("max_par_adresse", self.per_origin.unwrap_or(1), 1, None, usize::to_string)?;
        let most = Some(self.most.saturating_sub(1));
        check("places_reservees", self.reserved, 0, most, usize::to_string)
    }

    /// Lowers the number of clients to what the process can have.
    pub(super) fn lower_to(&mut self, affordable: usize) {
        self.most = self.most.min(affordable);
        self.reserved = self.reserved.min(self.most.saturating_sub(1));
    }

    /// What a newcomer from that address may have; a local client has none.
    pub(super) fn claim(&self, address: Option<&Adresse>) -> Claim {
        let Bounds { most, unused, .. } = *self;
        let from = address.and_then(Adresse::socket).map(|address| address.ip().to_canonical());
        let has_all = address.is_none() || from.is_some_and(|ip| self.privileged.contains(&ip));
        let origin = address.and_then(Origin::of).zip(self.per_origin);
        Claim { most: if has_all { most } else { most - self.reserved }, unused, origin }
    }

    /// What a newcomer is told for which there is no place.
    pub(super) fn full(&self) -> String {
        let clients = counted(self.most, "client");
        let hint = if self.most == 1 { "; see `max_clients`" } else { "" };
        match self.reserved {
            0 => format!("it takes {clients} at a time{hint}"),
            kept => {
                format!("it takes {clients} at a time, {kept} of them from certain addresses only")
            }
        }
    }

    /// What a newcomer is told of whose address there are as many clients as may be.
    pub(super) fn crowded(&self) -> String {
        let clients = counted(self.per_origin.unwrap_or(self.most), "client");
        format!("it takes {clients} at a time from one address; see `max_par_adresse`")
    }
}

impl OptionsServeur {
    /// How many clients are served at the same time; 1 unless set.
    ///
    /// A newcomer beyond that is refused with a text; 0 is an error of
    /// [`ouvrir`](OptionsServeur::ouvrir). The number is lowered to what the process can have: each
    /// client takes a descriptor and a thread, and a second thread while one of its commands waits
    /// for a peer. Clients get at most three quarters of the threads that the process may have.
    /// If no further thread can be started, a command or client that needs one is refused without
    /// being run.
    #[doc(alias("max_connections", "limit", "capacity"))]
    pub fn max_clients(mut self, clients: usize) -> Self {
        self.bounds.most = clients;
        self
    }

    /// How many clients of one address are served at the same time; as many as
    /// [`max_clients`](OptionsServeur::max_clients) allows unless set, and at least 1.
    ///
    /// So one machine can't take all places. A newcomer beyond that is refused as by a full server,
    /// with a text that says so, and others come in. IPv6 addresses are counted by their network
    /// (the first 64 bits), because a machine has all addresses of one. Peers of a Unix socket and
    /// local clients are not counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::options(0).max_clients(23).max_par_adresse(2).ouvrir()?;
    /// let running = serveur.clone();
    /// let lancer = std::thread::spawn(move || running.lancer());
    /// let (_one, _two) = (Client::new(serveur.adresse())?, Client::new(serveur.adresse())?);
    /// let refused = Client::new(serveur.adresse()).unwrap_err();
    /// assert!(refused.to_string().contains("2 clients at a time from one address"));
    /// serveur.eteindre()?;
    /// lancer.join().unwrap()
    /// # }
    /// ```
    #[doc(alias("rate_limit", "per_ip", "max_connections_per_ip"))]
    #[doc(alias = "max_per_address")]
    pub fn max_par_adresse(mut self, clients: usize) -> Self {
        self.bounds.per_origin = Some(clients);
        self
    }

    /// Keeps the last `places` of [`max_clients`](OptionsServeur::max_clients) for clients from
    /// these addresses: so an administrator comes in where the server is full for others.
    ///
    /// At least one place is for everybody; more reserved places are an error of
    /// [`ouvrir`](OptionsServeur::ouvrir). An address is whatever the network says: where others can
    /// pretend to have it, let a [guard](OptionsServeur::garde) look at what is proved. Local clients
    /// may take these places too.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    /// use cconn::Serveur;
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let options = Serveur::options(0).max_clients(100);
    /// let serveur = options.places_reservees(2, [Ipv4Addr::new(10, 0, 0, 5)]).ouvrir()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("admin", "superuser_reserved_connections"))]
    #[doc(alias = "reserved_places")]
    pub fn places_reservees<A: Into<IpAddr>>(
        mut self,
        places: usize,
        adresses: impl IntoIterator<Item = A>,
    ) -> Self {
        self.bounds.reserved = places;
        let privileged = adresses.into_iter().map(|address| address.into().to_canonical());
        self.bounds.privileged = privileged.collect();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(bounds: &Bounds, address: &str) -> Claim {
        bounds.claim(Some(&address.parse().unwrap()))
    }

    fn bounds() -> Bounds {
        let options = super::super::Serveur::options(0).max_clients(10).max_par_adresse(3);
        let privileged: [IpAddr; 2] = ["10.0.0.5".parse().unwrap(), "2001:db8::5".parse().unwrap()];
        options.places_reservees(2, privileged).bounds
    }

    #[test]
    fn the_last_places_are_for_the_privileged() {
        let bounds = bounds();
        for (address, most) in [
            ("10.0.0.5:4000", 10),
            ("[::ffff:10.0.0.5]:4000", 10),
            ("[2001:db8::5]:4000", 10),
            ("[2001:db8::6]:4000", 8),
            ("10.0.0.6:4000", 8),
            ("unix:/run/s", 8),
        ] {
            assert_eq!(claim(&bounds, address).most, most, "{address}");
        }
        assert_eq!(bounds.claim(None).most, 10, "a local client");
        assert!(bounds.full().contains("2 of them from certain addresses only"));
    }

    #[test]
    fn an_origin_is_an_address_or_the_network_of_one() {
        let origin = |address: &str| Origin::of(&address.parse().unwrap());
        assert_eq!(origin("10.0.0.5:1"), origin("[::ffff:10.0.0.5]:2"));
        assert_ne!(origin("10.0.0.5:1"), origin("10.0.0.6:1"));
        assert_eq!(origin("[2001:db8:1:2::1]:1"), origin("[2001:db8:1:2:ffff::9]:2"));
        assert_ne!(origin("[2001:db8:1:2::1]:1"), origin("[2001:db8:1:3::1]:1"));
        assert_eq!(origin("unix:/run/s"), None);
        assert_eq!(claim(&bounds(), "unix:/run/s").origin, None);
    }

    #[test]
    fn fewer_places_than_asked_for_leave_one_for_everybody() {
        let mut bounds = bounds();
        bounds.lower_to(2);
        assert_eq!((claim(&bounds, "10.0.0.9:1").most, claim(&bounds, "10.0.0.5:1").most), (1, 2));
        bounds.lower_to(1);
        assert_eq!((claim(&bounds, "10.0.0.9:1").most, claim(&bounds, "10.0.0.5:1").most), (1, 1));
    }
}
