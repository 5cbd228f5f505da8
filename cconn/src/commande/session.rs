//! State and sessions, as a program gives and uses them through a client's handle.

use std::any::{TypeId, type_name};

use super::given::short;
use super::registry::Registry;
use super::runner::sessions;
use super::{Etat, Lien, Session};
use crate::client::Client;
use crate::erreur::{Erreur, Resultat, Usage, ended};

impl Client {
    /// Gives a value that this client's commands are handed as [`Etat<T>`](crate::Etat).
    ///
    /// Like [`OptionsClient::fournir`](crate::OptionsClient::fournir), for a client that is
    /// connected already. The value is dropped once the connection has ended and no command uses it.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Usage`]: a value of that type was given already, or the
    ///   client is one of a server: there the server is given it.
    /// - [`Erreur::Enregistrement`]: the connection has ended.
    #[doc(alias("state", "manage", "app_data", "with_state"))]
    #[doc(alias = "provide")]
    pub fn fournir<T: Send + Sync + 'static>(&self, valeur: T) -> Resultat<()> {
        self.registry()?.provide(valeur)
    }

    /// Gives this connection its session of the type `T`, as [`Session<T>`](crate::Session).
    ///
    /// For a session that is not made from `T: Default` and not by
    /// [`OptionsServeur::session`](crate::OptionsServeur::session): on a client before it listens,
    /// or on a server in a command that lets a client in. Works on both sides; each side has
    /// sessions of its own.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Usage`]: the connection has a session of that type, which
    ///   stays as it is.
    /// - [`Erreur::Fermee`]: the connection has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Resultat, Serveur, Session, commande, commandes};
    ///
    /// struct Joueur(String);
    ///
    /// #[commande]
    /// fn entrer(client: &Client, nom: String) -> Resultat<()> {
    ///     client.ouvrir_session(Joueur(nom))
    /// }
    ///
    /// #[commande]
    /// fn qui(joueur: &Session<Joueur>) -> String {
    ///     joueur.0.clone()
    /// }
    ///
    /// # fn main() -> Resultat<()> {
    /// let serveur = Serveur::options(0)
    ///     .session_plus_tard::<Joueur>() // `entrer` opens it
    ///     .ouvrir()?;
    /// serveur.enregistrer(commandes![entrer, qui])?;
    /// let client = serveur.client_local()?;
    /// assert!(client.appeler(qui {}).is_err(), "not yet");
    /// client.appeler(entrer { nom: "Ada".to_owned() })?;
    /// assert_eq!(client.appeler(qui {})?, "Ada");
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("login", "attach", "set_session"))]
    #[doc(alias = "open_session")]
    pub fn ouvrir_session<T: Send + Sync + 'static>(&self, valeur: T) -> Resultat<()> {
        if let Some(ending) = self.link.ending() {
            return Err(ended(&ending, self.link.identity.label(), None));
        }
        let session = Box::new(Session::new(valeur));
        let (ty, name) = (TypeId::of::<Session<T>>(), type_name::<T>());
        let put = sessions(&self.link).put(ty, name, session);
        if put {
            return Ok(());
        }
        let (lien, quoi) = (self.link.identity.label().into(), short(name).into());
        Err(Erreur::Usage(Box::new(Usage::SessionOuverte { lien, quoi })))
    }

    /// Runs a closure with this connection's session of the type `T`; `None` if it has none (yet).
    ///
    /// For hooks and for commands that are closures; a function under `#[commande]` takes
    /// [`&Session<T>`](crate::Session). The hook `quand_deconnecte` still finds the sessions of the
    /// connection that has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur, nommee};
    ///
    /// struct Numero(u64);
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::options(0).session(|client| Ok(Numero(10 * client.id()))).ouvrir()?;
    /// serveur.enregistrer_commande("numero", |client: &Client, (): ()| {
    ///     client.avec_session(|numero: &Numero| numero.0)
    /// })?;
    /// let client = serveur.client_local()?;
    /// assert_eq!(client.appeler::<Option<u64>, _>(nommee("numero", ()))?, Some(10));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "with_session")]
    pub fn avec_session<T: Send + Sync + 'static, R>(
        &self,
        faire: impl FnOnce(&T) -> R,
    ) -> Option<R> {
        let sessions = sessions(&self.link);
        sessions.get::<Session<T>>().map(|session| faire(session))
    }

    /// Runs a closure with the program's state of the type `T`, as it was given with
    /// [`fournir`](crate::OptionsServeur::fournir): of a server's client the server's, else this
    /// client's own. `None` if none of that type was given.
    ///
    /// For hooks and for commands that are closures; a function under `#[commande]` takes
    /// [`&Etat<T>`](Etat).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// use cconn::Serveur;
    ///
    /// struct Venus(AtomicU32);
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::options(0)
    ///     .fournir(Venus(AtomicU32::new(0)))
    ///     .quand_connecte(|client| {
    ///         client.avec_etat(|venus: &Venus| venus.0.fetch_add(1, Ordering::Relaxed));
    ///     })
    ///     .ouvrir()?;
    /// # let _client = serveur.client_local()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "with_state")]
    pub fn avec_etat<T: Send + Sync + 'static, R>(&self, faire: impl FnOnce(&T) -> R) -> Option<R> {
        let registry = self.link.commands().given()?.downcast_ref::<Registry>()?;
        let states = registry.states();
        states.get::<Etat<T>>().map(|etat| faire(etat))
    }
}

impl<'a> Lien<'a> {
    /// A server, whose commands are those of all its connections.
    pub(crate) fn of_server(label: &'a str) -> Self {
        Lien { label, link: None }
    }
}
