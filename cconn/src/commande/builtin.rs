//! The commands that this library brings along: `cconn.ping` and others.
//!
//! They are looked for only where no command of the program's has the hash that came, so they cost
//! other commands nothing.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::Description;
use super::figures::Reader;
use super::registered::Registered;
use super::registry::{Registry, forbidden};
use crate::client::Client;
use crate::codec;
use crate::forme::{CommandeDecrite, Forme, Info, Programme, Types};
use crate::link::{Incoming, Outcome};
use crate::message::{Reply, hash};
use crate::wire::{Answering, FailureCode, VERSION};

/// A command that this library brings along.
#[doc(alias = "Builtin")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Integree {
    /// `cconn.ping`: answers with nothing.
    Ping,
    /// `cconn.info`: what the program is.
    Info,
    /// `cconn.commandes`: which commands the program has.
    #[doc(alias("List", "Inventory", "Reflection"))]
    Inventaire,
    /// `cconn.chiffres`: how many clients and commands there are, and how they fare.
    #[doc(alias("Figures", "Stats", "Metrics"))]
    Chiffres,
}

impl Integree {
    /// All of them.
    #[doc(alias = "ALL")]
    pub const TOUTES: [Integree; 4] =
        [Integree::Ping, Integree::Info, Integree::Inventaire, Integree::Chiffres];

    /// The name on the wire.
    // [builtin.names]
    #[doc(alias = "name")]
    pub const fn nom(self) -> &'static str {
        match self {
            Integree::Ping => "cconn.ping",
            Integree::Info => "cconn.info",
            Integree::Inventaire => "cconn.commandes",
            Integree::Chiffres => "cconn.chiffres",
        }
    }

    /// The one whose name has this hash.
    pub(super) fn of(wanted: u64) -> Option<Self> {
        Self::TOUTES.into_iter().find(|one| hash(one.nom()) == wanted)
    }
}

/// Which commands of this library are switched off.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SwitchedOff(u8);

impl SwitchedOff {
    pub(crate) fn switch(&mut self, which: Integree, off: bool) {
        let bit = 1 << which as u8;
        self.0 = if off { self.0 | bit } else { self.0 & !bit };
    }

    fn has(self, which: Integree) -> bool {
        self.0 & (1 << which as u8) != 0
    }
}

/// The name and version that the program gave itself.
static PRESENTED: OnceLock<(String, String)> = OnceLock::new();

/// When the program first used this library.
static BEGIN: OnceLock<(Instant, Duration)> = OnceLock::new();

/// Keeps the name and version that the program gives itself, if it has given none yet.
pub(crate) fn present(name: &str, version: &str) {
    PRESENTED.get_or_init(|| (name.to_owned(), version.to_owned()));
}

/// Notes that the program uses this library.
pub(super) fn begin() {
    begun();
}

fn begun() -> (Instant, Duration) {
    let since = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    *BEGIN.get_or_init(|| (Instant::now(), since()))
}

impl Registry {
    /// Runs a command of this library, if one has this hash.
    #[cold]
    pub(super) fn run_builtin(
        &self,
        client: &Client,
        incoming: &Incoming<'_>,
        out: &mut Answering,
    ) -> Option<Outcome> {
        let which = Integree::of(incoming.command)?;
        if self.hooks().switched_off.has(which) {
            let text = format!("`{}` is switched off there", which.nom());
            return Some(Reply::failure(FailureCode::UnknownCommand, &text, out).into());
        }
        if !self.lets_in(client, which.nom()) {
            return Some(forbidden(client, which.nom(), out));
        }
        if !incoming.body.is_empty() {
            let text = format!("`{}` takes no arguments", which.nom());
            return Some(Reply::failure(FailureCode::Arguments, &text, out).into());
        }
        Some(match which {
            Integree::Ping => answered(&(), out),
            Integree::Info => answered(&self.info(client), out),
            Integree::Inventaire => answered(&self.programme(client), out),
            Integree::Chiffres => {
                answered(&self.figures(Reader::Peer(client), Some(&client.link)), out)
            }
        })
    }

    fn info(&self, client: &Client) -> Info {
        let (instant, debut) = begun();
        let (programme, version) = PRESENTED.get().cloned().unwrap_or_else(|| {
            let path = std::env::current_exe().unwrap_or_default();
            let name = path.file_stem().unwrap_or_default();
            (name.to_string_lossy().into_owned(), String::new())
        });
        let commandes = self.shown(client).len().try_into().unwrap_or(u32::MAX);
        Info {
            programme,
            version,
            bibliotheque: env!("CARGO_PKG_VERSION").to_owned(),
            protocole: VERSION,
            processus: std::process::id(),
            debut,
            depuis: instant.elapsed(),
            commandes,
        }
    }

    fn programme(&self, client: &Client) -> Programme {
        let mut types = Types::default();
        let shown = self.shown(client);
        let commandes = shown.iter().map(|command| command.describe(&mut types)).collect();
        Programme { format: FORMAT, commandes, types: types.types }
    }
}

/// The version of the description's format.
const FORMAT: u16 = 1;

fn answered<T: Serialize>(value: &T, out: &mut Answering) -> Outcome {
    match codec::encode(value, &mut out.bytes) {
        Ok(()) => Outcome::Answer,
        Err(error) => Reply::failure(FailureCode::AnswerEncoding, &error, out).into(),
    }
}

/// A command of a list and its earlier names, as a program describes them that has registered it.
pub(crate) fn described(entry: &Description, types: &mut Types) -> Vec<CommandeDecrite> {
    Registered::functions(entry).map(|command| command.describe(types)).collect()
}

impl Registered {
    /// What is known about a command, with its types added to `types`.
    fn describe(&self, types: &mut Types) -> CommandeDecrite {
        let described = self.declared.map(|declared| declared.describe(types));
        let (arguments, reponse, refus) = match described {
            Some((arguments, answer, error)) => (Some(arguments), answer, error),
            None => (None, Forme::default(), None),
        };
        CommandeDecrite {
            nom: self.name.clone().into_owned(),
            doc: self.doc.trim().to_owned(),
            ancien_nom_de: self.alias_of.map(ToOwned::to_owned),
            arguments,
            reponse,
            refus,
            empreintes: self.accepted(),
            signature: self.signature.to_owned(),
            parallele: self.parallel,
        }
    }
}
