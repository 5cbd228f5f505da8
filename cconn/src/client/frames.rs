//! From messages to frames, and from answers to results.

use super::Client;
use crate::erreur::{Codage, Erreur, Jamais, Resultat};
use crate::lien::{Answer, Failure};
use crate::message::{ErreurCodec, Message, Refus, Tete, encode_body};
use crate::wire;

impl Client {
    /// Encodes a whole frame; returns the size of its body.
    pub(super) fn encode(
        &self,
        tete: &Tete<'_>,
        message: &dyn Message,
        frame: &mut Vec<u8>,
        begin: fn(&mut Vec<u8>, u8, u64, u32) -> wire::FrameStart,
    ) -> Resultat<usize> {
        let depth = self.lien.depth();
        let depth = depth.map_err(|failure| self.about(tete).failed::<Jamais>(failure))?;
        encode_frame(tete, depth, message, frame, begin)
            .map_err(|error| self.codage::<Jamais>(tete, "an argument", "encoded", error, false))?
            .ok_or_else(|| {
                let size = frame.len();
                let limit = u32::MAX as usize;
                self.about(tete).failed(Failure::TooLarge { size, limit })
            })
    }

    /// What an answer comes to.
    pub(super) fn read<R, E: Refus>(
        &self,
        tete: &Tete<'_>,
        answer: Answer,
        lire: fn(&[u8]) -> Result<R, ErreurCodec>,
    ) -> Result<R, Erreur<E>> {
        match answer {
            Answer::Value(bytes) => {
                let value = lire(bytes.as_slice());
                bytes.recycle();
                value.map_err(|error| self.codage(tete, "the answer", "decoded", error, true))
            }
            Answer::UserError(bytes) => Err(match E::lire(bytes.as_slice()) {
                Ok(refusal) => Erreur::Refus(refusal),
                Err(error) => self.codage(tete, "the command's error", "decoded", error, true),
            }),
            Answer::Failure { code, text } => {
                Err(self.about(tete).remote(code, text, tete.signature()))
            }
        }
    }

    fn codage<E>(
        &self,
        tete: &Tete<'_>,
        quoi: &'static str,
        verbe: &'static str,
        cause: ErreurCodec,
        a_pu_etre_executee: bool,
    ) -> Erreur<E> {
        Erreur::Codage(Box::new(Codage {
            commande: tete.nom().into(),
            lien: self.lien.identity.label().into(),
            quoi,
            verbe,
            cause: Box::new(cause),
            a_pu_etre_executee,
        }))
    }
}

/// Appends a whole frame of a message; returns the size of its body, or `None` where the frame's
/// length does not fit its prefix.
pub(crate) fn encode_frame(
    tete: &Tete<'_>,
    depth: u8,
    message: &dyn Message,
    frame: &mut Vec<u8>,
    begin: fn(&mut Vec<u8>, u8, u64, u32) -> wire::FrameStart,
) -> Result<Option<usize>, ErreurCodec> {
    let start = begin(frame, depth, tete.hash(), tete.empreinte());
    let header = frame.len();
    encode_body(message, frame)?;
    Ok(wire::finish(frame, start).map(|_| frame.len() - header))
}
