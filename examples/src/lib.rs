//! What the examples have in common: the commands on which a server and its clients agree.
//!
//! A crate like this one takes the place of an interface file. Both programs depend on it, and
//! the compiler holds both to it.

use std::error::Error;
use std::fmt;

use cconn::{Client, Resultat, commande};
use serde::{Deserialize, Serialize};

/// Has the client say `pong`, and is done once it has.
///
/// A command may call back the very client that waits for it.
#[commande]
pub fn ping(client: &Client, mot: &str) -> Resultat<()> {
    client.appeler(pong { mot })
}

/// Says a word. Without a body a command is only declared: each client brings its own body.
#[commande]
pub fn pong(mot: &str);

/// Shows what the server tells everyone. Declared only, as `pong` is.
#[commande]
pub fn annonce(texte: &str);

/// The sum of both. As it has its body here, both sides can register it.
#[commande]
pub fn somme(a: i64, b: i64) -> i64 {
    a + b
}

/// Takes money out of an account.
///
/// The caller gets the account back, or this very error as `Erreur::Refus`.
#[commande]
pub fn retirer(compte: Compte, montant: u32) -> Result<Compte, Decouvert> {
    match compte.solde.checked_sub(montant) {
        Some(solde) => Ok(Compte { solde, ..compte }),
        None => Err(Decouvert { manque: montant - compte.solde }),
    }
}

/// An account: a type of the program's own needs serde's derives and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compte {
    /// Whose it is.
    pub titulaire: String,
    /// What is in it.
    pub solde: u32,
}

/// There is not enough in the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decouvert {
    /// How much is missing.
    pub manque: u32,
}

impl fmt::Display for Decouvert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is missing in the account", self.manque)
    }
}

impl Error for Decouvert {}

/// The commands of the chat: those of its server, then those of its clients.
pub mod chat {
    use cconn::commande;

    /// Enters a room under a name; who is there comes back, or why not.
    #[commande]
    pub fn entrer(nom: String, salon: &str) -> Result<Vec<String>, String>;

    /// Says something to the others in the room; by how many it is heard comes back.
    #[commande]
    pub fn dire(mot: &str) -> Result<usize, String>;

    /// Hears what another one says.
    #[commande]
    pub fn entendre(nom: &str, mot: &str);

    /// Learns what happens in the room.
    #[commande]
    pub fn savoir(texte: &str);
}

/// The commands between a host and its plug-ins: those of the host, then those of every plug-in.
pub mod greffons {
    use cconn::commande;

    /// A setting of the host's.
    #[commande]
    pub fn reglage(cle: &str) -> Option<String>;

    /// Has the host show a line.
    #[commande]
    pub fn montrer(ligne: &str);

    /// What the plug-in is for.
    #[commande]
    pub fn decrire() -> String;

    /// Does the plug-in's work on a text.
    #[commande]
    pub fn traiter(texte: &str) -> Result<String, String>;
}
