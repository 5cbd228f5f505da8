//! Lists of commands, as `commandes![]` makes them. Their type tells where they can be registered.

use std::fmt;
use std::marker::PhantomData;

use super::{Context, Description, Fault, Input};
use crate::message::{Reply, Sealed};
use crate::wire::Answering;
use crate::wire::FailureCode;

/// Makes a list of commands, to register them.
///
/// Each command is named by the path of its function; a `#[cfg]` may precede the path. The list is
/// a constant: it can be the value of a `const`, and a function can return it.
///
/// # Errors
///
/// A command that is listed twice, a command whose name on the wire another one has, and a command
/// without a body are compile errors. A list with a command that takes `&Serveur` is a
/// [`Commandes<ServeurSeul>`](crate::Commandes), which no client accepts.
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
/// assert_eq!(LISTE.descriptions()[1].signature, "echo(mot: String) -> String");
/// ```
#[doc(alias = "commands")]
#[macro_export]
macro_rules! commandes {
    ($($commandes:tt)*) => {
        // The compiler shows this name next to its errors about entries that are not commands.
        $crate::__prive::list_of_functions_with_the_attribute_commande!($crate; $($commandes)*)
    };
}

/// The scope of commands that can be registered on both sides.
#[doc(alias = "Everywhere")]
#[derive(Clone, Copy, Debug)]
pub enum Partout {}

/// The scope of commands of which one takes `&Serveur`, so that only a server can run them.
#[doc(alias = "ServerOnly")]
#[derive(Clone, Copy, Debug)]
pub enum ServeurSeul {}

/// A scope that includes clients.
#[doc(alias = "OnClient")]
#[diagnostic::on_unimplemented(
    message = "a command of this list takes `&Serveur`: it can't be registered on a client",
    note = "register it on the server, or take `&Client` instead"
)]
pub trait SurClient: Sealed {}

impl Sealed for Partout {}

impl SurClient for Partout {}

/// Commands to register: what [`commandes!`](crate::commandes) returns.
///
/// `P` tells where they can be registered: [`Partout`] or [`ServeurSeul`].
#[doc(alias = "Commands")]
#[must_use = "the commands are only listed: register them with `enregistrer`"]
pub struct Commandes<P = Partout> {
    entries: &'static [Description],
    scope: PhantomData<fn() -> P>,
}

impl<P> Commandes<P> {
    /// The commands, in the order of the list.
    #[doc(alias = "entries")]
    pub const fn descriptions(&self) -> &'static [Description] {
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

/// A list that can be registered: the [`Commandes`] that [`commandes!`](crate::commandes) returns.
#[doc(alias = "List")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of commands",
    label = "not a list",
    note = "commands are registered as a list of their functions, even one alone: \
            `enregistrer(commandes![somme])`",
    note = "the list of a module is what its function returns: `enregistrer(calcul::commandes())`"
)]
pub trait Liste: Sealed {
    /// Where the list can be registered: [`Partout`] or [`ServeurSeul`].
    #[doc(alias = "Scope")]
    type Portee;

    /// The list.
    #[doc(alias = "list")]
    fn en_liste(self) -> Commandes<Self::Portee>;
}

impl<P> Sealed for Commandes<P> {}

impl<P> Liste for Commandes<P> {
    type Portee = P;

    fn en_liste(self) -> Commandes<P> {
        self
    }
}

/// Turns a constant into the type that tells where commands can be registered.
#[derive(Debug)]
pub struct Where<const SERVER: bool>;

/// The scope of commands, as a type.
pub trait Scope {
    /// [`Partout`] or [`ServeurSeul`].
    type Portee;
}

impl Scope for Where<false> {
    type Portee = Partout;
}

impl Scope for Where<true> {
    type Portee = ServeurSeul;
}

/// The finished list.
pub const fn list<const SERVER: bool>(
    entries: &'static [Description],
) -> Commandes<<Where<SERVER> as Scope>::Portee>
where
    Where<SERVER>: Scope,
{
    Commandes { entries, scope: PhantomData }
}

/// Whether one of the commands needs a server.
pub const fn server_only(entries: &[Description]) -> bool {
    let mut rest = entries;
    while let [entry, tail @ ..] = rest {
        if entry.serveur_seul {
            return true;
        }
        rest = tail;
    }
    false
}

/// How many commands the lists hold together.
pub const fn total(lists: &[&[Description]]) -> usize {
    let mut rest = lists;
    let mut total = 0;
    while let [list, tail @ ..] = rest {
        total += list.len();
        rest = tail;
    }
    total
}

/// The lists joined to one; `N` is their [`total`].
pub const fn joined<const N: usize>(lists: &[&[Description]]) -> [Description; N] {
    let mut all = [PLACEHOLDER; N];
    let (mut rest, mut i) = (lists, 0);
    while let [list, tail @ ..] = rest {
        let mut entries = *list;
        while let [entry, others @ ..] = entries {
            all[i] = *entry;
            i += 1;
            entries = others;
        }
        rest = tail;
    }
    all
}

/// Checks that all names in a list differ, and returns the list.
///
/// The hash table has `M` places, a power of two above the number of commands. Each name is looked
/// up at its hash, so a command of a long list costs the compiler no more than a command of a short
/// one.
///
/// # Panics
///
/// If two commands have the same name, or names with the same hash. In a constant that is a compile
/// error.
pub const fn distinct<const M: usize>(entries: &'static [Description]) -> &'static [Description] {
    let mut table = [0; M];
    let mut count = 0;
    while count < entries.len() {
        let new = &entries[count];
        let [a, b, c, d, ..] = new.hash.to_le_bytes();
        let mut place = u32::from_le_bytes([a, b, c, d]) as usize & (M - 1);
        while table[place] != 0 {
            let other = &entries[table[place] - 1];
            if other.hash == new.hash {
                clash(other.nom, new.nom);
            }
            place = (place + 1) & (M - 1);
        }
        count += 1;
        table[place] = count;
    }
    entries
}

/// Panics with a text that names the two commands whose names collide.
const fn clash(one: &str, other: &str) {
    let parts = if same(one, other) {
        [
            "two commands of the list have the name `",
            one,
            "`: remove one, or rename one with `nom = \"..\"`",
            "",
            "",
        ]
    } else {
        ["the names `", one, "` and `", other, "` have one hash: rename one with `nom = \"..\"`"]
    };
    panic_with(&parts)
}

/// Panics with the text that the parts make together.
pub(super) const fn panic_with(parts: &[&str]) -> ! {
    let mut text = [0; 512];
    let (mut length, mut rest) = (0, parts);
    while let [part, tail @ ..] = rest {
        let mut bytes = part.as_bytes();
        while let ([byte, others @ ..], true) = (bytes, length < text.len()) {
            text[length] = *byte;
            length += 1;
            bytes = others;
        }
        rest = tail;
    }
    match std::str::from_utf8(text.split_at(length).0) {
        Ok(text) => panic!("{}", text),
        // The text is longer than there is room, and was cut inside a character.
        Err(_) => panic!("a command is wrong; its name is too long to say how"),
    }
}

/// Whether two texts are equal; usable in a constant.
pub(super) const fn same(left: &str, right: &str) -> bool {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    while let ([a, left_tail @ ..], [b, right_tail @ ..]) = (left, right) {
        if *a != *b {
            return false;
        }
        (left, right) = (left_tail, right_tail);
    }
    left.is_empty() && right.is_empty()
}

/// Fills unfinished lists, and takes the place of a command with mistakes.
pub(crate) const PLACEHOLDER: Description = Description {
    nom: "",
    signature: "",
    doc: "",
    alias: &[],
    parallele: false,
    serveur_seul: false,
    flux: super::StreamForm::Nothing,
    hash: 0,
    declared: None,
    besoins: &[],
    garde: None,
    run: run_nothing,
};

#[expect(clippy::unnecessary_wraps, reason = "it has the signature of every command")]
fn run_nothing(_: &Context<'_>, _: Input<'_>, out: &mut Answering) -> Result<Reply, Fault> {
    Ok(Reply::failure(FailureCode::UnknownCommand, &"the command has no body", out))
}
