//! Connections to peers, and programs that are started for one.
//!
//! What a peer's commands are is not known here.

use std::process::Command;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use cconn::erreur::{AdresseInvalide, CommandeEchouee};
use cconn::local::Enfant;
use cconn::{Adresse, Client, Erreur};

use crate::arguments::Common;
use crate::failure::{Failure, Kind, Outcome};
use crate::interrupt;
#[cfg(feature = "securite")]
use crate::proofs;

/// What an address begins with that is a program to be started.
const PROGRAM: &str = "exec:";

/// How long a program that was started may take to end once its connection has.
const GRACE: Duration = Duration::from_secs(1);

/// Is told of a message that has failed at the peer.
pub type OnFailure = Arc<dyn Fn(&Erreur) + Send + Sync>;

/// What a connection tells besides answers.
#[derive(Clone, Default)]
pub struct Hooks {
    /// A message that was sent without waiting for an answer has failed at the peer.
    pub failed: Option<OnFailure>,
    /// The peer has sent a command, which is not here.
    pub came: Option<fn(&CommandeEchouee)>,
}

/// Gives the hooks to the options of a client or of a child process.
macro_rules! hooked {
    ($options:expr, $hooks:expr) => {{
        let mut options = $options;
        if let Some(failed) = $hooks.failed.clone() {
            options = options.quand_echec(move |_, error| failed(error));
        }
        if let Some(came) = $hooks.came {
            options = options.quand_commande_echoue(move |_, sent| came(sent));
        }
        options
    }};
}

/// The address that a text names. A mere port is one of this machine, as it is for a program that
/// gives the library a number.
pub fn address(text: &str) -> Result<Adresse, AdresseInvalide> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(port) if is_number => Ok(Adresse::from(port)),
        _ => text.parse(),
    }
}

/// Whether a text names a program to be started.
pub fn is_program(text: &str) -> bool {
    text.starts_with(PROGRAM)
}

/// Connects to the peer at this address, or starts it.
pub fn connect(address: &str, common: &Common) -> Outcome<(Client, Option<Arc<Started>>)> {
    connect_with(address, common, &Hooks::default())
}

/// Connects to the peer at this address, or starts it, with these hooks.
pub fn connect_with(
    text: &str,
    common: &Common,
    hooks: &Hooks,
) -> Outcome<(Client, Option<Arc<Started>>)> {
    if let Some(words) = text.strip_prefix(PROGRAM) {
        #[cfg(feature = "securite")]
        if proofs::are_asked_for(&common.proofs) {
            let why = "is reached by nobody else, and proves nothing";
            return Err(Failure::usage(format!(
                "a program that is started {why}: leave TLS and \
                 secrets out"
            )));
        }
        let child = Arc::new(start(words, common, hooks)?);
        interrupt::ends_with_us(Arc::downgrade(&child))?;
        let client = child.client().avec_delai(common.delai);
        return Ok((client, Some(Arc::new(Started(child)))));
    }
    let address = address(text).map_err(|error| Failure::usage(error.to_string()))?;
    let options = Client::options(address)
        .delai_connexion(common.delai)
        .delai_arret(common.delai)
        .delai_silence(common.delai);
    #[cfg(feature = "securite")]
    let options = proofs::add(options, &common.proofs)?;
    let client = hooked!(options, hooks).connecter()?;
    Ok((client.avec_delai(common.delai), None))
}

/// A program that was started for a connection; it ends with the last of these.
#[derive(Debug)]
pub struct Started(Arc<Enfant>);

impl Drop for Started {
    fn drop(&mut self) {
        self.0.client().close();
        if self.0.attendre_fin(GRACE).is_err() {
            self.0.tuer();
            // Waits until the killed process is reaped.
            let _reaped = self.0.attendre_fin(GRACE);
        }
    }
}

/// Starts a program that serves its parent (`Serveur::depuis_parent`).
fn start(text: &str, common: &Common, hooks: &Hooks) -> Outcome<Enfant> {
    let Some(words) = shlex::split(text) else {
        return Err(Failure::usage(format!("in `{PROGRAM}{text}` a quote is open at the end")));
    };
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::usage(format!("{PROGRAM} wants a program and its arguments")));
    };
    let mut command = Command::new(program);
    // Only answers go to the standard output, so what the child prints goes beside complaints.
    command.args(arguments).stdout(std::io::stderr());
    let options = Client::options_enfant(command).delai_connexion(common.delai);
    Ok(hooked!(options, hooks).lancer()?)
}

/// What `work` returns, if it does in time. The library bounds the end of a connection to a child
/// process by a time of its own, which may be longer than what the user wants to wait.
pub fn within<T: Send + 'static>(
    most: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (send, done) = mpsc::sync_channel(1);
    thread::spawn(move || {
        // Nobody waits any more if the time has passed.
        let _late = send.send(work());
    });
    done.recv_timeout(most).ok()
}

/// Ends a connection in order: then what was sent has run there, and has told its failure.
pub fn end(client: &Client, common: &Common) -> Outcome<()> {
    let client = client.clone();
    let ended = within(common.delai, move || client.eteindre())
        .ok_or_else(|| late(common.delai, "the peer has taken what was sent"))?;
    Ok(ended?)
}

pub fn late(most: Duration, what: &str) -> Failure {
    let most = humantime::format_duration(most);
    Failure::new(Kind::Late, format!("{most} have passed before {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mere_port_is_one_of_this_machine() {
        let shown = |text: &str| address(text).map(|address| address.to_string());
        assert_eq!(shown("12800").unwrap(), "127.0.0.1:12800");
        assert_eq!(shown("localhost:12800").unwrap(), "localhost:12800");
        for text in ["", "+12800", "65536", "12800 ", "host"] {
            assert!(shown(text).is_err(), "{text:?}");
        }
    }
}
