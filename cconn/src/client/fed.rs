//! Calls with arguments that are streams.

use super::frames::Manner;
use super::{Client, Failed, telling};
use crate::erreur::{Erreur, Resultat, remember};
use crate::link::{Arguments, Failure};
use crate::message::{AnswerReader, Entete, ErreurCommande, Message, Streams, ValueError};

impl Client {
    /// Calls, and feeds the arguments that are streams until the outcome is there, or until the
    /// stream that answers has ended.
    #[cold]
    pub(super) fn call_fed<R, E: ErreurCommande>(
        &self,
        head: &Entete<'_>,
        message: &dyn Message,
        decode: fn(AnswerReader<'_>) -> Result<R, ValueError>,
    ) -> Result<R, Erreur<E>> {
        let mut streams = Streams::default();
        message.__cconn_flux(&mut streams);
        let called = if streams.spent {
            Err(self.about(head).failed(Failure::Spent))
        } else {
            remember(head.hash(), head.nom());
            telling::called(self, head, |size| {
                self.with_frame(head, message, Manner::Call, |frame, deadline| {
                    size.note(frame);
                    let arguments = Arguments::new(streams.sources);
                    self.link.call_fed(frame, deadline, arguments, head.expects_stream())
                })
            })
        };
        self.read(head, called.map_err(Failed), decode)
    }

    /// Refuses a message with an argument that is a stream: no thread would feed it.
    #[inline]
    pub(super) fn check_unfed(&self, head: &Entete<'_>) -> Resultat<()> {
        if head.is_fed() { Err(self.about(head).failed(Failure::NoFeeder)) } else { Ok(()) }
    }
}
