//! From messages to frames, and from answers to results.

use super::{Client, Failed};
use crate::erreur::{Codage, Erreur, Jamais, Resultat, Signatures};
use crate::link::{Answer, Failure};
use crate::message::{
    AnswerReader, ArgumentWriter, Entete, ErreurCommande, Message, ValueError, encode_body,
};
use crate::wire;

impl Client {
    /// Encodes a whole frame, except long bytes at its end. Returns the size of the body.
    #[inline]
    pub(super) fn encode<'m>(
        &self,
        head: &Entete<'_>,
        message: &'m dyn Message,
        writer: &mut ArgumentWriter<'m>,
        begin: impl FnOnce(&mut Vec<u8>, u8, u64, u32) -> wire::FrameStart,
    ) -> Resultat<usize> {
        let depth = self.link.depth();
        let depth = depth.map_err(|failure| self.about(head).failed::<Jamais>(failure))?;
        encode_frame(head, depth, message, writer, begin)
            .map_err(|error| self.codage::<Jamais>(head, "an argument", "encoded", error, false))?
            .ok_or_else(|| {
                let size = writer.out.len();
                let limit = u32::MAX as usize;
                self.about(head).failed(Failure::TooLarge { size, limit })
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
                let value = decode(AnswerReader(bytes.body()));
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
            Ok(Answer::Failure { code, accepted, text }) => {
                let signatures =
                    Signatures { ours: head.signature(), sent: head.empreinte(), accepted };
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

/// Appends a whole frame of a message, except long bytes at its end. Returns the size of its body;
/// `None` if the frame's length does not fit its prefix.
#[inline]
pub(crate) fn encode_frame<'m>(
    head: &Entete<'_>,
    depth: u8,
    message: &'m dyn Message,
    writer: &mut ArgumentWriter<'m>,
    begin: impl FnOnce(&mut Vec<u8>, u8, u64, u32) -> wire::FrameStart,
) -> Result<Option<usize>, ValueError> {
    let start = begin(&mut writer.out, depth, head.hash(), head.empreinte());
    let body = encode_body(message, writer)?;
    Ok(wire::finish_with(&mut writer.out, start, writer.long.len()).map(|_| body))
}
