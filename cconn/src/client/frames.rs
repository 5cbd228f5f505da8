//! From messages to frames, and from answers to results.

use super::Client;
use crate::erreur::{Codage, Erreur, Jamais, Resultat};
use crate::link::{Answer, Failure};
use crate::message::{AnswerReader, Entete, ErreurCommande, Message, ValueError, encode_body};
use crate::wire;

impl Client {
    /// Encodes a whole frame, but for long bytes at its end.
    #[inline]
    pub(super) fn encode<'m>(
        &self,
        head: &Entete<'_>,
        message: &'m dyn Message,
        frame: &mut Vec<u8>,
        begin: impl FnOnce(&mut Vec<u8>, u8, u64, u32) -> wire::FrameStart,
    ) -> Resultat<Encoded<'m>> {
        let depth = self.link.depth();
        let depth = depth.map_err(|failure| self.about(head).failed::<Jamais>(failure))?;
        encode_frame(head, depth, message, frame, begin)
            .map_err(|error| self.codage::<Jamais>(head, "an argument", "encoded", error, false))?
            .ok_or_else(|| {
                let size = frame.len();
                let limit = u32::MAX as usize;
                self.about(head).failed(Failure::TooLarge { size, limit })
            })
    }

    /// What an answer comes to.
    pub(super) fn read<R, E: ErreurCommande>(
        &self,
        head: &Entete<'_>,
        answer: Answer,
        decode: fn(AnswerReader<'_>) -> Result<R, ValueError>,
    ) -> Result<R, Erreur<E>> {
        match answer {
            Answer::Value(mut bytes) => {
                let value = decode(AnswerReader(bytes.body()));
                bytes.recycle(&self.link);
                value.map_err(|error| self.codage(head, "the answer", "decoded", error, true))
            }
            Answer::UserError(mut bytes) => {
                let refusal = E::__cconn_decode(bytes.body().into_slice());
                bytes.recycle(&self.link);
                Err(match refusal {
                    Ok(refusal) => Erreur::Refus(refusal),
                    Err(error) => self.codage(head, "the command's error", "decoded", error, true),
                })
            }
            Answer::Failure { code, text } => {
                Err(self.about(head).remote(code, text, head.signature()))
            }
        }
    }

    fn codage<E>(
        &self,
        head: &Entete<'_>,
        quoi: &'static str,
        verbe: &'static str,
        cause: ValueError,
        a_pu_etre_executee: bool,
    ) -> Erreur<E> {
        Erreur::Codage(Box::new(Codage {
            commande: head.nom().into(),
            lien: self.link.identity.label().into(),
            quoi,
            verbe,
            cause: Box::new(cause),
            a_pu_etre_executee,
        }))
    }
}

/// What stands in a frame behind its header.
#[derive(Clone, Copy)]
pub(crate) struct Encoded<'m> {
    /// Size of the body, bytes.
    pub(crate) body: usize,
    /// Its last bytes, where they are long: the message's own, not copied to the frame.
    pub(crate) tail: &'m [u8],
}

/// Appends a whole frame of a message, but for long bytes at its end; `None` where the frame's
/// length does not fit its prefix.
#[inline]
pub(crate) fn encode_frame<'m>(
    head: &Entete<'_>,
    depth: u8,
    message: &'m dyn Message,
    frame: &mut Vec<u8>,
    begin: impl FnOnce(&mut Vec<u8>, u8, u64, u32) -> wire::FrameStart,
) -> Result<Option<Encoded<'m>>, ValueError> {
    let start = begin(frame, depth, head.hash(), head.empreinte());
    let header = frame.len();
    let tail = encode_body(message, frame)?;
    let body = frame.len() - header + tail.len();
    Ok(wire::finish_with(frame, start, tail.len()).map(|_| Encoded { body, tail }))
}
