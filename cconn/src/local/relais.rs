//! Replacing a server that runs by another program, without a moment in which nobody listens.

use std::process::Command;
use std::time::Duration;

use crate::erreur::{EchecConnexion, Erreur, Resultat};
use crate::serveur::Serveur;

/// How long a successor may take until it is ready. That is less than `delai_reponse` is unless
/// set, so the caller of a command that uses `relayer` learns what has become of the successor.
const READY: Duration = Duration::from_secs(20);

/// How long newcomers wait for the successor in the queue of the socket. After that this server
/// accepts them until the successor is ready.
#[cfg(unix)]
const HELD: Duration = Duration::from_secs(1);

impl Serveur {
    /// Starts a program that takes this server's place, and stops this one in order.
    ///
    /// The program opens its server at the same address with [`Serveur::unique`], or
    /// [`OptionsServeur::unique`](crate::OptionsServeur::unique), and is given the listening socket
    /// of this one, so the socket need not be closed and opened. This server goes on to serve its
    /// clients. For one second newcomers wait in the queue of the socket for the program; if the
    /// program takes longer, this server accepts them. Once the program has called
    /// [`lancer`](Serveur::lancer), it serves every newcomer, and this server stops as by
    /// [`eteindre`](Serveur::eteindre): what has arrived is handled, and every client is told to go.
    /// A [`ClientPersistant`](crate::persistant::ClientPersistant) comes back and reaches the new
    /// server.
    ///
    /// The program is a child of this process until this one ends. It has this process's standard
    /// output and error, and an empty standard input. systemd is told that it is the main process.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Connexion`], [`Lancement`](EchecConnexion::Lancement): the program could not be
    ///   started, ended, or was not ready within 20 seconds, and was ended; or this server does not
    ///   run, is being replaced already, or has an address that can't be handed over. Then this
    ///   server goes on as before.
    /// - [`Erreur::Delai`]: the new server serves, and the stop of this one was not finished in its
    ///   grace period.
    ///
    /// # Blocking
    ///
    /// Until the program serves and the stop is done. Inside a command or a hook of this server the
    /// stop is only begun, as by `eteindre`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::process::Command;
    /// use cconn::Serveur;
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::unique("127.0.0.1:12800")?;
    /// let faible = serveur.faible();
    /// serveur.enregistrer_commande("mettre_a_jour", move |_, (): ()| {
    ///     let programme = std::env::current_exe().map_err(cconn::Erreur::echec)?;
    ///     faible.serveur().map_or(Ok(()), |serveur| serveur.relayer(Command::new(programme)))
    /// })?;
    /// serveur.lancer() // returns once another program serves in this one's place
    /// # }
    /// ```
    #[doc(alias("reexec", "upgrade", "reload", "zero_downtime", "graceful_restart"))]
    #[doc(alias = "hand_over")]
    #[inline]
    pub fn relayer(&self, mut commande: Command) -> Resultat<()> {
        let program = commande.get_program().to_string_lossy().into_owned();
        start(self, &mut commande, READY).map_err(|how| -> Erreur {
            Erreur::Connexion(Box::new(EchecConnexion::Lancement {
                adresse: self.to_string().into(),
                programme: program.into(),
                texte: format!("{how}; the server that it was to replace goes on").into(),
            }))
        })?;
        self.eteindre()
    }
}

/// Starts the successor, and waits until it serves. An error says why it does not.
#[cfg(unix)]
#[inline]
fn start(serveur: &Serveur, command: &mut Command, most: Duration) -> Result<(), String> {
    use std::process::Stdio;

    use super::process::Process;
    use crate::transport::inherited::{Giver, NOT_FOR_SUCCESSORS, tell_origin};

    let said = |error: std::io::Error| format!("was not started for it: {error}");
    let relay = serveur.begin_relay().map_err(said)?;
    let (mut giver, theirs, (variable, number)) = Giver::pair().map_err(said)?;
    // The socket is sent before the program is started, so neither side waits for the other.
    giver.give(&relay.socket, relay.file.is_some()).map_err(said)?;
    command.stdin(theirs).env(variable, number);
    tell_origin(command, &relay.socket, relay.file.as_ref()).map_err(said)?;
    for variable in NOT_FOR_SUCCESSORS {
        command.env_remove(variable);
    }
    let child = command.spawn();
    // What the command keeps open would outlive the program.
    command.stdin(Stdio::null());
    let program = command.get_program().to_string_lossy().into_owned();
    let child = child.map_err(|error| super::lancement::not_spawned(&error))?;
    let process = Process::watched(child, program)
        .map_err(|error| format!("was started for it, and was ended: {error}"))?;
    let ready = match giver.wait(HELD.min(most)) {
        Err(error) if is_timeout(&error) => {
            relay.accepting(|| giver.wait(most.saturating_sub(HELD).max(Duration::from_millis(1))))
        }
        waited => waited,
    };
    match ready {
        Ok(true) => {
            relay.done(process.pid());
            // If it has ended a moment ago, nothing can be done about it here.
            let _gone = giver.go();
            Ok(())
        }
        waited => {
            let how = process.wait(ENDS).map_or_else(
                || {
                    process.kill();
                    let late = waited.map_or_else(|error| format!(" ({error})"), |_| String::new());
                    format!(
                        "was started for it: it did not serve, and was ended{late}; does it call \
                         `Serveur::unique` with this address, and `lancer`?"
                    )
                },
                |status| format!("was started for it: it ended: {status}"),
            );
            process.wait(ENDS);
            Err(how)
        }
    }
}

#[cfg(unix)]
#[inline]
fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// How long a program that did not take over may take to end, for the error to say how.
#[cfg(unix)]
const ENDS: Duration = Duration::from_millis(500);

#[cfg(not(unix))]
#[inline]
fn start(_: &Serveur, _: &mut Command, _: Duration) -> Result<(), String> {
    let why = "a socket that listens can't be handed to another program on this system";
    Err(format!("was not started for it: {why}"))
}
