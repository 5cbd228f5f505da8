//! What is sent: the message of a command, its answer and its refusal, as types.
//!
//! Knows the codec and the public error, and neither connections nor registries.

mod answer;
mod field;
mod fingerprint;
mod named;
mod probe;
mod type_name;

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};

use crate::body::Body;
use crate::codec::{self, CodecError};
use crate::copy;
use crate::erreur::{Harmless, Jamais};

pub use answer::{
    Answer, AnswerKind, Issue, Plain, PlainByDefault, Reponse, ValueByDefault, answer_kind,
};
pub(crate) use answer::{Ended, decode_next, decode_owned, into_bytes};
pub use field::{Arg, Whole, WriteNever, WriteSerde};
pub use fingerprint::{Empreinte, fingerprint, print};
pub use named::{Nommee, Parametres, nommee};
pub use probe::{Probe, ProbeNothing};
pub(crate) use type_name::is_result;

/// The head of a message: which command is meant, with which signature.
#[doc(alias = "header")]
#[derive(Clone, Copy, Debug)]
pub struct Tete<'a> {
    texts: Texts<'a>,
    hash: u64,
    empreinte: u32,
}

/// The name and the signature.
#[derive(Clone, Copy, Debug)]
enum Texts<'a> {
    /// Those of a declared command, which may be kept without a copy.
    Fixed(&'static str, &'static str),
    Given(&'a str, &'a str),
}

impl<'a> Tete<'a> {
    /// The head of a message to the command of that name.
    ///
    /// `empreinte` is 0 where the signature is not known, and `signature` then empty.
    #[doc(hidden)]
    pub const fn new(nom: &'a str, empreinte: u32, signature: &'a str) -> Self {
        Tete { texts: Texts::Given(nom, signature), hash: hash(nom), empreinte }
    }

    /// The head of a message to a command that is declared.
    #[doc(hidden)]
    pub const fn fixed(nom: &'static str, empreinte: u32, signature: &'static str) -> Self {
        Tete { texts: Texts::Fixed(nom, signature), hash: hash(nom), empreinte }
    }

    /// The same with that fingerprint.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn with(self, empreinte: u32) -> Self {
        Tete { empreinte, ..self }
    }

    /// The same, where it may be kept as it is.
    pub(crate) fn as_fixed(&self) -> Option<Tete<'static>> {
        match self.texts {
            Texts::Fixed(nom, signature) => Some(Tete {
                texts: Texts::Fixed(nom, signature),
                hash: self.hash,
                empreinte: self.empreinte,
            }),
            Texts::Given(..) => None,
        }
    }

    /// The command's name, as it is known on the wire.
    #[doc(alias = "name")]
    #[inline]
    pub fn nom(&self) -> &'a str {
        match self.texts {
            Texts::Fixed(nom, _) | Texts::Given(nom, _) => nom,
        }
    }

    /// The hash of the name, which is what travels.
    #[inline]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The fingerprint of the signature; 0 in a message by name.
    #[doc(alias = "fingerprint")]
    #[inline]
    pub fn empreinte(&self) -> u32 {
        self.empreinte
    }

    /// The signature for a person to read; empty in a message by name.
    #[inline]
    pub fn signature(&self) -> &'a str {
        match self.texts {
            Texts::Fixed(_, signature) | Texts::Given(_, signature) => signature,
        }
    }
}

impl PartialEq for Tete<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.nom() == other.nom()
            && self.empreinte == other.empreinte
            && self.signature() == other.signature()
    }
}

impl Eq for Tete<'_> {}

/// The hash by which a command is known on the wire: FNV-1a, 64 bits, of its name.
///
/// Figures: <http://www.isthe.com/chongo/tech/comp/fnv/>.
pub const fn hash(nom: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut rest = nom.as_bytes();
    while let [byte, tail @ ..] = rest {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0100_0000_01b3);
        rest = tail;
    }
    hash
}

/// Something that can be sent to the peer.
///
/// The struct that [`commande`](macro@crate::commande) makes of a function is one, and so is what
/// [`nommee`] returns; there is no need to implement it by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    note = "a message is the command's name with its arguments in braces, \
            `client.envoyer(somme {{ a: 1, b: 2 }})`: `somme(1, 2)` is an ordinary call, here",
    note = "without a declaration it is sent by name: `client.envoyer(nommee(\"somme\", (1, 2)))`"
)]
pub trait Message {
    /// The command that is meant.
    #[doc(alias = "header")]
    fn tete(&self) -> Tete<'_>;

    /// Appends the encoded arguments.
    ///
    /// # Errors
    ///
    /// A value whose `Serialize` fails; nothing is sent then.
    #[doc(alias = "write")]
    #[doc(alias = "encode")]
    fn ecrire<'m>(&'m self, sortie: &mut Ecrivain<'m>) -> Result<(), ErreurCodec>;
}

/// A message whose answer is an `R`.
///
/// # Generic code
///
/// A function over any call ends calls of that command with `?` as it is. Other errors of this
/// crate go through its `?` where it demands `Erreur<M::Refus>: From<Erreur>`, which holds for
/// every command; the language can't take that bound from this trait. With
/// [`Resultat<R>`](crate::Resultat) as what it returns the bound is
/// `Erreur: From<Erreur<M::Refus>>`, and the command's own error becomes its text: that one holds
/// where it has `Display`.
///
/// ```
/// use cconn::{Appel, Client, Erreur, Message, Resultat, Serveur, nommee};
///
/// /// Says to a server that a call is coming, then calls.
/// fn annoncer<R, M: Appel<R>>(client: &Client, message: M) -> Result<R, Erreur<M::Refus>>
/// where
///     Erreur<M::Refus>: From<Erreur>,
/// {
///     client.envoyer(nommee("annonce", (message.tete().nom(),)))?;
///     let reponse = client.appeler(message)?;
///     Ok(reponse)
/// }
///
/// /// The same for whoever wants a text only.
/// fn en_texte<R, M: Appel<R>>(client: &Client, message: M) -> Resultat<R>
/// where
///     Erreur: From<Erreur<M::Refus>>,
/// {
///     client.envoyer(nommee("annonce", (message.tete().nom(),)))?;
///     Ok(client.appeler(message)?)
/// }
///
/// # fn main() -> Resultat<()> {
/// # let serveur = Serveur::new(0)?;
/// # serveur.enregistrer_commande("annonce", |_, (_,): (String,)| ())?;
/// # serveur.enregistrer_commande("somme", |_, (a, b): (i64, i64)| a + b)?;
/// # let client = serveur.client_local()?;
/// let total: i64 = annoncer(&client, nommee("somme", (12_i64, 34_i64)))?;
/// assert_eq!(total, en_texte(&client, nommee("somme", (12_i64, 34_i64)))?);
/// # Ok(())
/// # }
/// ```
#[doc(alias = "Call")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a call whose answer is a `{R}`",
    note = "a message is the command's name with its arguments in braces, \
            `client.appeler(somme {{ a: 1, b: 2 }})`: `somme(1, 2)` is an ordinary call, here",
    note = "the answer's type is the return type of the command, without its `Result`",
    note = "a message by name has any answer that serde can decode and that borrows nothing"
)]
pub trait Appel<R>: Message {
    /// The command's own error; [`Jamais`] where it has none.
    #[doc(alias = "Error")]
    type Refus: Refus;

    /// Decodes an answer.
    ///
    /// # Errors
    ///
    /// Bytes that are not an `R`, or more bytes than one.
    #[doc(alias = "decode")]
    fn lire(lecteur: Lecteur<'_>) -> Result<R, ErreurCodec>;
}

impl<M: Message + ?Sized> Message for &M {
    fn tete(&self) -> Tete<'_> {
        M::tete(self)
    }

    fn ecrire<'m>(&'m self, sortie: &mut Ecrivain<'m>) -> Result<(), ErreurCodec> {
        M::ecrire(self, sortie)
    }
}

impl<R, M: Appel<R> + ?Sized> Appel<R> for &M {
    type Refus = M::Refus;

    fn lire(lecteur: Lecteur<'_>) -> Result<R, ErreurCodec> {
        M::lire(lecteur)
    }
}

/// The error type of a command: any owned type with serde's derives.
///
/// [`Jamais`] stands for none.
#[doc(alias = "UserError")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the error of a command",
    note = "it needs `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait Refus: Sized {
    /// Decodes an error as the peer sent it.
    ///
    /// # Errors
    ///
    /// Bytes that are not such an error, or more bytes than one; for [`Jamais`], any.
    #[doc(alias = "decode")]
    fn lire(octets: &[u8]) -> Result<Self, ErreurCodec>;
}

#[diagnostic::do_not_recommend]
impl<E: Serialize + DeserializeOwned> Refus for E {
    fn lire(octets: &[u8]) -> Result<Self, ErreurCodec> {
        codec::decode(octets).map_err(ErreurCodec)
    }
}

impl Refus for Jamais {
    fn lire(_: &[u8]) -> Result<Self, ErreurCodec> {
        no_value()
    }
}

/// Bytes of at least this length are sent from where they are, where they stand last: to copy
/// fewer costs less than a second part in a system call.
pub(crate) const LONG: usize = 16 << 10;

/// Where a message writes its arguments.
#[doc(alias = "Writer")]
#[derive(Debug)]
pub struct Ecrivain<'m> {
    out: Vec<u8>,
    /// Stands behind `out`: the message's own bytes, which need not be copied.
    long: &'m [u8],
    /// Declared so far, by the sequences and maps of all arguments.
    elements: usize,
}

impl<'m> Ecrivain<'m> {
    /// Where more is written to.
    fn buffer(&mut self) -> &mut Vec<u8> {
        if !self.long.is_empty() {
            copy::append(&mut self.out, std::mem::take(&mut self.long));
        }
        &mut self.out
    }

    /// Appends one argument.
    #[inline]
    fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ErreurCodec> {
        if !self.long.is_empty() {
            self.buffer();
        }
        codec::encode_field(value, &mut self.elements, &mut self.out).map_err(ErreurCodec)
    }

    /// Appends bytes with their length in front.
    fn append(&mut self, bytes: &'m [u8]) {
        let out = self.buffer();
        if bytes.len() < LONG {
            codec::encode_bytes(bytes, out);
        } else {
            codec::encode_length(bytes.len(), out);
            self.long = bytes;
        }
    }
}

/// An answer that is to be read.
#[doc(alias = "Reader")]
#[derive(Debug)]
pub struct Lecteur<'a>(pub(crate) Body<'a>);

/// A value that can't be encoded, or bytes that can't be decoded as the type that was asked for.
#[doc(alias = "CodecError")]
pub struct ErreurCodec(pub(crate) CodecError);

impl fmt::Debug for ErreurCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ErreurCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A type may quote in its error what the peer sent.
        Harmless(&self.0.to_string()).fmt(f)
    }
}

impl std::error::Error for ErreurCodec {}

/// What has no values, and says so when it is decoded.
enum Nothing {}

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("the type that is declared for it has no values"))
    }
}

/// The error of what can be neither encoded nor decoded.
pub(crate) fn no_value<T>() -> Result<T, ErreurCodec> {
    match codec::decode::<Nothing>(&[]) {
        Ok(nothing) => match nothing {},
        Err(error) => Err(ErreurCodec(error)),
    }
}

/// Appends the encoded arguments of a message, but for long bytes at their end, which it returns;
/// on an error `out` is as it was.
#[inline]
pub(crate) fn encode_body<'m>(
    message: &'m dyn Message,
    out: &mut Vec<u8>,
) -> Result<&'m [u8], ErreurCodec> {
    let start = out.len();
    let mut sortie = Ecrivain { out: std::mem::take(out), long: &[], elements: 0 };
    let written = message.ecrire(&mut sortie);
    *out = sortie.out;
    let length = out.len().saturating_sub(start).saturating_add(sortie.long.len());
    let written =
        written.and_then(|()| codec::check_elements(sortie.elements, length).map_err(ErreurCodec));
    if let Err(error) = written {
        out.truncate(start);
        return Err(error);
    }
    Ok(sortie.long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hashed_as_published() {
        // Vectors of the algorithm's authors.
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_message_that_fails_half_way_leaves_nothing() {
        struct Half;
        impl Message for Half {
            fn tete(&self) -> Tete<'_> {
                Tete::new("half", 0, "")
            }

            fn ecrire<'m>(&'m self, sortie: &mut Ecrivain<'m>) -> Result<(), ErreurCodec> {
                Arg(&"begun").__cconn_write(sortie)?;
                no_value()
            }
        }
        let mut out = vec![1];
        assert!(encode_body(&Half, &mut out).is_err());
        assert_eq!(out, [1]);
    }

    #[test]
    fn every_argument_is_written_as_serde_does() {
        fn body<'m>(write: impl Fn(&mut Ecrivain<'m>) -> Result<(), ErreurCodec>) -> Vec<u8> {
            let mut sortie = Ecrivain { out: Vec::new(), long: &[], elements: 0 };
            write(&mut sortie).unwrap();
            std::mem::take(sortie.buffer())
        }
        let octets = vec![3_u8; 300];
        let mut expected = Vec::new();
        codec::encode(&octets, &mut expected).unwrap();
        assert_eq!(body(|out| Arg(&octets).__cconn_write(out)), expected);
        let (slice, cow) = (&octets[..], std::borrow::Cow::Borrowed(&octets[..]));
        let (reference, word, some) = (&octets, "ab", Some(7_u8));
        assert_eq!(body(|out| Arg(&slice).__cconn_write(out)), expected);
        assert_eq!(body(|out| Arg(&cow).__cconn_write(out)), expected);
        assert_eq!(body(|out| Arg(&reference).__cconn_write(out)), expected);
        let long = vec![3_u8; LONG];
        expected.clear();
        codec::encode(&long, &mut expected).unwrap();
        assert_eq!(body(|out| Arg(&long).__cconn_write(out)), expected);
        expected.push(7);
        let both =
            body(|out| Arg(&long).__cconn_write(out).and_then(|()| Arg(&7_u8).__cconn_write(out)));
        assert_eq!(both, expected, "what follows long bytes stands behind them");
        assert_eq!(body(|out| Arg(&word).__cconn_write(out)), [2, b'a', b'b']);
        assert_eq!(body(|out| Arg(&some).__cconn_write(out)), [1, 7]);
    }
}
