//! Calls with argument streams.

use std::sync::Arc;

use super::answers::abandon;
use crate::link::Link;
use crate::link::core::calls::Answer;
use crate::link::core::failure::{Failure, WaitedFor};
use crate::link::core::inlet::Taken;
use crate::link::core::outbox::{ANSWER, Lane};
use crate::link::io::lock::Locked;
use crate::link::threads::apart::Feeder;
use crate::link::threads::feed::{Arguments, Fed, Panicked};
use crate::link::threads::patience::Patience;
use crate::sync::{Deadline, Rule, holds};
use crate::wire::{CallId, Outgoing};

impl Link {
    /// Sends a call with argument streams and waits for its outcome, feeding the streams meanwhile.
    /// If `apart`, because the answer is a stream, a thread of their own feeds those that have to be
    /// pulled.
    ///
    /// The deadline bounds the wait until the command has started, and again the wait for the
    /// outcome behind the end of the last argument; between them only silence is limited.
    ///
    /// A panic of a source that this thread pulls goes on here, once the call is given up.
    #[inline]
    pub(crate) fn call_fed(
        self: &Arc<Self>,
        frame: &mut Outgoing<&[u8]>,
        deadline: Deadline,
        mut arguments: Arguments,
        apart: bool,
    ) -> Result<Answer, Failure> {
        self.check_size(frame.len())?;
        let apart = apart && holds(Rule::SourcesHaveTheirThread);
        let mut feeder =
            if apart && arguments.are_pulled() { Some(self.start_feeder()?) } else { None };
        let mut patience = Patience::new(deadline, self.limits.silence);
        let mut panicked = None;
        let result = self.locked_aside(|state, from_handler| {
            let call = self.open_fed(state, frame, &mut arguments, &mut patience)?;
            self.share_out(state, frame.command_of_call(), call, &mut arguments, feeder.take());
            let result =
                self.outcome_fed(state, &mut arguments, (call, from_handler), &mut patience);
            if !matches!(result, Ok(Ok(Answer::Stream(_)))) {
                arguments.close(state);
            }
            state.advance_goodbye();
            state.flush(&mut { deadline });
            result.unwrap_or_else(|payload| {
                panicked = Some(payload);
                Err(late(WaitedFor::Silence))
            })
        });
        arguments.drop_over();
        drop(arguments);
        if let Some(payload) = panicked {
            std::panic::resume_unwind(payload);
        }
        result
    }

    /// Sends the call, and opens the sending ends of its arguments.
    #[inline]
    fn open_fed(
        &self,
        state: &mut Locked<'_>,
        frame: &mut Outgoing<&[u8]>,
        arguments: &mut Arguments,
        patience: &mut Patience,
    ) -> Result<CallId, Failure> {
        let opening = patience.opening();
        match self.open(state, frame, opening) {
            Ok(call) => {
                arguments.open(state, call);
                state.write(frame, opening);
                Ok(call)
            }
            Err(failure) => {
                state.flush(opening);
                Err(failure)
            }
        }
    }

    /// Leaves to channels and to the thread apart what they feed.
    #[inline]
    fn share_out(
        &self,
        state: &mut Locked<'_>,
        command: u64,
        call: CallId,
        arguments: &mut Arguments,
        feeder: Option<Feeder>,
    ) {
        state.unlocked(|| {
            self.attach_arguments(arguments, command);
            if let Some(feeder) = feeder {
                feeder.feed(call, arguments.split());
            }
        });
    }

    /// Feeds the arguments of a call until its outcome is there, and closes the call. The outer
    /// error is a panic.
    #[inline]
    fn outcome_fed(
        &self,
        state: &mut Locked<'_>,
        arguments: &mut Arguments,
        (call, from_handler): (CallId, bool),
        patience: &mut Patience,
    ) -> Result<Result<Answer, Failure>, Panicked> {
        let of = (call, from_handler);
        let fed = self.feed(state, arguments, of, patience, |state, _| state.is_answered(call));
        let is_silent = matches!(fed, Fed::Late(WaitedFor::Silence));
        let result = match fed {
            Fed::Unwanted => state.outcome(call).unwrap_or_else(|| Err(abandon(state, call))),
            _ => state.close_call(call, !self.ends_with_handles),
        };
        match (fed, result) {
            (Fed::Panicked(payload), result) => {
                if let Ok(Answer::Stream(call)) = result {
                    state.drop_stream(Lane { call, lane: ANSWER }, Taken::default());
                }
                Err(payload)
            }
            (_, Err(Failure::Late { .. })) if is_silent => Ok(Err(late(WaitedFor::Silence))),
            (_, result) => Ok(result),
        }
    }
}

/// The failure of a call that was late.
#[inline]
fn late(phase: WaitedFor) -> Failure {
    Failure::Late { phase, may_have_run: true }
}
