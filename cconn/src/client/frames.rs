//! From messages to frames, and from answers to results.

use super::{Client, Failed};
use crate::erreur::{About, Codage, Erreur, Jamais, Resultat, Signatures};
use crate::flux::Received;
use crate::forme::{Declaration, Declared};
use crate::link::{Answer, Failure, put_scratch, take_scratch, works};
use crate::message::{
    AnswerReader, ArgumentWriter, Entete, ErreurCommande, Message, ValueError, encode_body,
};
use crate::sync::Deadline;
use crate::wire::{Context, Features, Outgoing, Start};

impl Client {
    /// Encodes the frame of a message and hands it to `send`, with the deadline of the operation.
    /// The frame is made in the thread's buffer, which the thread then gets back.
    #[inline]
    pub(super) fn with_frame<'m, R>(
        &self,
        head: &Entete<'_>,
        message: &'m dyn Message,
        manner: Manner,
        send: impl FnOnce(&mut Outgoing<&'m [u8]>, Deadline) -> Result<R, Failure>,
    ) -> Resultat<R> {
        let (depth, tells) = if works() { self.sends(head)? } else { (0, false) };
        let special = manner == Manner::Reported || head.is_fed();
        if tells || self.limits_calls || head.expects_stream() || special {
            return self.with_told_frame(head, message, (manner, depth), send);
        }
        let mut writer = ArgumentWriter::new(take_scratch());
        let how = (manner, depth, None);
        let result = self.encode(head, message, &mut writer, how).and_then(|()| {
            let outcome = send(&mut writer.frame, Deadline::After(self.deadline));
            outcome.map_err(|failure| self.about(head).failed(failure))
        });
        put_scratch(writer.frame.into_buffer());
        result
    }

    /// The depth at which the calling thread sends, and whether there is more to tell.
    #[inline(never)]
    fn sends(&self, head: &Entete<'_>) -> Resultat<(u8, bool)> {
        self.link.sends().map_err(|failure| self.about(head).failed(failure))
    }

    /// Like `with_frame`, for a message that carries more than its arguments or has less time.
    #[cold]
    fn with_told_frame<'m, R>(
        &self,
        head: &Entete<'_>,
        message: &'m dyn Message,
        (manner, depth): (Manner, u8),
        send: impl FnOnce(&mut Outgoing<&'m [u8]>, Deadline) -> Result<R, Failure>,
    ) -> Resultat<R> {
        let told = self.told(head, manner);
        let about = About { deadline: told.time, ..self.about(head) };
        let mut writer = ArgumentWriter::new(take_scratch());
        let context = told.context();
        let how = (manner, depth, Some((&context, self.link.features())));
        writer.frame.until = told.until;
        let result = self
            .encode(head, message, &mut writer, how)
            .and_then(|()| send(&mut writer.frame, told.deadline).map_err(|f| about.failed(f)));
        put_scratch(writer.frame.into_buffer());
        result
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "every message comes through here")]
    fn encode<'m>(
        &self,
        head: &Entete<'_>,
        message: &'m dyn Message,
        writer: &mut ArgumentWriter<'m>,
        (manner, depth, context): (Manner, u8, Option<(&Context<'_>, Features)>),
    ) -> Resultat<()> {
        let full;
        let head = if self.takes(head) {
            head
        } else {
            full = head.full();
            &full
        };
        let start = Start { context, ..Start::plain(depth, head.hash(), head.empreinte()) };
        let encoded = encode_frame(head, message, writer, manner, start)
            .map_err(|error| self.codage::<Jamais>(head, "an argument", "encoded", error, false))?;
        if encoded {
            return Ok(());
        }
        let (size, limit) = (writer.frame.len(), u32::MAX as usize);
        Err(self.about(head).failed(Failure::TooLarge { size, limit }))
    }

    /// Whether the peer understands a message with that head.
    #[inline]
    // [features.forms]
    fn takes(&self, head: &Entete<'_>) -> bool {
        head.omitted() == 0 || self.link.takes_short_forms()
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
                let known = head.known().map(|one| -> &'static dyn Declared { one });
                let declared = Declaration(known);
                let signatures = Signatures { ours, sent, accepted, unknown, declared };
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

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    OneWay,
    /// A call whose answer the sending thread waits for.
    Call,
    /// The same, and it wants reports of progress.
    Reported,
    /// A call whose answer is waited for later.
    Deferred,
}

impl Manner {
    /// Whether the sending thread waits for an answer at once.
    pub(super) fn waits(self) -> bool {
        matches!(self, Manner::Call | Manner::Reported)
    }
}

/// Makes the whole frame of a message; false if the frame's length does not fit its prefix.
#[inline(always)]
#[expect(clippy::inline_always, reason = "every message comes through here")]
pub(crate) fn encode_frame<'m>(
    head: &Entete<'_>,
    message: &'m dyn Message,
    writer: &mut ArgumentWriter<'m>,
    manner: Manner,
    start: Start<'_>,
) -> Result<bool, ValueError> {
    writer.omit(head.omitted());
    if manner == Manner::OneWay {
        writer.frame.begin_one_way(start);
    } else {
        writer.frame.begin_call(start);
    }
    encode_body(message, writer)?;
    Ok(writer.frame.finish().is_some())
}
