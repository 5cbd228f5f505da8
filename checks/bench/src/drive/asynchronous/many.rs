//! The asynchronous works with many calls or many connections at once.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::runtime::Runtime;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{Call, Connection, answered_by, call, run};
use crate::drive::{A, B, SETTLING, SUM, Tally};
use crate::outcome::{Outcome, expect};
use crate::peer::{Budget, Figure};
use crate::session::Session;
use crate::work::Senders;

pub(super) fn pipelined<C: Connection>(
    runtime: &Runtime,
    senders: Senders,
    address: SocketAddr,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    run(runtime, async move {
        let connection = C::connect(address).await?;
        pipelined_from(&connection, senders, Instant::now() + budget.warm_up()).await?;
        let start = Instant::now();
        let count = pipelined_from(&connection, senders, start + budget.time).await?;
        Ok(crate::drive::rate(count, start.elapsed()))
    })
}

async fn pipelined_from<C: Connection>(
    connection: &C,
    senders: Senders,
    until: Instant,
) -> Outcome<u64> {
    let sender = |_| in_flight(connection.clone(), senders.depth(), until);
    sum((0..senders.count()).map(sender)).await
}

/// Keeps `depth` calls in flight until then: how many were answered.
async fn in_flight<C: Connection>(connection: C, depth: usize, until: Instant) -> Outcome<u64> {
    let mut calls: FuturesUnordered<_> = (0..depth).map(|_| connection.somme(A, B)).collect();
    let mut count = 0;
    while let Some(sum) = calls.next().await {
        expect(&sum?, &SUM)?;
        count += 1;
        if Instant::now() < until {
            calls.push(connection.somme(A, B));
        }
    }
    Ok(count)
}

/// Runs these as tasks, and adds up what they count.
async fn sum(
    tasks: impl Iterator<Item = impl Future<Output = Outcome<u64>> + Send + 'static>,
) -> Outcome<u64> {
    let mut tasks: JoinSet<Outcome<u64>> = tasks.collect();
    let mut total = 0;
    while let Some(count) = tasks.join_next().await {
        total += count??;
    }
    Ok(total)
}

pub(super) fn clients<C: Connection>(
    runtime: &Runtime,
    count: usize,
    address: SocketAddr,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    run(runtime, async move {
        let connections = connect_all::<C>(count, address).await?;
        let start = Arc::new((Barrier::new(count), OnceLock::new()));
        let client = |connection: C| {
            let start = Arc::clone(&start);
            async move {
                let (barrier, end) = &*start;
                let warm_up = answered_by(&connection, Instant::now() + budget.warm_up()).await;
                barrier.wait().await;
                // As for blocking peers: one end for all.
                let end = *end.get_or_init(|| Instant::now() + budget.time);
                warm_up?;
                answered_by(&connection, end).await
            }
        };
        let calls = sum(connections.into_iter().map(client)).await?;
        Ok(crate::drive::rate(calls, budget.time))
    })
}

pub(super) fn idle<C: Connection>(
    runtime: &Runtime,
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let address = session.address();
    // What the first client brings to life is not what each one costs.
    let _first = run(runtime, connect_all::<C>(1, address))?;
    let before = session.resident_kib()?;
    let _connections = run(runtime, connect_all::<C>(budget.idle, address))?;
    crate::drive::memory(session, before, budget.idle)
}

pub(super) fn broadcast<C: Connection>(
    runtime: &Runtime,
    session: &mut Session,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let messages = Arc::new(Tally::new(budget.audience));
    let (tally, address) = (Arc::clone(&messages), session.address());
    let _connections = run(runtime, async move {
        let connections = connect_all::<C>(budget.audience, address).await?;
        for connection in &connections {
            connection.listen(Arc::clone(&tally)).await?;
        }
        Ok(connections)
    })?;
    thread::sleep(SETTLING);
    crate::drive::timed_broadcasts(session, &messages, budget)
}

/// Connections that have each made a call, so that the server knows them all.
async fn connect_all<C: Connection>(count: usize, address: SocketAddr) -> Outcome<Vec<C>> {
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        let connection = C::connect(address).await?;
        call(&connection, Call::Sum).await?;
        connections.push(connection);
    }
    Ok(connections)
}
