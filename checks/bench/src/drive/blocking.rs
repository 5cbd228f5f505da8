//! The works for peers whose calls block: threads, one for each sender or connection.

use std::net::SocketAddr;
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::{A, B, Meter, SETTLING, SUM, Tally};
use crate::laps::Laps;
use crate::outcome::{Outcome, expect, unsupported};
use crate::peer::{Budget, Figure};
use crate::session::Session;
use crate::work::{Senders, Work};

/// One connection of a blocking peer. What a peer does not offer it leaves out.
pub(crate) trait Connection: Sized + Send + 'static {
    fn connect(address: SocketAddr) -> Outcome<Self>;

    /// Another handle to the same connection, for another thread.
    fn share(&self) -> Outcome<Self> {
        unsupported()
    }

    fn somme(&mut self, a: i64, b: i64) -> Outcome<i64>;

    /// Sends bytes, waits for them to come back, and checks them with `drive::check_echo`.
    fn echo(&mut self, _bytes: &[u8]) -> Outcome<()> {
        unsupported()
    }

    /// A call whose handler calls this side and waits.
    fn nested(&mut self, _a: i64, _b: i64) -> Outcome<i64> {
        unsupported()
    }

    /// Keeps `depth` calls in flight until then: how many were answered.
    fn pipelined(&mut self, _depth: usize, _until: Instant) -> Outcome<u64> {
        unsupported()
    }

    /// The same from several threads. To be replaced where several make no sense.
    fn pipelined_from(&mut self, senders: Senders, until: Instant) -> Outcome<u64> {
        if senders == Senders::One {
            return self.pipelined(senders.depth(), until);
        }
        let handles = (0..senders.count()).map(|_| self.share()).collect::<Outcome<Vec<_>>>()?;
        in_threads(handles, |mut handle| handle.pipelined(senders.depth(), until))
    }

    /// Sends messages until then, and waits until the server has executed the last: how many.
    fn one_way(&mut self, _until: Instant) -> Outcome<u64> {
        unsupported()
    }

    /// A call that a stream of one number answers: a lap until the number is there, then the
    /// stream's end.
    fn first(&mut self, _laps: &mut Laps) -> Outcome<()> {
        unsupported()
    }

    /// Takes the items of a stream until then: how many. The connection ends with it.
    fn stream(self, _until: Instant) -> Outcome<u64> {
        unsupported()
    }

    /// The same with pieces of that many bytes, of which each is checked with `drive::check_echo`.
    fn octets(self, _bytes: usize, _until: Instant) -> Outcome<u64> {
        unsupported()
    }

    /// Serves the other side's calls and messages on this thread, until the connection ends.
    fn listen(self, _messages: Arc<Tally>) -> Outcome<()> {
        unsupported()
    }
}

/// Does a work.
pub(crate) fn measure<C: Connection>(
    work: Work,
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    match work {
        Work::Rtt => rtt(&mut C::connect(session.address())?, session, budget),
        Work::Listening => listening::<C>(session, budget),
        Work::Nested => nested::<C>(session, budget),
        Work::First => first::<C>(session, budget),
        Work::Pipelined(senders) => pipelined::<C>(senders, session, budget),
        Work::Clients(count) => clients::<C>(count, session, budget),
        Work::OneWay => one_way::<C>(session, budget),
        Work::Reverse => reverse::<C>(session, budget),
        Work::Echo(bytes) => echo::<C>(bytes, session, budget),
        Work::Connect => connect::<C>(session, budget),
        Work::Idle => idle::<C>(session, budget),
        Work::Broadcast => broadcast::<C>(session, budget),
        Work::Stream => stream::<C>(session, budget),
        Work::Octets(bytes) => octets::<C>(bytes, session, budget),
    }
}

fn rtt(
    connection: &mut impl Connection,
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let mut call = || expect(&connection.somme(A, B)?, &SUM);
    repeat(budget.warm_up(), &mut call)?;
    let meter = Meter::start(session)?;
    let mut laps = Laps::start(budget.time);
    while laps.goes_on() {
        call()?;
        laps.lap();
    }
    meter.finish(session, &laps.finish())
}

fn nested<C: Connection>(session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
    let mut connection = C::connect(session.address())?;
    let times = timed(budget, || expect(&connection.nested(A, B)?, &SUM))?;
    Ok(super::median_call(times))
}

fn first<C: Connection>(session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
    let mut connection = C::connect(session.address())?;
    let mut times = |time| {
        let mut laps = Laps::start(time);
        while laps.goes_on() {
            connection.first(&mut laps)?;
            laps.leave_out();
        }
        Outcome::Ok(laps.finish())
    };
    times(budget.warm_up())?;
    Ok(super::median_call(times(budget.time)?.percentile(0.50)))
}

/// What `listening` is for a peer that can't listen beside its calls: the floor of the others.
pub(crate) fn without_listening<C: Connection>(
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let mut connection = C::connect(session.address())?;
    let times = timed(budget, || expect(&connection.somme(A, B)?, &SUM))?;
    Ok(super::median_call(times))
}

/// The median of one call, in microseconds, after warming up.
fn timed(budget: Budget, mut call: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    repeat(budget.warm_up(), &mut call)?;
    let mut laps = Laps::start(budget.time);
    while laps.goes_on() {
        call()?;
        laps.lap();
    }
    Ok(laps.finish().percentile(0.50))
}

/// Calls for that long: how many times.
fn repeat(time: Duration, mut call: impl FnMut() -> Outcome<()>) -> Outcome<u64> {
    let end = Instant::now() + time;
    let mut count = 0;
    while Instant::now() < end {
        call()?;
        count += 1;
    }
    Ok(count)
}

/// Calls until then: how many were answered by then.
fn answered_by(end: Instant, mut call: impl FnMut() -> Outcome<()>) -> Outcome<u64> {
    let mut count = 0;
    loop {
        call()?;
        if Instant::now() > end {
            return Ok(count);
        }
        count += 1;
    }
}

fn listening<C: Connection>(session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
    let mut connection = C::connect(session.address())?;
    let listener = connection.share()?;
    let messages = Arc::new(Tally::new(1));
    thread::spawn(move || report(listener.listen(messages)));
    thread::sleep(SETTLING);
    let times = timed(budget, || expect(&connection.somme(A, B)?, &SUM))?;
    Ok(super::median_call(times))
}

fn pipelined<C: Connection>(
    senders: Senders,
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let mut connection = C::connect(session.address())?;
    connection.pipelined_from(senders, Instant::now() + budget.warm_up())?;
    let start = Instant::now();
    let count = connection.pipelined_from(senders, start + budget.time)?;
    Ok(super::rate(count, start.elapsed()))
}

fn clients<C: Connection>(
    count: usize,
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let connections = connect_all::<C>(count, session.address())?;
    let barrier = Barrier::new(count);
    let end = OnceLock::new();
    let calls = in_threads(connections, |mut connection| {
        let mut call = || expect(&connection.somme(A, B)?, &SUM);
        let warm_up = repeat(budget.warm_up(), &mut call);
        barrier.wait();
        // One end for all, set by the first to begin: else those who begin late would go on
        // alone, and the time that it takes to wake them all would not count.
        let end = *end.get_or_init(|| Instant::now() + budget.time);
        warm_up?;
        answered_by(end, &mut call)
    })?;
    Ok(super::rate(calls, budget.time))
}

fn one_way<C: Connection>(session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
    let mut connection = C::connect(session.address())?;
    connection.one_way(Instant::now() + budget.warm_up())?;
    let start = Instant::now();
    let count = connection.one_way(start + budget.time)?;
    Ok(super::rate(count, start.elapsed()))
}

fn reverse<C: Connection>(session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
    let connection = C::connect(session.address())?;
    let messages = Arc::new(Tally::new(1));
    thread::spawn(move || report(connection.listen(messages)));
    thread::sleep(SETTLING);
    session.reverse(budget.warm_up())?;
    Ok(super::median_call(session.reverse(budget.time)?))
}

fn echo<C: Connection>(
    bytes: usize,
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let mut connection = C::connect(session.address())?;
    let mut payload = super::payload(bytes);
    let mut call = || {
        super::renew(&mut payload);
        connection.echo(&payload)
    };
    repeat(budget.warm_up(), &mut call)?;
    let start = Instant::now();
    let count = repeat(budget.time, &mut call)?;
    Ok(super::throughput(count, bytes, start.elapsed()))
}

fn connect<C: Connection>(session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
    let address = session.address();
    let call = || expect(&C::connect(address)?.somme(A, B)?, &SUM);
    super::timed_connects(session, budget, |time| repeat(time, call))
}

fn idle<C: Connection>(session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
    // What the first client brings to life is not what each one costs.
    let _first = connect_all::<C>(1, session.address())?;
    let before = session.resident_kib()?;
    let _connections = connect_all::<C>(budget.idle, session.address())?;
    super::memory(session, before, budget.idle)
}

fn broadcast<C: Connection>(session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
    let messages = Arc::new(Tally::new(budget.audience));
    for connection in connect_all::<C>(budget.audience, session.address())? {
        let messages = Arc::clone(&messages);
        thread::spawn(move || report(connection.listen(messages)));
    }
    thread::sleep(SETTLING);
    super::timed_broadcasts(session, &messages, budget)
}

fn stream<C: Connection>(session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
    let address = session.address();
    C::connect(address)?.stream(Instant::now() + budget.warm_up())?;
    let connection = C::connect(address)?;
    let start = Instant::now();
    let count = connection.stream(start + budget.time)?;
    Ok(super::rate(count, start.elapsed()))
}

fn octets<C: Connection>(
    bytes: usize,
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let address = session.address();
    C::connect(address)?.octets(bytes, Instant::now() + budget.warm_up())?;
    let connection = C::connect(address)?;
    let start = Instant::now();
    let count = connection.octets(bytes, start + budget.time)?;
    Ok(super::throughput(count, bytes, start.elapsed()))
}

/// Connections that have each made a call, so that the server knows them all.
fn connect_all<C: Connection>(count: usize, address: SocketAddr) -> Outcome<Vec<C>> {
    let connect = |_| {
        let mut connection = C::connect(address)?;
        expect(&connection.somme(A, B)?, &SUM)?;
        Ok(connection)
    };
    (0..count).map(connect).collect()
}

/// Runs each of these on a thread of its own, and adds up what they count.
fn in_threads<C: Send>(items: Vec<C>, run: impl Fn(C) -> Outcome<u64> + Sync) -> Outcome<u64> {
    let run = &run;
    thread::scope(|scope| {
        let spawn = |item| thread::Builder::new().spawn_scoped(scope, move || run(item));
        let threads = items.into_iter().map(spawn).collect::<Result<Vec<_>, _>>()?;
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked")?).sum()
    })
}

/// A listener that ends before the measure does was cut.
fn report(ended: Outcome<()>) {
    if let (Err(error), false) = (ended, super::is_over()) {
        eprintln!("bench: a listener ended: {error}");
    }
}
