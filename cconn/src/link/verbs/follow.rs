//! Following a call: instead of a thread that waits for the answer, a waker is called.

use std::task::{Poll, Waker};

use super::answers::look_round;
use crate::link::Link;
use crate::link::core::calls::Answer;
use crate::link::core::failure::Failure;
use crate::link::io::lock::Locked;
use crate::sync::Deadline;
use crate::wire::CallId;

impl Link {
    /// The outcome of a deferred call, if it is there. Else `waker` is called once when it is, when
    /// the connection has ended, or when the deadline has passed. Never waits.
    ///
    /// At the deadline the call is given up, as `wait_out` does.
    #[inline]
    pub(crate) fn follow(
        &self,
        call: CallId,
        waker: &Waker,
        deadline: &mut Deadline,
    ) -> Poll<Result<Answer, Failure>> {
        // The program's code copies and drops a waker, so both happen with nothing locked.
        let mut waker = Some(waker.clone());
        let (polled, unused) =
            self.locked_soon(|state| self.follow_locked(state, call, &mut waker, deadline));
        drop((waker, unused));
        polled
    }

    #[inline]
    fn follow_locked(
        &self,
        state: &mut Locked<'_>,
        call: CallId,
        waker: &mut Option<Waker>,
        deadline: &mut Deadline,
    ) -> (Poll<Result<Answer, Failure>>, Option<Waker>) {
        let late = deadline.has_passed();
        if late {
            // A deadline is not declared to have passed without a look at the socket.
            look_round(state, |state| state.is_answered(call));
        }
        let outcome = match state.outcome(call) {
            Some(outcome) => outcome,
            None if late => Err(state.give_up_late(call, !self.ends_with_handles)),
            None => {
                let (until, now) = (deadline.moment(), crate::sync::now());
                let before = waker.take().and_then(|waker| state.follow(call, waker, until, now));
                // This thread is about to return to the program, and no thread of the program may
                // come here again before the answer does.
                state.flush_ready();
                state.pass_on();
                return (Poll::Pending, before);
            }
        };
        let before = state.unfollow(call);
        state.advance_goodbye();
        state.flush_ready();
        (Poll::Ready(outcome), before)
    }
}
