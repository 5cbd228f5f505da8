//! Calls with arguments that are streams.

use super::frames::Manner;
use super::telling::{self, Told};
use super::{Client, Failed};
use crate::erreur::{Erreur, Resultat, remember};
use crate::link::{Arguments, Failure, Reporting};
use crate::message::{AnswerReader, Entete, ErreurCommande, Message, Streams, ValueError};
use crate::wire::CallId;

impl Client {
    /// Calls, and feeds the arguments that are streams until the outcome is there, or until the
    /// stream that answers has ended. Tells how far the command has come, if somebody wants to know.
    #[cold]
    pub(super) fn call_fed<R, E: ErreurCommande>(
        &self,
        head: &Entete<'_>,
        message: &dyn Message,
        decode: fn(AnswerReader<'_>) -> Result<R, ValueError>,
        told: Option<Reporting<'_>>,
    ) -> Result<R, Erreur<E>> {
        let manner = if told.is_some() { Manner::Reported } else { Manner::Call };
        let called = self.arguments(head, message).and_then(|arguments| {
            telling::called(self, head, |size| {
                self.with_frame(head, message, manner, |frame, deadline| {
                    size.note(frame);
                    self.link.call_fed(frame, deadline, arguments, (head.expects_stream(), told))
                })
            })
        });
        self.read(head, called.map_err(Failed), decode)
    }

    /// Sends a call whose arguments that are streams are fed without the calling thread. `waits`: for
    /// room.
    #[inline]
    pub(super) fn defer_fed(
        &self,
        head: &Entete<'_>,
        message: &dyn Message,
        waits: bool,
    ) -> Resultat<(CallId, Told)> {
        let arguments = self.arguments(head, message)?;
        telling::deferred(self, head, |size| {
            self.with_frame(head, message, Manner::Deferred, |frame, deadline| {
                size.note(frame);
                self.link.defer_fed(frame, deadline, arguments, waits)
            })
        })
    }

    /// Takes the streams out of a message.
    #[inline]
    fn arguments(&self, head: &Entete<'_>, message: &dyn Message) -> Resultat<Arguments> {
        let mut streams = Streams::default();
        message.__cconn_flux(&mut streams);
        if streams.spent {
            return Err(self.about(head).failed(Failure::Spent));
        }
        remember(head.hash(), head.nom());
        Ok(Arguments::new(streams.sources))
    }

    /// Refuses a message with an argument that is a stream: without an answer nothing says when that
    /// is over.
    #[inline]
    pub(super) fn check_unfed(&self, head: &Entete<'_>) -> Resultat<()> {
        if head.is_fed() { Err(self.about(head).failed(Failure::NoFeeder)) } else { Ok(()) }
    }
}
