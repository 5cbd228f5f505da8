//! What a program tells of itself: its commands, with the types of what they take and return.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::records::{Fields, record, records};
use super::{Forme, TypeNomme};

/// The commands of a program, as `cconn.commandes` describes them.
#[doc(alias("Program", "Schema", "Interface"))]
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Programme {
    /// The version of the description's format, now 1. Later versions add parts, which older
    /// readers pass over.
    pub format: u16,
    /// The commands, sorted by name. Commands that this library brings along are not among them.
    #[doc(alias = "commands")]
    pub commandes: Vec<CommandeDecrite>,
    /// The structs and enums that the commands' types consist of.
    pub types: Vec<TypeNomme>,
}

/// A command of a program.
#[doc(alias("Endpoint", "Method"))]
#[doc(alias = "DescribedCommand")]
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CommandeDecrite {
    /// The name on the wire.
    #[doc(alias = "name")]
    pub nom: String,
    /// The text of its doc comment.
    pub doc: String,
    /// The command's present name, if `nom` is an earlier one: do not use that any more.
    #[doc(alias("deprecated", "alias_of"))]
    pub ancien_nom_de: Option<String>,
    /// The arguments; `None` if nothing is known of the types, as with a closure.
    pub arguments: Option<Vec<Argument>>,
    /// What an answer is; `Opaque` if it is not known.
    #[doc(alias = "answer")]
    pub reponse: Forme,
    /// What the command's own error is; `None` if it has none.
    #[doc(alias = "error")]
    pub refus: Option<Forme>,
    /// The fingerprints of the forms that are accepted: with all arguments, without the last, and so
    /// on. Empty if there are none.
    #[doc(alias = "fingerprints")]
    pub empreintes: Vec<u32>,
    /// The arguments and the answer as they are written, for people to read.
    pub signature: String,
    /// Whether the command may run beside others of its connection.
    #[doc(alias = "parallel")]
    pub parallele: bool,
}

/// An argument of a command.
#[doc(alias = "Parameter")]
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Argument {
    /// The name.
    #[doc(alias = "name")]
    pub nom: String,
    /// The text of its doc comment.
    pub doc: String,
    /// What its values are.
    #[doc(alias = "shape")]
    pub forme: Forme,
    /// The default as it is written, if the argument can be left out at the end.
    #[doc(alias = "default")]
    pub defaut: Option<String>,
}

/// What a program is, as `cconn.info` tells.
#[doc(alias = "About")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// The name of the program: what it called itself, else that of its file.
    #[doc(alias = "program")]
    pub programme: String,
    /// The version that the program gave; empty if it gave none.
    pub version: String,
    /// The version of this library.
    #[doc(alias = "library")]
    pub bibliotheque: String,
    /// The version of the protocol.
    #[doc(alias = "protocol")]
    pub protocole: u16,
    /// The number of the process.
    #[doc(alias = "pid")]
    pub processus: u32,
    /// When the program first used this library, since 1970.
    #[doc(alias = "started")]
    pub debut: Duration,
    /// For how long that has been.
    #[doc(alias = "uptime")]
    pub depuis: Duration,
    /// The number of commands that are registered, without those that this library brings along.
    #[doc(alias = "commands")]
    pub commandes: u32,
}

impl Default for Forme {
    fn default() -> Self {
        Forme::Opaque(String::new())
    }
}

records! {
    Programme { format, commandes, types }
    CommandeDecrite {
        nom, doc, ancien_nom_de, arguments, reponse, refus, empreintes, signature, parallele
    }
    Argument { nom, doc, forme, defaut }
    Info { programme, version, bibliotheque, protocole, processus, debut, depuis, commandes }
}
