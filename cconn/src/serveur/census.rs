//! The clients of a server in numbers, and its figures.

use std::sync::Weak;

use super::{Serveur, Shared};
use crate::commande::{Census, Reader, TakeCensus};
use crate::forme::Chiffres;

/// Counts the clients of a server, for as long as it is there.
pub(super) fn of(shared: &Weak<Shared>) -> Box<TakeCensus> {
    let shared = shared.clone();
    Box::new(move || shared.upgrade().map(|shared| shared.census()).unwrap_or_default())
}

impl Shared {
    fn census(&self) -> Census {
        let links = self.clients.links();
        let (accepted, refused) = self.clients.counts();
        Census {
            clients: links.len() as u64,
            places: self.options.bounds.most as u64,
            accepted,
            refused,
            links,
        }
    }
}

impl Serveur {
    /// What is counted here: clients, what is under way on their connections, and, if that was asked
    /// for ([`compter`](crate::OptionsServeur::compter)), every command.
    ///
    /// A peer may ask for the same, of the commands that it may call, with
    /// [`description::chiffres`](crate::description::chiffres). The numbers are read one after the
    /// other while commands run, so two of them may be of slightly different moments.
    ///
    /// # Blocking
    ///
    /// While each connection's lock is held, which is never for long.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::options(0).compter(true).ouvrir()?;
    /// serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
    /// let client = serveur.client_local()?;
    /// client.appeler::<u64, _>(nommee("double", (21_u64,)))?;
    /// let chiffres = serveur.chiffres();
    /// assert_eq!((chiffres.clients, chiffres.venus), (1, 1));
    /// assert_eq!((chiffres.commandes[0].nom.as_str(), chiffres.commandes[0].reponses), ("double", 1));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("stats", "metrics", "introspection"))]
    #[doc(alias = "figures")]
    pub fn chiffres(&self) -> Chiffres {
        self.shared.registry.figures(Reader::Program, None)
    }
}
