//! The commands of the models by name, and what each does.

/// What a command does. The number travels as the command's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Op {
    /// Answers with its arguments.
    Echo = 1,
    /// Calls back, as often as its count says, each time from inside the last.
    Nest,
    /// Sends two messages back, as deep as its count says.
    Hop,
    /// Lets others run for a while.
    Busy,
    /// Fails.
    Fail,
    /// Stops the connection from inside.
    Stop,
    /// Closes the connection from inside.
    Close,
    /// Runs beside others; calls back once if its count says so.
    Parallel,
    /// Calls on: in the middle over the other connection, at an outer end back again, as often
    /// as its count says.
    Forward,
    /// In the middle: stops the other connection and waits for its end.
    StopOther,
    /// Calls `Attend` back.
    Meet,
    /// Waits until a `Release` has run, on whichever end.
    Attend,
    /// The same, beside others.
    ParallelAttend,
    Release,
    /// Answers with a stream of as many items as its count says.
    Stream,
    /// The same, and its iterator calls back for each item.
    StreamCalling,
    /// The same, and its iterator waits until a `Release` has run.
    StreamAttend,
    /// The same, beside others.
    ParallelStream,
    /// Takes the items of a stream of its caller's, as many as its count says.
    Take,
    /// Calls `ParallelAttend` back, which ends once this has returned from that call.
    Persist,
    /// Answers with a channel's stream, into which a thread pushes as many items as its count says.
    Subscribe,
    /// The same, and old items are dropped for new ones.
    SubscribeLatest,
    /// The same, and the command fails and drops the stream.
    SubscribeFail,
    /// Answers with a channel's stream of one item, which nobody ends.
    SubscribeOpen,
    /// Answers with a channel's stream into which `Publish` pushes.
    SubscribePublished,
    /// Beside others: pushes as many items as its count says, and ends the stream.
    Publish,
    /// Reports its progress, as often as its count says.
    Report,
    /// The same, and waits until the caller has the last report.
    ReportAttend,
    /// Takes the items of its argument, as many as its count says.
    Collect,
    /// The same, beside others.
    ParallelCollect,
    /// Takes half of them.
    CollectHalf,
    /// Takes none.
    CollectNone,
    /// Takes the items of its argument, and reports each.
    CollectReporting,
    /// Answers with a stream, an item for each item of its argument.
    Translate,
    /// Calls `Collect` back, and feeds it as many items as its count says.
    Feed,
    /// The same, with calls in the iterator.
    FeedCalling,
    /// Leaves its answer to a promise; its count says who keeps or drops that.
    Promise,
    /// Leaves its argument to a thread, which takes it and then keeps the command's promise.
    PromiseCollect,
}

const OPS: [Op; 38] = [
    Op::Echo,
    Op::Nest,
    Op::Hop,
    Op::Busy,
    Op::Fail,
    Op::Stop,
    Op::Close,
    Op::Parallel,
    Op::Forward,
    Op::StopOther,
    Op::Meet,
    Op::Attend,
    Op::ParallelAttend,
    Op::Release,
    Op::Stream,
    Op::StreamCalling,
    Op::StreamAttend,
    Op::ParallelStream,
    Op::Take,
    Op::Persist,
    Op::Subscribe,
    Op::SubscribeLatest,
    Op::SubscribeFail,
    Op::SubscribeOpen,
    Op::SubscribePublished,
    Op::Publish,
    Op::Report,
    Op::ReportAttend,
    Op::Collect,
    Op::ParallelCollect,
    Op::CollectHalf,
    Op::CollectNone,
    Op::CollectReporting,
    Op::Translate,
    Op::Feed,
    Op::FeedCalling,
    Op::Promise,
    Op::PromiseCollect,
];

impl Op {
    pub(crate) fn is_parallel(self) -> bool {
        matches!(
            self,
            Op::Parallel
                | Op::ParallelAttend
                | Op::ParallelStream
                | Op::Publish
                | Op::ParallelCollect
        )
    }

    pub(crate) fn streams(self) -> bool {
        matches!(
            self,
            Op::Stream | Op::StreamCalling | Op::StreamAttend | Op::ParallelStream | Op::Translate
        )
    }

    pub(crate) fn subscribes(self) -> bool {
        matches!(
            self,
            Op::Subscribe
                | Op::SubscribeLatest
                | Op::SubscribeFail
                | Op::SubscribeOpen
                | Op::SubscribePublished
        )
    }

    /// Whether items of its stream may be missing, because later ones came.
    pub(crate) fn drops_items(self) -> bool {
        self == Op::SubscribeLatest
    }

    /// The command of that hash, which is its number counted from 1.
    pub(crate) fn known(command: u64) -> Option<Op> {
        OPS.get((command as usize).checked_sub(1)?).copied()
    }
}
