//! Child processes, and the connection to each.

use std::io;
use std::ops::Deref;
use std::process::{ChildStderr, ChildStdout, Command, ExitStatus};
use std::time::Duration;

use super::process::Process;
use crate::client::Client;
use crate::erreur::{Delai, Erreur, Phase, Resultat};
use crate::serveur::Serveur;

/// A child process and the connection to it, from [`Client::enfant`]: a [`Client`] that knows its
/// process.
///
/// Where the child crashes, every call that waits, and every later one, fails with an error that
/// says how the child ended. Dropped, it ends the connection like any last handle of a client, so
/// the child ends too; nothing waits for that, and no zombie is left.
#[doc(alias("Child", "Subprocess", "Plugin", "Worker"))]
#[derive(Debug)]
pub struct Enfant {
    client: Client,
    process: Process,
}

impl Enfant {
    #[inline]
    pub(super) fn new(client: Client, process: Process) -> Self {
        Enfant { client, process }
    }

    /// The connection to the child.
    #[doc(alias = "connection")]
    #[inline]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The number of the process.
    #[doc(alias = "process_id")]
    #[inline]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What the child writes to its standard output, if the command asked for a pipe
    /// (`Stdio::piped()`); once.
    #[doc(alias = "stdout")]
    #[inline]
    pub fn sortie(&mut self) -> Option<ChildStdout> {
        self.process.stdout()
    }

    /// What the child writes to its standard error, if the command asked for a pipe; once.
    #[doc(alias = "stderr")]
    #[inline]
    pub fn sortie_erreur(&mut self) -> Option<ChildStderr> {
        self.process.stderr()
    }

    /// Waits until the child has ended, and says how.
    ///
    /// The child ends once its connection does: call [`eteindre`](Client::eteindre) first.
    ///
    /// # Errors
    ///
    /// [`Erreur::Delai`]: it has not ended in that time, and runs on; or another part of the program
    /// has reaped it, and nobody can tell how it ended.
    ///
    /// # Blocking
    ///
    /// Until the child has ended, at most for `delai`.
    #[doc(alias("join", "exit_status", "waitpid"))]
    #[doc(alias = "wait")]
    #[inline]
    pub fn attendre_fin(&self, delai: Duration) -> Resultat<ExitStatus> {
        self.process.wait(delai).ok_or_else(|| {
            Erreur::Delai(Box::new(Delai {
                phase: Phase::Enfant,
                delai,
                commande: None,
                lien: self.client.to_string().into(),
                a_pu_etre_executee: false,
                etape: None,
                derriere: None,
            }))
        })
    }

    /// Ends the child at once, as the system does it (SIGKILL). Nothing happens if it has ended.
    #[doc(alias = "kill")]
    #[inline]
    pub fn tuer(&self) {
        self.process.kill();
    }
}

impl Deref for Enfant {
    type Target = Client;

    #[inline]
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Client {
    /// Starts a program as a child process and connects to it, by a pair of sockets that nobody
    /// else can reach. For other than the default settings use [`Client::options_enfant`].
    ///
    /// The child calls [`Serveur::depuis_parent`]. Both sides may call each other, as on every
    /// connection. The connection takes the place of the child's standard input, which is empty
    /// after that; standard output and error are the child's own, as `commande` sets them. The
    /// child's `lancer` returns when the connection ends, also if this process is killed.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Connexion`]: the program can't be started, or it ended before it greeted: the
    ///   error says how.
    /// - [`Erreur::Delai`], phase [`AccueilEnfant`](Phase::AccueilEnfant): the child did not greet
    ///   within 10 seconds, and was killed.
    ///
    /// # Blocking
    ///
    /// Until the child has greeted, at most 10 seconds.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::process::Command;
    /// use std::time::Duration;
    /// use cconn::{Client, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let enfant = Client::enfant(Command::new("./greffon"))?;
    /// let double: u64 = enfant.appeler(nommee("double", (21_u64,)))?;
    /// enfant.eteindre()?;
    /// let fin = enfant.attendre_fin(Duration::from_secs(5))?;
    /// assert!(fin.success() && double == 42);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("spawn", "subprocess", "plugin", "worker", "fork"))]
    #[doc(alias = "child")]
    #[inline]
    pub fn enfant(commande: Command) -> Resultat<Enfant> {
        Client::options_enfant(commande).lancer()
    }
}

impl Serveur {
    /// A server whose only client is the process that started this one with [`Client::enfant`].
    /// [`lancer`](Serveur::lancer) returns when that connection ends.
    ///
    /// The same as `Serveur::new("parent:")`; `Serveur::options("parent:")` takes settings. The
    /// standard input of this process is empty afterwards.
    ///
    /// # Errors
    ///
    /// [`Erreur::Connexion`]: this process was not started so, or has taken the connection already.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = cconn::Serveur::depuis_parent()?;
    /// serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
    /// serveur.lancer() // until the parent ends the connection, or ends
    /// # }
    /// ```
    #[doc(alias("stdin", "inherited"))]
    #[doc(alias = "from_parent")]
    #[inline]
    pub fn depuis_parent() -> Resultat<Serveur> {
        Serveur::new("parent:")
    }
}

/// The error of a program that can't be started.
#[inline]
pub(super) fn not_started(program: &str, cause: &io::Error) -> Erreur {
    let text = format!("the program can't be started: {cause}");
    crate::connexion::unreachable(&format!("child `{program}`"), io::Error::new(cause.kind(), text))
}
