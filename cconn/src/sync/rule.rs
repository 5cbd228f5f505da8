//! The rules of the connection core that its models prove to be needed, by name.
//!
//! The core asks `sync::holds(rule)` where a rule decides. Here the answer is a constant, and
//! nothing of the question is left in the compiled code; the `sync` of the models answers no for
//! one rule at a time, and a model must then find the hang or the loss that the rule prevents.

/// A rule without which the core hangs or loses a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Whoever stops waiting passes a free helm and startable commands on.
    Baton,
    /// Only a thread whose wait ends by input may read: one that waits for room sleeps.
    RoomSleeps,
    /// Whoever waits over several connections stands in the list of each.
    StandsInEach,
    /// An idle runner reads only when the queue is empty.
    IdleRunnerReads,
    /// Whoever meets a full socket reads until it takes more.
    WriterReads,
    /// A command that may run beside others and exceeds the limit waits aside, and holds up nobody
    /// behind it.
    ParallelStepsAside,
    /// A handler that waits for a peer gives up its turn.
    TurnIsLeft,
    /// Beyond the limit of waiting handlers the next wait fails at once.
    WaitsAreCounted,
    /// `adieu` waits for the peer's `retrait`.
    TwoStepGoodbye,
    /// What had arrived before the peer's program closed the connection still runs.
    LastWordsRun,
}
