//! A handle that does not keep its server, and dropping what the program has registered.

use std::fmt;
use std::sync::{Arc, Weak};

use super::{Serveur, Shared};
use crate::commande::fence;

/// A handle to a server that does not keep it alive; made by [`Serveur::faible`].
///
/// Use it in closures that the server itself keeps: a command registered on it, or one of its
/// hooks. A [`Serveur`] captured there would keep the server and its port until the server is
/// stopped, even if all other handles are dropped.
#[doc(alias = "WeakServer")]
#[derive(Clone)]
pub struct ServeurFaible {
    shared: Weak<Shared>,
}

impl Serveur {
    /// Makes a handle to the same server that does not keep it alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// let faible = serveur.faible();
    /// serveur.enregistrer_commande("combien", move |_, (): ()| {
    ///     faible.serveur().map_or(0, |serveur| serveur.clients().len())
    /// })?;
    /// let client = serveur.client_local()?;
    /// assert_eq!(client.appeler::<usize, _>(nommee("combien", ()))?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "downgrade")]
    #[doc(alias = "weak")]
    pub fn faible(&self) -> ServeurFaible {
        ServeurFaible { shared: Arc::downgrade(&self.shared) }
    }

    /// Drops the program's closures once the stop is done and no thread is left, because handles
    /// that they have captured would keep the server for ever.
    pub(super) fn let_go_if_over(&self) {
        if !self.shared.clients.is_over() {
            return;
        }
        self.shared.registry.let_go();
        let hooks = std::mem::take(&mut *self.shared.options.hooks.lock());
        let _panicked = fence(|| drop(hooks.refused));
        let _panicked = fence(|| drop(hooks.connected));
        let _panicked = fence(|| drop(hooks.disconnected));
    }
}

impl ServeurFaible {
    /// A handle that keeps the server alive; `None` if the server is gone.
    #[doc(alias = "upgrade")]
    #[doc(alias = "server")]
    pub fn serveur(&self) -> Option<Serveur> {
        self.shared.upgrade().map(|shared| Serveur { shared })
    }
}

impl fmt::Debug for ServeurFaible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeurFaible").finish_non_exhaustive()
    }
}
