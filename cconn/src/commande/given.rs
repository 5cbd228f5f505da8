//! What the program gives for its commands before they run: state, and how sessions are made; and
//! the check that nothing is missing.

use std::any::{TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use super::shelf::{Kept, Shelf};
use super::{Besoin, Etat, Session};
use crate::client::Client;
use crate::erreur::{Erreur, Manque, Resultat, Usage};
use crate::order::{self, Few};

/// Makes the session of one connection.
type MakeSession = dyn Fn(&Client) -> Resultat<Kept> + Send + Sync;

/// What the program gives before its commands run.
#[derive(Default)]
pub(crate) struct Given {
    pub(super) states: Shelf,
    pub(super) sessions: Sessions,
    /// The type of a value that was given though one of that type was there.
    twice: Option<&'static str>,
}

/// How the sessions of each connection are made.
#[derive(Clone, Default)]
pub(crate) struct Sessions(Vec<Maker>);

#[derive(Clone)]
struct Maker {
    ty: TypeId,
    name: &'static str,
    /// `None` if a command of the program's opens the session later.
    make: Option<Arc<MakeSession>>,
}

impl Given {
    pub(crate) fn state<T: Send + Sync + 'static>(&mut self, value: T) {
        if !put_state(&self.states, value) {
            self.twice.get_or_insert(type_name::<T>());
        }
    }

    pub(crate) fn session<T: Send + Sync + 'static>(
        &mut self,
        make: impl Fn(&Client) -> Resultat<T> + Send + Sync + 'static,
    ) {
        let make =
            move |client: &Client| -> Resultat<Kept> { Ok(Box::new(Session::new(make(client)?))) };
        self.declare::<T>(Some(Arc::new(make)));
    }

    pub(crate) fn session_later<T: Send + Sync + 'static>(&mut self) {
        self.declare::<T>(None);
    }

    fn declare<T: Send + Sync + 'static>(&mut self, make: Option<Arc<MakeSession>>) {
        let (ty, name) = (TypeId::of::<Session<T>>(), type_name::<T>());
        if self.sessions.has(ty) {
            self.twice.get_or_insert(name);
        } else {
            self.sessions.0.push(Maker { ty, name, make });
        }
    }

    /// An error if two values of one type were given.
    pub(crate) fn check(&self) -> Resultat<()> {
        self.twice.map_or(Ok(()), |name| Err(double(name)))
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").field("states", &self.states).finish_non_exhaustive()
    }
}

pub(super) fn put_state<T: Send + Sync + 'static>(states: &Shelf, value: T) -> bool {
    states.put(TypeId::of::<Etat<T>>(), type_name::<T>(), Box::new(Etat::new(value)))
}

/// The error of a second value of one type.
pub(super) fn double(name: &'static str) -> Erreur {
    Erreur::Usage(Box::new(Usage::EtatDouble { quoi: short(name).into() }))
}

impl Sessions {
    /// Whether some are made when a client connects.
    pub(super) fn are_made(&self) -> bool {
        self.0.iter().any(|maker| maker.make.is_some())
    }

    fn has(&self, ty: TypeId) -> bool {
        self.0.iter().any(|maker| maker.ty == ty)
    }

    /// Makes the sessions of a connection, before its first command.
    pub(super) fn make(&self, client: &Client, kept: &Shelf) -> Resultat<()> {
        for Maker { ty, name, make } in &self.0 {
            if let Some(make) = make {
                kept.put(*ty, name, make(client)?);
            }
        }
        Ok(())
    }
}

/// The values that are there for commands.
pub(super) struct There<'a> {
    pub(super) states: &'a Shelf,
    pub(super) made: &'a Sessions,
    /// The sessions that the connection has, if the commands are those of one connection.
    pub(super) sessions: Option<&'a Shelf>,
}

impl There<'_> {
    fn has(&self, need: &Besoin) -> bool {
        let ty = (need.ty)();
        if !need.session {
            return self.states.has(ty);
        }
        need.is_made || self.made.has(ty) || self.sessions.is_some_and(|shelf| shelf.has(ty))
    }

    /// What is missing for these commands, each with the commands that need it.
    pub(super) fn missing<'n>(
        &self,
        commands: impl Iterator<Item = (&'n str, &'static [Besoin])>,
    ) -> Vec<Manque> {
        let mut missing: Few<(bool, &'static str), Vec<Box<str>>> = Few::default();
        for (command, needs) in commands {
            for need in needs.iter().filter(|need| !self.has(need)) {
                let commands = missing.entry((need.session, (need.name)()), Vec::new);
                commands.push(command.into());
            }
        }
        missing
            .into_entries()
            .into_iter()
            .map(|((session, name), mut commandes)| {
                order::sort(&mut commandes);
                Manque {
                    quoi: short(name).into(),
                    session,
                    commandes: commandes.into(),
                    proche: self.near(session, name).map(Into::into),
                }
            })
            .collect()
    }

    /// A value that is there and that was most likely meant.
    fn near(&self, session: bool, wanted: &str) -> Option<String> {
        let states = self.states.names().into_iter().map(|name| (false, name));
        let made = self.made.0.iter().map(|maker| (true, maker.name));
        let sessions = self.sessions.into_iter().flat_map(Shelf::names).map(|name| (true, name));
        let there = states.chain(made).chain(sessions);
        let near = there.filter(|(_, name)| is_near(&short(name), &short(wanted)));
        // Of several the one with the most in common.
        let (kind, name) = near.min_by_key(|(kind, name)| {
            (*kind != session, short(name).len().abs_diff(short(wanted).len()))
        })?;
        let shown = short(name);
        if kind != session {
            let sort = if kind { "as a session" } else { "as state" };
            return Some(format!("{} `{shown}` {sort}", article(&shown)));
        }
        // Types of one name from two modules are told apart by their paths.
        if name != wanted && shown == short(wanted) {
            return Some(format!("another one, `{name}` for `{wanted}`"));
        }
        Some(format!("{} `{shown}`", article(&shown)))
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o']) { "an" } else { "a" }
}

/// Whether two types are alike enough that one may have been meant for the other.
fn is_near(one: &str, two: &str) -> bool {
    one.contains(two) || two.contains(one) || inmost(one) == inmost(two)
}

/// The last name inside all angle brackets, commas and brackets.
fn inmost(name: &str) -> &str {
    let mut words = name.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.rfind(|word| !word.is_empty()).unwrap_or(name)
}

/// A type's name without the paths in it.
pub(super) fn short(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for part in name.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') {
        out.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_types_are_shown_without_paths() {
        for (name, shown) in [
            ("u8", "u8"),
            ("std::sync::Mutex<a::b::Compte>", "Mutex<Compte>"),
            ("alloc::vec::Vec<(a::B, [c::D; 3])>", "Vec<(B, [D; 3])>"),
            ("&str", "&str"),
            ("dyn a::Trait + core::marker::Send", "dyn Trait + Send"),
        ] {
            assert_eq!(short(name), shown);
        }
    }

    #[test]
    fn types_that_differ_by_what_is_round_them_are_near() {
        assert!(is_near("Mutex<Compte>", "Arc<Mutex<Compte>>"));
        assert!(is_near("RwLock<Compte>", "Mutex<Compte>"));
        assert!(is_near("Compte", "Mutex<Compte>"));
        assert!(!is_near("Mutex<Compte>", "Mutex<Caisse>"));
    }
}
