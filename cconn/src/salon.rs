//! Groups of a server's clients: one message to all members of a group.
//!
//! A client may be in any number of groups. Where a command lets clients name their groups, as
//! `entrer` does here, a client can enter groups without end: bound that in the command.
//!
//! ```
//! use cconn::{Client, Resultat, Serveur, commande, commandes};
//!
//! #[commande]
//! fn entrer(serveur: &Serveur, client: &Client, salon: &str) -> Resultat<()> {
//!     serveur.salon(salon).entrer(client)?;
//!     Ok(())
//! }
//!
//! #[commande]
//! fn dire(serveur: &Serveur, client: &Client, salon: &str, mot: &str) -> Resultat<usize> {
//!     Ok(serveur.salon(salon).sauf(client).diffuser(entendre { mot })?.atteints)
//! }
//!
//! #[commande]
//! fn entendre(mot: &str); // its body is in the clients
//!
//! # fn main() -> Resultat<()> {
//! let serveur = Serveur::options(0).max_clients(2).ouvrir()?;
//! serveur.enregistrer(commandes![entrer, dire])?;
//! let (ada, bea) = (serveur.client_local()?, serveur.client_local()?);
//! ada.appeler(entrer { salon: "cuisine" })?;
//! bea.appeler(entrer { salon: "cuisine" })?;
//! assert_eq!(ada.appeler(dire { salon: "cuisine", mot: "bonjour" })?, 1);
//! bea.eteindre()?; // and with its connection it leaves its groups
//! assert_eq!(ada.appeler(dire { salon: "cuisine", mot: "encore" })?, 0);
//! # Ok(())
//! # }
//! ```

pub use crate::serveur::{Lenteur, Salon, Sauf};
