//! The named rules of the connection core that its models prove to be needed.
//!
//! Where a rule decides, the core asks `sync::holds(rule)`. In this build the answer is a constant,
//! so the compiled code does not contain the question. The `sync` module of the models answers no
//! for one rule at a time, and a model must then find the hang or the loss that the rule prevents.

/// A rule without which the core hangs or loses a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A thread that stops waiting passes on what it leaves behind: a free helm, and commands that
    /// may start.
    Baton,
    /// Only a thread whose wait ends by input may read; a thread that waits for room in the outbox
    /// sleeps.
    RoomSleeps,
    /// A thread that waits over several connections is listed as a sleeper of every one of them.
    ListedInEach,
    /// While calls are followed by wakers, a free helm that no other thread takes goes to the
    /// lookout.
    LookoutReads,
    /// The end of a connection wakes the followers of its calls.
    EndWakesFollowers,
    /// An idle runner reads only when the queue is empty.
    IdleRunnerReads,
    /// A thread that finds the socket full while it writes reads until the socket takes more.
    WriterReads,
    /// A command that may run beside others but exceeds the limit is set aside, so that it does not
    /// hold up the commands behind it.
    ParallelStepsAside,
    /// A call that is said not to have been started, and never to be, is taken out of the queue.
    WithdrawnNeverRuns,
    /// A handler that waits for its peer gives up its turn.
    TurnIsLeft,
    /// At the limit of waiting handlers, the wait of a further handler fails at once.
    WaitsAreCounted,
    /// A connection that ends in order waits, after its own `adieu`, for the peer's `retrait`.
    TwoStepGoodbye,
    /// Half of a stream's credit that was taken is given again.
    CreditIsGivenAgain,
    /// A thread that waits for credit for a stream reads.
    PumpsRead,
    /// A stop of a stream ends the wait of the thread that feeds it.
    StopHaltsPumps,
    /// A stream whose call was given up before it opened is not fed.
    CancelStopsPumps,
    /// A command that has returned an iterator gives its turn up for good.
    PumpsLeaveTheTurn,
    /// An executor that pulls an iterator leaves reading and running to a stand-in.
    RoleIsHandedOn,
    /// A cancel of a running call wakes its handler, which may wait for the peer that has given the
    /// call up.
    CancelWakes,
    /// A command whose caller has no time left is not started.
    LateIsNotRun,
    /// Credit that comes for a channel's stream sends the items that wait for it.
    CreditFeedsChannels,
    /// Room in the outbox goes to the channels whose items wait for it.
    RoomFeedsChannels,
    /// A stop of the connection ends the streams of its channels.
    StopEndsChannels,
    /// The end of a channel's stream stands behind the items that were pushed before it.
    EndWaitsForItems,
    /// The items of a channel move to a connection in one step, and no item comes between.
    QueueMovesAtOnce,
    /// Emitters that wait for room in a channel learn that it was sent, or dropped.
    ChannelWakesEmitters,
    /// The latest report of progress that may not be sent yet is sent later.
    LatestReportIsSent,
    /// A report of progress ends the wait of the call's caller, who is told of it.
    ReportWakesCaller,
    /// The end of an argument stream, told by its sender or by a cancel, wakes the command that waits
    /// for its items.
    CancelEndsLanes,
    /// A caller that feeds argument streams is woken by credit and by stops.
    CreditWakesFeeders,
    /// A handler that makes an item of an argument has its turn, and keeps its place among the
    /// waiting.
    FeedersKeepTheirPlace,
    /// A source of a call whose answer is a stream has a thread of its own: it may wait for what the
    /// program does with the answer.
    SourcesHaveTheirThread,
    /// Nothing is said of an argument stream, its end neither, before its command has started.
    LanesWaitToBeHeard,
    /// A call whose command has returned and left its answer to a promise stays in the table.
    PromiseOutlivesItsCommand,
    /// The argument streams of such a call go on until its promise answers it.
    PromisedLanesGoOn,
    /// A promise that is dropped answers its call with a failure.
    DroppedPromiseAnswers,
    /// Credit that comes sends the messages that wait in slots.
    CreditSendsLatest,
    /// Room in the outbox goes to the messages in slots that wait for it.
    RoomSendsLatest,
    /// A sender that only slots are before in the line reads like the first one.
    SlotsDoNotRead,
    /// The outcome of a call ends its argument streams, though no thread waits for it.
    OutcomeEndsArguments,
    /// A stop of the connection waits until the messages in slots are sent.
    StopWaitsForLatest,
    /// Commands that arrived before the peer's program closed the connection still run.
    LastWordsRun,
}
