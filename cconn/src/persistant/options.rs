//! The settings of a client that comes back, and its first connection.

use std::fmt;
use std::sync::Arc;

use super::retour::{Hook, Shared};
use super::{ClientPersistant, Handle, Retour};
use crate::client::Client;
use crate::commande::{Hooks, Registry};
use crate::connexion::OptionsClient;
use crate::erreur::Resultat;
use crate::sync::{Condvar, Mutex};

impl OptionsClient {
    /// Makes a client of these options whose connection comes back when it is lost.
    ///
    /// The settings and hooks hold for every connection:
    /// [`quand_deconnecte`](OptionsClient::quand_deconnecte) runs at the end of each.
    #[doc(alias("reconnect", "auto_reconnect"))]
    #[doc(alias = "persistent")]
    #[inline]
    pub fn persistant(self) -> OptionsPersistantes {
        OptionsPersistantes { options: self, hook: None, waits: false }
    }
}

/// The options of a client that comes back; from [`OptionsClient::persistant`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use cconn::persistant::Reconnu;
/// use cconn::{Client, Serveur, nommee};
///
/// # fn main() -> cconn::Resultat<()> {
/// let serveur = Serveur::new(0)?;
/// serveur.enregistrer_commande("entre", |_, (nom,): (String,)| format!("bonjour {nom}"))?;
/// # let fil = std::thread::spawn({ let s = serveur.clone(); move || s.lancer() });
/// let client = Client::options(serveur.adresse())
///     .delai_reponse(Duration::from_secs(5))
///     .persistant()
///     .quand_retablie(|client, retour| {
///         if retour.serveur == Reconnu::Redemarre {
///             eprintln!("the server was started anew");
///         }
///         // Each connection begins with this, before any other call goes.
///         client.appeler::<String, _>(nommee("entre", ("Ada",))).map(drop)
///     })
///     .connecter()?;
/// # client.eteindre()?;
/// # serveur.eteindre()?;
/// # fil.join().unwrap()
/// # }
/// ```
#[doc(alias = "PersistentOptions")]
#[must_use = "nothing is connected until `connecter` is called"]
pub struct OptionsPersistantes {
    options: OptionsClient,
    hook: Option<Hook>,
    /// Whether the first connection is waited for too.
    waits: bool,
}

impl OptionsPersistantes {
    /// Runs on each new connection, the first one too, before any call that waits for it goes: to
    /// rebuild what the server keeps for this client.
    ///
    /// The hook is given the plain [`Client`] of the new connection. It must call through that one:
    /// a call through the [`ClientPersistant`] would wait for the hook itself, and is refused
    /// ([`DansLeRetour`](crate::erreur::RaisonNonEnvoi::DansLeRetour)). If it returns an error or
    /// panics, the connection is closed and made again after the next pause; the first time,
    /// `connecter` returns that error.
    #[doc(alias("on_reconnect", "on_connect", "hook", "resubscribe"))]
    #[doc(alias = "on_restored")]
    #[inline]
    pub fn quand_retablie(
        mut self,
        quoi: impl Fn(&Client, &Retour) -> Resultat<()> + Send + Sync + 'static,
    ) -> Self {
        self.hook = Some(Arc::new(quoi));
        self
    }

    /// Does not fail if the server is not there yet: [`connecter`](OptionsPersistantes::connecter)
    /// returns at once, and calls wait for the first connection as for any other.
    #[doc(alias("lazy", "wait_for_server"))]
    #[doc(alias = "as_soon_as_possible")]
    #[inline]
    pub fn des_que_possible(mut self) -> Self {
        self.waits = true;
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// Those of [`OptionsClient::connecter`], and the error of the hook
    /// [`quand_retablie`](OptionsPersistantes::quand_retablie). With
    /// [`des_que_possible`](OptionsPersistantes::des_que_possible) only those of settings that are
    /// not possible.
    ///
    /// # Blocking
    ///
    /// As for [`OptionsClient::connecter`], and while the hook runs; not at all with
    /// [`des_que_possible`](OptionsPersistantes::des_que_possible).
    #[doc(alias("build", "dial"))]
    #[doc(alias = "connect")]
    #[inline]
    pub fn connecter(self) -> Resultat<ClientPersistant> {
        let (settings, given, address) = self.options.into_parts();
        settings.check()?;
        given.check()?;
        let text = match &address {
            Ok(address) => address.to_string().into(),
            Err(invalid) => invalid.text().into(),
        };
        let delai = settings.limits.answer_deadline;
        let commands = Arc::new(Registry::new(Hooks::default(), given));
        let shared = Arc::new(Shared {
            settings,
            address,
            text,
            commands,
            hook: self.hook,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let client = ClientPersistant { handle: Arc::new(Handle(shared.clone())), delai };
        if self.waits {
            shared.come_back();
        } else {
            shared.make_connection()?;
        }
        Ok(client)
    }
}

impl fmt::Debug for OptionsPersistantes {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("OptionsPersistantes");
        shown.field("options", &self.options).finish_non_exhaustive()
    }
}
