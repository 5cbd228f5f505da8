//! The settings of a server, with their defaults, and the opening of its socket.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::bounds::Bounds;
use super::clients::Clients;
use super::listener::{self, Listener};
use super::mandataire::Proxies;
use super::salon::Rooms;
use super::service::Service;
use super::system::affordable_clients;
use super::{Serveur, Shared, census};
use crate::adresse::{Adresse, AdresseInvalide};
use crate::client::Client;
use crate::commande::{EndHook, Given, Registry};
use crate::connexion::{Settings, black_box_setting, shared_settings};
use crate::erreur::{EchecConnexion, Erreur, Resultat};
use crate::link::{Watch, note_maker};
use crate::sync::Mutex;

/// How long a newcomer waits for the place of a client that has just left. Without it, a program
/// that has seen its connection end before our thread has ended would be told that the server is
/// full.
const LEAVING: Duration = Duration::from_millis(250);

/// How long a client that was never used keeps its place, if a newcomer finds no other: thirty
/// bytes of greeting must not hold a place for ever.
const UNUSED: Duration = Duration::from_secs(60);

/// The hook for a newcomer that did not become a client.
type RefusedHook = Arc<dyn Fn(Option<Adresse>, &Erreur) + Send + Sync>;

/// The options that a server keeps.
pub(super) struct Kept {
    pub(super) settings: Settings,
    pub(super) bounds: Bounds,
    /// Who is believed about for whom it connects.
    pub(super) proxies: Proxies,
    /// How long a newcomer waits for the place of a client that has just left.
    pub(super) leaving: Duration,
    /// The server stops by itself after so long without clients.
    pub(super) idle_stop: Option<Duration>,
    /// The server is the one of its address, see `unique`: systemd is told how it fares, and
    /// another build of the program may ask it to stop.
    pub(super) is_unique: bool,
    pub(super) hooks: Mutex<ServerHooks>,
}

/// The program's hooks for clients that come and go.
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

/// The options of a server that is not open yet; from [`Serveur::options`].
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
    pub(super) settings: Settings,
    pub(super) bounds: Bounds,
    pub(super) proxies: Proxies,
    /// As in `Kept`. Programs can't set it; tests set it longer.
    pub(super) leaving: Duration,
    /// A socket that listens on the address already is taken over.
    pub(super) takes_over: bool,
    pub(super) idle_stop: Option<Duration>,
    /// The standard error is told of a server that is open to the network.
    pub(super) warns: bool,
    hooks: ServerHooks,
    given: Given,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<crate::tls::TlsServeur>,
}

impl OptionsServeur {
    pub(super) fn new(address: Result<Adresse, AdresseInvalide>) -> Self {
        OptionsServeur {
            address,
            settings: Settings::default(),
            bounds: Bounds::new(1, UNUSED),
            proxies: Proxies::default(),
            leaving: LEAVING,
            takes_over: false,
            idle_stop: None,
            warns: true,
            hooks: ServerHooks::default(),
            given: Given::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Encrypts every connection: a newcomer that does not speak TLS is refused, and told so.
    ///
    /// The handshake counts in [`delai_accueil`](OptionsServeur::delai_accueil), and takes neither
    /// a place nor a thread.
    #[cfg(feature = "tls")]
    #[doc(alias("ssl", "encrypt", "https"))]
    pub fn tls(mut self, tls: crate::tls::TlsServeur) -> Self {
        self.tls = Some(tls);
        self
    }

    /// How long a newcomer may take to greet before it is cut; 5 seconds unless set.
    #[doc(alias = "greeting_timeout")]
    pub fn delai_accueil(mut self, delai: Duration) -> Self {
        self.settings.greeting_deadline = delai;
        self
    }

    /// How long a client may keep its place while neither side asks for anything; for ever unless
    /// set.
    ///
    /// A call of either side counts until its outcome is known, and a command that runs on this
    /// side until it returns. A one-way message to the client counts when it is sent only: nothing
    /// tells this side how long its command runs, so call a command that takes longer than this
    /// limit.
    ///
    /// After that it is sent away, and its errors give the reason. A client on whose connection
    /// nothing was ever sent and no command has come gives its place to a newcomer after a minute
    /// in any case, if there is no other place.
    #[doc(alias = "idle_timeout")]
    pub fn delai_inactivite(mut self, delai: Duration) -> Self {
        self.settings.limits.idle = Some(delai);
        self
    }

    /// Runs when a client has connected, on the client's thread, before its first command.
    ///
    /// No command of the client starts before the hook has ended, so the hook may let the client in
    /// or [`close`](Client::close) it. What the client sends meanwhile waits. The hook may call the
    /// client and wait for the answer. A call that the client makes from inside what the hook asked
    /// for is then refused without being run, because neither could end before the other. An
    /// [`eteindre`](Client::eteindre) of this client only begins the stop here.
    #[doc(alias("on_accept", "on_client", "hook", "callback"))]
    #[doc(alias = "on_connect")]
    pub fn quand_connecte(mut self, quoi: impl Fn(&Client) + Send + Sync + 'static) -> Self {
        self.hooks.connected = Some(Arc::new(move |client, _| quoi(client)));
        self
    }

    /// Makes the session of each client that connects, on the client's thread, before
    /// [`quand_connecte`](OptionsServeur::quand_connecte) and before the client's first command.
    ///
    /// Like that hook it may call the client and wait. Commands are handed the value as
    /// [`Session<T>`](crate::Session); it is dropped with the connection. One of each type can be
    /// made so. If it fails or panics the client is sent away, with the error's text, and
    /// [`quand_refuse`](OptionsServeur::quand_refuse) is told; the other hooks do not run for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, Session, commande, commandes};
    ///
    /// struct Arrivee(u64);
    ///
    /// #[commande]
    /// fn numero(arrivee: &Session<Arrivee>) -> u64 {
    ///     arrivee.0
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::options(0).session(|client| Ok(Arrivee(client.id()))).ouvrir()?;
    /// serveur.enregistrer(commandes![numero])?;
    /// assert_eq!(serveur.client_local()?.appeler(numero {})?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("authenticate", "per_connection"))]
    pub fn session<T: Send + Sync + 'static>(
        mut self,
        faire: impl Fn(&Client) -> Resultat<T> + Send + Sync + 'static,
    ) -> Self {
        self.given.session(faire);
        self
    }

    /// Runs when a client's connection has ended, on the client's thread, after its last command.
    ///
    /// It waits for commands on other threads as long as a stop may take. The result tells whether
    /// the connection ended in order, and if not, why. Which side asked for the end,
    /// [`fin`](Client::fin) says.
    #[doc(alias("on_close", "on_end", "hook", "callback"))]
    #[doc(alias = "on_disconnect")]
    pub fn quand_deconnecte(
        mut self,
        quoi: impl Fn(&Client, Resultat<()>) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.disconnected = Some(Arc::new(quoi));
        self
    }

    /// Runs when a newcomer did not become a client: the server is full or stops, no thread can be
    /// started for the newcomer, its greeting was wrong or late, or ours could not be sent. The
    /// hook receives the newcomer's address, if its transport has addresses, and the reason.
    ///
    /// The hook must not block, because newcomers wait meanwhile.
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
    black_box_setting!();

    /// Opens the server: from here on the system queues newcomers until `lancer` accepts them.
    ///
    /// # Errors
    ///
    /// [`Erreur::Connexion`]: the address can't be listened on, or a setting is not possible.
    ///
    /// # Blocking
    ///
    /// While the system looks a name up; not for a port or an IP address.
    #[doc(alias("listen", "build"))]
    #[doc(alias = "open")]
    #[doc(alias = "bind")]
    pub fn ouvrir(mut self) -> Resultat<Serveur> {
        self.settings.check()?;
        self.given.check()?;
        self.bounds.check()?;
        self.proxies.check()?;
        note_maker(&Watch::of_process());
        let (listener, address) = self.listen()?;
        self.warn(&address);
        self.bounds.lower_to(affordable_clients());
        let hooks = self.settings.hooks.clone();
        // They are about the server's commands, and not about those of a local client, which gets
        // the other settings.
        self.settings.hooks.around = None;
        self.settings.hooks.count(false);
        let registry = Arc::new(Registry::new(hooks, self.given));
        let options = Kept {
            bounds: self.bounds,
            proxies: self.proxies,
            leaving: self.leaving,
            idle_stop: self.idle_stop,
            is_unique: self.takes_over,
            settings: self.settings,
            hooks: Mutex::new(self.hooks),
        };
        let limits = Arc::new(options.settings.limits.clone());
        let shared = Arc::new_cyclic(|me| {
            let service = Arc::new(Service::new(registry.clone(), me.clone()));
            let clients = Clients::default();
            let served_by = Arc::as_ptr(&service).cast::<()>().addr();
            let rooms = Arc::new(Rooms::new(limits.clone(), address.clone(), served_by));
            let instance = crate::sync::random();
            registry.count_clients(census::of(me));
            Shared {
                address,
                listener,
                clients,
                registry,
                service,
                limits,
                instance,
                options,
                rooms,
            }
        });
        Ok(Serveur { shared })
    }

    /// Listens on the address, encrypted if that is asked for.
    fn listen(&self) -> Resultat<(Listener, Adresse)> {
        let wanted = match &self.address {
            Ok(wanted) => wanted,
            Err(invalid) => return Err(unavailable(invalid.text(), invalid.to_io())),
        };
        let write_deadline = self.settings.limits.write_deadline;
        let opened = if self.takes_over {
            listener::take_over(wanted, write_deadline)
        } else {
            let opened = listener::open(wanted, write_deadline);
            opened.map_err(|error| listener::explained(error, wanted))
        };
        let (source, address) = opened.map_err(|cause| unavailable(&wanted.to_string(), cause))?;
        #[cfg(feature = "tls")]
        let source = match &self.tls {
            Some(tls) => {
                let longest = tls.longest_handshake();
                Arc::new(listener::secured::Encrypted::new(source, tls.config()?, longest))
            }
            None => source,
        };
        let listener = Listener::new(source);
        let listener = listener.map_err(|cause| unavailable(&wanted.to_string(), cause))?;
        Ok((listener, address))
    }
}

impl fmt::Debug for OptionsServeur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptionsServeur")
            .field("adresse", &self.address)
            .field("max_clients", &self.bounds.most)
            .finish_non_exhaustive()
    }
}

fn unavailable(text: &str, cause: io::Error) -> Erreur {
    Erreur::Connexion(Box::new(EchecConnexion::Ecoute { adresse: text.into(), cause }))
}
