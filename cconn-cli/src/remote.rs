//! A connection to the peer, its description, and calls that follow it.

use std::io::IsTerminal;
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use cconn::description::{self, CommandeDecrite, Forme, Programme};
use cconn::erreur::NatureDistante;
use cconn::local::Enfant;
use cconn::traits::Nommee;
use cconn::{Adresse, Client, Erreur, nommee};
use serde::ser::SerializeTuple;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::arguments::Common;
use crate::failure::{Failure, Kind, Outcome, kind};
use crate::near;
use crate::output;
use crate::progress::Progress;
use crate::value::{Answer, Refusal, Shape, Typed, expecting, word};

/// A peer whose commands are known.
#[derive(Debug)]
pub struct Remote {
    pub client: Client,
    pub programme: Arc<Programme>,
    /// The program that was started for this connection, which ends with it.
    _child: Option<Enfant>,
}

/// What an address begins with that is a program to be started.
const PROGRAM: &str = "exec:";

/// Connects to the peer at this address, or starts it.
pub fn connect(address: &str, common: &Common) -> Outcome<(Client, Option<Enfant>)> {
    if let Some(words) = address.strip_prefix(PROGRAM) {
        let child = start(words, common)?;
        return Ok((child.client().avec_delai(common.delai), Some(child)));
    }
    let address: Adresse =
        address.parse().map_err(|error| Failure::usage(format!("{address}: {error}")))?;
    let client = Client::options(address)
        .delai_connexion(common.delai)
        .delai_arret(common.delai)
        .delai_silence(common.delai)
        .connecter()?;
    Ok((client.avec_delai(common.delai), None))
}

/// Starts a program that serves its parent (`Serveur::depuis_parent`).
fn start(words: &str, common: &Common) -> Outcome<Enfant> {
    let words = shlex::split(words).unwrap_or_default();
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::usage(format!("{PROGRAM} wants a program and its arguments")));
    };
    let mut command = Command::new(program);
    // Only answers go to the standard output, so what the child prints goes beside complaints.
    command.args(arguments).stdout(std::io::stderr());
    let started = within(common.delai, move || Client::enfant(command))
        .ok_or_else(|| late(common.delai, &format!("{program} has started and greeted")))?;
    started.map_err(Failure::from)
}

/// What `work` returns, if it does in time. The library bounds the start and the end of a child
/// process by times of its own, which may be longer than what the user wants to wait.
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

pub fn late(most: Duration, what: &str) -> Failure {
    let most = humantime::format_duration(most);
    Failure::new(Kind::Late, format!("{most} have passed before {what}"))
}

/// Connects to the peer at this address and takes what it sends: a line on the standard error says
/// what came. Messages carry no name, so a command that is not there is shown by its number.
fn listen(address: &str, common: &Common) -> Outcome<(Client, Option<Enfant>)> {
    if address.starts_with(PROGRAM) {
        let (client, child) = connect(address, common)?;
        client.ecouter()?;
        return Ok((client, child));
    }
    let address: Adresse =
        address.parse().map_err(|error| Failure::usage(format!("{address}: {error}")))?;
    let client = Client::options(address)
        .delai_connexion(common.delai)
        .delai_arret(common.delai)
        .delai_silence(common.delai)
        .quand_commande_echoue(|_, sent| {
            output::note(&format!(
                "the peer sent `{}`, which a console does not run",
                sent.commande
            ));
        })
        .connecter()?
        .avec_delai(common.delai);
    client.ecouter()?;
    Ok((client, None))
}

impl Remote {
    /// Connects and asks for the description.
    pub fn open(address: &str, common: &Common) -> Outcome<Remote> {
        Remote::describe(address, connect(address, common)?)
    }

    /// Connects, takes what the peer sends, and asks for the description.
    pub fn open_listening(address: &str, common: &Common) -> Outcome<Remote> {
        Remote::describe(address, listen(address, common)?)
    }

    fn describe(address: &str, connected: (Client, Option<Enfant>)) -> Outcome<Remote> {
        let (client, child) = connected;
        let programme = description::commandes(&client).map_err(|error| match &error {
            Erreur::Distante(remote) if remote.nature == NatureDistante::Inconnue => {
                let why = "does not list its commands, so nothing is known of their arguments";
                Failure::new(Kind::Unknown, format!("{address} {why}"))
            }
            _ => error.into(),
        })?;
        Ok(Remote { client, programme: Arc::new(programme), _child: child })
    }

    pub fn shape<'a>(&'a self, forme: &'a Forme) -> Shape<'a> {
        Shape::new(forme, &self.programme.types)
    }

    /// The command of that name, or what is near it.
    pub fn command(&self, name: &str) -> Outcome<&CommandeDecrite> {
        let found = self.programme.commandes.iter().find(|command| command.nom == name);
        found.ok_or_else(|| {
            let known: Vec<&str> =
                self.programme.commandes.iter().map(|command| &*command.nom).collect();
            let near = near::suggestion(name, &known);
            Failure::new(Kind::Unknown, format!("there is no command `{name}`{near}"))
        })
    }

    /// The words as a call of this command.
    pub fn prepare<'a>(&'a self, name: &'a str, words: &[String]) -> Outcome<Prepared<'a>> {
        let command = self.command(name)?;
        let Some(arguments) = &command.arguments else {
            let text = format!(
                "the types of `{name}` are not known there, because it is a closure: make it a \
                 function under #[commande]"
            );
            return Err(Failure::usage(text));
        };
        let mut given: Vec<Option<&str>> = vec![None; arguments.len()];
        let mut next = 0;
        for text in words {
            let named = text.split_once('=').and_then(|(name, value)| {
                Some((arguments.iter().position(|argument| argument.nom == name)?, value))
            });
            let (at, value) = named.unwrap_or((next, text));
            let Some(place) = given.get_mut(at) else {
                return Err(one_too_many(text, command));
            };
            if place.replace(value).is_some() {
                let name = &arguments[at].nom;
                return Err(Failure::usage(format!("`{name}` is given twice: {}", usage(command))));
            }
            next = given.iter().position(Option::is_none).unwrap_or(given.len());
        }
        let mut values = Vec::new();
        for (argument, value) in arguments.iter().zip(&given) {
            let behind = &given[values.len()..];
            match value {
                Some(text) => {
                    let typed = word(text, self.shape(&argument.forme)).map_err(|error| {
                        Failure::usage(format!("`{}` of `{name}`: {error}", argument.nom))
                    })?;
                    values.push(typed);
                }
                None if argument.defaut.is_some() && behind.iter().all(Option::is_none) => break,
                None if matches!(argument.forme, Forme::Facultative(_)) => {
                    values.push(Typed::Option(None));
                }
                None => {
                    let text = format!("`{}` is missing: {}", argument.nom, usage(command));
                    return Err(Failure::usage(text));
                }
            }
        }
        let omitted = arguments.len() - values.len();
        let fingerprint = command.empreintes.get(omitted).copied().unwrap_or_default();
        Ok(Prepared { command, values: Body(values), fingerprint })
    }

    /// Calls the command; `Ok(Err(..))` is its own error.
    pub fn call(&self, client: &Client, prepared: &Prepared<'_>) -> Outcome<Result<Value, Value>> {
        self.answered(prepared, || client.appeler::<Answer, _>(prepared.message()))
    }

    /// Calls the command and shows how far it has come, if somebody can see that.
    pub fn call_shown(&self, prepared: &Prepared<'_>) -> Outcome<Result<Value, Value>> {
        if !std::io::stderr().is_terminal() {
            return self.call(&self.client, prepared);
        }
        let mut progress = Progress::default();
        let call = || {
            let show = |report| progress.show(&report);
            self.client.appeler_suivi::<Answer, _>(prepared.message(), show)
        };
        self.answered(prepared, call)
    }

    fn answered(
        &self,
        prepared: &Prepared<'_>,
        call: impl FnOnce() -> Result<Answer, Erreur<Refusal>>,
    ) -> Outcome<Result<Value, Value>> {
        let command = prepared.command;
        let none = Forme::default();
        let refusal = command.refus.as_ref().unwrap_or(&none);
        let answered = expecting(&self.programme, &command.reponse, refusal, call);
        match answered {
            Ok(Answer(value)) => Ok(Ok(value)),
            Err(Erreur::Refus(Refusal(value))) => Ok(Err(value)),
            Err(Erreur::Distante(remote)) if remote.nature == NatureDistante::FluxInattendu => {
                Err(streams(&command.nom))
            }
            Err(error) => Err(Failure::new(kind(&error), error.to_string())),
        }
    }

    /// Sends the command and waits until the peer has taken it.
    pub fn send(&self, prepared: &Prepared<'_>) -> Outcome<()> {
        let name = &prepared.command.nom;
        if prepared.streams() {
            let why = "which nobody would take: call it with `appeler`";
            return Err(Failure::usage(format!("not sent: `{name}` answers with a stream, {why}")));
        }
        self.client.envoyer(prepared.message())?;
        Ok(())
    }
}

/// The failure of a call of a command whose stream its peer does not describe.
fn streams(name: &str) -> Failure {
    let why = "whose items its peer does not describe: only a program that declares the command \
               can take it";
    Failure::usage(format!("not run: `{name}` answers with a stream, {why}"))
}

/// A call whose arguments fit the peer's types.
#[derive(Debug)]
pub struct Prepared<'a> {
    pub command: &'a CommandeDecrite,
    values: Body,
    fingerprint: u32,
}

impl Prepared<'_> {
    /// The message of the call.
    pub fn message(&self) -> Nommee<&String, (&Body,), Refusal> {
        let message = nommee(&self.command.nom, (&self.values,));
        message.avec_empreinte(self.fingerprint).avec_refus::<Refusal>()
    }

    /// Whether the answer is a stream.
    pub fn streams(&self) -> bool {
        matches!(self.command.reponse, Forme::Flux(..))
    }
}

/// The arguments of a call, one behind the other.
#[derive(Debug)]
pub struct Body(Vec<Typed>);

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|value| tuple.serialize_element(value))?;
        tuple.end()
    }
}

fn one_too_many(text: &str, command: &CommandeDecrite) -> Failure {
    let place = if text.starts_with("--") { " (options stand before the address)" } else { "" };
    let usage = usage(command);
    Failure::usage(format!("`{text}` is one argument too many{place}: {usage}"))
}

/// The signature of a command as its user writes it.
pub fn usage(command: &CommandeDecrite) -> String {
    let words: Vec<String> = command
        .arguments
        .iter()
        .flatten()
        .map(|argument| match argument.defaut {
            Some(_) => format!("[{}]", argument.nom),
            None => argument.nom.clone(),
        })
        .collect();
    format!("{} {}", command.nom, words.join(" ")).trim_end().to_owned()
}
