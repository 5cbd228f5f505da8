//! Calls with argument streams.

use std::sync::Arc;

use super::answers::{abandon, sent};
use crate::link::Link;
use crate::link::core::calls::Answer;
use crate::link::core::failure::{Failure, WaitedFor};
use crate::link::core::inlet::Taken;
use crate::link::core::outbox::{ANSWER, Lane};
use crate::link::core::report::Report;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::link::threads::apart::Feeder;
use crate::link::threads::feed::{Arguments, Fed, Panicked, with_turn};
use crate::link::threads::patience::Patience;
use crate::sync::{Deadline, Rule, holds};
use crate::wire::{CallId, Outgoing};

/// Who is told how far a command has come, and how long the limit on its answer is after that, if it
/// begins anew.
pub(crate) struct Reporting<'a> {
    pub(crate) told: &'a mut dyn FnMut(Report),
    pub(crate) silence: Option<Deadline>,
}

impl Link {
    /// Sends a call with argument streams and waits for its outcome, feeding the streams meanwhile.
    /// If `apart`, because the answer is a stream, a thread of their own feeds those that have to be
    /// pulled.
    ///
    /// The deadline bounds the wait until the command has started, and again the wait for the
    /// outcome behind the end of the last argument; between them only silence is limited.
    ///
    /// A panic of a source that this thread pulls goes on here, once the call is given up; and one of
    /// the closure that is told how far the command has come, if one is.
    #[inline]
    pub(crate) fn call_fed(
        self: &Arc<Self>,
        frame: &mut Outgoing<&[u8]>,
        deadline: Deadline,
        mut arguments: Arguments,
        (apart, mut told): (bool, Option<Reporting<'_>>),
    ) -> Result<Answer, Failure> {
        self.check_size(frame.len())?;
        let apart = apart && holds(Rule::SourcesHaveTheirThread);
        let mut feeder =
            if apart && arguments.are_pulled() { Some(self.start_feeder()?) } else { None };
        let mut patience = Patience::new(deadline, self.limits.silence);
        let mut panicked = None;
        let result = self.locked_aside(|state, from_handler| {
            let wants = told.is_some();
            let call = self.open_fed(state, frame, (&mut arguments, wants), &mut patience)?;
            self.share_out(state, frame.command_of_call(), call, &mut arguments, feeder.take());
            let told = told.as_mut();
            let of = (call, from_handler);
            let result = self.outcome_fed(state, &mut arguments, of, &mut patience, told);
            state.forget_reports(call);
            if !matches!(result, Ok(Ok(Answer::Stream(_)))) {
                arguments.close(state);
            }
            state.advance_goodbye();
            state.flush(patience.closing());
            result.unwrap_or_else(|payload| {
                panicked = Some(payload);
                Err(late(WaitedFor::Taker))
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
        (arguments, wants_reports): (&mut Arguments, bool),
        patience: &mut Patience,
    ) -> Result<CallId, Failure> {
        let opening = patience.opening();
        match self.open(state, frame, opening) {
            Ok(call) => {
                arguments.open(state, call);
                if wants_reports {
                    state.want_reports(call);
                }
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
        told: Option<&mut Reporting<'_>>,
    ) -> Result<Result<Answer, Failure>, Panicked> {
        let fed = self.feed_told(state, arguments, (call, from_handler), patience, told);
        let is_silent = matches!(fed, Fed::Late(WaitedFor::Taker));
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
            (_, Err(Failure::Late { .. })) if is_silent => Ok(Err(late(WaitedFor::Taker))),
            (_, result) => Ok(result),
        }
    }

    /// Feeds the arguments of a call until its outcome is there, and tells how far its command has
    /// come.
    #[inline]
    fn feed_told(
        &self,
        state: &mut Locked<'_>,
        arguments: &mut Arguments,
        (call, from_handler): (CallId, bool),
        patience: &mut Patience,
        mut told: Option<&mut Reporting<'_>>,
    ) -> Fed {
        loop {
            let news =
                |state: &State, _: &Arguments| state.is_answered(call) || state.has_report(call);
            let fed = self.feed(state, arguments, (call, from_handler), patience, news);
            // The last report comes before the outcome.
            let (Fed::Over, Some(report), Some(told)) =
                (&fed, state.take_report(call), told.as_mut())
            else {
                return fed;
            };
            state.pass_on();
            let said = state.unlocked(|| with_turn(from_handler, || (told.told)(report)));
            if let Err(payload) = said {
                return Fed::Panicked(payload);
            }
            if let Some(silence) = told.silence {
                patience.begin_anew(silence);
            }
        }
    }
}

impl Link {
    /// Sends a call with argument streams; its answer is left to `wait_out_fed`, `follow` or
    /// `give_up`. Those that have to be pulled are pulled by a thread of their own. `waits`: for room,
    /// at most until the deadline.
    #[inline]
    pub(crate) fn defer_fed(
        self: &Arc<Self>,
        frame: &mut Outgoing<&[u8]>,
        deadline: Deadline,
        mut arguments: Arguments,
        waits: bool,
    ) -> Result<CallId, Failure> {
        self.check_size(frame.len())?;
        if !waits {
            // A call that would be refused starts no thread; the send looks again.
            self.locked_soon(|state| self.check_room(state, frame))?;
        }
        let feeder = if arguments.are_pulled() { Some(self.start_feeder()?) } else { None };
        let opened = |state: &mut State, call| arguments.open(state, call);
        let call = if waits {
            self.defer_with(frame, deadline, opened)
        } else {
            self.try_defer_with(frame, opened)
        }?;
        self.attach_arguments(&mut arguments, frame.command_of_call());
        if let Some(feeder) = feeder {
            feeder.feed(call, arguments.split());
        }
        Ok(call)
    }

    /// Waits for the answer of such a call, and gives the call up when it is late. The deadline
    /// bounds the wait as that of `call_fed` does.
    #[inline]
    pub(crate) fn wait_out_fed(&self, call: CallId, deadline: Deadline) -> Result<Answer, Failure> {
        if deadline.is_no_time() || self.locked(|state| state.is_over(call)) {
            return self.wait_out(call, deadline);
        }
        let mut patience = Patience::new(deadline, self.limits.silence);
        let (answer, unused) = self
            .locked_aside(|state, from_handler| {
                state.begin_awaiting(call);
                let mut arguments = Arguments::of_others(state.arguments_of(call));
                let of = (call, from_handler);
                let outcome = self.outcome_fed(state, &mut arguments, of, &mut patience, None);
                let unused = state.unfollow(call);
                state.advance_goodbye();
                state.flush(patience.closing());
                // Nothing is pulled here that could panic.
                Ok((outcome.unwrap_or_else(|_| Err(late(WaitedFor::Taker))), unused))
            })
            .map_err(sent)?;
        // A waker is the program's, so it is dropped with nothing locked.
        drop(unused);
        answer
    }

    /// What changes while argument streams of a call go on; see `State::progress_of_arguments`.
    #[inline]
    pub(crate) fn progress_of_arguments(&self, call: CallId) -> Option<(u64, bool)> {
        self.locked(|state| state.progress_of_arguments(call))
    }
}

/// The failure of a call that was late.
#[inline]
fn late(phase: WaitedFor) -> Failure {
    Failure::Late { phase, may_have_run: true }
}
