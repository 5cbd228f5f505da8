//! The settings of a connection to a child process, and starting the child.

use std::fmt;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::enfant::Enfant;
use super::process::{self, Process};
use crate::client::Client;
use crate::commande::Given;
use crate::connexion::{Settings, black_box_setting, shared_settings};
use crate::erreur::{Erreur, Phase, Resultat};

/// The options of a child process that is not started yet; from [`Client::options_enfant`].
///
/// # Examples
///
/// ```no_run
/// use std::process::Command;
/// use std::time::Duration;
/// use cconn::{Client, nommee};
///
/// # fn main() -> cconn::Resultat<()> {
/// let enfant = Client::options_enfant(Command::new("./greffon"))
///     .delai_connexion(Duration::from_secs(2))
///     .taille_max(1 << 20)
///     .garde(|_, commande| commande.starts_with("hote."))
///     .lancer()?;
/// let double: u64 = enfant.appeler(nommee("double", (21_u64,)))?;
/// # Ok(())
/// # }
/// ```
#[doc(alias("SubprocessBuilder", "PluginOptions"))]
#[doc(alias = "ChildBuilder")]
#[must_use = "nothing is started until `lancer` is called"]
pub struct OptionsEnfant {
    command: Command,
    settings: Settings,
    given: Given,
}

impl Client {
    /// Options for a child process with other than the default settings; see [`Client::enfant`].
    #[doc(alias("spawn", "subprocess", "plugin", "worker"))]
    #[doc(alias = "child_builder")]
    #[inline]
    pub fn options_enfant(commande: Command) -> OptionsEnfant {
        let (settings, given) = (Settings::default(), Given::default());
        OptionsEnfant { command: commande, settings, given }
    }
}

impl OptionsEnfant {
    /// How long the child may take to greet; 10 seconds unless set.
    #[doc(alias("timeout", "deadline"))]
    #[doc(alias = "connect_timeout")]
    #[inline]
    pub fn delai_connexion(mut self, delai: Duration) -> Self {
        self.settings.connect_deadline = delai;
        self
    }

    /// Runs when the connection has ended; the result tells whether in order, and if not, why: for a
    /// child that has ended by itself, with its exit status.
    ///
    /// The hook runs once, on a thread of its own, and is then dropped with everything it captures.
    #[doc(alias("on_close", "on_end", "hook", "callback"))]
    #[doc(alias = "on_disconnect")]
    #[inline]
    pub fn quand_deconnecte(
        mut self,
        quoi: impl Fn(&Client, Resultat<()>) + Send + Sync + 'static,
    ) -> Self {
        self.settings.hooks.on_end = Some(Arc::new(quoi));
        self
    }

    shared_settings!();
    black_box_setting!();

    /// Starts the child, and connects to it.
    ///
    /// # Errors
    ///
    /// Those of [`Client::enfant`], and [`Erreur::Usage`] for settings that
    /// are not possible: then nothing is started.
    ///
    /// # Blocking
    ///
    /// Until the child has greeted, at most for
    /// [`delai_connexion`](OptionsEnfant::delai_connexion).
    #[doc(alias("spawn", "connect"))]
    #[doc(alias = "start")]
    #[inline]
    pub fn lancer(mut self) -> Resultat<Enfant> {
        self.settings.check()?;
        self.given.check()?;
        let (process, stream) = Process::start(&mut self.command)?;
        let text = process.label();
        let client = process::join(&self.settings, &mut self.given, stream, &text);
        let client = client.map_err(|mut error| {
            process.kill();
            if let Erreur::Delai(late) = &mut error
                && late.phase == Phase::Accueil
            {
                late.phase = Phase::AccueilEnfant;
            }
            error
        })?;
        Ok(Enfant::new(client, process))
    }
}

impl fmt::Debug for OptionsEnfant {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptionsEnfant").field("commande", &self.command).finish_non_exhaustive()
    }
}
