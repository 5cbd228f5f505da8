//! Lists of commands, as `commandes![]` makes them, with where they can be registered as a type.

use std::fmt;
use std::marker::PhantomData;

use super::{Commande, Contexte, Entree, Faute, Input};
use crate::message::Issue;
use crate::wire::FailureCode;
use crate::wire::Output;

/// Lists commands, to register them.
///
/// Each is named by the path of its function; a `#[cfg]` may stand before it. The list is a
/// constant: it can stand in a `const` and be returned by a function.
///
/// # Errors
///
/// A command that is listed twice, or whose name on the wire another has, is a compile error, and
/// so is one without a body. A list with a command that takes `&Serveur` is a
/// [`Commandes<ServeurSeul>`](crate::Commandes), which no client takes.
///
/// # Examples
///
/// ```
/// use cconn::{Commandes, commande, commandes};
///
/// #[commande]
/// fn somme(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// mod texte {
///     #[cconn::commande]
///     pub fn echo(mot: String) -> String {
///         mot
///     }
/// }
///
/// const LISTE: Commandes = commandes![somme, texte::echo];
/// assert_eq!(LISTE.entrees()[1].signature, "echo(mot: String) -> String");
/// ```
#[doc(alias = "commands")]
#[macro_export]
macro_rules! commandes {
    ($($commandes:tt)*) => { $crate::__prive::list_of!($crate; $($commandes)*) };
}

/// Commands that can be registered on both sides.
#[doc(alias = "Everywhere")]
#[derive(Clone, Copy, Debug)]
pub enum Partout {}

/// Commands of which one takes `&Serveur`, so that only a server can run them.
#[doc(alias = "ServerOnly")]
#[derive(Clone, Copy, Debug)]
pub enum ServeurSeul {}

/// Where commands can be registered that a client can run.
#[doc(alias = "OnClient")]
#[diagnostic::on_unimplemented(
    message = "a command of this list takes `&Serveur`: it can't be registered on a client",
    note = "register it on the server, or take `&Client` instead"
)]
pub trait SurClient {}

impl SurClient for Partout {}

/// Where a list can be registered once commands of `P` joined it.
pub trait Avec<P> {
    /// The narrower of both.
    type Somme;
}

impl<P> Avec<P> for Partout {
    type Somme = P;
}

impl<P> Avec<P> for ServeurSeul {
    type Somme = ServeurSeul;
}

/// Commands to register: what [`commandes!`](crate::commandes) returns.
///
/// `P` says where they can be registered: [`Partout`] or [`ServeurSeul`].
#[doc(alias = "Commands")]
#[must_use = "the commands are only listed: register them with `enregistrer`"]
pub struct Commandes<P = Partout> {
    entries: &'static [Entree],
    scope: PhantomData<fn() -> P>,
}

impl<P> Commandes<P> {
    /// The commands, in the order of the list.
    #[doc(alias = "entries")]
    pub const fn entrees(&self) -> &'static [Entree] {
        self.entries
    }
}

impl<P> Clone for Commandes<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Commandes<P> {}

impl<P> fmt::Debug for Commandes<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| entry.nom)).finish()
    }
}

/// A list of at most `N` commands that is being made.
#[derive(Debug)]
pub struct Constructeur<const N: usize, P> {
    entries: [Entree; N],
    length: usize,
    scope: PhantomData<fn() -> P>,
}

impl<const N: usize, P> Constructeur<N, P> {
    /// An empty list.
    #[expect(clippy::new_without_default, reason = "it is made in constants only")]
    pub const fn new() -> Self {
        Constructeur { entries: [PLACEHOLDER; N], length: 0, scope: PhantomData }
    }

    /// The list with one more command.
    ///
    /// # Panics
    ///
    /// Where a command of that name is in the list already: in a constant, so a compile error.
    pub const fn et<C: Commande>(mut self) -> Constructeur<N, P::Somme>
    where
        P: Avec<C::Portee>,
    {
        let new = C::ENTREE;
        let mut i = 0;
        while i < self.length {
            assert!(
                !same(self.entries[i].nom, new.nom),
                "another command of the list has this name: remove one, or rename one with `nom`"
            );
            i += 1;
        }
        self.entries[self.length] = new;
        Constructeur { entries: self.entries, length: self.length + 1, scope: PhantomData }
    }
}

/// The finished list.
pub const fn list<const N: usize, P>(built: &'static Constructeur<N, P>) -> Commandes<P> {
    let (entries, _) = built.entries.split_at(built.length);
    Commandes { entries, scope: PhantomData }
}

/// Whether two names are the same, in a constant.
const fn same(left: &str, right: &str) -> bool {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    while let ([a, left_tail @ ..], [b, right_tail @ ..]) = (left, right) {
        if *a != *b {
            return false;
        }
        (left, right) = (left_tail, right_tail);
    }
    left.is_empty() && right.is_empty()
}

/// Fills a list that is not finished, and stands in for a command that has mistakes.
pub(crate) const PLACEHOLDER: Entree = Entree {
    nom: "",
    signature: "",
    doc: "",
    parallele: false,
    empreinte: || 0,
    faute: || None,
    executer: run_nothing,
};

#[expect(clippy::unnecessary_wraps, reason = "it has the signature of every command")]
fn run_nothing(_: &Contexte<'_>, _: Input<'_>, out: &mut Output) -> Result<Issue, Faute> {
    Ok(Issue::failure(FailureCode::UnknownCommand, &"the command has no body", out))
}
