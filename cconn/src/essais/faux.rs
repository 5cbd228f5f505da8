//! A server that answers as a test tells it to, without the code of its commands.

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::Reseau;
use crate::adresse::Adresse;
use crate::client::Client;
use crate::commande::Retour;
use crate::erreur::Resultat;
use crate::serveur::Serveur;
use crate::sync::Mutex;

/// How many clients a fake server takes: more than a test has.
const CLIENTS: usize = 256;

/// A server that answers commands by name, whatever their arguments are.
///
/// It listens on a free port of this machine for the program under test
/// ([`adresse`](FauxServeur::adresse)), and gives clients in memory too. It notes every call and
/// message. Dropping it stops it.
///
/// # Examples
///
/// ```
/// use cconn::essais::FauxServeur;
/// use cconn::{Erreur, commande};
///
/// #[commande]
/// fn somme(a: i64, b: i64) -> i64; // lives elsewhere
///
/// # fn main() -> cconn::Resultat<()> {
/// let faux = FauxServeur::new()?.repond("somme", 46_i64)?;
/// let client = faux.client()?; // or: Client::new(faux.adresse())?
/// assert_eq!(client.appeler(somme { a: 1, b: 2 })?, 46);
///
/// assert_eq!(faux.recues(), ["somme"]);
/// # Ok(())
/// # }
/// ```
#[doc(alias("mock", "stub", "MockServer"))]
#[doc(alias = "FakeServer")]
pub struct FauxServeur {
    serveur: Serveur,
    received: Arc<Mutex<Vec<Box<str>>>>,
    lancer: Option<JoinHandle<Resultat<()>>>,
}

impl FauxServeur {
    /// A server that knows no command yet.
    ///
    /// # Errors
    ///
    /// Those of [`Serveur::new`].
    #[inline]
    pub fn new() -> Resultat<FauxServeur> {
        let serveur = Serveur::options(0).max_clients(CLIENTS).ouvrir()?;
        let runs = serveur.clone();
        let lancer = std::thread::spawn(move || runs.lancer());
        Ok(FauxServeur { serveur, received: Arc::default(), lancer: Some(lancer) })
    }

    /// Answers a command with this value, each time.
    ///
    /// The value must have the type of the command's answer, because only bytes travel. `()` is the
    /// answer of a command without one, and an `Err(e)` answers with the command's own error.
    ///
    /// # Errors
    ///
    /// [`Erreur::Enregistrement`](crate::Erreur::Enregistrement): the name has an answer already.
    #[doc(alias("returning", "when"))]
    #[doc(alias = "answers")]
    pub fn repond<T, K>(self, nom: &str, valeur: T) -> Resultat<FauxServeur>
    where
        T: Retour<K> + Clone + Send + Sync + 'static,
    {
        self.repond_avec(nom, move |_: &Client| valeur.clone())
    }

    /// Answers a command with what `f` returns, each time: another answer for each call, an error
    /// of the command's own, a failure, a wait, a panic. `f` is given the client that asked.
    ///
    /// # Errors
    ///
    /// As for [`repond`](FauxServeur::repond).
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::essais::FauxServeur;
    /// use cconn::{Client, Erreur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let faux = FauxServeur::new()?
    ///     .repond_avec("lire", |_: &Client| Err::<u32, Erreur>(Erreur::echec("no such file")))?
    ///     .repond_avec("part", Client::close)?;
    /// let client = faux.client()?;
    /// let failed = client.appeler::<u32, _>(nommee("lire", ("notes.txt",))).unwrap_err();
    /// assert!(failed.to_string().contains("no such file"));
    /// let lost = client.appeler::<(), _>(nommee("part", ())).unwrap_err();
    /// assert!(lost.est_fatale());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("returning_with", "respond_with"))]
    #[doc(alias = "answers_with")]
    pub fn repond_avec<R, K, F>(self, nom: &str, f: F) -> Resultat<FauxServeur>
    where
        R: Retour<K>,
        F: Fn(&Client) -> R + Send + Sync + 'static,
    {
        let (received, name): (_, Box<str>) = (self.received.clone(), nom.into());
        self.serveur.answer_by_name(nom, move |client: &Client| {
            received.lock().push(name.clone());
            f(client)
        })?;
        Ok(self)
    }

    /// A new client in memory.
    ///
    /// # Errors
    ///
    /// Those of [`Serveur::client_local`].
    #[doc(alias = "connect")]
    #[inline]
    pub fn client(&self) -> Resultat<Client> {
        self.serveur.client_local()
    }

    /// A new client in memory, over a network with faults.
    ///
    /// # Errors
    ///
    /// Those of [`Reseau::client`].
    #[doc(alias = "client_over")]
    #[inline]
    pub fn client_par(&self, reseau: &Reseau) -> Resultat<Client> {
        reseau.client(&self.serveur)
    }

    /// Where it listens, for the program under test.
    #[doc(alias = "address")]
    #[inline]
    pub fn adresse(&self) -> Adresse {
        self.serveur.adresse()
    }

    /// The server behind it: to list its clients, to send to them, or to stop it.
    #[doc(alias = "server")]
    #[inline]
    pub fn serveur(&self) -> &Serveur {
        &self.serveur
    }

    /// The names of the calls and messages that were received and had an answer here, in the order
    /// in which they started.
    #[doc(alias("received", "calls"))]
    #[doc(alias = "history")]
    #[inline]
    pub fn recues(&self) -> Vec<String> {
        self.received.lock().iter().map(ToString::to_string).collect()
    }
}

impl Drop for FauxServeur {
    #[inline]
    fn drop(&mut self) {
        // A test that fails elsewhere must not hang here: clients that do not leave are cut.
        self.serveur.clients().iter().for_each(Client::close);
        let _ended = self.serveur.eteindre();
        if let Some(lancer) = self.lancer.take() {
            let _told = lancer.join();
        }
    }
}

impl fmt::Debug for FauxServeur {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("FauxServeur");
        shown.field("adresse", &self.adresse()).field("recues", &self.recues()).finish()
    }
}
