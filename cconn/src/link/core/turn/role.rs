//! The iterators that are pulled, and who has the executor's role meanwhile.

/// Who has the executor's role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
    /// The executor itself, if there is one.
    #[default]
    Executor,
    /// No thread yet: the next stand-in takes it.
    Offered,
    /// A stand-in.
    StandIn(StandInTerm),
}

/// One stand-in's time in the executor's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StandInTerm(pub(super) u64);

/// The iterators that are pulled.
#[derive(Debug, Default)]
pub(super) struct Pumps {
    pub(super) count: usize,
    pub(super) role: Role,
    pub(super) terms: u64,
    /// Stand-ins that do the executor's work, or have not noticed yet that their term is over.
    pub(super) in_place: usize,
    /// Handlers that run and keep their place among those that wait, because they make an item of an
    /// argument of the call that they wait for.
    pub(super) pulling: usize,
}

impl Pumps {
    /// Whether none of the stand-ins is free for a command that waits aside: those in the executor's
    /// place run none.
    pub(super) fn are_all_busy(&self, occupied: usize, stand_ins: usize) -> bool {
        occupied >= stand_ins.saturating_sub(self.in_place)
    }

    /// How many stand-ins there may be: one for each handler that may wait, each that may run beside
    /// others, each iterator that is pulled, and the handler that has the turn.
    pub(super) fn most_stand_ins(&self, max_waiting: usize, max_parallel: usize) -> usize {
        let handlers = max_waiting.saturating_add(max_parallel).saturating_add(1);
        handlers.saturating_add(self.count)
    }
}

/// The error of a handler that may not wait, because too many handlers wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crowded;
