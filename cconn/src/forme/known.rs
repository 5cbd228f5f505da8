//! The declaration that an error is about.

use std::fmt;
use std::panic::RefUnwindSafe;

use super::{CommandeDecrite, TypeNomme};

/// A command that is declared on this side, as layers below `message` see it.
pub(crate) trait Declared: Send + Sync + RefUnwindSafe {
    /// What the command is, with the types that it names.
    fn describe_alone(&self) -> (CommandeDecrite, Vec<TypeNomme>);
}

/// The declaration of a command, if there is one on this side. It says nothing that the error
/// around it does not, so it counts for nothing where errors are compared or shown.
#[derive(Clone, Copy, Default)]
pub(crate) struct Declaration(pub(crate) Option<&'static dyn Declared>);

impl Declaration {
    pub(crate) fn get(self) -> Option<&'static dyn Declared> {
        self.0
    }
}

impl PartialEq for Declaration {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Declaration {}

impl fmt::Debug for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "known" } else { "unknown" })
    }
}
