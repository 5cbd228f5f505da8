//! A handle that does not keep its connection open.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Client;
use crate::link::Link;

/// A handle to a connection that does not keep it open; made by [`Client::faible`].
///
/// Use it in closures that the connection itself keeps: a command registered on it, or one of its
/// hooks. A [`Client`] captured there counts as a handle, so the connection would not end when all
/// other handles are dropped.
#[doc(alias = "WeakClient")]
#[derive(Clone)]
pub struct ClientFaible {
    link: Weak<Link>,
    deadline: Duration,
    limits_calls: bool,
}

impl Client {
    /// Makes a handle to the same connection that does not keep it open.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// let client = serveur.client_local()?;
    /// let faible = client.faible();
    /// client.enregistrer_commande("etat", move |_, (): ()| {
    ///     faible.client().is_some_and(|client| client.est_connecte())
    /// })?;
    /// let garde = client.faible();
    /// drop(client);
    /// assert!(garde.client().is_none(), "nothing keeps it open");
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "downgrade")]
    #[doc(alias = "weak")]
    pub fn faible(&self) -> ClientFaible {
        {
            let (deadline, limits_calls) = (self.deadline, self.limits_calls);
            ClientFaible { link: Arc::downgrade(&self.link), deadline, limits_calls }
        }
    }
}

impl ClientFaible {
    /// A handle that keeps the connection open; `None` if the connection has no such handle left.
    #[doc(alias = "upgrade")]
    pub fn client(&self) -> Option<Client> {
        let link = self.link.upgrade()?;
        let deadline = self.deadline;
        link.add_handle_if_any().then(|| {
            let limits_calls = self.limits_calls;
            Client { link, deadline, limits_calls, counted: true, writes: true }
        })
    }
}

impl fmt::Debug for ClientFaible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientFaible").finish_non_exhaustive()
    }
}
