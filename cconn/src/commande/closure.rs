//! Commands without the macro: a name and a closure.

use std::any::type_name;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Contexte, Faute, Input};
use crate::client::Client;
use crate::codec::{self, Top};
use crate::erreur::{Erreur, Jamais};
use crate::message::{Ended, Issue, decode_next, into_bytes, is_result};
use crate::wire::FailureCode;
use crate::wire::Output;

/// What runs a command that was registered by name.
pub(super) type Closure =
    dyn Fn(&Contexte<'_>, Input<'_>, &mut Output) -> Result<Issue, Faute> + Send + Sync;

/// Wraps a closure in the reading of its arguments and the writing of its answer.
pub(super) fn erase<A, R, K, F>(run: F) -> Box<Closure>
where
    A: Arguments,
    R: Rendu<K>,
    F: Fn(&Client, A) -> R + Send + Sync + 'static,
{
    Box::new(move |context, input, out| {
        let arguments = A::lire(input)?;
        Ok(run(context.client, arguments).rendre(out))
    })
}

/// The arguments of a command that is a closure: a tuple of up to twelve owned values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the arguments of a command",
    note = "they are a tuple of owned values that serde can decode: `()`, `(a,): (String,)`, \
            `(a, b): (i64, i64)`",
    note = "serde knows arrays of at most 32 elements: take `Octets` or `Vec<_>` in place of a \
            longer one"
)]
pub trait Arguments: Sized {
    #[doc(hidden)]
    fn lire(input: Input<'_>) -> Result<Self, Faute>;
}

/// An argument of a closure, which owns what it is handed: `String` and not `&str`.
///
/// The compiler names this trait where it finds that an argument borrows.
#[doc(hidden)]
pub trait OwnedArgument<'de>: Deserialize<'de> {}

#[diagnostic::do_not_recommend]
impl<'de, T: Deserialize<'de>> OwnedArgument<'de> for T {}

macro_rules! tuples {
    ($($($name:ident $place:literal)*;)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<$($name: for<'de> OwnedArgument<'de> + 'static),*> Arguments for ($($name,)*) {
                #[allow(unused_mut, reason = "the empty tuple reads nothing")]
                fn lire(mut input: Input<'_>) -> Result<Self, Faute> {
                    #[allow(dead_code, reason = "the empty tuple has none")]
                    const COUNT: usize = <[u8]>::len(&[$($place),*]);
                    let all = ($(argument::<$name>(&mut input, $place, COUNT)?,)*);
                    input.end()?;
                    Ok(all)
                }
            }
        )*
    };
}

tuples! {
    ; A 1; A 1 B 2; A 1 B 2 C 3; A 1 B 2 C 3 D 4; A 1 B 2 C 3 D 4 E 5; A 1 B 2 C 3 D 4 E 5 F 6;
    A 1 B 2 C 3 D 4 E 5 F 6 G 7; A 1 B 2 C 3 D 4 E 5 F 6 G 7 H 8;
    A 1 B 2 C 3 D 4 E 5 F 6 G 7 H 8 I 9; A 1 B 2 C 3 D 4 E 5 F 6 G 7 H 8 I 9 J 10;
    A 1 B 2 C 3 D 4 E 5 F 6 G 7 H 8 I 9 J 10 K 11;
    A 1 B 2 C 3 D 4 E 5 F 6 G 7 H 8 I 9 J 10 K 11 L 12;
}

fn argument<T: DeserializeOwned + 'static>(
    input: &mut Input<'_>,
    place: u8,
    count: usize,
) -> Result<T, Faute> {
    decode_next(input.decoder()).map_err(|error| Faute::place(place, count, &error))
}

/// What a command that is a closure may return.
///
/// A value that serde can encode, [`Resultat<T>`](crate::Resultat), `Resultat<T, E>` or
/// `Result<T, E>`, where `E` is an error of the program's own. `K` tells these forms apart and is
/// inferred.
#[doc(alias = "Returned")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the answer of a command",
    note = "an answer is `T`, `Resultat<T>` or `Result<T, E>`, where both `T` and `E` are owned \
            and need `#[derive(serde::Serialize)]`",
    note = "an error that serde does not know, `std::io::Error` or `anyhow::Error` say, goes as \
            its text: answer with `Resultat<T>`, and write `.map_err(Erreur::echec)?` inside",
    note = "serde knows arrays of at most 32 elements: answer with `Octets` or `Vec<_>` in place \
            of a longer one",
    note = "with `?` in a closure, write `-> Resultat<_>` before its block"
)]
pub trait Rendu<K> {
    #[doc(hidden)]
    fn rendre(self, out: &mut Output) -> Issue;
}

/// A value, or a `Result` with an error of the program's own: told apart while it is encoded.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum ByValue {}

/// A value or a text.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum ByLink {}

/// A value, or an error of the program's own, or a text.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum ByEither {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + 'static> Rendu<ByValue> for T {
    fn rendre(self, out: &mut Output) -> Issue {
        let value = match into_bytes(self) {
            Ok(bytes) => return Issue::value(bytes, out),
            Err(value) => value,
        };
        let is_result = || is_result(type_name::<T>());
        match codec::encode_answer(&value, is_result, &mut out.bytes) {
            Ok(Top::Value) => Issue(Ended::Answer),
            Ok(Top::Err) => Issue(Ended::Refusal),
            Err(error) => Issue::failure(FailureCode::AnswerEncoding, &error, out),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + 'static> Rendu<ByLink> for Result<T, Erreur> {
    fn rendre(self, out: &mut Output) -> Issue {
        match self {
            Ok(value) => Issue::value(value, out),
            Err(error) => Issue::failed(&error, out),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + 'static, E: Serialize + 'static> Rendu<ByEither> for Result<T, Erreur<E>> {
    fn rendre(self, out: &mut Output) -> Issue {
        match self.map_err(Erreur::split::<Jamais>) {
            Ok(value) => Issue::value(value, out),
            Err(Ok(refusal)) => Issue::refusal(&refusal, out),
            Err(Err(error)) => Issue::failed(&error, out),
        }
    }
}
