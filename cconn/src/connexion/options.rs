//! The settings of a connection, with their defaults.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::adresse::{Adresse, AdresseInvalide};
use crate::client::Client;
use crate::commande::Hooks;
use crate::erreur::{EchecConnexion, Erreur, Resultat};
use crate::link::Limits;
use crate::text::counted;
use crate::wire::{MAX_DEPTH, MIN_FRAME_LIMIT};

/// How long connecting and greeting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a server waits for a newcomer's greeting.
const GREETING: Duration = Duration::from_secs(5);

/// Smallest stack of a thread that runs commands, bytes: decoding the deepest value accepted takes
/// less than half of it in a build without optimisation, and the rest is the command's.
const SMALLEST_STACK: usize = 1 << 20;

/// Largest one, bytes. The system grants address space, so more says nothing but that the number
/// is a mistake; and where no thread can have its stack, every client would be refused.
const LARGEST_STACK: usize = 1 << 30;

/// What both sides can set.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) connect_deadline: Duration,
    pub(crate) greeting_deadline: Duration,
    pub(crate) hooks: Hooks,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            limits: Limits::default(),
            connect_deadline: CONNECT,
            greeting_deadline: GREETING,
            hooks: Hooks::default(),
        }
    }
}

impl Settings {
    pub(crate) fn set_stack(&mut self, bytes: usize) {
        self.limits.stack = Some(bytes.max(SMALLEST_STACK));
    }

    /// Refuses settings that can't be.
    pub(crate) fn check(&self) -> Resultat<()> {
        if self.limits.max_frame < MIN_FRAME_LIMIT {
            return Err(impossible(format!(
                "`taille_max` is {}, and must be at least {MIN_FRAME_LIMIT}",
                counted(self.limits.max_frame, "byte")
            )));
        }
        if self.limits.max_depth > MAX_DEPTH {
            let depth = self.limits.max_depth;
            return Err(impossible(format!(
                "`profondeur_max` is {depth}, and must be at most {MAX_DEPTH}"
            )));
        }
        if let Some(bytes) = self.limits.stack.filter(|bytes| *bytes > LARGEST_STACK) {
            return Err(impossible(format!(
                "`pile` is {bytes} bytes, and no thread has more than {LARGEST_STACK}"
            )));
        }
        Ok(())
    }
}

/// A setting that can't be.
pub(crate) fn impossible(texte: impl Into<Box<str>>) -> Erreur {
    Erreur::Connexion(Box::new(EchecConnexion::Reglage { texte: texte.into() }))
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Writes the setters that both builders have, over a field `settings`.
macro_rules! shared_settings {
    () => {
        /// Largest message received, bytes; 8 MiB unless set, at least 1024.
        ///
        /// The other side is told, and refuses to send larger ones.
        ///
        /// Commands that wait here may take twice as much, and more where they are small, for each
        /// takes a place besides its arguments: up to 4 times as much with arguments of some 50
        /// bytes, up to 7 times with none. Answers that came to deferred calls, and that nobody has
        /// claimed yet, may take twice as much too, and 64 MiB in any case.
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
        /// A peer that is gone, acknowledging nothing, is found in about twice that, idle or not, but
        /// not before 2.25 seconds; less than 5 seconds here leaves a network that loses packets
        /// little room.
        #[doc(alias("timeout", "send_timeout"))]
        #[doc(alias = "write_timeout")]
        pub fn delai_ecriture(mut self, delai: std::time::Duration) -> Self {
            self.settings.limits.write_deadline = delai;
            self
        }

        /// How long a message that was begun may take to arrive, besides a second for each 16
        /// KiB; 30 seconds unless set.
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

        /// Commands of one connection that may wait for a peer at the same time; 16 unless set.
        ///
        /// Each of them keeps a thread.
        #[doc(alias = "max_waiting")]
        pub fn max_attentes(mut self, commandes: usize) -> Self {
            self.settings.limits.max_waiting = commandes;
            self
        }

        /// Commands marked `parallele` of one connection that may run at the same time; 16 unless
        /// set.
        ///
        /// Further ones wait aside until one has ended; those behind them go on.
        #[doc(alias = "max_parallel")]
        pub fn max_paralleles(mut self, commandes: usize) -> Self {
            self.settings.limits.max_parallel = commandes.max(1);
            self
        }

        /// Deepest nesting of calls; 32 unless set, at most 127.
        ///
        /// Each second level waits on this side, the others on the peer's: deeper than twice
        /// [`max_attentes`](Self::max_attentes) it is that limit which refuses, so raise both.
        #[doc(alias = "max_depth")]
        pub fn profondeur_max(mut self, niveaux: u8) -> Self {
            self.settings.limits.max_depth = niveaux;
            self
        }

        /// How long a thread looks for the next message before it sleeps for it; not at all
        /// unless set, and 50 microseconds is a good value.
        ///
        /// Worth it where both sides have a processor to spare and answer within microseconds: a
        /// call then takes a fraction of the time, for waking a thread on another processor takes
        /// longer than the call. It looks only where that has lately paid. The peer decides for
        /// itself.
        #[doc(alias = "busy_poll")]
        #[doc(alias = "spin")]
        pub fn attente_active(mut self, au_plus: std::time::Duration) -> Self {
            self.settings.limits.active_wait = au_plus;
            self
        }

        /// Stack of each thread that runs commands, bytes; the platform's default unless set, at
        /// most 1 GiB.
        ///
        /// Less than 1 MiB is raised to it: an argument of 128 levels, the deepest that is
        /// accepted, takes as much to decode in a build without optimisation.
        #[doc(alias = "stack_size")]
        pub fn pile(mut self, octets: usize) -> Self {
            self.settings.set_stack(octets);
            self
        }

        /// Whether the text of a panic in a command here goes to who called it; not unless set.
        ///
        /// What a panic says is meant for the program's author and may hold what the other side
        /// is not to know. Without it the caller learns only that the command panicked.
        #[doc(alias = "panic_messages")]
        pub fn textes_de_panique(mut self, oui: bool) -> Self {
            self.settings.hooks.tells_panics = oui;
            self
        }

        /// What to do when a message sent with `envoyer` failed at the peer; without it a line on
        /// the standard error says so, ten a second at most for the whole process.
        ///
        /// The error names the command. At most 64 such reports wait, and no more are believed
        /// than messages were sent; the text of the next one counts those that were dropped. Runs
        /// as a command does, and must not block for long.
        ///
        /// It is dropped when the connection has ended, or the server; a handle that it captures
        /// keeps that open until then: use the one that it is handed, or `faible`.
        #[doc(alias("on_error", "hook", "callback"))]
        #[doc(alias = "on_failure")]
        pub fn quand_echec(
            mut self,
            quoi: impl Fn(&$crate::Client, &$crate::Erreur) + Send + Sync + 'static,
        ) -> Self {
            self.settings.hooks.on_failure = Some(std::sync::Arc::new(quoi));
            self
        }

        /// What to do when a message that the peer sent with `envoyer` failed on this side: no
        /// such command, arguments that could not be decoded, a panic, an error that the command
        /// returned, no thread for it.
        ///
        /// Of a call that fails its caller is told, and this is not run. Runs on the thread that
        /// ran the command, as part of it, and must not block for long. It is dropped, and a
        /// handle that it captures counts, as with [`quand_echec`](Self::quand_echec).
        #[doc(alias = "on_command_failure")]
        pub fn quand_commande_echoue(
            mut self,
            quoi: impl Fn(&$crate::Client, &$crate::erreur::CommandeEchouee) + Send + Sync + 'static,
        ) -> Self {
            self.settings.hooks.on_failed_here = Some(std::sync::Arc::new(quoi));
            self
        }

        /// Whether messages that failed at the peer are told on the standard error where
        /// [`quand_echec`](Self::quand_echec) is not set; they are unless this is `false`.
        #[doc(alias = "log_failures")]
        pub fn echecs_affiches(mut self, oui: bool) -> Self {
            self.settings.hooks.silent = !oui;
            self
        }
    };
}
pub(crate) use shared_settings;

/// A connection to be made; from [`Client::options`].
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
///
/// # fn main() -> cconn::Resultat<()> {
/// let client = cconn::Client::options("127.0.0.1:12800")
///     .delai_reponse(Duration::from_secs(5))
///     .connecter()?;
/// # Ok(())
/// # }
/// ```
#[doc(alias = "ClientBuilder")]
#[derive(Debug)]
#[must_use = "nothing is connected until `connecter` is called"]
pub struct OptionsClient {
    address: Result<Adresse, AdresseInvalide>,
    settings: Settings,
}

impl OptionsClient {
    pub(super) fn new(address: Result<Adresse, AdresseInvalide>) -> Self {
        OptionsClient { address, settings: Settings::default() }
    }

    /// How long connecting and greeting may take together; 10 seconds unless set.
    ///
    /// Where a name stands for several addresses each may take its share of what is left.
    #[doc(alias("timeout", "deadline"))]
    #[doc(alias = "connect_timeout")]
    pub fn delai_connexion(mut self, delai: Duration) -> Self {
        self.settings.connect_deadline = delai;
        self
    }

    /// What to do when the connection has ended; the result says whether it ended in order, and
    /// if not, why.
    ///
    /// Runs once, on a thread of its own; where none can be had, on the one that was in
    /// [`lancer`](Client::lancer) or as soon as there is one, and the standard error says so. Then
    /// it is dropped, and with it what it captures; a `Client` that it captures keeps the
    /// connection open until then: use the one that it is handed.
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
    /// Those of [`Client::new`], and [`Erreur::Connexion`] for settings that can't be.
    ///
    /// # Blocking
    ///
    /// As for [`Client::new`].
    #[doc(alias("build", "dial"))]
    #[doc(alias = "connect")]
    pub fn connecter(self) -> Resultat<Client> {
        super::connect(&self.settings, &self.address)
    }
}
