//! A network in memory whose faults are set before a connection opens.

use std::sync::Arc;
use std::time::Duration;

use super::line::{Dice, Plan, pass};
use crate::client::Client;
use crate::connexion::unreachable;
use crate::erreur::Resultat;
use crate::serveur::Serveur;
use crate::transport::Memory;

/// Bytes that each piece of a line holds in each direction.
const CAPACITY: usize = 64 << 10;

/// The direction in which bytes pass.
#[doc(alias = "Direction")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sens {
    /// From the client to the server.
    #[doc(alias = "ToServer")]
    VersServeur,
    /// From the server to the client.
    #[doc(alias = "ToClient")]
    VersClient,
}

/// A network in memory that fails as told, between a client and a server of this process.
///
/// Faults are set before a connection opens, greeting included, and each is placed by the number of
/// bytes that have passed in its direction. So the same seed and the same faults give the same run,
/// as far as the program itself repeats. Each [`client`](Reseau::client) has a line of its own, with
/// all faults from the beginning.
///
/// Both ends see what they would see over a socket: a stall is silence, and a cut is an end without
/// a goodbye. Each line takes two threads.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use cconn::essais::{Reseau, Sens};
/// use cconn::{Erreur, Serveur, nommee};
///
/// # fn main() -> cconn::Resultat<()> {
/// let serveur = Serveur::new(0)?;
/// serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
///
/// // The answer is held up for 50 ms, and arrives after all.
/// let reseau = Reseau::new(7).fige(Sens::VersClient, 40, Duration::from_millis(50));
/// let client = reseau.client(&serveur)?;
/// assert_eq!(client.appeler::<u64, _>(nommee("double", (21_u64,)))?, 42);
/// client.eteindre()?;
///
/// // The line breaks in the middle of the first answer.
/// let client = Reseau::new(7).coupe(Sens::VersClient, 50).client(&serveur)?;
/// let lost = client.appeler::<u64, _>(nommee("double", (21_u64,))).unwrap_err();
/// assert!(matches!(lost, Erreur::Fermee(_)) && lost.a_pu_etre_executee());
/// # Ok(())
/// # }
/// ```
#[doc(alias("fault_injection", "chaos", "proxy"))]
#[doc(alias = "Network")]
#[derive(Clone, Debug)]
#[must_use = "it joins nothing until `client` is called"]
pub struct Reseau {
    seed: u64,
    to_server: Plan,
    to_client: Plan,
}

impl Reseau {
    /// A network without faults. The seed chooses the sizes of pieces
    /// ([`en_tranches`](Reseau::en_tranches)).
    #[inline]
    pub fn new(graine: u64) -> Reseau {
        Reseau { seed: graine, to_server: Plan::default(), to_client: Plan::default() }
    }

    /// A network whose faults the seed chooses: pieces of a few bytes, up to two stalls of at most
    /// 50 ms each way that heal, and for every second seed a cut. All of them lie in the first 2,000
    /// bytes of a direction. `Debug` shows them.
    #[doc(alias = "random")]
    #[inline]
    pub fn au_hasard(graine: u64) -> Reseau {
        let mut dice = Dice(graine);
        let mut reseau = Reseau::new(graine).en_tranches(1 + dice.below(64));
        for sens in [Sens::VersServeur, Sens::VersClient] {
            for _ in 0..dice.below(3) {
                let time = Duration::from_millis(dice.below(51));
                reseau = reseau.fige(sens, dice.below(2_000), time);
            }
        }
        let cut = (dice.below(2), dice.below(2_000));
        match cut {
            (0, at) if graine.is_multiple_of(2) => reseau.coupe(Sens::VersServeur, at),
            (1, at) if graine.is_multiple_of(2) => reseau.coupe(Sens::VersClient, at),
            _ => reseau,
        }
    }

    /// Passes bytes in pieces of 1 to `au_plus`, in both directions; 0 counts as 1.
    #[doc(alias = "sliced")]
    #[inline]
    pub fn en_tranches(mut self, au_plus: u64) -> Reseau {
        let pieces = Some(au_plus.max(1));
        (self.to_server.pieces, self.to_client.pieces) = (pieces, pieces);
        self
    }

    /// Passes so many bytes a second in each direction; 0 counts as 1.
    #[doc(alias("bandwidth", "throttle"))]
    #[doc(alias = "slow")]
    #[inline]
    pub fn lent(mut self, octets_par_seconde: u64) -> Reseau {
        let rate = Some(octets_par_seconde.max(1));
        (self.to_server.rate, self.to_client.rate) = (rate, rate);
        self
    }

    /// Passes nothing for `duree` once `apres` bytes have passed that way, and then goes on as if
    /// nothing had been. May be given several times.
    #[doc(alias("freeze", "blackhole"))]
    #[doc(alias = "stall")]
    #[inline]
    pub fn fige(mut self, sens: Sens, apres: u64, duree: Duration) -> Reseau {
        self.plan(sens).stalls.push((apres, duree));
        self
    }

    /// Cuts the line in both directions once `apres` bytes have passed that way. Of several cuts one
    /// way the first counts.
    #[doc(alias("drop_after", "reset"))]
    #[doc(alias = "cut")]
    #[inline]
    pub fn coupe(mut self, sens: Sens, apres: u64) -> Reseau {
        let plan = self.plan(sens);
        plan.cut = Some(plan.cut.map_or(apres, |before| before.min(apres)));
        self
    }

    #[inline]
    fn plan(&mut self, sens: Sens) -> &mut Plan {
        match sens {
            Sens::VersServeur => &mut self.to_server,
            Sens::VersClient => &mut self.to_client,
        }
    }

    /// A new client of the server, over a line of its own with these faults.
    ///
    /// # Errors
    ///
    /// Those of [`Serveur::client_local`], and [`Erreur::Connexion`](crate::Erreur::Connexion) or
    /// [`Erreur::Delai`](crate::Erreur::Delai) if the greeting falls victim to a fault, or if no
    /// thread can be had.
    ///
    /// # Blocking
    ///
    /// Until greeted, at most for the deadline of a connection
    /// ([`delai_connexion`](crate::OptionsClient::delai_connexion)).
    #[doc(alias = "connect")]
    #[inline]
    pub fn client(&self, serveur: &Serveur) -> Resultat<Client> {
        let (hers, near) = Memory::pair(CAPACITY);
        let (far, ours) = Memory::pair(CAPACITY);
        let (near, far) = (Arc::new(near), Arc::new(far));
        let mut dice = Dice(self.seed);
        for (from, to, plan) in [(&near, &far, &self.to_server), (&far, &near, &self.to_client)] {
            let (from, to, plan) = (from.clone(), to.clone(), plan.clone());
            let dice = Dice(dice.below(u64::MAX));
            let body = move || pass(&from, &to, plan, dice);
            crate::sync::spawn("cconn-reseau".to_owned(), None, body)
                .map_err(|cause| unreachable(&"local", cause))?;
        }
        serveur.client_over(hers, ours)
    }
}
