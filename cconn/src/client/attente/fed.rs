//! A call whose answer is waited for later, with arguments that are streams.

use super::super::Client;
use super::super::telling::Told;
use super::Attente;
use crate::link::{Answer, Failure, Link};
use crate::message::{AnswerReader, Entete, ValueError};
use crate::sync::Deadline;
use crate::wire::CallId;

/// What such a call keeps.
pub(super) struct Fed {
    /// What the streams had come to at the last poll; `None` if none went on.
    pub(super) given: Option<u64>,
    /// How it is waited for: a program without such calls does not compile that.
    pub(super) wait: fn(&Link, CallId, Deadline) -> Result<Answer, Failure>,
}

impl<R, E> Attente<R, E> {
    /// A call with arguments that are streams.
    pub(in crate::client) fn fed(
        client: Client,
        call: (CallId, Told),
        head: &Entete<'_>,
        decode: fn(AnswerReader<'_>) -> Result<R, ValueError>,
    ) -> Self {
        let mut attente = Attente::new(client, call, head, decode);
        attente.fed = Some(Box::new(Fed { given: Some(0), wait: Link::wait_out_fed }));
        attente
    }

    /// Begins the deadline anew while the peer takes the arguments that are streams, or waits for
    /// items of this side; and once more behind the end of the last of them.
    // [lane.silence]
    #[cold]
    pub(super) fn look_at_arguments(&mut self, call: CallId, before: u64) {
        let progress = self.client.link.progress_of_arguments(call);
        let given = progress.map(|(given, _)| given);
        let is_waited_for = progress.is_some_and(|(_, is_waited_for)| is_waited_for);
        if is_waited_for || given != Some(before) {
            self.until = None;
        }
        if let Some(fed) = &mut self.fed {
            fed.given = given;
        }
    }
}
