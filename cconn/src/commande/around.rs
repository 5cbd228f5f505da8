//! The program's guard and hooks around each command: they may refuse it, time it and log it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Registry;
use super::fence::{fence, fence_telling};
use super::registry::{Registered, not_allowed};
use crate::client::Client;
use crate::erreur::{NatureDistante, Resultat};
use crate::link::{Incoming, Outcome};
use crate::wire::{Answering, FailureCode};

/// The text for a caller whose command did not run because a hook panicked.
const PANICKED: &str = "a hook that runs before each command panicked";

/// What says which commands a peer may call, by their names.
type Guard = dyn Fn(&Client, &str) -> bool + Send + Sync;

/// A hook before each command.
type Before = dyn Fn(&Execution<'_>) -> Resultat<()> + Send + Sync;

/// A hook after each command.
type After = dyn Fn(&Execution<'_>, &Issue<'_>, Duration) + Send + Sync;

/// The guard of every command, and the hooks around each, in the order in which they were given.
#[derive(Clone, Default)]
pub(crate) struct Around {
    guard: Option<Arc<Guard>>,
    before: Vec<Arc<Before>>,
    after: Vec<Arc<After>>,
}

/// A command that is about to run or has run, as a hook sees it.
#[doc(alias("Invocation", "Request"))]
pub struct Execution<'a> {
    client: &'a Client,
    command: &'a Registered,
    bytes: usize,
}

/// How a command has ended, as a hook sees it.
#[doc(alias("Response", "Status"))]
#[doc(alias = "Outcome")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Issue<'a> {
    /// It has answered; a message sent with `envoyer` counts as answered too, and so does a command
    /// that has left its answer to a [`Promesse`](crate::Promesse).
    #[doc(alias = "Answer")]
    Reponse,
    /// It has returned its own error.
    #[doc(alias = "Refusal")]
    Refus,
    /// It was not run or has failed.
    #[doc(alias = "Failure")]
    #[non_exhaustive]
    Echec {
        /// What happened.
        nature: NatureDistante,
        /// The text that a caller gets.
        texte: &'a str,
    },
}

impl Execution<'_> {
    /// The connection that the command came by.
    #[doc(alias = "connection")]
    pub fn client(&self) -> &Client {
        self.client
    }

    /// The command's name on the wire.
    #[doc(alias = "name")]
    pub fn nom(&self) -> &str {
        &self.command.name
    }

    /// Its arguments and answer, for people to read; empty for a closure.
    pub fn signature(&self) -> &'static str {
        self.command.signature
    }

    /// The size of its encoded arguments, in bytes.
    #[doc(alias = "size")]
    pub fn octets(&self) -> usize {
        self.bytes
    }
}

impl fmt::Debug for Execution<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution")
            .field("client", self.client)
            .field("nom", &self.nom())
            .field("octets", &self.bytes)
            .finish()
    }
}

impl Around {
    pub(crate) fn set_guard(
        &mut self,
        guard: impl Fn(&Client, &str) -> bool + Send + Sync + 'static,
    ) {
        self.guard = Some(Arc::new(guard));
    }

    /// Whether the guard lets the peer call the command of that name. A guard that panics lets
    /// nobody call anything.
    pub(super) fn lets_in(&self, client: &Client, name: &str) -> bool {
        let lets_in = |guard: &Arc<Guard>| fence(|| guard(client, name)).unwrap_or(false);
        self.guard.as_ref().is_none_or(lets_in)
    }

    pub(crate) fn add_before(
        &mut self,
        hook: impl Fn(&Execution<'_>) -> Resultat<()> + Send + Sync + 'static,
    ) {
        self.before.push(Arc::new(hook));
    }

    pub(crate) fn add_after(
        &mut self,
        hook: impl Fn(&Execution<'_>, &Issue<'_>, Duration) + Send + Sync + 'static,
    ) {
        self.after.push(Arc::new(hook));
    }

    /// Runs a command between the hooks.
    #[cold]
    pub(super) fn run(
        &self,
        registry: &Registry,
        client: &Client,
        incoming: &Incoming<'_>,
        out: &mut Answering,
        command: impl FnOnce(&mut Answering) -> Outcome,
    ) -> Outcome {
        // A hook is told the name of a command, and a command that is not there has none.
        let Some(found) = registry.find(incoming.command) else { return command(out) };
        let bytes = incoming.size();
        let execution = Execution { client, command: &found, bytes };
        let (start, began) = (out.bytes.len(), Instant::now());
        let outcome = match self.refusal(&execution) {
            None => command(out),
            Some(text) => super::registry::failed(start, FailureCode::Forbidden, &text, out),
        };
        let lasted = began.elapsed();
        let text = String::from_utf8_lossy(match outcome {
            Outcome::Failure(_) => out.bytes.get(start..).unwrap_or(&[]),
            Outcome::Answer | Outcome::UserError | Outcome::Later => &[],
        });
        let issue = match outcome {
            Outcome::Answer | Outcome::Later => Issue::Reponse,
            Outcome::UserError => Issue::Refus,
            Outcome::Failure(code) => {
                Issue::Echec { nature: NatureDistante::from_code(code), texte: &text }
            }
        };
        for hook in self.after.iter().rev() {
            let _panicked = fence(|| hook(&execution, &issue, lasted));
        }
        outcome
    }

    /// Asks the guards, then runs the hooks before a command. The text of the first that refuses.
    // [failure.rights]
    fn refusal(&self, execution: &Execution<'_>) -> Option<String> {
        let Execution { client, command, .. } = execution;
        let name = command.own_name();
        if !(self.lets_in(client, name) && command.allows(client)) {
            return Some(not_allowed(client, name));
        }
        self.before.iter().find_map(|hook| match fence_telling(|| hook(execution)) {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(PANICKED.to_owned()),
        })
    }
}

impl Drop for Around {
    fn drop(&mut self) {
        // One after the other, because dropping what a hook has captured may panic.
        let guard = self.guard.take();
        let _panicked = fence(|| drop(guard));
        for hook in self.before.drain(..) {
            let _panicked = fence(|| drop(hook));
        }
        for hook in self.after.drain(..) {
            let _panicked = fence(|| drop(hook));
        }
    }
}
