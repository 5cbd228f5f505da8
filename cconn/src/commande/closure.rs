//! Commands without the macro: a name and a closure.

use std::any::type_name;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Context, Fault, Input};
use crate::client::Client;
use crate::codec::{self, Top};
use crate::erreur::{Erreur, Jamais};
use crate::message::{Arguments, Reply, ReplyKind, Sens, decode_next, into_bytes, is_result};
use crate::wire::Answering;
use crate::wire::FailureCode;

/// The code that runs a command registered by name.
pub(super) type Closure =
    dyn Fn(&Context<'_>, Input<'_>, &mut Answering) -> Result<Reply, Fault> + Send + Sync;

/// Wraps a closure in the reading of its arguments and the writing of its answer.
pub(super) fn erase<A, R, K, F>(run: F) -> Box<Closure>
where
    A: Arguments<Recus>,
    R: Retour<K>,
    F: Fn(&Client, A) -> R + Send + Sync + 'static,
{
    Box::new(move |context, input, out| {
        let arguments = (A::__CCONN_WAY)(input)?;
        Ok(run(context.client, arguments).reply(out))
    })
}

/// The direction of arguments that a closure receives.
#[doc(alias = "Received")]
#[derive(Clone, Copy, Debug)]
pub enum Recus {}

impl Sens for Recus {
    type Way<A> = fn(Input<'_>) -> Result<A, Fault>;
}

/// An argument of a closure, which must be owned: `String`, not `&str`.
///
/// The compiler names this trait in its error about an argument that borrows.
#[doc(hidden)]
pub trait OwnedArgument<'de>: Deserialize<'de> {}

#[diagnostic::do_not_recommend]
impl<'de, T: Deserialize<'de>> OwnedArgument<'de> for T {}

macro_rules! tuples {
    ($($($name:ident $place:literal)*;)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<$($name: for<'de> OwnedArgument<'de> + 'static),*> Arguments<Recus> for ($($name,)*) {
                #[allow(unused_mut, reason = "the empty tuple reads nothing")]
                const __CCONN_WAY: fn(Input<'_>) -> Result<Self, Fault> = |mut input| {
                    #[allow(dead_code, reason = "the empty tuple has none")]
                    const COUNT: usize = <[u8]>::len(&[$($place),*]);
                    let all = ($(argument::<$name>(&mut input, $place, COUNT)?,)*);
                    input.end()?;
                    Ok(all)
                };
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
) -> Result<T, Fault> {
    decode_next(input.decoder()).map_err(|error| Fault::place(place, count, &error))
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
    note = "with `?` in a closure, write `-> Resultat<_>` before its block",
    note = "only a function under `#[commande]` answers with a stream, or with a `Promesse`"
)]
pub trait Retour<K> {
    #[doc(hidden)]
    fn reply(self, out: &mut Answering) -> Reply;
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
impl<T: Serialize + 'static> Retour<ByValue> for T {
    fn reply(self, out: &mut Answering) -> Reply {
        let value = match into_bytes(self) {
            Ok(bytes) => return Reply::value(bytes, out),
            Err(value) => value,
        };
        let is_result = || is_result(type_name::<T>());
        match codec::encode_answer(&value, is_result, &mut out.bytes) {
            Ok(Top::Value) => Reply(ReplyKind::Answer),
            Ok(Top::Err) => Reply(ReplyKind::Refusal),
            Err(error) => Reply::failure(FailureCode::AnswerEncoding, &error, out),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + 'static> Retour<ByLink> for Result<T, Erreur> {
    fn reply(self, out: &mut Answering) -> Reply {
        match self {
            Ok(value) => Reply::value(value, out),
            Err(error) => Reply::failed(&error, out),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + 'static, E: Serialize + 'static> Retour<ByEither> for Result<T, Erreur<E>> {
    fn reply(self, out: &mut Answering) -> Reply {
        match self.map_err(Erreur::split::<Jamais>) {
            Ok(value) => Reply::value(value, out),
            Err(Ok(refusal)) => Reply::refusal(&refusal, out),
            Err(Err(error)) => Reply::failed(&error, out),
        }
    }
}
