//! The server: listens, gives each client a thread, stops in order.
//!
//! Knows how connections begin and end, and hands everything in between to `link`.

mod accept;
mod acceptor;
mod broadcast;
mod clients;
mod each;
mod faible;
mod hooks;
mod listener;
mod options;
#[cfg(test)]
mod scarce;
mod serve;
mod service;
mod system;
mod waiting;

use std::fmt;
use std::sync::Arc;

use crate::adresse::{Adresse, VersAdresse};
use crate::client::Client;
use crate::commande::{Liste, Recus, Registry, Retour};
use crate::erreur::{Erreur, Resultat, Usage};
use crate::link::{Aside, CHAIN_TICK, Chained, Limits, Place, Watch};
use crate::message::Arguments;

use clients::Clients;
use listener::{AlreadyOpen, Listener};
use service::Service;

pub use broadcast::Diffusion;
pub use faible::ServeurFaible;
pub use options::OptionsServeur;

/// Listens, accepts clients, gives each one a thread.
///
/// Cheap to clone; every clone is the same server.
///
/// # Examples
///
/// ```
/// use cconn::{Client, Serveur, nommee};
///
/// # fn main() -> cconn::Resultat<()> {
/// let serveur = Serveur::new(0)?;
/// serveur.enregistrer_commande("somme", |_, (a, b): (i64, i64)| a + b)?;
/// let thread = std::thread::spawn({
///     let serveur = serveur.clone();
///     move || serveur.lancer()
/// });
///
/// let client = Client::new(serveur.adresse())?;
/// let total: i64 = client.appeler(nommee("somme", (12_i64, 34_i64)))?;
/// assert_eq!(total, 46);
///
/// serveur.eteindre()?;
/// thread.join().unwrap()
/// # }
/// ```
#[doc(alias("Listener", "Service", "Endpoint"))]
#[doc(alias = "Server")]
#[derive(Clone)]
pub struct Serveur {
    shared: Arc<Shared>,
}

/// What all clones and all threads of a server have in common.
struct Shared {
    address: Adresse,
    listener: Listener,
    clients: Clients,
    registry: Arc<Registry>,
    /// What all connections share.
    service: Arc<Service>,
    limits: Arc<Limits>,
    options: options::Kept,
}

impl Serveur {
    /// A server on that address: a bare port listens on this machine only, a text such as
    /// `"0.0.0.0:12800"` where it says. Of a name that stands for several addresses (`localhost`
    /// mostly is `::1` and `127.0.0.1`) it takes the first that it can. Port 0 takes a free one (see
    /// [`adresse`](Serveur::adresse)).
    ///
    /// It takes one client at a time; [`Serveur::options`] sets more. Clients are accepted once
    /// [`lancer`](Serveur::lancer) runs.
    ///
    /// # Errors
    ///
    /// [`Erreur::Connexion`]: the address can't be listened on.
    ///
    /// # Blocking
    ///
    /// While the system looks a name up; not for a port or an address.
    #[doc(alias("bind", "listen"))]
    pub fn new(adresse: impl VersAdresse) -> Resultat<Serveur> {
        Serveur::options(adresse).ouvrir()
    }

    /// A server to be made with other than the usual settings.
    #[doc(alias = "builder")]
    pub fn options(adresse: impl VersAdresse) -> OptionsServeur {
        OptionsServeur::new(adresse.vers_adresse())
    }

    /// The address that it listens on.
    #[doc(alias = "local_addr")]
    #[doc(alias = "address")]
    pub fn adresse(&self) -> Adresse {
        self.shared.address.clone()
    }

    /// Makes commands callable by every client, those connected already included.
    ///
    /// # Errors
    ///
    /// [`Erreur::Enregistrement`]: a name that is registered already, or whose hash is another's,
    /// or a type of which something else is read than is written;
    /// none of the list is registered then.
    #[doc(alias("on", "handler", "add_handler", "subscribe", "route"))]
    #[doc(alias = "register")]
    pub fn enregistrer<L: Liste>(&self, commandes: L) -> Resultat<()> {
        self.shared.registry.enregistrer(commandes.en_liste())
    }

    /// Makes a closure callable by every client, under a name.
    ///
    /// Its arguments are a tuple of owned values; its answer is anything that serde can encode,
    /// [`Resultat`] or a `Result` with an error of the program's own.
    ///
    /// A borrowed argument, `(mot,): (&str,)`, is the compiler's error that `OwnedArgument` is not
    /// general enough: write `(mot,): (String,)`, or a function under `#[commande]`, which may
    /// borrow.
    ///
    /// The closure, like every hook of the server's, is dropped once the server has been stopped
    /// and its last client's thread has ended: on the last of these threads, the one in
    /// [`lancer`](Serveur::lancer) included. A `Serveur` that it captures keeps the server, and its
    /// port, until then, though all others are dropped: capture a [`faible`](Serveur::faible) one.
    ///
    /// # Errors
    ///
    /// [`Erreur::Enregistrement`]: a name that is registered already, or whose hash is another's;
    /// or the server has been stopped.
    #[doc(alias("register_command", "on", "handler", "callback", "subscribe", "state"))]
    #[doc(alias = "register")]
    pub fn enregistrer_commande<A, R, K, F>(&self, nom: &str, commande: F) -> Resultat<()>
    where
        A: Arguments<Recus>,
        R: Retour<K>,
        F: Fn(&Client, A) -> R + Send + Sync + 'static,
    {
        self.shared.registry.enregistrer_commande(nom, commande)
    }

    /// Accepts clients and runs their commands, until [`eteindre`](Serveur::eteindre).
    ///
    /// Each client has a thread of its own, on which its commands run one at a time in the order
    /// in which they were sent. A client that can't be served (no descriptor, no thread) costs
    /// nobody but itself.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Usage`]: `lancer` runs already, or was called from inside a command or a hook of
    ///   this server.
    /// - [`Erreur::Delai`]: the orderly stop was not finished in its grace period.
    ///
    /// # Blocking
    ///
    /// Until [`eteindre`](Serveur::eteindre) was called and the stop is done.
    #[doc(alias("accept", "listen", "start", "event_loop"))]
    #[doc(alias = "run")]
    #[doc(alias = "serve")]
    pub fn lancer(&self) -> Resultat<()> {
        if self.is_served_here() {
            let lien = self.label();
            return Err(Erreur::Usage(Box::new(Usage::LancerDansUneCommande { lien })));
        }
        let opened = self.shared.listener.open();
        let opened = opened.map_err(|AlreadyOpen| -> Erreur {
            Erreur::Usage(Box::new(Usage::DejaLance { lien: self.label() }))
        });
        let Some(source) = opened? else { return Ok(()) };
        let waits = Chained::begin(Watch::of_process());
        if let Some(waits) = &waits {
            waits.awaits(vec![Place::At(self.place())]);
        }
        let _aside = Aside::step();
        self.accept_until_stopped(&source);
        drop(source);
        let result = self.stop_clients();
        self.shared.listener.close();
        self.let_go_if_over();
        result
    }

    /// Stops the server in order: no new clients, what has arrived is handled, what is queued is
    /// sent, every connection says goodbye, every thread ends.
    ///
    /// Works from any thread and more than once. From inside a command or a hook of this server
    /// (or at the other end of one of its connections, in the same process) it only begins the
    /// stop, for that is part of what has to finish; [`lancer`](Serveur::lancer) finishes it.
    /// Inside a command of another server or connection it waits like anywhere else, and the next
    /// command there may start meanwhile; a wait that would close a circle of such waits ends at
    /// once. A command that a command has asked for waits no longer
    /// once the commands of a client all wait for a peer: it may be what they wait for.
    ///
    /// # Errors
    ///
    /// [`Erreur::Delai`]: the grace period (10 seconds unless set) ran out; what was left has
    /// been cut.
    ///
    /// # Blocking
    ///
    /// Until the stop is done, at most a little longer than the grace period.
    #[doc(alias("quit", "graceful_shutdown", "close"))]
    #[doc(alias = "stop")]
    #[doc(alias = "shutdown")]
    pub fn eteindre(&self) -> Resultat<()> {
        self.shared.clients.refuse_more();
        let unattended = self.shared.listener.wake_to_stop();
        self.shared.clients.begin_stop();
        if self.is_served_here() {
            return Ok(());
        }
        let chained = Chained::begin(Watch::of_process());
        let _aside = Aside::step();
        if unattended && self.may_wait_for_caller(chained.as_ref()) {
            return Ok(());
        }
        if unattended {
            // `lancer` never ran, and there is nobody else to wait for local clients.
            let result = self.stop_clients();
            self.let_go_if_over();
            return result;
        }
        while !self.shared.listener.wait_until_closed(CHAIN_TICK) {
            if self.may_wait_for_caller(chained.as_ref()) {
                return Ok(());
            }
        }
        self.shared.clients.outcome(self)
    }

    /// The clients that are connected now.
    ///
    /// A client is one of them once its greeting has arrived here: a moment after its
    /// [`Client::new`] has returned, and for certain once a command of its own runs.
    #[doc(alias("connections", "sessions", "peers"))]
    pub fn clients(&self) -> Vec<Client> {
        self.shared.clients.all()
    }

    /// Whether what is left here may be what waits for the command or hook that the calling thread
    /// is inside of.
    fn may_wait_for_caller(&self, chained: Option<&Chained>) -> bool {
        let Some(chained) = chained else { return false };
        let clients = self.shared.clients.connected();
        let places = clients.iter().map(|link| link.place()).chain([Place::At(self.place())]);
        chained.closes(places.collect()) || clients.iter().any(|link| link.may_wait_for_caller())
    }

    /// What errors about this server call it.
    fn label(&self) -> Box<str> {
        format!("server {self}").into()
    }

    /// Waits for every client to finish, cuts those who do not, and waits for their threads.
    fn stop_clients(&self) -> Resultat<()> {
        let clients = &self.shared.clients;
        clients.refuse_more();
        clients.begin_stop();
        clients.finish(self.shared.options.settings.limits.grace);
        clients.outcome(self)
    }
}

impl fmt::Display for Serveur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.shared.address)
    }
}

impl fmt::Debug for Serveur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Serveur").field(&self.shared.address).finish()
    }
}
