//! The server: listens, gives each client a thread, stops in order.
//!
//! This module knows how connections begin and end, and leaves everything in between to `link`.

mod accept;
mod acceptor;
mod bounds;
mod broadcast;
mod census;
mod clients;
mod each;
mod etat;
mod faible;
mod hooks;
mod listener;
mod mandataire;
mod notify;
mod options;
mod program;
#[cfg(unix)]
mod relay;
mod salon;
#[cfg(test)]
mod scarce;
mod serve;
mod service;
mod system;
mod unique;
mod waiting;
mod warning;

use std::fmt;
use std::sync::Arc;

use crate::adresse::{Adresse, VersAdresse};
use crate::client::Client;
use crate::commande::{Lien, Liste, Recus, Registry, Retour};
use crate::erreur::{Erreur, Resultat, Usage};
use crate::link::{Aside, CHAIN_TICK, Chained, Limits, Place, Watch};
use crate::message::Arguments;

use clients::Clients;
use listener::{AlreadyOpen, Listener};
use salon::Rooms;
use service::Service;

pub use broadcast::Diffusion;
pub use faible::ServeurFaible;
pub use options::OptionsServeur;
pub use salon::{Lenteur, Salon, Sauf};

/// Listens, accepts clients, and gives each client a thread.
///
/// A `Serveur` is cheap to clone; every clone is the same server.
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

/// The parts that all clones and all threads of a server share.
struct Shared {
    address: Adresse,
    listener: Listener,
    clients: Clients,
    registry: Arc<Registry>,
    /// Runs the commands of all connections.
    service: Arc<Service>,
    limits: Arc<Limits>,
    /// A number chosen at random, by which clients that come back recognise this server.
    instance: u64,
    options: options::Kept,
    /// The groups of clients.
    rooms: Arc<Rooms>,
}

impl Serveur {
    /// Makes a server that listens on an address.
    ///
    /// A bare port listens on this machine only; a text such as `"0.0.0.0:12800"` tells where to
    /// listen. `"unix:/run/moi.sock"` is a Unix socket, for this user's programs only: its file has
    /// mode 0600 (see [`local`](crate::local)). If a name means several addresses (`localhost` is mostly `::1` and `127.0.0.1`), the
    /// server takes the first that it can listen on. Port 0 takes a free port (see
    /// [`adresse`](Serveur::adresse)).
    ///
    /// The server takes one client at a time; [`Serveur::options`] can set more. Clients are
    /// accepted once [`lancer`](Serveur::lancer) runs.
    ///
    /// # Errors
    ///
    /// [`Erreur::Connexion`]: the address can't be listened on.
    ///
    /// # Blocking
    ///
    /// While the system looks a name up. A port or an address needs no waiting.
    #[doc(alias("bind", "listen"))]
    pub fn new(adresse: impl VersAdresse) -> Resultat<Serveur> {
        Serveur::options(adresse).ouvrir()
    }

    /// Options for a server with other than the default settings.
    #[doc(alias = "builder")]
    pub fn options(adresse: impl VersAdresse) -> OptionsServeur {
        OptionsServeur::new(adresse.vers_adresse())
    }

    /// The address that the server listens on.
    #[doc(alias = "local_addr")]
    #[doc(alias = "address")]
    pub fn adresse(&self) -> Adresse {
        self.shared.address.clone()
    }

    /// Makes commands callable by every client, including those connected already.
    ///
    /// # Errors
    ///
    /// [`Erreur::Enregistrement`]: a name is registered already, a name's hash equals another's, or
    /// a type is not read as it is written. Then none of the list is registered.
    #[doc(alias("on", "handler", "add_handler", "subscribe", "route"))]
    #[doc(alias = "register")]
    pub fn enregistrer<L: Liste>(&self, commandes: L) -> Resultat<()> {
        let label = self.label();
        self.shared.registry.enregistrer(commandes.en_liste(), &Lien::of_server(&label))
    }

    /// Makes a closure callable by every client, under a name.
    ///
    /// The closure takes its arguments as a tuple of owned values. It may return anything that
    /// serde can encode, a [`Resultat`], or a `Result` with an error of the program's own.
    ///
    /// For a borrowed argument, `(mot,): (&str,)`, the compiler reports that `OwnedArgument` is not
    /// general enough. Write `(mot,): (String,)`, or a function under `#[commande]`, which may
    /// borrow.
    ///
    /// The closure, like every hook of the server, is dropped once the server has been stopped and
    /// the last of its threads ends, on that thread. A `Serveur` that the closure captures keeps
    /// the server and its port until then, even if all other handles are dropped: capture a
    /// [`faible`](Serveur::faible) handle instead.
    ///
    /// # Errors
    ///
    /// [`Erreur::Enregistrement`]: the name is registered already, its hash equals another's, or
    /// the server has been stopped.
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

    /// Accepts clients and runs their commands until [`eteindre`](Serveur::eteindre).
    ///
    /// Each client has a thread of its own, on which its commands run one at a time in the order in
    /// which they were sent. A client that can't be served (no descriptor, no thread) affects no
    /// other client.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Usage`]: `lancer` runs already, or was called from inside a command or a hook of
    ///   this server; or a command is handed state or a session that is not there.
    /// - [`Erreur::Delai`]: connections had to be cut while the server stopped, at the end of the
    ///   grace period or before it by another limit, such as `delai_ecriture`.
    ///
    /// # Blocking
    ///
    /// Until [`eteindre`](Serveur::eteindre) has been called and the stop is done.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?; // any free port
    /// serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
    /// let running = serveur.clone();
    /// let lancer = std::thread::spawn(move || running.lancer());
    /// let client = Client::new(serveur.adresse())?;
    /// assert_eq!(client.appeler::<u64, _>(nommee("double", (21_u64,)))?, 42);
    /// serveur.eteindre()?;
    /// lancer.join().unwrap()
    /// # }
    /// ```
    #[doc(alias("accept", "listen", "start", "event_loop"))]
    #[doc(alias = "run")]
    #[doc(alias = "serve")]
    pub fn lancer(&self) -> Resultat<()> {
        if self.is_served_here() {
            let lien = self.label();
            return Err(Erreur::Usage(Box::new(Usage::LancerDansUneCommande { lien })));
        }
        self.check_needs()?;
        let opened = self.shared.listener.open();
        let opened = opened.map_err(|AlreadyOpen| -> Erreur {
            Erreur::Usage(Box::new(Usage::DejaLance { lien: self.label() }))
        });
        let Some(source) = opened? else { return Ok(()) };
        source.begin();
        self.watch_idleness()?;
        self.tell_ready();
        let waits = Chained::begin(Watch::of_process());
        if let Some(waits) = &waits {
            waits.awaits(vec![Place::At(self.place())]);
        }
        let _aside = Aside::step();
        self.accept_until_stopped(&source);
        self.tell_stopping();
        drop(source);
        let result = self.stop_clients();
        self.shared.listener.close();
        self.let_go_if_over();
        result
    }

    /// Stops the server in order: no new clients, what has arrived is handled, what is queued is
    /// sent, every connection says goodbye, every thread ends.
    ///
    /// Works from any thread, and more than once. Inside a command or a hook of this server (or at
    /// the other end of one of its connections, in the same process) it only begins the stop,
    /// because the command is part of what has to finish; [`lancer`](Serveur::lancer) finishes the
    /// stop. Inside a command of another server or connection it waits as usual, and the next
    /// command there may start meanwhile; a wait that would close a circle of such waits ends at
    /// once. Inside a command that another command has asked for, the wait also ends once all
    /// commands of a client wait for a peer, because they may be waiting for this one.
    ///
    /// # Errors
    ///
    /// [`Erreur::Delai`]: the grace period (10 seconds unless set) ran out; connections that were
    /// left have been cut.
    ///
    /// # Blocking
    ///
    /// Until the stop is done, at most the grace period, and up to half a second more if something
    /// had to be cut and a thread is still inside a command. A stream of an iterator without end
    /// goes on for half of the grace period.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?; // any free port
    /// serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
    /// let running = serveur.clone();
    /// let lancer = std::thread::spawn(move || running.lancer());
    /// let client = Client::new(serveur.adresse())?;
    /// assert_eq!(client.appeler::<u64, _>(nommee("double", (21_u64,)))?, 42);
    /// serveur.eteindre()?; // what the clients had sent is handled
    /// lancer.join().unwrap()?;
    /// assert!(!client.est_connecte());
    /// # Ok(())
    /// # }
    /// ```
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
            // `lancer` never ran, so no other thread waits for the local clients.
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
    /// A client counts once its greeting has arrived here: a moment after its [`Client::new`] has
    /// returned, and for certain once a command of that client runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?; // any free port
    /// serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
    /// let running = serveur.clone();
    /// let lancer = std::thread::spawn(move || running.lancer());
    /// let client = Client::new(serveur.adresse())?;
    /// assert_eq!(client.appeler::<u64, _>(nommee("double", (21_u64,)))?, 42);
    /// for client in serveur.clients() {
    ///     println!("{client} is connected");
    /// }
    /// assert_eq!(serveur.clients().len(), 1);
    /// # serveur.eteindre()?;
    /// # lancer.join().unwrap()
    /// # }
    /// ```
    #[doc(alias("connections", "sessions", "peers"))]
    pub fn clients(&self) -> Vec<Client> {
        self.shared.clients.all()
    }

    /// Whether what is left of this server may be waiting for the command or hook that the calling
    /// thread is inside of.
    fn may_wait_for_caller(&self, chained: Option<&Chained>) -> bool {
        let Some(chained) = chained else { return false };
        let clients = self.shared.clients.connected();
        let places = clients.iter().map(|link| link.place()).chain([Place::At(self.place())]);
        chained.closes(places.collect()) || clients.iter().any(|link| link.may_wait_for_caller())
    }

    /// The name of this server in errors.
    fn label(&self) -> Box<str> {
        format!("server {self}").into()
    }

    /// Checks that everything is there that the commands are handed.
    fn check_needs(&self) -> Resultat<()> {
        self.shared.registry.begin(&Lien::of_server(&self.label()))
    }

    /// Waits for every client to finish, cuts the clients that do not, and waits for their threads.
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
