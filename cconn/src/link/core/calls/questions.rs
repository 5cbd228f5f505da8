//! What the peer says about calls that it was asked about.

use super::{Asked, Calls, Slot, generation};
use crate::link::core::told::Told;
use crate::wire::{CallId, Standing};

impl Calls {
    /// Notes that the peer is asked about a call. `None` if the call does not wait, or if the peer
    /// was asked before.
    pub(crate) fn begin_question(&mut self, call: CallId) -> Option<Asked> {
        let asked = self.waiting_call(call).filter(|asked| asked.told == Told::Unasked)?;
        asked.told = Told::Asked;
        Some(*asked)
    }

    /// Notes what the peer says about a call; false if it was not asked.
    pub(crate) fn tell(&mut self, call: CallId, standing: Standing) -> bool {
        let asked = self.waiting_call(call).filter(|asked| asked.told == Told::Asked);
        asked.map(|asked| asked.told = Told::Is(standing)).is_some()
    }

    /// Ends the wait for a call that the peer has withdrawn; false if the peer has not.
    pub(crate) fn end_withdrawn(&mut self, call: CallId) -> bool {
        let Some(entry) = self.entry(call).filter(|entry| entry.generation == generation(call))
        else {
            return false;
        };
        let Slot::Waiting(Asked { told, .. }) = entry.slot else { return false };
        if !told.is_withdrawn() {
            return false;
        }
        entry.slot = Slot::Withdrawn(told);
        self.waiting = self.waiting.saturating_sub(1);
        true
    }

    /// Takes out what the peer has said about a call that it has withdrawn, and closes the call.
    pub(crate) fn claim_withdrawn(&mut self, call: CallId) -> Option<Told> {
        let entry = self.entry(call).filter(|entry| entry.generation == generation(call))?;
        let Slot::Withdrawn(told) = entry.slot else { return None };
        entry.slot = Slot::Free;
        self.free(call);
        Some(told)
    }

    fn waiting_call(&mut self, call: CallId) -> Option<&mut Asked> {
        let entry = self.entry(call).filter(|entry| entry.generation == generation(call))?;
        match &mut entry.slot {
            Slot::Waiting(asked) => Some(asked),
            Slot::Free | Slot::Answered(_) | Slot::Open(_) | Slot::Withdrawn(_) => None,
        }
    }
}
