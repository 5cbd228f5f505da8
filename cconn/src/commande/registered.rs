//! A command in the table: how it gets there, and which messages it accepts.

use std::borrow::Cow;
use std::collections::hash_map::Entry as Place;
use std::sync::Arc;

use super::closure::Closure;
use super::registry::Table;
use super::{Besoin, Context, Description, Fault, Input, RunFn};
use crate::body::Body;
use crate::erreur::Enregistrement;
use crate::message::{Reply, Signature, hash};
use crate::wire::Answering;

/// A message has another signature than the command.
pub(super) struct OtherSignature;

/// A registered command.
pub(super) struct Registered {
    pub(super) name: Cow<'static, str>,
    pub(super) hash: u64,
    pub(super) signature: &'static str,
    /// 0 if the command was registered by name.
    pub(super) fingerprint: u32,
    pub(super) doc: &'static str,
    /// The command's own name, if `name` is an earlier one.
    pub(super) alias_of: Option<&'static str>,
    /// `None` if the command was registered by name.
    pub(super) declared: Option<&'static Signature>,
    pub(super) parallel: bool,
    pub(super) needs: &'static [Besoin],
    /// Whether the command answers with a stream.
    pub(super) streams: bool,
    pub(super) run: Run,
}

/// The code of a command.
pub(super) enum Run {
    Function(RunFn),
    Closure(Box<Closure>),
}

impl Registered {
    pub(super) fn execute(
        &self,
        context: &Context<'_>,
        (body, omitted): (Body<'_>, Option<u8>),
        out: &mut Answering,
    ) -> Result<Reply, Fault> {
        let input = Input::new(body, omitted);
        match &self.run {
            Run::Function(run) => run(context, input, out),
            Run::Closure(run) => run(context, input, out),
        }
    }

    fn function(entry: &Description) -> Self {
        Registered {
            name: Cow::Borrowed(entry.nom),
            hash: entry.hash,
            signature: entry.signature,
            doc: entry.doc,
            alias_of: None,
            fingerprint: entry.declared.map_or(0, |declared| declared().get()),
            declared: entry.declared.map(|declared| declared()),
            parallel: entry.parallele,
            needs: entry.besoins,
            streams: entry.flux,
            run: Run::Function(entry.run),
        }
    }

    /// The command under its name and under its earlier names.
    pub(super) fn functions(entry: &Description) -> impl Iterator<Item = Self> {
        let entry = *entry;
        let aliases = entry.alias.iter().map(move |alias| Registered {
            name: Cow::Borrowed(*alias),
            hash: hash(alias),
            alias_of: Some(entry.nom),
            ..Registered::function(&entry)
        });
        [Registered::function(&entry)].into_iter().chain(aliases)
    }

    pub(super) fn closure(name: String, run: Box<Closure>) -> Self {
        Registered {
            hash: hash(&name),
            name: Cow::Owned(name),
            signature: "",
            doc: "",
            alias_of: None,
            fingerprint: 0,
            declared: None,
            parallel: false,
            needs: &[],
            streams: false,
            run: Run::Closure(run),
        }
    }

    /// How many arguments are left out at the end of a message with this fingerprint: `None` if
    /// only its bytes tell, an error if its signature is another.
    #[inline]
    // [fingerprint.differs] [fingerprint.none]
    pub(super) fn omitted(&self, theirs: u32) -> Result<Option<u8>, OtherSignature> {
        if theirs == self.fingerprint && theirs != 0 {
            return Ok(Some(0));
        }
        self.omitted_in_another_form(theirs)
    }

    #[cold]
    fn omitted_in_another_form(&self, theirs: u32) -> Result<Option<u8>, OtherSignature> {
        match self.declared {
            Some(declared) if theirs != 0 => {
                declared.omitted(theirs).map(Some).ok_or(OtherSignature)
            }
            _ => Ok(None),
        }
    }

    /// The fingerprints of the messages that the command accepts, the longest form first.
    pub(super) fn accepted(&self) -> Vec<u32> {
        let declared = self.declared.into_iter();
        declared
            .flat_map(|one| [one.get()].into_iter().chain(one.shorter().iter().copied()))
            .collect()
    }
}

/// What the names of commands begin with that this library brings along.
// [command.reserved]
const RESERVED: &str = "cconn.";

// [command.unique]
pub(super) fn insert(
    table: &mut Table,
    command: Registered,
    added: &mut Vec<u64>,
) -> Result<(), Enregistrement> {
    if command.name.is_empty() {
        return Err(Enregistrement::SansNom);
    }
    if command.name.starts_with(RESERVED) {
        return Err(Enregistrement::Reservee { commande: (*command.name).into() });
    }
    let hash = command.hash;
    match table.entry(hash) {
        Place::Vacant(place) => {
            place.insert(Arc::new(command));
            added.push(hash);
            Ok(())
        }
        Place::Occupied(place) => Err(clash(place.get(), &command)),
    }
}

/// Two commands with one hash.
fn clash(there: &Registered, new: &Registered) -> Enregistrement {
    let (commande, autre): (Box<str>, Box<str>) = ((*new.name).into(), (*there.name).into());
    if there.name != new.name {
        return Enregistrement::Collision { commande, autre };
    }
    match (new.alias_of, there.alias_of) {
        (None, None) => Enregistrement::Double { commande },
        (new, there) => Enregistrement::Alias {
            commande: new.unwrap_or(&commande).into(),
            autre: there.unwrap_or(&autre).into(),
            alias: commande,
        },
    }
}
