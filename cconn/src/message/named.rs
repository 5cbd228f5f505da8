//! Messages by name, for commands without a declaration at hand.

use serde::de::DeserializeOwned;

use super::{
    AnswerReader, Appel, ArgumentWriter, Arguments, Entete, Envoyes, Message, Sealed, ValueError,
    decode_owned,
};
use crate::erreur::Jamais;

/// A message to a command by its name; made with [`nommee`].
#[doc(alias = "named")]
#[derive(Clone, Debug)]
#[must_use = "a message does nothing until it is sent"]
pub struct Nommee<N, A> {
    name: N,
    arguments: A,
    /// Chosen when the message is made, so that arguments that can't be encoded are an error there.
    encode: fn(&A, &mut Vec<u8>) -> Result<(), ValueError>,
}

/// Makes a message to the command called `nom`, with its arguments as a tuple.
///
/// The message carries no fingerprint, so nothing checks that the arguments have the command's
/// types: only bytes that can't be decoded are an error. So write the types out: `12` alone is an
/// `i32`, and a command that takes a `u64` would receive 24. The type of the answer is the one that
/// the caller asks for, and is not checked either. Nor are serde attributes that do not work with
/// this format, such as `skip` on a variant, for which a declared command would be refused.
///
/// # Examples
///
/// ```
/// use cconn::traits::Message;
/// use cconn::nommee;
///
/// let message = nommee("somme", (12_i64, 34_i64));
/// assert_eq!(message.entete().nom(), "somme");
/// ```
#[doc(alias("by_name", "dynamic", "untyped"))]
#[doc(alias = "named")]
pub fn nommee<N: AsRef<str>, A: Arguments<Envoyes>>(nom: N, arguments: A) -> Nommee<N, A> {
    Nommee { name: nom, arguments, encode: A::__CCONN_WAY }
}

impl<N: AsRef<str>, A> Sealed for Nommee<N, A> {}

impl<N: AsRef<str>, A> Message for Nommee<N, A> {
    fn entete(&self) -> Entete<'_> {
        Entete::new(self.name.as_ref(), 0, "")
    }

    fn __cconn_encode<'m>(&'m self, writer: &mut ArgumentWriter<'m>) -> Result<(), ValueError> {
        (self.encode)(&self.arguments, writer.buffer())
    }
}

#[diagnostic::do_not_recommend]
impl<N: AsRef<str>, A, R: DeserializeOwned + 'static> Appel<R> for Nommee<N, A> {
    type Erreur = Jamais;

    fn __cconn_decode(reader: AnswerReader<'_>) -> Result<R, ValueError> {
        decode_owned(reader)
    }
}
