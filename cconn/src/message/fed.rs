//! The arguments of a message that are streams.

use std::fmt;
use std::sync::Arc;

use super::{Arg, ErreurCommande, Plain, Reply, ReplyKind};
use crate::erreur::{Erreur, Jamais};
use crate::flux::{Flux, ItemSource, Pulled, StreamChannel};
use crate::wire::{Answering, FailureCode};

/// The streams that were taken out of a message, in the order of its arguments.
#[derive(Default)]
pub struct Streams {
    pub(crate) sources: Vec<Box<dyn ItemSource>>,
    /// Whether one was sent before.
    pub(crate) spent: bool,
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.sources.len();
        f.debug_struct("Streams").field("count", &count).field("spent", &self.spent).finish()
    }
}

impl Streams {
    /// Takes a stream out of its message.
    pub(super) fn take<T: Plain, E: ErreurCommande + 'static>(&mut self, stream: &Flux<T, E>) {
        match stream.take() {
            Some(stream) => self.sources.push(Box::new(Fed(stream))),
            None => self.spent = true,
        }
    }
}

impl<T: Plain, E: ErreurCommande + 'static> Arg<'_, Flux<T, E>> {
    /// Takes the stream out of its message.
    pub fn __cconn_take(self, streams: &mut Streams) {
        streams.take(self.0);
    }
}

/// Accepts a type that can't be a stream, so that the user sees one error and not two.
pub trait TakeNever {
    /// Does nothing.
    fn __cconn_take(&self, streams: &mut Streams);
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> TakeNever for Arg<'_, T> {
    fn __cconn_take(&self, _: &mut Streams) {}
}

/// A type that can be an argument which is a stream.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument of a command",
    label = "can't cross the wire",
    note = "an argument that is a stream is a `Flux<T>` or a `Flux<T, E>`; both `T` and `E` are \
            owned and need `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait FedArgument {}

#[diagnostic::do_not_recommend]
impl<T: Plain, E: ErreurCommande + 'static> FedArgument for Flux<T, E> {}

/// A stream whose items are encoded.
struct Fed<T, E>(Flux<T, E>);

impl<T: Plain, E: ErreurCommande + 'static> ItemSource for Fed<T, E> {
    fn channel(&mut self) -> Option<Arc<StreamChannel>> {
        self.0.channel()
    }

    fn pull(&mut self, place: &mut Answering) -> Pulled {
        let Some(item) = self.0.next() else { return Pulled::Complete };
        match reply_item(item, place).0 {
            ReplyKind::Answer => Pulled::Item,
            ReplyKind::Refusal => Pulled::UserError,
            ReplyKind::Failure(code) => Pulled::Failure(code),
            // No item is left to a promise.
            ReplyKind::Later => Pulled::Failure(FailureCode::Unanswered),
        }
    }
}

/// Encodes an item, or the error in its place.
pub(crate) fn reply_item<T: Plain, E: ErreurCommande>(
    item: Result<T, Erreur<E>>,
    place: &mut Answering,
) -> Reply {
    match item.map_err(Erreur::split::<Jamais>) {
        Ok(value) => Reply::value(value, place),
        Err(Ok(own)) => match own.__cconn_encode(&mut place.bytes) {
            Ok(()) => Reply(ReplyKind::Refusal),
            Err(error) => Reply::failure(FailureCode::AnswerEncoding, &error, place),
        },
        Err(Err(error)) => Reply::failed(&error, place),
    }
}
