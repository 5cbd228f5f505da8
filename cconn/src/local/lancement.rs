//! Connect, or start the server first: one process of many starts it, the others wait for it.
//!
//! The socket is there before the server is: the process that starts it opens the socket and hands
//! it over, so whoever connects from then on waits in the socket's queue and is not refused.

use std::io::{self, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::process::Process;
use crate::adresse::Adresse;
use crate::client::Client;
use crate::connexion::{OptionsClient, unreachable};
use crate::erreur::{EchecConnexion, Erreur, Resultat};
use crate::sync::{Condvar, Mutex};
use crate::transport::inherited::PIPE;
use crate::transport::unix::{self, Lock, Locked, Name};

/// How long a server that is there may take to greet before it is looked for again.
const PROBE: Duration = Duration::from_secs(1);

/// How often a process looks whether the server that another one starts is there.
const AGAIN: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// How long a program that did not become a server may take to end, for its error to say how.
const ENDS: Duration = Duration::from_millis(500);

/// The most bytes of a program's standard error that are kept.
const KEPT: usize = 2000;

/// Connects to the server at the options' address; starts it with `command` if none is there.
#[inline]
pub(super) fn connect_or_start(
    mut options: OptionsClient,
    mut command: Command,
) -> Resultat<Client> {
    let Ok(address) = options.address().clone() else { return options.connecter() };
    let Some(path) = address.chemin().map(Path::to_owned) else {
        return Err(no_path(&address));
    };
    options.greet_to_replace();
    let until = Instant::now().checked_add(options.patience());
    let rest =
        || until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
    let mut pause = AGAIN.0;
    loop {
        if let Some(client) = look(&mut options, rest())? {
            return trusted(client, &address);
        }
        if rest().is_zero() {
            return Err(unanswered(&address, options.patience()));
        }
        match Lock::take(&starting(&path))
            .map_err(|cause| unreachable(&address.to_string(), cause))?
        {
            Locked::Theirs(_) => {
                thread::sleep(pause.min(rest()));
                pause = (pause * 2).min(AGAIN.1);
            }
            Locked::Ours(starting) => {
                // Another process may have started it a moment ago.
                if let Some(client) = look(&mut options, rest())? {
                    return trusted(client, &address);
                }
                let client = start(&mut options, &mut command, &address, &path, until)?;
                drop(starting);
                if let Some(client) = client {
                    return Ok(client);
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

/// Connects if a server is there. `None` if none is, or if it stops, or is not ready yet.
#[inline]
fn look(options: &mut OptionsClient, rest: Duration) -> Resultat<Option<Client>> {
    match options.attempt(rest.min(PROBE).max(Duration::from_millis(1))) {
        Ok(client) => Ok(Some(client)),
        Err(Erreur::Delai(_)) => Ok(None),
        Err(Erreur::Connexion(failed)) if is_passing(&failed) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a connection failed because there is no server, or one that ends.
#[inline]
fn is_passing(failed: &EchecConnexion) -> bool {
    use io::ErrorKind::{ConnectionRefused, NotFound};
    match failed {
        EchecConnexion::Connexion { cause, .. } => {
            matches!(cause.kind(), NotFound | ConnectionRefused)
        }
        EchecConnexion::Accueil { .. } => true,
        failed => is_stopping(failed),
    }
}

/// Whether a server has refused a newcomer because it stops.
#[inline]
fn is_stopping(failed: &EchecConnexion) -> bool {
    let stopping = crate::wire::Refusal::Stopping.text();
    matches!(failed, EchecConnexion::Refusee { texte, .. } if &**texte == stopping)
}

/// Opens the socket, starts the program with it, and connects. `None` if a server that stops still
/// has the socket, or the one that was started stops already: then the caller looks again.
#[inline]
fn start(
    options: &mut OptionsClient,
    command: &mut Command,
    address: &Adresse,
    path: &Path,
    until: Option<Instant>,
) -> Resultat<Option<Client>> {
    let listened = match unix::listen(Name::Path(path)) {
        Ok(listened) => listened,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            thread::sleep(AGAIN.1);
            return Ok(None);
        }
        Err(cause) => return Err(unreachable(&address.to_string(), cause)),
    };
    let (socket, Some(mut file)) = listened else { return Err(no_path(address)) };
    // The program takes the lock. Meanwhile the socket shows that a server is there.
    file.unlock();
    let failed = |cause: io::Error| unreachable(&address.to_string(), cause);
    let (reader, writer) = io::pipe().map_err(failed)?;
    let pipe = rustix::fs::fstat(&reader).map_err(|error| failed(error.into()))?.st_ino;
    command.stdin(OwnedFd::from(socket)).stdout(Stdio::null()).stderr(writer);
    command.env(PIPE, pipe.to_string()).process_group(0);
    let child = command.spawn();
    // What the command keeps open would keep the socket alive without the program.
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let program = command.get_program().to_string_lossy().into_owned();
    let child = child.map_err(|cause| not_started(address, &program, &cause.to_string()))?;
    let process = Process::watched(child, program.clone())?;
    let words = LastWords::of(reader);
    let rest = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
    match options.attempt(rest.max(Duration::from_millis(1))) {
        Ok(client) => {
            file.leave();
            Ok(Some(client))
        }
        // It has served, and nobody has come in its time: not this client either, which may have
        // been held up.
        Err(Erreur::Connexion(failed)) if is_stopping(&failed) => {
            file.leave();
            Ok(None)
        }
        // The program serves, and does not want this client: others may be using it.
        Err(Erreur::Connexion(failed)) if is_refusal(&failed) => {
            file.leave();
            Err(Erreur::Connexion(failed))
        }
        Err(error) => {
            let ended = process.wait(ENDS);
            // Who serves takes the socket's name with it at its end: it has served, too.
            if ended.is_some_and(|status| status.success()) && !path.exists() {
                file.leave();
                return Ok(None);
            }
            // The socket goes with `file`.
            if ended.is_none() {
                process.kill();
            }
            let how = how_it_failed(ended, &error);
            Err(not_started(address, &program, &format!("{how}{}", words.shown())))
        }
    }
}

/// What became of a program that did not serve; `ended` is `None` if it has not ended by itself.
#[inline]
fn how_it_failed(ended: Option<ExitStatus>, error: &Erreur) -> String {
    match ended {
        Some(status) => format!("it ended: {status}"),
        None => format!(
            "it did not serve, and was ended ({error}); does it call `Serveur::unique` with this \
             address, and `lancer`?"
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

/// What a program writes to its standard error until it serves.
struct LastWords(Arc<(Mutex<Words>, Condvar)>);

#[derive(Default)]
struct Words {
    bytes: Vec<u8>,
    ended: bool,
}

impl LastWords {
    /// Reads them on a thread, so that the program never waits for its standard error.
    #[inline]
    fn of(mut pipe: PipeReader) -> Self {
        let words = LastWords(Arc::default());
        let theirs = words.0.clone();
        let reads = crate::sync::spawn("cconn-stderr".to_owned(), None, move || {
            let mut some = [0; 512];
            while let Ok(n @ 1..) = pipe.read(&mut some) {
                let mut words = theirs.0.lock();
                words.bytes.extend(some.iter().take(n));
                let surplus = words.bytes.len().saturating_sub(KEPT);
                words.bytes.drain(..surplus);
            }
            theirs.0.lock().ended = true;
            theirs.1.notify_all();
        });
        if reads.is_err() {
            words.0.0.lock().ended = true;
        }
        words
    }

    /// The last words of a program that has ended, for the end of an error.
    #[inline]
    fn shown(&self) -> String {
        let until = Instant::now().checked_add(ENDS);
        let mut words = self.0.0.lock();
        while !words.ended && until.is_some_and(|until| Instant::now() < until) {
            words = self.0.1.wait(words, until);
        }
        let text = String::from_utf8_lossy(&words.bytes);
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() { String::new() } else { format!("; it wrote: {}", lines.join(" / ")) }
    }
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

#[inline]
fn unanswered(address: &Adresse, patience: Duration) -> Erreur {
    let text = format!(
        "a server has the socket and did not greet within {patience:?}; end it, or give it more \
         time with `delai_connexion`"
    );
    unreachable(&address.to_string(), io::Error::new(io::ErrorKind::TimedOut, text))
}

#[inline]
fn not_started(address: &Adresse, program: &str, how: &str) -> Erreur {
    Erreur::Connexion(Box::new(EchecConnexion::Lancement {
        adresse: address.to_string().into(),
        programme: program.into(),
        texte: how.into(),
    }))
}
