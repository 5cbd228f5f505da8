//! The settings of a connection, with their defaults.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::adresse::{Adresse, AdresseInvalide};
use crate::client::Client;
use crate::commande::{Given, Hooks, Registry};
use crate::erreur::{Erreur, Resultat, Usage};
use crate::link::Limits;
use crate::text::counted;
use crate::wire::{MAX_DEPTH, MIN_FRAME_LIMIT};

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
    /// How a client encrypts its connection, if it does.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::tls::TlsClient>,
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
            #[cfg(feature = "tls")]
            tls: None,
            commands: None,
        }
    }
}

impl Settings {
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

/// Defines the setters that both kinds of options have, over a field `settings`.
macro_rules! shared_settings {
    () => {
        /// The largest message that is accepted, in bytes; 8 MiB unless set, at least 1024.
        ///
        /// The other side is told, and refuses to send larger messages.
        ///
        /// The commands that wait here may take twice as many bytes. Small commands take more,
        /// because each takes some memory besides its arguments: up to 4 times as much with
        /// arguments of some 50 bytes, up to 7 times without arguments. Answers to deferred calls
        /// that are not claimed yet may take twice as much too, or 64 MiB if that is more.
        #[doc(alias("max_message_size"))]
        #[doc(alias = "max_frame_size")]
        pub fn taille_max(mut self, octets: u32) -> Self {
            self.settings.limits.set_max_frame(octets);
            self
        }

        /// How long a call may take, from sending to the answer; 30 seconds unless set.
        #[doc(alias("timeout", "deadline", "request_timeout"))]
        #[doc(alias = "call_timeout")]
        pub fn delai_reponse(mut self, delai: std::time::Duration) -> Self {
            self.settings.limits.answer_deadline = delai;
            self
        }

        /// How long a peer may take no bytes before it is cut; 10 seconds unless set.
        ///
        /// A peer that is gone and acknowledges nothing is noticed after about twice that time,
        /// idle or not, but not before 2.25 seconds. Less than 5 seconds here leaves little room
        /// for a network that loses packets.
        #[doc(alias("timeout", "send_timeout"))]
        #[doc(alias = "write_timeout")]
        pub fn delai_ecriture(mut self, delai: std::time::Duration) -> Self {
            self.settings.limits.write_deadline = delai;
            self
        }

        /// How long a message may take to arrive once its first byte has come, besides a second for
        /// each 16 KiB; 30 seconds unless set.
        #[doc(alias("timeout", "recv_timeout"))]
        #[doc(alias = "read_timeout")]
        pub fn delai_lecture(mut self, delai: std::time::Duration) -> Self {
            self.settings.limits.read_deadline = delai;
            self
        }

        /// How long an orderly stop may take; 10 seconds unless set.
        #[doc(alias("timeout", "shutdown_timeout"))]
        #[doc(alias = "grace_period")]
        pub fn delai_arret(mut self, delai: std::time::Duration) -> Self {
            self.settings.limits.grace = delai;
            self
        }

        /// How many commands of one connection may wait for a peer at the same time; 16 unless set.
        ///
        /// Each of them keeps a thread.
        #[doc(alias = "max_waiting")]
        pub fn max_attentes(mut self, commandes: usize) -> Self {
            self.settings.limits.max_waiting = commandes;
            self
        }

        /// How many `parallele` commands of one connection may run at the same time; 16 unless set,
        /// at least 1.
        ///
        /// Further ones wait aside until one has ended; the commands behind them go on.
        #[doc(alias = "max_parallel")]
        pub fn max_paralleles(mut self, commandes: usize) -> Self {
            self.settings.limits.max_parallel = commandes;
            self
        }

        /// Deepest nesting of calls; 32 unless set, at most 127.
        ///
        /// Every second level of a call waits on this side, the other levels on the peer's. Calls
        /// that nest deeper than twice [`max_attentes`](Self::max_attentes) are refused by that
        /// limit, so raise both.
        #[doc(alias = "max_depth")]
        pub fn profondeur_max(mut self, niveaux: u8) -> Self {
            self.settings.limits.max_depth = niveaux;
            self
        }

        /// How long a thread looks for the next message before it sleeps; not at all unless set.
        ///
        /// 50 microseconds is a good value. It is worth setting if both sides have a processor to
        /// spare and answer within microseconds: a call then takes a fraction of the time, because
        /// waking a thread on another processor takes longer than the call. A thread looks only
        /// where looking has lately paid. The peer decides for its own side.
        #[doc(alias = "busy_poll")]
        #[doc(alias = "spin")]
        pub fn attente_active(mut self, au_plus: std::time::Duration) -> Self {
            self.settings.limits.active_wait = au_plus;
            self
        }

        /// Stack size in bytes of each thread that runs commands, from 1 MiB to 1 GiB; the
        /// platform's default unless set.
        ///
        /// An argument of 128 levels, the deepest that is accepted, takes up to 1 MiB to decode in
        /// a build without optimisation.
        #[doc(alias = "stack_size")]
        pub fn pile(mut self, octets: usize) -> Self {
            self.settings.limits.stack = Some(octets);
            self
        }

        /// Whether the text of a panic in a command is sent to the caller; not unless set.
        ///
        /// The text of a panic is meant for the program's author and may hold what the other side
        /// must not know. Without it the caller only learns that the command panicked.
        #[doc(alias = "panic_messages")]
        pub fn textes_de_panique(mut self, oui: bool) -> Self {
            self.settings.hooks.tells_panics = oui;
            self
        }

        /// Runs when a message sent with `envoyer` has failed at the peer.
        ///
        /// Without this hook a line on the standard error reports the failure, at most ten a second
        /// for the whole process. The error names the command. At most 64 such reports wait, and no
        /// more are believed than messages were sent; the text of the next report counts those that
        /// were dropped. The hook runs as a command does, and must not block for long.
        ///
        /// The hook is dropped when the connection or the server has ended. A handle that it
        /// captures keeps that open until then: use the handle that the hook receives, or a
        /// `faible` one.
        #[doc(alias("on_error", "hook", "callback"))]
        #[doc(alias = "on_failure")]
        pub fn quand_echec(
            mut self,
            quoi: impl Fn(&$crate::Client, &$crate::Erreur) + Send + Sync + 'static,
        ) -> Self {
            self.settings.hooks.on_failure = Some(std::sync::Arc::new(quoi));
            self
        }

        /// Runs when a message that the peer sent with `envoyer` has failed on this side.
        ///
        /// The reasons are: no such command, arguments that could not be decoded, a panic, an error
        /// that the command returned, or no thread for it. A call that fails is reported to its
        /// caller and not to this hook. The hook runs on the thread that ran the command, as part
        /// of it, and must not block for long. It is dropped, and a handle that it captures counts,
        /// as for [`quand_echec`](Self::quand_echec).
        #[doc(alias = "on_command_failure")]
        pub fn quand_commande_echoue(
            mut self,
            quoi: impl Fn(&$crate::Client, &$crate::erreur::CommandeEchouee) + Send + Sync + 'static,
        ) -> Self {
            self.settings.hooks.on_failed_here = Some(std::sync::Arc::new(quoi));
            self
        }

        /// Runs before each command that the peer asks for; an error refuses the command.
        ///
        /// The hook runs on the command's thread and inside its turn, before the arguments are
        /// decoded and before the signatures are compared. If it returns an error, or panics, the
        /// command is not run, and its caller gets
        /// [`Interdite`]($crate::erreur::NatureDistante::Interdite) with the error's text. It may
        /// call the client, as a command may. Commands that are not registered come to no hook.
        ///
        /// Given more than once, the hooks run in that order, until one refuses. On a server they
        /// stand before the commands of all clients. They are dropped, and a handle that they
        /// capture counts, as for [`quand_echec`](Self::quand_echec).
        ///
        /// # Examples
        ///
        /// ```
        /// use cconn::{Erreur, Serveur, nommee};
        ///
        /// # fn main() -> cconn::Resultat<()> {
        /// let serveur = Serveur::options(0)
        ///     .avant_commande(|execution| match execution.nom() {
        ///         "effacer" if execution.client().id() > 1 => Err(Erreur::echec("not for you")),
        ///         _ => Ok(()),
        ///     })
        ///     .max_clients(2)
        ///     .ouvrir()?;
        /// serveur.enregistrer_commande("effacer", |_, (): ()| "done")?;
        /// let (first, second) = (serveur.client_local()?, serveur.client_local()?);
        /// assert_eq!(first.appeler::<String, _>(nommee("effacer", ()))?, "done");
        /// let refused = second.appeler::<String, _>(nommee("effacer", ())).unwrap_err();
        /// assert!(!refused.a_pu_etre_executee() && refused.to_string().contains("not for you"));
        /// # Ok(())
        /// # }
        /// ```
        #[doc(alias("middleware", "interceptor", "filter", "guard", "hook"))]
        #[doc(alias = "before_command")]
        pub fn avant_commande(
            mut self,
            quoi: impl Fn(&$crate::crochets::Execution<'_>) -> $crate::Resultat<()>
            + Send
            + Sync
            + 'static,
        ) -> Self {
            self.settings.hooks.around().add_before(quoi);
            self
        }

        /// Runs after each command that the peer asks for, with how it ended and how long it took.
        ///
        /// The hook runs on the command's thread and inside its turn, when the answer is encoded and
        /// before it leaves: so it must not take long. It runs for commands that
        /// [`avant_commande`](Self::avant_commande) has refused too, and what it does changes
        /// nothing about the answer; a panic in it neither. The time is that of the hooks before,
        /// the decoding, the command and the encoding.
        ///
        /// Given more than once, the hooks run in the opposite order.
        ///
        /// # Examples
        ///
        /// ```
        /// use cconn::{Serveur, nommee};
        ///
        /// # fn main() -> cconn::Resultat<()> {
        /// let (log, lines) = std::sync::mpsc::channel();
        /// let serveur = Serveur::options(0)
        ///     .apres_commande(move |execution, issue, lasted| {
        ///         log.send(format!("{} {issue:?}", execution.nom())).unwrap();
        ///         assert!(lasted.as_secs() < 10);
        ///     })
        ///     .ouvrir()?;
        /// serveur.enregistrer_commande("double", |_, (n,): (u32,)| 2 * n)?;
        /// serveur.client_local()?.appeler::<u32, _>(nommee("double", (21_u32,)))?;
        /// assert_eq!(lines.recv().unwrap(), "double Reponse");
        /// # Ok(())
        /// # }
        /// ```
        #[doc(alias("middleware", "interceptor", "log", "metrics", "hook"))]
        #[doc(alias = "after_command")]
        pub fn apres_commande(
            mut self,
            quoi: impl Fn(
                &$crate::crochets::Execution<'_>,
                &$crate::crochets::Issue<'_>,
                std::time::Duration,
            ) + Send
            + Sync
            + 'static,
        ) -> Self {
            self.settings.hooks.around().add_after(quoi);
            self
        }

        /// Gives a value that the commands are handed as [`Etat<T>`]($crate::Etat).
        ///
        /// One value of each type: a second one of the type is an error when this is opened. Of two
        /// values of one type make two types, `struct Recettes(Mutex<u64>)` and so on. What commands
        /// are handed and the program has not given is an error before the first of them runs, which
        /// names all of it with the commands. The value is dropped once no command runs any more; a
        /// handle that it holds counts until then, so hold a `faible` one.
        #[doc(alias("state", "manage", "app_data", "with_state", "extension"))]
        #[doc(alias = "provide")]
        pub fn fournir<T: Send + Sync + 'static>(mut self, valeur: T) -> Self {
            self.given.state(valeur);
            self
        }

        /// Says that the session `T` is opened later, with
        /// [`ouvrir_session`]($crate::Client::ouvrir_session).
        ///
        /// Commands that are handed [`Session<T>`]($crate::Session) before that are refused without
        /// being run, with [`PasPrete`]($crate::erreur::NatureDistante::PasPrete).
        #[doc(alias = "session_later")]
        pub fn session_plus_tard<T: Send + Sync + 'static>(mut self) -> Self {
            self.given.session_later::<T>();
            self
        }

        /// Whether messages that failed at the peer are reported on the standard error if
        /// [`quand_echec`](Self::quand_echec) is not set; they are unless this is `false`.
        #[doc(alias = "log_failures")]
        pub fn echecs_affiches(mut self, oui: bool) -> Self {
            self.settings.hooks.silent = !oui;
            self
        }
    };
}
pub(crate) use shared_settings;

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
}

impl OptionsClient {
    pub(super) fn new(address: Result<Adresse, AdresseInvalide>) -> Self {
        OptionsClient { address, settings: Settings::default(), given: Given::default() }
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

    /// Runs when the connection has ended; the result tells whether in order, and if not, why.
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
    pub fn connecter(self) -> Resultat<Client> {
        super::connect(&self.settings, self.given, &self.address).map(|(client, _)| client)
    }

    /// The parts of these options, for a client that comes back.
    pub(crate) fn into_parts(self) -> (Settings, Given, Result<Adresse, AdresseInvalide>) {
        (self.settings, self.given, self.address)
    }
}
