//! What a thread that runs commands does besides.

/// What a thread that runs commands does besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It is the executor: it reads if it has nothing to run.
    Executor,
    /// It is a stand-in that has the executor's role, because the executor pulls an iterator.
    InItsPlace,
    /// It is any other stand-in.
    StandIn,
}

impl Role {
    pub(super) fn is_executor(self) -> bool {
        self != Role::StandIn
    }
}
