//! The contract of a program's commands, as a text file that is kept with its source.
//!
//! A test holds the program against the file: a change that other programs would notice fails it,
//! says whom it breaks, and is taken over into the file where it is meant. So a review shows each
//! such change as one line.
//!
//! # Examples
//!
//! The one line of a test. The path counts from the folder of the package.
//!
//! ```no_run
//! # #[cconn::commande] fn somme(a: i64, b: i64) -> i64 { a + b }
//! # use cconn::commandes;
//! cconn::essais::contrat::verifier("tests/contrat.txt", commandes![somme]);
//! ```
//!
//! What it compares, step by step:
//!
//! ```
//! use cconn::essais::contrat::{Contrat, Effet, comparer};
//! use cconn::{commande, commandes};
//!
//! #[commande]
//! fn chercher(mot: String) -> u32 {
//!     mot.len() as u32
//! }
//!
//! mod nouveau {
//!     #[cconn::commande]
//!     pub fn chercher(mot: String, #[defaut(10)] nombre: u32) -> u32 {
//!         nombre + mot.len() as u32
//!     }
//! }
//!
//! let committed = Contrat::des(commandes![chercher]).to_string();
//! let before = Contrat::lire(&committed).unwrap();
//! let now = Contrat::des(commandes![nouveau::chercher]);
//! let [change]: [_; 1] = comparer(&before, &now).try_into().unwrap();
//! assert_eq!(change.anciens_appelants, Effet::Aucun);
//! assert!(matches!(change.anciens_receveurs, Effet::Conditionnel(_)));
//! ```

mod judge;
mod read;
mod verify;
mod write;

use std::fmt;

use crate::commande::Liste;
use crate::forme::{CommandeDecrite, Programme, Types};
use crate::order;
use crate::text::Harmless;

pub use judge::{Changement, Effet, comparer};
pub use verify::verifier;

/// The commands of a program as its contract holds them.
#[doc(alias = "Contract")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Contrat {
    /// Which changes count.
    #[doc(alias = "policy")]
    pub politique: Politique,
    /// The commands and their types.
    #[doc(alias = "program")]
    pub programme: Programme,
}

/// Which changes a contract does not let pass. The head of the file holds it: `politique octets`.
#[doc(alias = "Policy")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Politique {
    /// What changes the bytes, or which messages are understood: `octets`.
    #[default]
    #[doc(alias = "Bytes")]
    Octets,
    /// Names of arguments too, which callers by name of the tool `cconn` write: `noms`.
    #[doc(alias = "Names")]
    Noms,
}

impl Politique {
    #[inline]
    fn word(self) -> &'static str {
        match self {
            Politique::Octets => "octets",
            Politique::Noms => "noms",
        }
    }
}

impl Contrat {
    /// The contract of the commands of a list, with their earlier names.
    #[doc(alias("from_commands", "of"))]
    #[inline]
    pub fn des(liste: impl Liste) -> Contrat {
        let mut types = Types::default();
        let entries = liste.en_liste().descriptions();
        let described =
            entries.iter().flat_map(|entry| crate::commande::described(entry, &mut types));
        let mut commandes: Vec<CommandeDecrite> = described.collect();
        order::sort_by(&mut commandes, |one, other| one.nom.cmp(&other.nom));
        let programme = Programme { format: 1, commandes, types: types.types };
        Contrat { politique: Politique::default(), programme }
    }

    /// The contract of a program that has described itself
    /// ([`description::commandes`](crate::description::commandes)).
    #[doc(alias = "from_program")]
    #[inline]
    pub fn du_programme(programme: Programme) -> Contrat {
        Contrat { politique: Politique::default(), programme }
    }

    /// Reads a contract file.
    ///
    /// # Errors
    ///
    /// [`ContratIllisible`]: which line is none of a contract, or was edited by hand.
    #[doc(alias("parse", "from_str"))]
    #[doc(alias = "read")]
    #[inline]
    pub fn lire(texte: &str) -> Result<Contrat, ContratIllisible> {
        read::contract(texte)
    }
}

impl fmt::Display for Contrat {
    /// The text of the file.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write::contract(self))
    }
}

/// A file is no contract, or not as it was written.
#[doc(alias = "UnreadableContract")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContratIllisible {
    /// The number of the line, from 1.
    #[doc(alias = "line")]
    pub ligne: usize,
    /// Whether the line was changed after it was written, by hand or by a merge.
    #[doc(alias = "edited")]
    pub modifiee: bool,
    /// What is wrong with it, for people to read.
    #[doc(alias = "text")]
    pub texte: String,
}

impl fmt::Display for ContratIllisible {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.ligne, Harmless(&self.texte))
    }
}

impl std::error::Error for ContratIllisible {}

/// The mark at the end of a line, which shows that it is as it was written: FNV-1a, folded to 16
/// bits.
#[inline]
fn mark(line: &str) -> u16 {
    let hash = crate::message::hash(line);
    let folded = hash ^ (hash >> 32);
    u16::try_from((folded ^ (folded >> 16)) & 0xffff).unwrap_or_default()
}
