//! The works for asynchronous peers: tasks of a multi-threaded tokio runtime with its default
//! settings. All that is timed runs in tasks, never on the thread that waits for them.

mod many;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::{A, B, Meter, SETTLING, SUM, Tally};
use crate::laps::{Laps, Sorted};
use crate::outcome::{Outcome, expect, unsupported};
use crate::peer::{Budget, Figure};
use crate::session::Session;
use crate::work::Work;

/// One connection of an asynchronous peer; a clone is the same connection. What a peer does not
/// offer it leaves out.
pub(crate) trait Connection: Clone + Send + Sync + 'static {
    fn connect(address: SocketAddr) -> impl Future<Output = Outcome<Self>> + Send;

    fn somme(&self, a: i64, b: i64) -> impl Future<Output = Outcome<i64>> + Send;

    /// Sends bytes, waits for them to come back, and checks them with `drive::check_echo`.
    fn echo(&self, bytes: &[u8]) -> impl Future<Output = Outcome<()>> + Send;

    /// A call whose handler calls this side and waits.
    fn nested(&self, _a: i64, _b: i64) -> impl Future<Output = Outcome<i64>> + Send {
        async { unsupported() }
    }

    /// Sends messages until then, and waits until the server has executed the last: how many.
    fn one_way(&self, _until: Instant) -> impl Future<Output = Outcome<u64>> + Send {
        async { unsupported() }
    }

    /// A call that a stream of one number answers: a lap until the number is there, then the
    /// stream's end.
    fn first(&self, _laps: &mut Laps) -> impl Future<Output = Outcome<()>> + Send {
        async { unsupported() }
    }

    /// Takes the items of a stream until then: how many.
    fn stream(&self, _until: Instant) -> impl Future<Output = Outcome<u64>> + Send {
        async { unsupported() }
    }

    /// Begins to serve the other side's calls and messages, until the connection ends.
    fn listen(&self, _messages: Arc<Tally>) -> impl Future<Output = Outcome<()>> + Send {
        async { unsupported() }
    }
}

/// Does a work.
pub(crate) fn measure<C: Connection>(
    work: Work,
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let runtime = &Runtime::new()?;
    let address = session.address();
    match work {
        Work::Rtt => rtt::<C>(runtime, session, budget),
        Work::Listening => one_at_a_time::<C>(runtime, address, budget, Call::Listening),
        Work::Nested => one_at_a_time::<C>(runtime, address, budget, Call::Nested),
        Work::First => first::<C>(runtime, address, budget),
        Work::Pipelined(senders) => many::pipelined::<C>(runtime, senders, address, budget),
        Work::Clients(count) => many::clients::<C>(runtime, count, address, budget),
        Work::OneWay => one_way::<C>(runtime, address, budget),
        Work::Reverse => reverse::<C>(runtime, session, budget),
        Work::Echo(bytes) => echo::<C>(runtime, bytes, address, budget),
        Work::Connect => connect::<C>(runtime, session, budget),
        Work::Idle => many::idle::<C>(runtime, session, budget),
        Work::Broadcast => many::broadcast::<C>(runtime, session, budget),
        Work::Stream => stream::<C>(runtime, address, budget),
        Work::Octets(_) => unsupported(),
    }
}

/// Runs a task and waits for its end.
pub(crate) fn run<T: Send + 'static>(
    runtime: &Runtime,
    task: impl Future<Output = Outcome<T>> + Send + 'static,
) -> Outcome<T> {
    runtime.block_on(runtime.spawn(task))?
}

/// What is done one at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Sum,
    Nested,
    /// A sum while this side listens.
    Listening,
}

async fn call<C: Connection>(connection: &C, call: Call) -> Outcome<()> {
    let sum = match call {
        Call::Nested => connection.nested(A, B).await?,
        Call::Sum | Call::Listening => connection.somme(A, B).await?,
    };
    expect(&sum, &SUM)
}

async fn timed<C: Connection>(connection: C, kind: Call, time: Duration) -> Outcome<Sorted> {
    let mut laps = Laps::start(time);
    while laps.goes_on() {
        call(&connection, kind).await?;
        laps.lap();
    }
    Ok(laps.finish())
}

/// Calls until then: how many were answered by then.
async fn answered_by<C: Connection>(connection: &C, end: Instant) -> Outcome<u64> {
    let mut count = 0;
    loop {
        call(connection, Call::Sum).await?;
        if Instant::now() > end {
            return Ok(count);
        }
        count += 1;
    }
}

fn rtt<C: Connection>(
    runtime: &Runtime,
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let connection = run(runtime, C::connect(session.address()))?;
    run(runtime, timed(connection.clone(), Call::Sum, budget.warm_up()))?;
    let meter = Meter::start(session)?;
    let times = run(runtime, timed(connection, Call::Sum, budget.time))?;
    meter.finish(session, &times)
}

fn one_at_a_time<C: Connection>(
    runtime: &Runtime,
    address: SocketAddr,
    budget: Budget,
    kind: Call,
) -> Outcome<Vec<Figure>> {
    let times = run(runtime, async move {
        let connection = C::connect(address).await?;
        if kind == Call::Listening {
            connection.listen(Arc::new(Tally::new(1))).await?;
        }
        timed(connection.clone(), kind, budget.warm_up()).await?;
        timed(connection, kind, budget.time).await
    })?;
    Ok(super::median_call(times.percentile(0.50)))
}

fn first<C: Connection>(
    runtime: &Runtime,
    address: SocketAddr,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let times = run(runtime, async move {
        let connection = C::connect(address).await?;
        first_items(&connection, budget.warm_up()).await?;
        first_items(&connection, budget.time).await
    })?;
    Ok(super::median_call(times.percentile(0.50)))
}

async fn first_items<C: Connection>(connection: &C, time: Duration) -> Outcome<Sorted> {
    let mut laps = Laps::start(time);
    while laps.goes_on() {
        connection.first(&mut laps).await?;
        laps.leave_out();
    }
    Ok(laps.finish())
}

fn one_way<C: Connection>(
    runtime: &Runtime,
    address: SocketAddr,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    run(runtime, async move {
        let connection = C::connect(address).await?;
        connection.one_way(Instant::now() + budget.warm_up()).await?;
        let start = Instant::now();
        let count = connection.one_way(start + budget.time).await?;
        Ok(super::rate(count, start.elapsed()))
    })
}

fn stream<C: Connection>(
    runtime: &Runtime,
    address: SocketAddr,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    run(runtime, async move {
        C::connect(address).await?.stream(Instant::now() + budget.warm_up()).await?;
        let connection = C::connect(address).await?;
        let start = Instant::now();
        let count = connection.stream(start + budget.time).await?;
        Ok(super::rate(count, start.elapsed()))
    })
}

fn reverse<C: Connection>(
    runtime: &Runtime,
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let connection = run(runtime, C::connect(session.address()))?;
    let listener = connection.clone();
    run(runtime, async move { listener.listen(Arc::new(Tally::new(1))).await })?;
    thread::sleep(SETTLING);
    session.reverse(budget.warm_up())?;
    let micros = session.reverse(budget.time)?;
    drop(connection);
    Ok(super::median_call(micros))
}

/// Echoes for that long: how many times.
async fn repeat_echo<C: Connection>(
    connection: &C,
    payload: &mut [u8],
    time: Duration,
) -> Outcome<u64> {
    let end = Instant::now() + time;
    let mut count = 0;
    while Instant::now() < end {
        super::renew(payload);
        connection.echo(payload).await?;
        count += 1;
    }
    Ok(count)
}

fn echo<C: Connection>(
    runtime: &Runtime,
    bytes: usize,
    address: SocketAddr,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    run(runtime, async move {
        let connection = C::connect(address).await?;
        let mut payload = super::payload(bytes);
        repeat_echo(&connection, &mut payload, budget.warm_up()).await?;
        let start = Instant::now();
        let count = repeat_echo(&connection, &mut payload, budget.time).await?;
        Ok(super::throughput(count, bytes, start.elapsed()))
    })
}

fn connect<C: Connection>(
    runtime: &Runtime,
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let address = session.address();
    super::timed_connects(session, budget, |time| {
        run(runtime, async move {
            let end = Instant::now() + time;
            let mut count = 0;
            while Instant::now() < end {
                call(&C::connect(address).await?, Call::Sum).await?;
                count += 1;
            }
            Ok(count)
        })
    })
}
