//! What takes part in the benchmark: one trait, and the list of those who implement it.
//!
//! A new peer is one file under `peers` and one line in `ALL`.

use std::borrow::Cow;
use std::time::Duration;

use crate::outcome::{Outcome, unsupported};
use crate::peers;
use crate::session::Session;
use crate::work::Work;

/// Every peer, in the order of the table's columns and of each round.
pub(crate) const ALL: &[&dyn Peer] = &[
    &peers::cconn::Cconn(peers::cconn::Plain),
    &peers::cconn::Cconn(peers::cconn::Active),
    &peers::raw::Raw(peers::raw::Tcp),
    &peers::raw_batch::RawBatch,
    &peers::tarpc::Tarpc,
    &peers::jsonrpsee::Jsonrpsee,
    &peers::remoc::Remoc,
    &peers::thrift::Thrift,
    &peers::volo::Volo,
    &peers::tonic::Tonic,
    &peers::cconn::Cconn(peers::cconn::Unix),
    &peers::raw::Raw(peers::raw::Unix),
    &peers::cconn::Cconn(peers::cconn::Tls),
    &peers::raw::Raw(peers::raw::Tls),
];

/// The peers of a quick run: without the variant of cconn.
pub(crate) fn quick() -> Vec<&'static dyn Peer> {
    ALL.iter().copied().filter(|peer| peer.name() != "cconn-active").collect()
}

/// One library, or one way to use sockets.
pub(crate) trait Peer: Sync {
    /// What `--peers` takes and the table shows.
    fn name(&self) -> &'static str;

    /// A library of others, unless it says otherwise.
    fn kind(&self) -> Kind {
        Kind::Other
    }

    /// Whether it can do that work at all; where not, the table says "n/a".
    fn has(&self, work: Work) -> bool;

    /// Opens a server for that work on a free port of 127.0.0.1, which serves until the process
    /// ends.
    fn serve(&self, work: Work) -> Outcome<Box<dyn Server>>;

    /// Does the work against that server: usually one call of a function of `drive`.
    fn measure(&self, work: Work, session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>>;
}

/// What a peer is in this comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the goals are for.
    Own,
    /// Bare sockets.
    Floor,
    Other,
}

/// A server that is open, and what only the server's side can begin.
pub(crate) trait Server {
    fn port(&self) -> u16;

    /// Memory that it took ahead for each connection to come, KiB: part of what an idle one costs.
    fn ahead_kib(&self) -> f64 {
        0.0
    }

    /// Calls its one client, one call at a time: the median of one call, in microseconds.
    fn reverse(&mut self, _budget: Duration) -> Outcome<f64> {
        unsupported()
    }

    /// Sends one message to every client: how many it was sent to.
    fn broadcast(&mut self) -> Outcome<usize> {
        unsupported()
    }
}

/// How much of a work is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// How long one measure runs, after warming up.
    pub(crate) time: Duration,
    /// Connections of the work `idle`.
    pub(crate) idle: usize,
    /// Clients of the work `broadcast`.
    pub(crate) audience: usize,
}

impl Budget {
    pub(crate) fn warm_up(self) -> Duration {
        self.time / 4
    }
}

/// One measured value. Its name is empty where a work has only one.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: Cow<'static, str>,
    pub(crate) value: f64,
    pub(crate) unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Micros,
    PerSecond,
    MibPerSecond,
    Kib,
    Crates,
    Seconds,
}

impl Unit {
    const ALL: [Unit; 6] =
        [Unit::Micros, Unit::PerSecond, Unit::MibPerSecond, Unit::Kib, Unit::Crates, Unit::Seconds];

    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Unit::Micros => "us",
            Unit::PerSecond => "/s",
            Unit::MibPerSecond => "MiB/s",
            Unit::Kib => "KiB",
            Unit::Crates => "crates",
            Unit::Seconds => "s",
        }
    }

    pub(crate) fn of_symbol(symbol: &str) -> Option<Unit> {
        Unit::ALL.into_iter().find(|unit| unit.symbol() == symbol)
    }

    /// Whether more of it is better.
    pub(crate) fn is_rate(self) -> bool {
        matches!(self, Unit::PerSecond | Unit::MibPerSecond)
    }
}

/// The peer of that name.
pub(crate) fn find(name: &str) -> Outcome<&'static dyn Peer> {
    let found = ALL.iter().find(|peer| peer.name() == name).copied();
    found.ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|peer| peer.name()).collect();
        format!("there is no peer `{name}`, only: {}", names.join(", ")).into()
    })
}
