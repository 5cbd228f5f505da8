//! A command in the table: how it gets there, and which messages it accepts.

use std::borrow::Cow;
use std::collections::hash_map::Entry as Place;
use std::sync::Arc;

use super::closure::Closure;
use super::registry::Table;
use super::{Besoin, Context, Description, Fault, Garde, Input, RunFn, StreamForm, fence, stream};
use crate::body::Body;
use crate::client::Client;
use crate::erreur::Enregistrement;
use crate::message::{Reply, Signature, hash};
use crate::wire::Answering;

/// Why a command is not run for a message.
pub(super) enum NotRun {
    /// The message has another signature than the command.
    OtherSignature,
    /// The command's own guard does not allow it to the caller.
    Forbidden,
    /// The command answers with a stream, which cannot be sent.
    Stream(Fault),
}

/// What no fingerprint is: the `plain` of a command that always needs a further look.
const NEVER: u64 = 1 << 32;

/// A registered command.
pub(super) struct Registered {
    pub(super) name: Cow<'static, str>,
    pub(super) hash: u64,
    pub(super) signature: &'static str,
    /// The fingerprint of the messages that need no further look: `NEVER` if the command was
    /// registered by name, has a guard or answers with a stream.
    plain: u64,
    pub(super) doc: &'static str,
    /// The command's own name, if `name` is an earlier one.
    pub(super) alias_of: Option<&'static str>,
    /// `None` if the command was registered by name.
    pub(super) declared: Option<&'static Signature>,
    pub(super) parallel: bool,
    pub(super) needs: &'static [Besoin],
    /// Whether, and how, the command answers with a stream.
    pub(super) streams: StreamForm,
    /// The command's own guard.
    guard: Option<Garde>,
    pub(super) run: Run,
}

/// The code of a command.
pub(super) enum Run {
    Function(RunFn),
    Closure(Box<Closure>),
}

impl Registered {
    /// Whether the command's own guard allows it to the peer. A guard that panics allows nothing.
    pub(super) fn allows(&self, client: &Client) -> bool {
        self.guard.is_none_or(|guard| fence(|| guard(client)).unwrap_or(false))
    }

    /// The command's name, also if it is called by an earlier one.
    pub(super) fn own_name(&self) -> &str {
        self.alias_of.unwrap_or(&self.name)
    }

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
            plain: match (entry.declared, entry.garde, entry.flux) {
                (Some(declared), None, StreamForm::Nothing) => declared().get().into(),
                _ => NEVER,
            },
            declared: entry.declared.map(|declared| declared()),
            parallel: entry.parallele,
            needs: entry.besoins,
            streams: entry.flux,
            guard: entry.garde,
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
            plain: NEVER,
            declared: None,
            parallel: false,
            needs: &[],
            streams: StreamForm::Nothing,
            guard: None,
            run: Run::Closure(run),
        }
    }

    /// Says how many arguments are left out at the end of a message with this fingerprint: `None`
    /// if only its bytes tell. An error if the command is not to be run for the message.
    /// `is_allowed`: the command's own guard was asked already.
    #[inline]
    // [fingerprint.differs] [fingerprint.none]
    pub(super) fn admit(
        &self,
        theirs: u32,
        context: &Context<'_>,
        is_allowed: bool,
    ) -> Result<Option<u8>, NotRun> {
        if u64::from(theirs) == self.plain {
            return Ok(Some(0));
        }
        self.admit_after_a_look(theirs, context, is_allowed)
    }

    #[cold]
    // [failure.rights]
    fn admit_after_a_look(
        &self,
        theirs: u32,
        context: &Context<'_>,
        is_allowed: bool,
    ) -> Result<Option<u8>, NotRun> {
        if !is_allowed && !self.allows(context.client) {
            return Err(NotRun::Forbidden);
        }
        let omitted = match self.declared {
            Some(declared) if theirs != 0 => {
                Some(declared.omitted(theirs).ok_or(NotRun::OtherSignature)?)
            }
            _ => None,
        };
        stream::admit(self.streams, context.stream).map_err(NotRun::Stream)?;
        Ok(omitted)
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
