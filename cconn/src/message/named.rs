//! Messages by name, for commands of which no declaration is at hand.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Appel, Ecrivain, ErreurCodec, Lecteur, Message, Tete, decode_owned};
use crate::codec::{self, CodecError};
use crate::erreur::Jamais;

/// A message to a command of that name; made with [`nommee`].
#[doc(alias = "named")]
#[derive(Clone, Debug)]
#[must_use = "a message does nothing until it is sent"]
pub struct Nommee<N, A> {
    nom: N,
    arguments: A,
    /// Kept here, so that arguments which can't be encoded are an error once, where they stand.
    encode: fn(&A, &mut Vec<u8>) -> Result<(), CodecError>,
}

/// A message to the command of that name, with its arguments as a tuple.
///
/// It carries no fingerprint, so nothing checks that the arguments have the types of the command's:
/// only bytes that can't be decoded as those are an error. Write the types out: `12` alone is an
/// `i32`, and a command that takes a `u64` would receive 24. Its answer has the type that the caller
/// asks for, and that is not checked either; nor are serde attributes that do not work with this
/// format, such as `skip` on a variant, which a declared command would be refused for.
///
/// # Examples
///
/// ```
/// use cconn::{Message, nommee};
///
/// let message = nommee("somme", (12_i64, 34_i64));
/// assert_eq!(message.tete().nom(), "somme");
/// ```
#[doc(alias("by_name", "dynamic", "untyped"))]
#[doc(alias = "named")]
pub fn nommee<N: AsRef<str>, A: Parametres>(nom: N, arguments: A) -> Nommee<N, A> {
    Nommee { nom, arguments, encode: codec::encode_fields }
}

impl<N: AsRef<str>, A> Message for Nommee<N, A> {
    fn tete(&self) -> Tete<'_> {
        Tete::new(self.nom.as_ref(), 0, "")
    }

    fn ecrire<'m>(&'m self, sortie: &mut Ecrivain<'m>) -> Result<(), ErreurCodec> {
        (self.encode)(&self.arguments, sortie.buffer()).map_err(ErreurCodec)
    }
}

#[diagnostic::do_not_recommend]
impl<N: AsRef<str>, A, R: DeserializeOwned + 'static> Appel<R> for Nommee<N, A> {
    type Refus = Jamais;

    fn lire(lecteur: Lecteur<'_>) -> Result<R, ErreurCodec> {
        decode_owned(lecteur)
    }
}

/// The arguments of a message by name: a tuple of up to twelve.
#[doc(alias = "Arguments")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the arguments of a message",
    note = "they are a tuple of values that serde can encode: `()`, `(a,)`, `(a, b)`",
    note = "serde knows arrays of at most 32 elements: send longer ones as `Octets`, `&[u8]` or \
            `Vec<_>`"
)]
pub trait Parametres: Serialize + sealed::Tuple {}

mod sealed {
    /// A tuple.
    pub trait Tuple {}
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {
        $(
            impl<$($name),*> sealed::Tuple for ($($name,)*) {}
            #[diagnostic::do_not_recommend]
            impl<$($name: Serialize),*> Parametres for ($($name,)*) {}
        )*
    };
}

tuples! {
    ; A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H;
    A B C D E F G H I; A B C D E F G H I J; A B C D E F G H I J K; A B C D E F G H I J K L;
}
