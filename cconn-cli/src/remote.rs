//! A peer's description, and calls that follow it.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cconn::description::{self, Argument, CommandeDecrite, Forme, Programme};
use cconn::erreur::NatureDistante;
use cconn::traits::Nommee;
use cconn::{Client, Erreur, nommee};
use serde::ser::SerializeTuple;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::arguments::Common;
use crate::dial::{self, Hooks, Started};
use crate::failure::{Failure, Kind, Outcome, kind};
use crate::near;
use crate::progress::Progress;
use crate::value::{Answer, Refusal, Shape, Typed, expecting, form, word};

/// A peer whose commands are known.
#[derive(Clone, Debug)]
pub struct Remote {
    pub client: Client,
    pub programme: Arc<Programme>,
    /// How long to wait for each thing.
    patience: Duration,
    /// The program that was started for this connection, which ends with it.
    _child: Option<Arc<Started>>,
}

impl Remote {
    /// Connects and asks for the description.
    pub fn open(address: &str, common: &Common) -> Outcome<Remote> {
        Remote::describe(address, common, dial::connect(address, common)?)
    }

    /// Connects with these hooks, and asks for the description.
    pub fn open_with(address: &str, common: &Common, hooks: &Hooks) -> Outcome<Remote> {
        Remote::describe(address, common, dial::connect_with(address, common, hooks)?)
    }

    fn describe(
        address: &str,
        common: &Common,
        (client, child): (Client, Option<Arc<Started>>),
    ) -> Outcome<Remote> {
        let programme = listed(address, &client)?;
        let (programme, patience) = (Arc::new(programme), common.delai);
        Ok(Remote { client, programme, patience, _child: child })
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
    pub fn prepare(&self, name: &str, words: &[String]) -> Outcome<Prepared> {
        let command = self.command(name)?;
        let Some(arguments) = &command.arguments else {
            let text = format!(
                "the types of `{name}` are not known there, because it is a closure: make it a \
                 function under #[commande]"
            );
            return Err(Failure::usage(text));
        };
        let mut given: Vec<Option<(&str, &str)>> = vec![None; arguments.len()];
        let mut next = 0;
        for text in words {
            let named = text.split_once('=').and_then(|(name, value)| {
                Some((arguments.iter().position(|argument| argument.nom == name)?, value))
            });
            let (at, value) = named.unwrap_or((next, text));
            let Some(place) = given.get_mut(at) else {
                return Err(one_too_many(text, command));
            };
            if place.replace((value, text)).is_some() {
                let name = &arguments[at].nom;
                return Err(Failure::usage(format!("`{name}` is given twice: {}", usage(command))));
            }
            next = given.iter().position(Option::is_none).unwrap_or(given.len());
        }
        let mut values = Vec::new();
        for (argument, value) in arguments.iter().zip(&given) {
            let behind = &given[values.len()..];
            match value {
                Some(given) => values.push(self.value(argument, *given, command)?),
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
        Ok(Prepared { command: command.clone(), values: Body(values), fingerprint })
    }

    /// The value of an argument, and the word that it stands in.
    fn value(
        &self,
        argument: &Argument,
        (value, text): (&str, &str),
        command: &CommandeDecrite,
    ) -> Outcome<Typed> {
        let shape = self.shape(&argument.forme);
        word(value, shape, self.patience).map_err(|error| {
            let help = match form(shape) {
                _ if !error.is_whole() => String::new(),
                Some(form) => format!("; write {form}"),
                None => stranger(text, command),
            };
            let (at, name) = (&argument.nom, &command.nom);
            Failure::usage(format!("`{at}` of `{name}`: {error}{help}"))
        })
    }

    /// Calls the command; `Ok(Err(..))` is its own error.
    pub fn call(&self, client: &Client, prepared: &Prepared) -> Outcome<Result<Value, Value>> {
        self.answered(prepared, || client.appeler::<Answer, _>(prepared.message()))
    }

    /// Calls the command and shows how far it has come, if somebody can see that, until `progress` is
    /// taken away.
    pub fn call_shown(
        &self,
        prepared: &Prepared,
        progress: &Mutex<Option<Progress>>,
    ) -> Outcome<Result<Value, Value>> {
        if !std::io::stderr().is_terminal() {
            return self.call(&self.client, prepared);
        }
        let call = || {
            let show = |report| {
                let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
                progress.iter_mut().for_each(|progress| progress.show(&report));
            };
            self.client.appeler_suivi::<Answer, _>(prepared.message(), show)
        };
        self.answered(prepared, call)
    }

    fn answered(
        &self,
        prepared: &Prepared,
        call: impl FnOnce() -> Result<Answer, Erreur<Refusal>>,
    ) -> Outcome<Result<Value, Value>> {
        let command = &prepared.command;
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
    pub fn send(&self, prepared: &Prepared) -> Outcome<()> {
        let name = &prepared.command.nom;
        if prepared.streams() {
            let why = "which nobody would take: call it with `appeler`";
            return Err(Failure::usage(format!("not sent: `{name}` answers with a stream, {why}")));
        }
        self.client.envoyer(prepared.message())?;
        Ok(())
    }
}

/// What the peer says of its commands.
pub fn listed(address: &str, client: &Client) -> Outcome<Programme> {
    description::commandes(client).map_err(|error| match &error {
        Erreur::Distante(remote) if remote.nature == NatureDistante::Inconnue => {
            let why = "does not list its commands, so nothing is known of their arguments";
            Failure::new(Kind::Unknown, format!("{address} {why}"))
        }
        _ => error.into(),
    })
}

/// The failure of a call of a command whose stream its peer does not describe.
fn streams(name: &str) -> Failure {
    let why = "whose items its peer does not describe: only a program that declares the command \
               can take it";
    Failure::usage(format!("not run: `{name}` answers with a stream, {why}"))
}

/// A call whose arguments fit the peer's types.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub command: CommandeDecrite,
    values: Body,
    fingerprint: u32,
}

impl Prepared {
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
#[derive(Clone, Debug)]
pub struct Body(Vec<Typed>);

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|value| tuple.serialize_element(value))?;
        tuple.end()
    }
}

fn one_too_many(text: &str, command: &CommandeDecrite) -> Failure {
    let option = if text.starts_with("--") { ", and no option of this verb" } else { "" };
    let usage = usage(command);
    let stranger = stranger(text, command);
    Failure::usage(format!("`{text}` is one argument too many{option}: {usage}{stranger}"))
}

/// What to say of a word that is not good as a value and looks like that of another argument.
fn stranger(text: &str, command: &CommandeDecrite) -> String {
    let is_name = |name: &&str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    let name = text.split_once('=').map(|(name, _)| name).filter(is_name);
    let known: Vec<&str> = command.arguments.iter().flatten().map(|known| &*known.nom).collect();
    match name.filter(|name| !known.contains(name)) {
        Some(name) => {
            format!("; there is no argument `{name}`{}", near::suggestion(name, &known))
        }
        None => String::new(),
    }
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
