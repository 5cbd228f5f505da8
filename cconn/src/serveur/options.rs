//! The settings of a server, with their defaults, and the opening of its socket.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::clients::Clients;
use super::listener::{self, Listener};
use super::service::Service;
use super::system::affordable_clients;
use super::{Serveur, Shared};
use crate::adresse::{Adresse, AdresseInvalide};
use crate::client::Client;
use crate::commande::{EndHook, Registry};
use crate::connexion::{Settings, check, shared_settings};
use crate::erreur::{EchecConnexion, Erreur, Resultat};
use crate::sync::Mutex;

/// How long a newcomer waits for the place of a client that has just left: one that knows of the
/// end before our thread has ended would be told that the server is full.
const LEAVING: Duration = Duration::from_millis(250);

/// How long a client that was never used has its place, where a newcomer finds no other: thirty
/// bytes of greeting are not to hold one for ever.
const UNUSED: Duration = Duration::from_secs(60);

/// What to do with a newcomer who did not become a client.
type RefusedHook = Arc<dyn Fn(Option<Adresse>, &Erreur) + Send + Sync>;

/// What a server keeps of its options.
pub(super) struct Kept {
    pub(super) settings: Settings,
    pub(super) max_clients: usize,
    /// How long a newcomer waits for the place of a client that has just left.
    pub(super) leaving: Duration,
    /// How long a client that was never used has its place for certain.
    pub(super) unused: Duration,
    pub(super) hooks: Mutex<ServerHooks>,
}

/// What the program wants done when clients come and go.
#[derive(Clone, Default)]
pub(super) struct ServerHooks {
    pub(super) refused: Option<RefusedHook>,
    pub(super) connected: Option<EndHook>,
    pub(super) disconnected: Option<EndHook>,
}

impl Kept {
    pub(super) fn hooks(&self) -> ServerHooks {
        self.hooks.lock().clone()
    }
}

/// A server to be made; from [`Serveur::options`].
///
/// # Examples
///
/// ```
/// # fn main() -> cconn::Resultat<()> {
/// let serveur = cconn::Serveur::options("127.0.0.1:0").max_clients(23).ouvrir()?;
/// # Ok(())
/// # }
/// ```
#[doc(alias = "ServerBuilder")]
#[must_use = "nothing listens until `ouvrir` is called"]
pub struct OptionsServeur {
    address: Result<Adresse, AdresseInvalide>,
    settings: Settings,
    max_clients: usize,
    /// No setting of a program's; tests have more time.
    pub(super) leaving: Duration,
    /// Nor is this.
    pub(super) unused: Duration,
    hooks: ServerHooks,
}

impl OptionsServeur {
    pub(super) fn new(address: Result<Adresse, AdresseInvalide>) -> Self {
        OptionsServeur {
            address,
            settings: Settings::default(),
            max_clients: 1,
            leaving: LEAVING,
            unused: UNUSED,
            hooks: ServerHooks::default(),
        }
    }

    /// Clients served at the same time; 1 unless set. A newcomer beyond is told so; 0 is an error
    /// of [`ouvrir`](OptionsServeur::ouvrir).
    ///
    /// Lowered to what the process may have: each client takes a descriptor and a thread, and
    /// another thread while one of its commands waits for somebody. Where no further thread can be
    /// had, what needs one is refused as not run.
    #[doc(alias("max_connections", "limit", "capacity"))]
    pub fn max_clients(mut self, clients: usize) -> Self {
        self.max_clients = clients;
        self
    }

    /// How long a newcomer may take for its greeting before it is cut; 5 seconds unless set.
    #[doc(alias = "greeting_timeout")]
    pub fn delai_accueil(mut self, delai: Duration) -> Self {
        self.settings.greeting_deadline = delai;
        self
    }

    /// How long a client may keep its place while nothing is asked for, by either side; for ever
    /// unless set. Then it is sent away, and its errors say why.
    ///
    /// A client for which nothing was ever sent, and which never sent a command, gives its place
    /// to a newcomer after a minute in any case, where there is no other.
    #[doc(alias = "idle_timeout")]
    pub fn delai_inactivite(mut self, delai: Duration) -> Self {
        self.settings.limits.idle = Some(delai);
        self
    }

    /// What to do when a client has connected, on its thread, before its first command.
    ///
    /// No command of the client's starts before this has ended, so it may admit the client, or
    /// [`close`](Client::close) it. It may call the client and wait for the answer; a call that the
    /// client makes from inside what it was asked for is then refused as not run, for neither could
    /// end before the other. What the client sends meanwhile waits.
    /// [`eteindre`](Client::eteindre) of this client only begins here.
    #[doc(alias("on_accept", "on_client", "hook", "callback"))]
    #[doc(alias = "on_connect")]
    pub fn quand_connecte(mut self, quoi: impl Fn(&Client) + Send + Sync + 'static) -> Self {
        self.hooks.connected = Some(Arc::new(move |client, _| quoi(client)));
        self
    }

    /// What to do when a client's connection has ended, on its thread, after its last command
    /// (waiting for those on other threads as long as a stop may take); the result says whether it
    /// ended in order, and if not, why.
    #[doc(alias("on_close", "on_end", "hook", "callback"))]
    #[doc(alias = "on_disconnect")]
    pub fn quand_deconnecte(
        mut self,
        quoi: impl Fn(&Client, Resultat<()>) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.disconnected = Some(Arc::new(quoi));
        self
    }

    /// What to do when a newcomer did not become a client: the server is full or stops, there is
    /// no thread for it, its greeting was wrong or late, or ours could not be sent. Gets its
    /// address, if its transport has addresses, and why.
    ///
    /// Must not block: newcomers wait meanwhile.
    #[doc(alias("on_reject", "hook", "callback"))]
    #[doc(alias = "on_refused")]
    pub fn quand_refuse(
        mut self,
        quoi: impl Fn(Option<Adresse>, &Erreur) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.refused = Some(Arc::new(quoi));
        self
    }

    shared_settings!();

    /// Opens the server: from here on the system keeps newcomers until `lancer` takes them.
    ///
    /// # Errors
    ///
    /// [`Erreur::Connexion`]: the address can't be listened on, or a setting can't be.
    ///
    /// # Blocking
    ///
    /// While the system looks a name up; not for a port or an IP address.
    #[doc(alias("listen", "build"))]
    #[doc(alias = "open")]
    #[doc(alias = "bind")]
    pub fn ouvrir(self) -> Resultat<Serveur> {
        self.settings.check()?;
        check("max_clients", self.max_clients, 1, None, usize::to_string)?;
        crate::link::note_maker();
        let wanted =
            self.address.map_err(|invalid| unavailable(invalid.text(), invalid.to_io()))?;
        let (source, address) = listener::open(&wanted, self.settings.limits.write_deadline)
            .map_err(|cause| unavailable(&wanted.to_string(), cause))?;
        let listener = Listener::new(source);
        let listener = listener.map_err(|cause| unavailable(&wanted.to_string(), cause))?;
        let registry = Arc::new(Registry::new(self.settings.hooks.clone()));
        let options = Kept {
            max_clients: self.max_clients.min(affordable_clients()),
            leaving: self.leaving,
            unused: self.unused,
            settings: self.settings,
            hooks: Mutex::new(self.hooks),
        };
        let limits = Arc::new(options.settings.limits.clone());
        let shared = Arc::new_cyclic(|me| {
            let service = Arc::new(Service::new(registry.clone(), me.clone()));
            let clients = Clients::default();
            Shared { address, listener, clients, registry, service, limits, options }
        });
        Ok(Serveur { shared })
    }
}

impl fmt::Debug for OptionsServeur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptionsServeur")
            .field("adresse", &self.address)
            .field("max_clients", &self.max_clients)
            .finish_non_exhaustive()
    }
}

fn unavailable(text: &str, cause: io::Error) -> Erreur {
    Erreur::Connexion(Box::new(EchecConnexion::Ecoute { adresse: text.into(), cause }))
}
