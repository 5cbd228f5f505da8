//! The conditions under which a command may be sent: the goodbye, the outbox, the window, and the
//! line of senders that wait for it.

use super::failure::{Failure, WaitedFor};
use super::sleepers::Sleep;
use super::state::State;
use super::window::{Queued, Ticket};

impl State {
    /// Checks that a command may be sent at all. During a stop only a thread to which the
    /// connection owes that may send: `is_owed` is asked then, and at no other time.
    #[inline]
    pub(crate) fn check_admitted(&self, is_owed: impl FnOnce() -> bool) -> Result<(), Failure> {
        if let Some(ending) = self.ended() {
            return Err(Failure::Ended { ending: ending.clone(), may_have_run: false });
        }
        if self.goodbye.end_of_input {
            return Err(Failure::Stopping);
        }
        if self.goodbye.is_stopping() && !self.goodbye.admits(is_owed()) {
            return Err(Failure::Stopping);
        }
        Ok(())
    }

    /// Admits a command and takes credit for it; `Ok(false)` if it has to wait for window.
    #[inline]
    pub(crate) fn admit_at_once(
        &mut self,
        charge: u64,
        is_owed: impl FnOnce() -> bool,
    ) -> Result<bool, Failure> {
        self.check_admitted(is_owed)?;
        Ok(self.window.try_spend(charge))
    }

    /// Admits a command that may not wait at all, and takes credit for it.
    pub(crate) fn admit_or_refuse(
        &mut self,
        charge: u64,
        is_owed: impl FnOnce() -> bool,
    ) -> Result<(), Failure> {
        self.check_admitted(is_owed)?;
        if self.is_above_high_water() || !self.window.try_spend(charge) {
            return Err(Failure::NoRoom);
        }
        Ok(())
    }

    /// Notes that a thread is inside a send: our `adieu` must not come between the check that a
    /// message may be sent and the message's bytes.
    pub(crate) fn begin_sending(&mut self) {
        self.goodbye.senders = self.goodbye.senders.saturating_add(1);
    }

    /// Notes that a thread has left its send.
    pub(crate) fn end_sending(&mut self) {
        self.goodbye.senders = self.goodbye.senders.saturating_sub(1);
        self.advance_goodbye();
    }

    /// Puts the calling thread at the end of the line of senders that wait for window.
    pub(crate) fn join_line(&mut self) -> Ticket {
        self.window.queue_up(Queued::Thread)
    }

    /// Whether a sender is the first in the line, or need not wait in it any more. `is_owed`: a stop
    /// does not end its wait.
    pub(crate) fn is_line_over(&self, ticket: Ticket, is_owed: bool) -> bool {
        self.window.is_first(ticket) || !self.goodbye.admits(is_owed)
    }

    /// Whether the first sender in the line has window enough, or need not wait for it any more.
    pub(crate) fn is_window_over(&self, ticket: Ticket, charge: u64, is_owed: bool) -> bool {
        self.window.is_ready(ticket, charge) || !self.goodbye.admits(is_owed)
    }

    /// Gives back the credit of a command that was admitted and is not sent, and lets the line go
    /// on.
    #[cold]
    pub(super) fn give_credit_back(&mut self, charge: u64) {
        self.window.unspend(charge);
        // Slots come before the threads behind them look, which read from then on.
        self.send_latest();
        self.wake(|sleep| matches!(sleep, Sleep::Line | Sleep::Window));
    }

    /// Takes a sender out of the line and takes credit for its command, if there is enough.
    /// `to_client`: the peer is a client, which need not run commands.
    pub(crate) fn leave_line(
        &mut self,
        ticket: Ticket,
        charge: u64,
        is_owed: bool,
        to_client: bool,
    ) -> Result<(), Failure> {
        let spent = self.window.leave(ticket, charge);
        let admitted = self.check_admitted(|| is_owed);
        // The line has moved: another is first now.
        self.give_credit_back(if spent && admitted.is_err() { charge } else { 0 });
        match admitted {
            Err(failure) => Err(failure),
            Ok(()) if spent => Ok(()),
            Ok(()) => {
                let unheard =
                    to_client && self.calls.answered() == 0 && !self.window.is_any_granted();
                let phase = if unheard { WaitedFor::Unheard } else { WaitedFor::Window };
                Err(Failure::Late { phase, may_have_run: false })
            }
        }
    }
}
