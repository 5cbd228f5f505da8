//! Registering commands, on a client and on a server.

use std::any::Any;

use super::closure::{Closure, Recus, Retour, erase};
use super::registered::Registered;
use super::{Commandes, Lien, Liste, Registry, SurClient};
use crate::client::Client;
use crate::erreur::{Enregistrement, Erreur, Resultat, Usage};
use crate::message::Arguments;

impl Registry {
    /// Adds all commands of a list, or none of them.
    pub(crate) fn enregistrer<P>(&self, commandes: Commandes<P>, lien: &Lien<'_>) -> Resultat<()> {
        for entry in commandes.descriptions() {
            if let Some(texte) = entry.declared.and_then(|declared| declared().fault()) {
                let (commande, texte) = (entry.nom.into(), texte.into());
                let error = Enregistrement::Types { commande, texte };
                return Err(Erreur::Enregistrement(Box::new(error)));
            }
        }
        let new: Vec<_> = commandes.descriptions().iter().flat_map(Registered::functions).collect();
        self.check_new(&new, lien)?;
        self.add(new).map_err(|error| Erreur::Enregistrement(Box::new(error)))
    }

    /// Adds a closure under a name that answers without a look at the arguments.
    pub(crate) fn answer_by_name<R, K, F>(&self, nom: &str, run: F) -> Resultat<()>
    where
        R: Retour<K>,
        F: Fn(&Client) -> R + Send + Sync + 'static,
    {
        let run: Box<Closure> = Box::new(move |context, _, out| Ok(run(context.client).reply(out)));
        self.add(vec![Registered::closure(nom.to_owned(), run)])
            .map_err(|error| Erreur::Enregistrement(Box::new(error)))
    }

    /// Adds a closure under a name.
    pub(crate) fn enregistrer_commande<A, R, K, F>(&self, nom: &str, run: F) -> Resultat<()>
    where
        A: Arguments<Recus>,
        R: Retour<K>,
        F: Fn(&Client, A) -> R + Send + Sync + 'static,
    {
        let command = Registered::closure(nom.to_owned(), erase(run));
        self.add(vec![command]).map_err(|error| Erreur::Enregistrement(Box::new(error)))
    }
}

impl Client {
    /// Makes commands callable by the peer.
    ///
    /// Commands can be added at any time, while others run.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Enregistrement`]: a name is registered already, a name's hash equals another's,
    ///   or a type is not read as it is written. Then none of the list is registered, and the
    ///   connection lives.
    /// - [`Erreur::Usage`]: commands run already, and one of the list is handed state or a session
    ///   that is not there.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur, commande, commandes, nommee};
    ///
    /// #[commande]
    /// fn nom() -> String {
    ///     "Ada".to_owned()
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// let asks = |client: &Client, (): ()| client.appeler::<String, _>(nom {});
    /// serveur.enregistrer_commande("who", asks)?;
    /// let client = serveur.client_local()?;
    /// client.enregistrer(commandes![nom])?;
    /// assert_eq!(client.appeler::<String, _>(nommee("who", ()))?, "Ada");
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("on", "handler", "add_handler", "subscribe", "route"))]
    #[doc(alias = "register")]
    pub fn enregistrer<L>(&self, commandes: L) -> Resultat<()>
    where
        L: Liste<Portee: SurClient>,
    {
        self.registry()?.enregistrer(commandes.en_liste(), &Lien::of_client(self))
    }

    /// Makes a closure callable by the peer, under a name.
    ///
    /// The closure takes its arguments as a tuple of owned values. It may return anything that
    /// serde can encode, a [`Resultat`], or a `Result` with an error of the program's own.
    ///
    /// For a borrowed argument, `(mot,): (&str,)`, the compiler reports that `OwnedArgument` is not
    /// general enough. Write `(mot,): (String,)`, or a function under `#[commande]`, which may
    /// borrow.
    ///
    /// The closure is dropped once the connection has ended and no thread runs it any more, on a
    /// thread of its own. A `Client` of this connection that the closure captures counts as a
    /// handle and keeps the connection open until then, even if all other handles are dropped: use
    /// the handle that the closure receives, or capture a [`faible`](Client::faible) one.
    ///
    /// # Errors
    ///
    /// [`Erreur::Enregistrement`]: the name is registered already or its hash equals another's, and
    /// the connection lives; or the connection has ended.
    #[doc(alias("register_command", "on", "handler", "callback", "subscribe", "state"))]
    #[doc(alias = "register")]
    pub fn enregistrer_commande<A, R, K, F>(&self, nom: &str, commande: F) -> Resultat<()>
    where
        A: Arguments<Recus>,
        R: Retour<K>,
        F: Fn(&Client, A) -> R + Send + Sync + 'static,
    {
        self.registry()?.enregistrer_commande(nom, commande)
    }

    /// The client's own commands; an error for a client of a server.
    pub(crate) fn registry(&self) -> Resultat<&Registry> {
        let dispatch: &dyn Any = &**self.link.commands();
        let registry = dispatch.downcast_ref::<Registry>();
        registry.ok_or_else(|| {
            let lien = self.link.identity.label().into();
            Erreur::Usage(Box::new(Usage::CommandesDuServeur { lien }))
        })
    }
}
