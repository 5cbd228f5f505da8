//! From messages to frames, and from answers to results.

use std::num::NonZeroU32;

use super::{Client, Failed};
use crate::erreur::{Codage, Erreur, Jamais, Resultat, Signatures};
use crate::flux::Received;
use crate::link::{Answer, Failure, put_scratch, take_scratch};
use crate::message::{
    AnswerReader, ArgumentWriter, Entete, ErreurCommande, Message, ValueError, encode_body,
};
use crate::wire::{Context, Outgoing, Start};

impl Client {
    /// Encodes the frame of a message and hands it to `send`. The frame is made in the thread's
    /// buffer, which the thread then gets back.
    #[inline]
    pub(super) fn with_frame<'m, R>(
        &self,
        head: &Entete<'_>,
        message: &'m dyn Message,
        begin: impl FnOnce(&mut Outgoing<&'m [u8]>, Start<'_>),
        send: impl FnOnce(&mut Outgoing<&'m [u8]>) -> Result<R, Failure>,
    ) -> Resultat<R> {
        let mut writer = ArgumentWriter::new(take_scratch());
        let result = self.encode(head, message, &mut writer, begin).and_then(|()| {
            send(&mut writer.frame).map_err(|failure| self.about(head).failed(failure))
        });
        put_scratch(writer.frame.into_buffer());
        result
    }

    #[inline]
    fn encode<'m>(
        &self,
        head: &Entete<'_>,
        message: &'m dyn Message,
        writer: &mut ArgumentWriter<'m>,
        begin: impl FnOnce(&mut Outgoing<&'m [u8]>, Start<'_>),
    ) -> Resultat<()> {
        let depth = self.link.depth();
        let depth = depth.map_err(|failure| self.about(head).failed::<Jamais>(failure))?;
        let expected = self.expected(head);
        let begin = |frame: &mut Outgoing<&'m [u8]>, start: Start<'_>| match &expected {
            None => begin(frame, start),
            Some(context) => {
                begin(frame, Start { context: Some((context, self.link.features())), ..start });
            }
        };
        let head = &self.for_peer(head);
        let encoded = encode_frame(head, depth, message, writer, begin)
            .map_err(|error| self.codage::<Jamais>(head, "an argument", "encoded", error, false))?;
        if encoded {
            return Ok(());
        }
        let (size, limit) = (writer.frame.len(), u32::MAX as usize);
        Err(self.about(head).failed(Failure::TooLarge { size, limit }))
    }

    /// The head in a form that the peer understands.
    #[inline]
    // [features.forms]
    fn for_peer<'h>(&self, head: &Entete<'h>) -> Entete<'h> {
        match head.omitted() {
            0 => *head,
            _ if self.link.takes_short_forms() => *head,
            _ => head.full(),
        }
    }

    /// What a call says about the stream that its caller expects, if it expects one.
    #[inline]
    // [stream.expected]
    fn expected(&self, head: &Entete<'_>) -> Option<Context<'static>> {
        head.expects_stream().then(|| {
            let stream = NonZeroU32::new(self.link.limits.stream_credit);
            Context { stream, ..Context::default() }
        })
    }

    /// The result of a call. The answer is read in place, because it is large to move.
    // [outcome.bad]
    pub(super) fn read<R, E: ErreurCommande>(
        &self,
        head: &Entete<'_>,
        mut called: Result<Answer, Failed>,
        decode: fn(AnswerReader<'_>) -> Result<R, ValueError>,
    ) -> Result<R, Erreur<E>> {
        match called {
            Ok(Answer::Value(ref mut bytes)) => {
                let value = decode(AnswerReader::of_body(bytes.body()));
                self.link.recycle(bytes);
                value.map_err(|error| self.codage(head, "the answer", "decoded", error, true))
            }
            Ok(Answer::UserError(ref mut bytes)) => {
                let refusal = E::__cconn_decode(bytes.body().into_slice());
                self.link.recycle(bytes);
                Err(match refusal {
                    Ok(refusal) => Erreur::Refus(refusal),
                    Err(error) => self.codage(head, "the command's error", "decoded", error, true),
                })
            }
            Ok(Answer::Stream(call)) => {
                let stream = AnswerReader::of_stream(Received::new(&self.link, call, head.nom()));
                let flux = decode(stream);
                flux.map_err(|error| self.codage(head, "the answer", "decoded", error, true))
            }
            Ok(Answer::Failure { code, accepted, text }) => {
                let (ours, sent) = (head.signature(), head.empreinte());
                let unknown = head.known().and_then(|one| one.too_new(head.omitted(), &accepted));
                let signatures = Signatures { ours, sent, accepted, unknown };
                Err(self.about(head).remote(code, text, signatures))
            }
            Err(failed) => Err(failed.into_error()),
        }
    }

    fn codage<E>(
        &self,
        head: &Entete<'_>,
        what: &'static str,
        verb: &'static str,
        cause: ValueError,
        a_pu_etre_executee: bool,
    ) -> Erreur<E> {
        Erreur::Codage(Box::new(Codage {
            commande: head.nom().into(),
            lien: self.link.identity.label().into(),
            what,
            verb,
            cause: Box::new(cause),
            a_pu_etre_executee,
        }))
    }
}

/// Makes the whole frame of a message; false if the frame's length does not fit its prefix.
#[inline]
pub(crate) fn encode_frame<'m>(
    head: &Entete<'_>,
    depth: u8,
    message: &'m dyn Message,
    writer: &mut ArgumentWriter<'m>,
    begin: impl FnOnce(&mut Outgoing<&'m [u8]>, Start<'_>),
) -> Result<bool, ValueError> {
    writer.omit(head.omitted());
    begin(&mut writer.frame, Start::plain(depth, head.hash(), head.empreinte()));
    encode_body(message, writer)?;
    Ok(writer.frame.finish().is_some())
}
