//! What is known about a declared command: its name, its arguments and its types.
//!
//! Each command has one `Signature`, in a static of the generated code. What has to be found out
//! about the types is found out once, when the command is registered or first sent.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::fingerprint::{agree, fingerprint, halves};
use super::{Probed, ValueError};
use crate::codec::CodecError;
use crate::forme::{Argument, CommandeDecrite, Declared, Forme, TypeNomme, Types, structural_hash};

/// A type of a signature.
#[derive(Clone, Copy, Debug)]
pub struct TypeOf {
    /// The type as it is written.
    pub text: &'static str,
    /// Makes the hash of its name.
    pub print: fn() -> u32,
    /// Finds out what there is to know about it.
    pub probe: fn() -> Probed,
}

/// An argument of a signature.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentOf {
    /// The name.
    pub name: &'static str,
    /// The lines of its doc comment.
    pub doc: &'static str,
    /// The default as it is written, for an argument that can be left out at the end.
    pub default: Option<&'static str>,
    /// Its type.
    pub ty: TypeOf,
}

/// Everything that is known about a declared command.
#[derive(Debug)]
pub struct Signature {
    pub(crate) name: &'static str,
    pub(crate) hash: u64,
    /// The signature, for people to read.
    pub(crate) text: &'static str,
    pub(crate) arguments: &'static [ArgumentOf],
    pub(crate) value: TypeOf,
    pub(crate) error: TypeOf,
    /// The fingerprint of all arguments; 0 until it is made.
    known: AtomicU32,
    /// The fingerprints without the last argument, without the last two, and so on, for those that
    /// can be left out.
    shorter: OnceLock<Box<[u32]>>,
    /// Set once the types have been tried without finding a fault.
    is_sound: AtomicBool,
}

impl Signature {
    /// The signature of a command.
    pub const fn new(
        (name, hash, text): (&'static str, u64, &'static str),
        arguments: &'static [ArgumentOf],
        [value, error]: [TypeOf; 2],
    ) -> Self {
        Signature {
            name,
            hash,
            text,
            arguments,
            value,
            error,
            known: AtomicU32::new(0),
            shorter: OnceLock::new(),
            is_sound: AtomicBool::new(false),
        }
    }

    /// The fingerprint of all arguments.
    #[inline]
    pub fn get(&self) -> u32 {
        match self.known.load(Ordering::Relaxed) {
            0 => self.make(),
            known => known,
        }
    }

    /// Makes the fingerprint. Threads that do so at the same time store the same number.
    #[cold]
    fn make(&self) -> u32 {
        let made = self.without(0);
        self.known.store(made, Ordering::Relaxed);
        made
    }

    /// The fingerprint of the arguments without the last `omitted`.
    // [fingerprint.forms]
    fn without(&self, omitted: usize) -> u32 {
        let sent = self.arguments.len().saturating_sub(omitted);
        let types = self.arguments.iter().take(sent).map(|argument| argument.ty);
        let types: Vec<TypeOf> = types.chain([self.value, self.error]).collect();
        let names: Vec<u32> = types.iter().map(|ty| (ty.print)()).collect();
        let [arguments @ .., value, error] = names.as_slice() else { return 0 };
        let names = fingerprint(arguments, *value, *error);
        halves(names, combined(types.iter().map(|ty| structural_hash(&(ty.probe)().structure))))
    }

    /// How many arguments can be left out at the end.
    pub(crate) fn optional(&self) -> usize {
        self.arguments.iter().rev().take_while(|argument| argument.default.is_some()).count()
    }

    /// The fingerprints of the shorter forms, of which the first lacks the last argument.
    pub(crate) fn shorter(&self) -> &[u32] {
        self.shorter.get_or_init(|| (1..=self.optional()).map(|n| self.without(n)).collect())
    }

    /// The fingerprint without the last `omitted` arguments.
    pub(crate) fn form(&self, omitted: usize) -> u32 {
        let shorter = omitted.checked_sub(1).and_then(|place| self.shorter().get(place));
        shorter.copied().unwrap_or_else(|| self.get())
    }

    /// How many arguments are left out at the end of a message with this fingerprint; `None` if it
    /// is that of another signature.
    pub(crate) fn omitted(&self, theirs: u32) -> Option<u8> {
        let mut forms = [self.get()].into_iter().chain(self.shorter().iter().copied());
        forms.position(|ours| agree(ours, theirs)).and_then(|place| u8::try_from(place).ok())
    }

    /// The first argument of a message that a peer does not know which accepts only these
    /// fingerprints; `None` if the peer accepts no shorter form of the message.
    pub(crate) fn too_new(&self, omitted: u8, accepted: &[u32]) -> Option<&'static str> {
        let is_accepted = |form: u32| accepted.iter().any(|theirs| agree(form, *theirs));
        let forms = self.shorter().iter().enumerate().skip(omitted.into());
        let (place, _) = forms.into_iter().find(|(_, form)| is_accepted(**form))?;
        let unknown = self.arguments.len().checked_sub(place)?.checked_sub(1)?;
        self.arguments.get(unknown).map(|argument| argument.name)
    }

    /// Checks that what is written of the types is what is read.
    #[inline]
    pub fn check(&self) -> Result<(), ValueError> {
        if self.is_sound.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.fault().map_or(Ok(()), |fault| Err(ValueError(CodecError::from_text(fault))))
    }

    /// The fault in the types, if they certainly have one.
    #[cold]
    pub(crate) fn fault(&self) -> Option<String> {
        if self.is_sound.load(Ordering::Relaxed) {
            return None;
        }
        let types = self.arguments.iter().map(|argument| argument.ty);
        let mut types = types.chain([self.value, self.error]);
        let fault = types.find_map(|ty| (ty.probe)().fault);
        self.is_sound.store(fault.is_none(), Ordering::Relaxed);
        fault.map(|fault| fault.to_string())
    }
}

impl Signature {
    /// The arguments, the answer and the command's own error, with their types added to `types`.
    pub(crate) fn describe(&self, types: &mut Types) -> (Vec<Argument>, Forme, Option<Forme>) {
        let mut shape = |ty: TypeOf| types.add(&(ty.probe)().structure);
        let arguments = self.arguments.iter().map(|argument| Argument {
            nom: argument.name.to_owned(),
            doc: argument.doc.to_owned(),
            forme: shape(argument.ty),
            defaut: argument.default.map(ToOwned::to_owned),
        });
        let arguments = arguments.collect();
        let answer = shape(self.value);
        // Only the error type without values has this hash.
        let has_error = (self.error.print)() != 0;
        let error = has_error.then(|| shape(self.error));
        (arguments, answer, error)
    }
}

impl Declared for Signature {
    fn describe_alone(&self) -> (CommandeDecrite, Vec<TypeNomme>) {
        let mut types = Types::default();
        let (arguments, reponse, refus) = self.describe(&mut types);
        let command = CommandeDecrite {
            nom: self.name.to_owned(),
            arguments: Some(arguments),
            reponse,
            refus,
            signature: self.text.to_owned(),
            ..CommandeDecrite::default()
        };
        (command, types.types)
    }
}

/// One hash of all of them; `None` if one is not known.
fn combined(mut hashes: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    hashes.try_fold(0xcbf2_9ce4_8422_2325_u64, |all, hash| {
        let all = (all ^ hash?).wrapping_mul(0x0100_0000_01b3);
        Some(all.rotate_left(29))
    })
}
