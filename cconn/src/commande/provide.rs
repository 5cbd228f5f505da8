//! State and sessions of a registry: given, checked before commands run, and dropped at the end.

use std::any::type_name;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::Registry;
use super::given::{There, double, put_state};
use super::registered::Registered;
use super::runner::sessions;
use super::shelf::Shelf;
use crate::client::Client;
use crate::erreur::{Enregistrement, Erreur, Resultat, Usage};
use crate::link::Link;

/// Whose commands are checked.
pub(crate) struct Lien<'a> {
    /// The name of the connection or the server in errors.
    pub(crate) label: &'a str,
    /// The connection, if the commands are those of one.
    pub(crate) link: Option<&'a Link>,
}

impl<'a> Lien<'a> {
    /// A client's connection, which has its commands for itself.
    pub(crate) fn of_client(client: &'a Client) -> Self {
        Lien { label: client.link.identity.label(), link: Some(&client.link) }
    }
}

impl Registry {
    /// The program's state.
    pub(super) fn states(&self) -> Arc<Shelf> {
        self.states.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets commands run from now on, if everything is there that they need.
    pub(crate) fn begin(&self, lien: &Lien<'_>) -> Resultat<()> {
        self.check_needs(&[], lien)?;
        self.begun.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Checks that everything is there that the commands need, and what `new` ones need.
    fn check_needs(&self, new: &[Registered], lien: &Lien<'_>) -> Resultat<()> {
        let sessions = lien.link.map(sessions);
        let (states, table) = (self.states(), self.read());
        let there = There { states: &states, made: &self.sessions, sessions: sessions.as_deref() };
        let all = table.values().map(|command| &**command).chain(new);
        let manques = there.missing(all.map(|command| (&*command.name, command.needs)));
        if manques.is_empty() {
            return Ok(());
        }
        let (lien, manques) = (lien.label.into(), manques.into());
        Err(Erreur::Usage(Box::new(Usage::Manques { lien, manques })))
    }

    /// An error if something is missing that `new` commands need, once commands run.
    pub(super) fn check_new(&self, new: &[Registered], lien: &Lien<'_>) -> Resultat<()> {
        if !self.begun.load(Ordering::Relaxed) || new.iter().all(|new| new.needs.is_empty()) {
            return Ok(());
        }
        self.check_needs(new, lien)
    }

    /// Adds a value to the program's state.
    pub(crate) fn provide<T: Send + Sync + 'static>(&self, value: T) -> Resultat<()> {
        if self.over.load(Ordering::Relaxed) {
            return Err(Erreur::Enregistrement(Box::new(Enregistrement::Finie)));
        }
        if put_state(&self.states(), value) { Ok(()) } else { Err(double(type_name::<T>())) }
    }

    /// Makes the sessions of a connection that the program makes itself, before its first command.
    pub(crate) fn make_sessions(&self, client: &Client) -> Resultat<()> {
        self.sessions.make(client, &sessions(&client.link))
    }

    /// Whether the program makes sessions itself when a client connects.
    pub(crate) fn makes_sessions(&self) -> bool {
        self.sessions.are_made()
    }

    /// Drops the program's state, unless a command still uses it: then with the thread of that
    /// command.
    pub(super) fn let_go_of_states(&self) {
        let mut states = self.states.write().unwrap_or_else(PoisonError::into_inner);
        let states_there = std::mem::take(&mut *states);
        drop(states);
        drop(states_there);
    }
}
