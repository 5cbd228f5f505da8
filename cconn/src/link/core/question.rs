//! The question where a call is, asked shortly before its deadline passes, and its answer.
//!
//! The side that waits asks, and only a peer that understands the question. A peer that has not
//! started the call withdraws it, so that it is certain never to run: the call then ends with that
//! certainty instead of a likelihood. The question may cross the outcome, or the start of the
//! command; whoever is asked answers as it is then.

use super::goodbye::Ending;
use super::state::State;
use super::told::Found;
use crate::sync::{Rule, holds};
use crate::wire::{CallId, FailureCode, Features, Frame, Standing};

impl State {
    /// Whether the peer can be asked where a call is.
    #[inline]
    pub(crate) fn can_ask(&self) -> bool {
        self.peer.has(Features::QUESTION)
    }

    /// Asks the peer where a call is whose deadline is near. A call of which no byte has left is
    /// certain to be withdrawn without a question.
    // [question.when]
    pub(crate) fn ask(&mut self, call: CallId) {
        let Some(asked) = self.calls.begin_question(call) else { return };
        if self.outbox.may_have_left(asked.at) {
            self.append_frame(&Frame::Question { id: call });
        }
    }

    /// Answers the peer, which asks where one of its calls is.
    #[expect(clippy::unnecessary_wraps, reason = "the routes of all kinds of frames look alike")]
    // [question.unstarted] [question.running] [question.unknown]
    pub(super) fn asked(
        &mut self,
        call: CallId,
        name: impl FnOnce(u64) -> Option<Box<str>>,
    ) -> Result<(), Ending> {
        let standing = match self.turn.find(call) {
            Found::Running => Standing::Running,
            Found::Withdrawn { command, standing } => {
                let (name_of, charge, number) = (command.name, command.charge, command.number);
                if holds(Rule::WithdrawnNeverRuns) {
                    self.take_up(charge);
                    self.handled(number);
                } else {
                    self.turn.push(command);
                }
                self.append_frame(&Frame::Standing { id: call, standing });
                let text = why_withdrawn(standing, name);
                let (id, command, code) = (Some(call), name_of, FailureCode::Expired);
                let accepted = crate::wire::Fingerprints::default();
                let failure = Frame::Failure { id, command, code, accepted, text: &text };
                self.append_frame(&failure);
                return Ok(());
            }
            // The outcome has crossed the question, or the question comes twice. Neither is
            // answered, so that questions can't fill the outbox.
            Found::Nothing => {
                self.waste.note();
                return Ok(());
            }
        };
        self.append_frame(&Frame::Standing { id: call, standing });
        Ok(())
    }

    /// Appends a control frame in the form for the peer.
    pub(super) fn append_frame(&mut self, frame: &Frame<'_>) {
        let peer = self.peer;
        self.append_with(|out| {
            // The length of a control frame always fits.
            let _length = frame.write(out, peer);
        });
    }

    /// Notes what the peer says about a call.
    #[expect(clippy::unnecessary_wraps, reason = "the routes of all kinds of frames look alike")]
    // [standing.unasked]
    pub(super) fn told(&mut self, call: CallId, standing: Standing) -> Result<(), Ending> {
        if !self.calls.tell(call, standing) {
            self.waste.note();
        }
        Ok(())
    }

    /// Ends a call that the peer has withdrawn; false if the peer has not. Nothing is known from it
    /// about earlier commands: the peer did not come to them either.
    // [question.expired]
    pub(super) fn end_withdrawn(&mut self, call: CallId, code: FailureCode) -> bool {
        if code != FailureCode::Expired || !self.calls.end_withdrawn(call) {
            return false;
        }
        self.outcome_ends_arguments(call);
        self.wake_for_answer(call);
        true
    }
}

/// The text of the failure with which a withdrawn call is answered.
fn why_withdrawn(standing: Standing, name: impl FnOnce(u64) -> Option<Box<str>>) -> String {
    let before = "its deadline was near and it had not been started";
    match standing {
        Standing::Unheard => format!("{before}: no thread runs commands here"),
        Standing::Unstarted { behind } => match name(behind) {
            Some(name) => format!("{before}: `{name}` was running"),
            None => before.to_owned(),
        },
        Standing::Running => before.to_owned(),
    }
}
