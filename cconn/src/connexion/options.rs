//! The settings of a connection, with their defaults.

#[cfg(unix)]
mod attempt;
mod program;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{black_box_setting, shared_settings};
use crate::adresse::{Adresse, AdresseInvalide};
use crate::boite::BlackBox;
use crate::client::Client;
use crate::commande::{Given, Hooks, Registry};
use crate::erreur::{Erreur, Resultat, Usage};
use crate::link::{Identity, Limits};
use crate::preuve::Keys;
use crate::text::counted;
use crate::transport::Transport;
use crate::wire::{MAX_DEPTH, MAX_NAME, MIN_FRAME_LIMIT, Program};

pub(super) use program::same_program;

/// How long connecting and greeting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a server waits for a newcomer's greeting.
const GREETING: Duration = Duration::from_secs(5);

/// The smallest stack of a thread that runs commands, in bytes. Decoding the deepest value allowed
/// takes less than half of it in a build without optimisation; the rest is for the command.
const SMALLEST_STACK: usize = 1 << 20;

/// The shortest delay in which anything can happen. Delays for which zero has a meaning (look, and
/// do not wait) begin at zero.
const SHORTEST: Duration = Duration::from_millis(1);

/// The longest time that a thread may look for input before it sleeps. A thread that looks for
/// longer keeps a processor from the threads that it waits for.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// The largest such stack, in bytes. The system grants address space generously, so a larger number
/// is most likely a mistake; and if no thread could have its stack, every client would be refused.
const LARGEST_STACK: usize = 1 << 30;

/// The settings that both sides have.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) connect_deadline: Duration,
    pub(crate) greeting_deadline: Duration,
    pub(crate) hooks: Hooks,
    /// The secrets that both sides must prove, if any.
    pub(crate) keys: Keys,
    /// Which program this side says it is.
    pub(crate) program: Option<Arc<Program>>,
    /// How a client encrypts its connection, if it does.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::tls::TlsClient>,
    /// What keeps the last frames of a connection, if anything does.
    pub(crate) black_box: Option<BlackBox>,
    /// The commands of every connection of a client that comes back.
    pub(crate) commands: Option<Arc<Registry>>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            limits: Limits::default(),
            connect_deadline: CONNECT,
            greeting_deadline: GREETING,
            hooks: Hooks::default(),
            keys: Keys::default(),
            program: None,
            #[cfg(feature = "tls")]
            tls: None,
            black_box: None,
            commands: None,
        }
    }
}

impl Settings {
    /// The stream of a connection, with what is to stand around it. `rest`: what has been received
    /// already.
    pub(crate) fn around(
        &self,
        stream: Arc<dyn Transport>,
        identity: &Identity,
        rest: &[u8],
    ) -> Arc<dyn Transport> {
        match &self.black_box {
            None => stream,
            Some(kept) => kept.around(stream, identity.label(), rest),
        }
    }

    /// Refuses settings that are out of their range.
    pub(crate) fn check(&self) -> Resultat<()> {
        let limits = &self.limits;
        let bytes = |n: &usize| counted(*n, "byte");
        check("taille_max", limits.max_frame, MIN_FRAME_LIMIT, None, |n| counted(*n, "byte"))?;
        for (setting, delay) in [
            ("delai_connexion", self.connect_deadline),
            ("delai_accueil", self.greeting_deadline),
            ("delai_ecriture", limits.write_deadline),
            ("delai_lecture", limits.read_deadline),
            ("delai_inactivite", limits.idle.unwrap_or(Duration::MAX)),
        ] {
            check(setting, delay, SHORTEST, None, |delay| format!("{delay:?}"))?;
        }
        let looking = |delay: &Duration| format!("{delay:?}");
        let longest = Some(LONGEST_LOOK);
        check("attente_active", limits.active_wait, Duration::ZERO, longest, looking)?;
        #[cfg(feature = "secret")]
        check("secrets", self.keys.len(), 0, Some(crate::wire::MAX_KEYS), usize::to_string)?;
        if let Some(program) = &self.program {
            for name in [&program.name, &program.version, &program.build] {
                check("programme", name.len(), 0, Some(MAX_NAME), bytes)?;
            }
        }
        check("max_paralleles", limits.max_parallel, 1, None, usize::to_string)?;
        check("profondeur_max", limits.max_depth, 0, Some(MAX_DEPTH), u8::to_string)?;
        limits.stack.map_or(Ok(()), |stack| {
            check("pile", stack, SMALLEST_STACK, Some(LARGEST_STACK), bytes)
        })
    }
}

/// Refuses one setting that is out of its range.
pub(crate) fn check<T: PartialOrd + Copy>(
    reglage: &'static str,
    value: T,
    least: T,
    most: Option<T>,
    shown: impl Fn(&T) -> String,
) -> Resultat<()> {
    if value >= least && most.as_ref().is_none_or(|most| value <= *most) {
        return Ok(());
    }
    let shown = |value: &T| shown(value).into();
    let (valeur, minimum, maximum) = (shown(&value), shown(&least), most.as_ref().map(shown));
    Err(Erreur::Usage(Box::new(Usage::Reglage { reglage, valeur, minimum, maximum })))
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// The options of a connection that is not made yet; from [`Client::options`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> cconn::Resultat<()> {
/// let serveur = cconn::Serveur::new(0)?;
/// let running = serveur.clone();
/// let lancer = std::thread::spawn(move || running.lancer());
/// let client = cconn::Client::options(serveur.adresse())
///     .delai_reponse(Duration::from_secs(5))
///     .connecter()?;
/// assert!(client.est_connecte());
/// serveur.eteindre()?;
/// lancer.join().unwrap()
/// # }
/// ```
#[doc(alias = "ClientBuilder")]
#[derive(Debug)]
#[must_use = "nothing is connected until `connecter` is called"]
pub struct OptionsClient {
    address: Result<Adresse, AdresseInvalide>,
    settings: Settings,
    given: Given,
    /// Whether `ou_lancer` asks a server that is another program to stop.
    #[cfg(unix)]
    replaces: bool,
}

impl OptionsClient {
    pub(super) fn new(address: Result<Adresse, AdresseInvalide>) -> Self {
        OptionsClient {
            address,
            settings: Settings::default(),
            given: Given::default(),
            #[cfg(unix)]
            replaces: false,
        }
    }

    /// How long connecting and greeting may take together; 10 seconds unless set.
    ///
    /// If a name means several addresses, each may use its share of the time that is left.
    #[doc(alias("timeout", "deadline"))]
    #[doc(alias = "connect_timeout")]
    pub fn delai_connexion(mut self, delai: Duration) -> Self {
        self.settings.connect_deadline = delai;
        self
    }

    /// Encrypts the connection.
    ///
    /// The server must encrypt too, with a certificate that is valid for the host in the address;
    /// [`connecter`](OptionsClient::connecter) fails otherwise, before anything of the program's is
    /// sent. The handshake counts in [`delai_connexion`](OptionsClient::delai_connexion).
    #[cfg(feature = "tls")]
    #[doc(alias("ssl", "encrypt", "https"))]
    pub fn tls(mut self, tls: crate::tls::TlsClient) -> Self {
        self.settings.tls = Some(tls);
        self
    }

    /// Runs when the connection has ended; the result tells whether in order, and if not, why. Which
    /// side asked for the end, [`fin`](Client::fin) says.
    ///
    /// The hook runs once, on a thread of its own. If no such thread can be started, it runs on the
    /// thread that was in [`lancer`](Client::lancer), or as soon as there is a thread, and the
    /// standard error says so. Then it is dropped with everything it captures. A `Client` that it
    /// captures keeps the connection open until then: use the handle that the hook receives.
    #[doc(alias("on_close", "on_end", "hook", "callback"))]
    #[doc(alias = "on_disconnect")]
    pub fn quand_deconnecte(
        mut self,
        quoi: impl Fn(&Client, Resultat<()>) + Send + Sync + 'static,
    ) -> Self {
        self.settings.hooks.on_end = Some(Arc::new(quoi));
        self
    }

    shared_settings!();
    black_box_setting!();

    /// Connects.
    ///
    /// # Errors
    ///
    /// Those of [`Client::new`], and [`Erreur::Connexion`] for settings that are not possible.
    ///
    /// # Blocking
    ///
    /// As for [`Client::new`].
    #[doc(alias("build", "dial"))]
    #[doc(alias = "connect")]
    pub fn connecter(mut self) -> Resultat<Client> {
        super::connect(&self.settings, &mut self.given, &self.address).map(|(client, _)| client)
    }

    /// The parts of these options, for a client that comes back.
    pub(crate) fn into_parts(self) -> (Settings, Given, Result<Adresse, AdresseInvalide>) {
        (self.settings, self.given, self.address)
    }
}
