//! Connect, or start the server first: one process of many starts it, the others wait for it.
//!
//! The socket is there before the server is: the process that starts it opens the socket and hands
//! it over, so whoever connects from then on waits in the socket's queue and is not refused.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{self, Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::process::Process;
use super::unanswered::{Found, Hindrance, unanswered};
use super::words::LastWords;
use crate::adresse::Adresse;
use crate::client::Client;
use crate::connexion::{OptionsClient, unreachable};
use crate::erreur::{EchecConnexion, Erreur, Resultat};
use crate::transport::inherited::{STANDARD_ERROR, tell_origin};
use crate::transport::unix::{self, Lock, Locked, Name};

/// How long a server that is there may take to greet before it is looked for again.
const PROBE: Duration = Duration::from_secs(1);

/// How often a process looks whether the server that another one starts is there.
const AGAIN: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// How long a program that did not become a server may take to end, for its error to say how.
const ENDS: Duration = Duration::from_millis(500);

/// How long a program that has accepted this process and ended the connection may take to end. It
/// may be a server that stops, whose stop waits for its threads.
const STOPS: Duration = Duration::from_secs(2);

/// Connects to the server at the options' address; starts it with `command` if none is there.
#[inline]
pub(super) fn connect_or_start(
    mut options: OptionsClient,
    mut command: Command,
) -> Resultat<Client> {
    let Ok(address) = options.address().clone() else { return options.connecter() };
    let Some(path) = address.chemin() else { return Err(no_path(&address)) };
    // Both this process and the program may change their folder while a relative path is in use.
    let path = path::absolute(path).map_err(|cause| unreachable(&address.to_string(), cause))?;
    options.greet_to_replace();
    let until = Instant::now().checked_add(options.patience());
    let rest =
        || until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
    let mut pause = AGAIN.0;
    let mut hindrance = Hindrance::None;
    loop {
        let found = match look(&mut options, rest())? {
            Ok(client) => return trusted(client, &address),
            Err(found) => found,
        };
        if rest().is_zero() {
            return Err(unanswered(&address, options.patience(), &found, &hindrance));
        }
        match Lock::take(&starting(&path))
            .map_err(|cause| unreachable(&address.to_string(), cause))?
        {
            Locked::Theirs(pid) => {
                hindrance = Hindrance::Starting(starting(&path), pid);
                thread::sleep(pause.min(rest()));
                pause = (pause * 2).min(AGAIN.1);
            }
            Locked::Ours(starting) => {
                // Another process may have started it a moment ago.
                if let Ok(client) = look(&mut options, rest())? {
                    return trusted(client, &address);
                }
                let client = start(&mut options, &mut command, &address, &path, until)?;
                drop(starting);
                match client {
                    Ok(client) => return Ok(client),
                    Err(why) => hindrance = why,
                }
            }
        }
    }
}

/// The lock of the process that starts the server of the socket at `path`.
#[inline]
fn starting(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".start");
    name.into()
}

/// Connects if a server is there. The inner error is what was found if that may pass: no server,
/// one that stops, or one that is not ready yet. The outer error is for good.
#[inline]
fn look(options: &mut OptionsClient, rest: Duration) -> Resultat<Result<Client, Found>> {
    match options.attempt(rest.min(PROBE).max(Duration::from_millis(1))) {
        Ok(client) => Ok(Ok(client)),
        Err(Erreur::Delai(_)) => Ok(Err(Found::Silent)),
        Err(Erreur::Connexion(failed)) => match passing(&failed) {
            Some(found) => Ok(Err(found)),
            None => Err(Erreur::Connexion(failed)),
        },
        Err(error) => Err(error),
    }
}

/// What was found, if a connection failed because no server is there, or one that ends; `None` if
/// it failed for another reason.
#[inline]
fn passing(failed: &EchecConnexion) -> Option<Found> {
    use io::ErrorKind::{ConnectionRefused, NotFound};
    match failed {
        EchecConnexion::Connexion { cause, .. } => {
            matches!(cause.kind(), NotFound | ConnectionRefused).then_some(Found::Nobody)
        }
        EchecConnexion::Accueil { cause, .. } => Some(Found::Broken(cause.to_string())),
        failed => is_stopping(failed).then_some(Found::Stopping),
    }
}

/// Whether a server has refused a newcomer because it stops.
#[inline]
fn is_stopping(failed: &EchecConnexion) -> bool {
    let stopping = crate::wire::Refusal::Stopping.text();
    matches!(failed, EchecConnexion::Refusee { texte, .. } if &**texte == stopping)
}

/// Opens the socket, starts the program with it, and connects. A hindrance if another process still
/// has the socket, or if the program has served and stops already: then the caller looks again.
#[inline]
fn start(
    options: &mut OptionsClient,
    command: &mut Command,
    address: &Adresse,
    path: &Path,
    until: Option<Instant>,
) -> Resultat<Result<Client, Hindrance>> {
    // The absolute path may be longer than the system allows, and the relative one may not.
    let name = address.chemin().filter(|_| !Name::fits(path)).unwrap_or(path);
    let listened = match unix::listen(Name::Path(name)) {
        Ok(listened) => listened,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            thread::sleep(AGAIN.1);
            return Ok(Err(Hindrance::Held(error)));
        }
        Err(cause) => return Err(unreachable(&address.to_string(), cause)),
    };
    let (socket, Some(mut file)) = listened else { return Err(no_path(address)) };
    // The program takes the lock. Meanwhile the socket shows that a server is there.
    file.unlock();
    let failed = |cause: io::Error| unreachable(&address.to_string(), cause);
    let words = LastWords::new().map_err(failed)?;
    let (writer, number) = words.to_write().map_err(failed)?;
    tell_origin(command, &socket, Some(file.origin())).map_err(failed)?;
    command.stdin(OwnedFd::from(socket)).stdout(Stdio::null()).stderr(writer);
    command.env(STANDARD_ERROR, number.to_string()).process_group(0);
    let child = command.spawn();
    // What the command keeps open would keep the socket alive without the program.
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let program = command.get_program().to_string_lossy().into_owned();
    let child = child.map_err(|cause| not_started(address, &program, &not_spawned(&cause)))?;
    let process = Process::watched(child, program.clone())?;
    let rest = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
    match options.attempt(rest.max(Duration::from_millis(1))) {
        Ok(client) => {
            file.leave();
            Ok(Ok(client))
        }
        // It has served, and nobody has come in its time: not this client either, which may have
        // been held up.
        Err(Erreur::Connexion(failed)) if is_stopping(&failed) => {
            file.leave();
            Ok(Err(Hindrance::None))
        }
        // The program serves, and does not want this client: others may be using it.
        Err(Erreur::Connexion(failed)) if is_refusal(&failed) => {
            file.leave();
            Err(Erreur::Connexion(failed))
        }
        Err(error) => {
            let ended = process.wait(if is_broken(&error) { STOPS } else { ENDS });
            // Who serves takes the socket's name with it at its end: it has served, too.
            if ended.is_some_and(|status| status.success()) && !path.exists() {
                file.leave();
                return Ok(Err(Hindrance::None));
            }
            // The socket goes with `file`.
            if ended.is_none() {
                process.kill();
            }
            let how = how_it_failed(ended, &error, address);
            let text = format!("was started for it: {how}{}", words.shown());
            Err(not_started(address, &program, &text))
        }
    }
}

/// Whether the other side has ended the connection during the greeting.
#[inline]
fn is_broken(error: &Erreur) -> bool {
    matches!(error, Erreur::Connexion(failed) if matches!(**failed, EchecConnexion::Accueil { .. }))
}

/// What became of a program that did not serve; `ended` is `None` if it has not ended by itself.
#[inline]
fn how_it_failed(ended: Option<ExitStatus>, error: &Erreur, address: &Adresse) -> String {
    let relative = if address.chemin().is_some_and(Path::is_relative) {
        " (a program that goes to another folder, and is not given this environment, needs an \
         absolute path)"
    } else {
        ""
    };
    match ended {
        Some(status) => format!("it ended: {status}"),
        None => format!(
            "it did not serve, and was ended ({error}); does it call `Serveur::unique` with this \
             address{relative}, and `lancer`?"
        ),
    }
}

/// Whether a server that serves has refused its newcomer.
#[inline]
fn is_refusal(failed: &EchecConnexion) -> bool {
    matches!(
        failed,
        EchecConnexion::Complet { .. }
            | EchecConnexion::Refusee { .. }
            | EchecConnexion::Secret { .. }
            | EchecConnexion::Tls { .. }
            | EchecConnexion::Mandataire { .. }
            | EchecConnexion::AutreProgramme { .. }
    )
}

/// A server of another user is not the one that was meant.
#[inline]
fn trusted(client: Client, address: &Adresse) -> Resultat<Client> {
    match client.identite().unix() {
        Some(peer) if !peer.est_meme_utilisateur() && peer.uid != 0 => {
            client.close();
            let text = format!(
                "user {} has put a server there; choose a path in a folder that only this user may \
                 write to",
                peer.uid
            );
            let cause = io::Error::new(io::ErrorKind::PermissionDenied, text);
            Err(unreachable(&address.to_string(), cause))
        }
        _ => Ok(client),
    }
}

#[inline]
fn no_path(address: &Adresse) -> Erreur {
    let text = "a server can be started for the path of a Unix socket only, such as \
                `unix:/run/user/1000/moi.sock`";
    unreachable(&address.to_string(), io::Error::new(io::ErrorKind::InvalidInput, text))
}

/// The text of an error of `Command::spawn`, behind the name of the program.
#[inline]
pub(super) fn not_spawned(cause: &io::Error) -> String {
    format!("could not be started: {cause}; correct its path, or its rights")
}

#[inline]
fn not_started(address: &Adresse, program: &str, how: &str) -> Erreur {
    Erreur::Connexion(Box::new(EchecConnexion::Lancement {
        adresse: address.to_string().into(),
        programme: program.into(),
        texte: how.into(),
    }))
}
