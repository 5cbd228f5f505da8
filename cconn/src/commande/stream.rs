//! Answering with a stream: the items of an iterator are encoded and sent one after the other.

use super::{Context, Fault};
use crate::erreur::{Erreur, Jamais};
use crate::flux::Flux;
use crate::link::{ItemSink, Opening, Put, StreamChannel};
use crate::message::{ErreurCommande, Plain, Reply, ReplyKind, Returned, reply_item};
use crate::wire::{Answering, FailureCode};

/// How a command answers with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamForm {
    /// It does not.
    Nothing,
    /// With the items of an iterator, which its return type shows.
    Items,
    /// With a `Flux`, which may be the stream of a channel.
    Named,
}

/// Checks that a command may answer with a stream, if it answers with one: that the caller expects one, and that one more
/// iterator may be pulled, if the command returns one for certain. The command has not run.
// [stream.expected] [stream.most]
pub(super) fn admit(form: StreamForm, pump: Option<&dyn ItemSink>) -> Result<(), Fault> {
    match (form, pump) {
        (StreamForm::Nothing, _) | (StreamForm::Named, Some(_)) => Ok(()),
        (StreamForm::Items, Some(pump)) => pump.has_room().map_err(Fault::too_many_streams),
        (StreamForm::Named | StreamForm::Items, None) => Err(Fault::unexpected_stream()),
    }
}

/// Sends the items of an iterator that a command has returned; the items have the form `KIND`.
pub fn stream<const KIND: u8, X: Returned<KIND>, I: Iterator<Item = X>>(
    items: I,
    context: &Context<'_>,
    out: &mut Answering,
) -> Reply {
    feed(items, context, out, Returned::reply)
}

/// The return types of commands that name [`Flux`].
pub trait ReturnedFlux {
    /// Sends the stream, or the error in its place.
    fn send(self, context: &Context<'_>, out: &mut Answering) -> Reply;
}

impl<T: Plain, E: ErreurCommande> ReturnedFlux for Flux<T, E> {
    fn send(mut self, context: &Context<'_>, out: &mut Answering) -> Reply {
        match self.channel() {
            Some(channel) => attach(&channel, context, out),
            None => feed(self, context, out, reply_item),
        }
    }
}

/// Sends the stream of a channel: no thread is needed for it from now on.
fn attach(channel: &StreamChannel, context: &Context<'_>, out: &mut Answering) -> Reply {
    let Some(pump) = context.stream else { return no_taker(out) };
    match pump.attach(channel) {
        Opening::Open | Opening::Cancelled => Reply(ReplyKind::Answer),
        Opening::Crowded { limit } => {
            let text =
                format!("{limit} channels of this connection are open already (`max_canaux`)");
            Reply::failure(FailureCode::OverloadedAfterwards, &text, out)
        }
        Opening::Stopping => stopping(out),
    }
}

fn no_taker(out: &mut Answering) -> Reply {
    Reply::failure(FailureCode::UnexpectedStream, &"the caller expects no stream", out)
}

fn stopping(out: &mut Answering) -> Reply {
    Reply::failure(FailureCode::Closed, &"the connection is being stopped", out)
}

impl<T: Plain, E: ErreurCommande, F: Refusal> ReturnedFlux for Result<Flux<T, E>, F> {
    fn send(self, context: &Context<'_>, out: &mut Answering) -> Reply {
        match self {
            Ok(flux) => flux.send(context, out),
            Err(error) => error.refuse(out),
        }
    }
}

/// What a command returns instead of its stream: its own error, or one of this crate's.
pub trait Refusal {
    /// Encodes the error.
    fn refuse(self, out: &mut Answering) -> Reply;
}

impl<E: ErreurCommande> Refusal for Erreur<E> {
    fn refuse(self, out: &mut Answering) -> Reply {
        match self.split::<Jamais>() {
            Ok(own) => refusal(&own, out),
            Err(error) => Reply::failed(&error, out),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<E: Plain> Refusal for E {
    fn refuse(self, out: &mut Answering) -> Reply {
        Reply::refusal(&self, out)
    }
}

fn refusal<E: ErreurCommande>(own: &E, out: &mut Answering) -> Reply {
    match own.__cconn_encode(&mut out.bytes) {
        Ok(()) => Reply(ReplyKind::Refusal),
        Err(error) => Reply::failure(FailureCode::AnswerEncoding, &error, out),
    }
}

/// Sends the items of an iterator until it ends, or until it has to. The outcome is the stream's
/// end.
// [stop.end]
fn feed<X>(
    items: impl Iterator<Item = X>,
    context: &Context<'_>,
    out: &mut Answering,
    mut encode: impl FnMut(X, &mut Answering) -> Reply,
) -> Reply {
    let Some(pump) = context.stream else { return no_taker(out) };
    match pump.open() {
        Opening::Open => {}
        Opening::Stopping => return stopping(out),
        Opening::Cancelled => return Reply(ReplyKind::Answer),
        Opening::Crowded { limit } => {
            let text = too_many(limit);
            return Reply::failure(FailureCode::OverloadedAfterwards, &text, out);
        }
    }
    let mut place = Answering::default();
    for item in items {
        place.truncate(0);
        let Reply(kind) = encode(item, &mut place);
        if kind != ReplyKind::Answer {
            // The item is an error: it is the last word of the stream.
            out.bytes.append(&mut place.bytes);
            return Reply(kind);
        }
        match pump.put(&place.bytes, std::mem::take(&mut place.tail)) {
            Put::Done => {}
            Put::Halted => break,
            Put::Stopping => return stopping(out),
            Put::TooLarge { size, limit } => {
                let text = format!("an item of {size} bytes; the limit there is {limit}");
                return Reply::failure(FailureCode::AnswerTooLarge, &text, out);
            }
        }
    }
    Reply(ReplyKind::Answer)
}

/// The text about the limit of iterators that may be pulled at once.
pub(super) fn too_many(limit: usize) -> String {
    format!("{limit} streams of this connection are sent already (`max_flux`)")
}
