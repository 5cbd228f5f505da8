//! What one side says when it is asked about a call of the other's.

use super::command::Command;
use crate::wire::Standing;

/// What the peer has said about a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Told {
    /// The peer was not asked.
    #[default]
    Unasked,
    /// The peer was asked, and has said nothing yet.
    Asked,
    /// The peer has answered.
    Is(Standing),
}

impl Told {
    /// Whether the peer has withdrawn the call, so that it never runs.
    pub(crate) fn is_withdrawn(self) -> bool {
        matches!(self, Told::Is(Standing::Unstarted { .. } | Standing::Unheard))
    }
}

/// Where a call of the peer's was found.
#[derive(Debug)]
pub(crate) enum Found {
    /// The command has been started.
    Running,
    /// The command had not been started, and was taken out.
    Withdrawn { command: Command, standing: Standing },
    /// The call has ended, or was never made, or was found before while it ran.
    Nothing,
}
