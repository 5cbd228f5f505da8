//! What is measured: the works, where their processes run, and their names.
//!
//! Knows no peer and no figure.

use std::fmt;
use std::str::FromStr;

use crate::outcome::Failure;

/// One kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// One call at a time.
    Rtt,
    /// 256 calls in flight on one connection.
    Pipelined(Senders),
    /// That many connections, one call at a time on each.
    Clients(usize),
    /// Messages without an answer, until the server has executed the last.
    OneWay,
    /// The server calls its client, one call at a time.
    Reverse,
    /// A call whose handler calls back and waits.
    Nested,
    /// One call at a time, while another thread of that client listens for commands.
    Listening,
    /// Calls that carry that many bytes there and back.
    Echo(usize),
    /// Connect, one call, close.
    Connect,
    /// Memory of the server for each idle connection.
    Idle,
    /// One message to many clients, until all have it.
    Broadcast,
    /// Calls that a stream of one number answers: until the number is there.
    First,
    /// One stream of numbers, from the server to its client.
    Stream,
    /// One stream of bytes from a source, in pieces of that many, from the server to its client.
    Octets(usize),
}

/// From where 256 calls are kept in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Senders {
    /// One thread or task with 256 calls.
    One,
    /// 16 threads or tasks with 16 calls each.
    Sixteen,
}

impl Senders {
    pub(crate) fn count(self) -> usize {
        match self {
            Senders::One => 1,
            Senders::Sixteen => 16,
        }
    }

    /// Calls that each of them keeps in flight.
    pub(crate) fn depth(self) -> usize {
        256 / self.count()
    }
}

/// Where the two processes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pinning {
    SameCpu,
    OneCpuEach,
    /// Wherever the system puts them.
    Free,
}

/// A work and where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) work: Work,
    pub(crate) pinning: Pinning,
}

const BOTH: &[Pinning] = &[Pinning::SameCpu, Pinning::OneCpuEach];
const FREE: &[Pinning] = &[Pinning::Free];

/// Every work, in the order of the table, with where it runs: what uses one connection depends on
/// the CPUs more than on the library, so it runs on chosen ones.
const WORKS: &[(Work, &[Pinning])] = &[
    (Work::Rtt, BOTH),
    (Work::Pipelined(Senders::One), BOTH),
    (Work::Pipelined(Senders::Sixteen), BOTH),
    (Work::Clients(1), FREE),
    (Work::Clients(8), FREE),
    (Work::Clients(64), FREE),
    (Work::Clients(512), FREE),
    (Work::OneWay, BOTH),
    (Work::Reverse, BOTH),
    (Work::Nested, BOTH),
    (Work::Listening, BOTH),
    (Work::First, BOTH),
    (Work::Echo(64 << 10), BOTH),
    (Work::Echo(4 << 20), BOTH),
    (Work::Connect, FREE),
    (Work::Idle, FREE),
    (Work::Broadcast, FREE),
    (Work::Stream, BOTH),
    (Work::Octets(64 << 10), BOTH),
];

/// The names that `--only` takes; `cost` is no work of two processes.
pub(crate) const GROUPS: &[&str] = &[
    "rtt",
    "pipelined",
    "clients",
    "oneway",
    "reverse",
    "nested",
    "listening",
    "first",
    "echo",
    "connect",
    "idle",
    "broadcast",
    "stream",
    "octets",
    COST,
];

pub(crate) const COST: &str = "cost";

/// The works whose figures are compared with a round trip.
const TRIPS: [Work; 5] = [Work::Rtt, Work::Reverse, Work::Nested, Work::Listening, Work::First];

/// Every case, in the order of measuring. Those of a block share their rounds, so that their
/// figures can be compared within a round.
pub(crate) fn blocks() -> Vec<Vec<Case>> {
    let is_trip = |case: &Case| TRIPS.contains(&case.work);
    let block_of = |first: Case| {
        let belongs = |case: &Case| is_trip(case) && case.pinning == first.pinning;
        if is_trip(&first) { cases().filter(belongs).collect() } else { vec![first] }
    };
    let begins = |case: &Case| case.work == Work::Rtt || !is_trip(case);
    cases().filter(begins).map(block_of).collect()
}

/// Every case, in the order of the table.
pub(crate) fn cases() -> impl Iterator<Item = Case> {
    let pinned = |(work, pinnings): &'static (Work, &'static [Pinning])| {
        pinnings.iter().map(move |pinning| Case { work: *work, pinning: *pinning })
    };
    WORKS.iter().flat_map(pinned)
}

impl Work {
    /// The word that `--only` takes.
    pub(crate) fn group(self) -> &'static str {
        match self {
            Work::Rtt => "rtt",
            Work::Pipelined(_) => "pipelined",
            Work::Clients(_) => "clients",
            Work::OneWay => "oneway",
            Work::Reverse => "reverse",
            Work::Nested => "nested",
            Work::Listening => "listening",
            Work::First => "first",
            Work::Echo(_) => "echo",
            Work::Connect => "connect",
            Work::Idle => "idle",
            Work::Broadcast => "broadcast",
            Work::Stream => "stream",
            Work::Octets(_) => "octets",
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.group())?;
        match *self {
            Work::Pipelined(Senders::One) => f.write_str(" 1x256"),
            Work::Pipelined(Senders::Sixteen) => f.write_str(" 16x16"),
            Work::Clients(count) => write!(f, " {count}"),
            Work::Stream => f.write_str(" of u64"),
            Work::Octets(bytes) => write!(f, " in {} KiB", bytes >> 10),
            Work::Echo(bytes) if bytes < 1 << 20 => write!(f, " {} KiB", bytes >> 10),
            Work::Echo(bytes) => write!(f, " {} MiB", bytes >> 20),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Pinning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pinning::SameCpu => "same CPU",
            Pinning::OneCpuEach => "one CPU each",
            Pinning::Free => "",
        })
    }
}

/// What it reads is the case's number: the roles are the same program.
impl FromStr for Case {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Case, Failure> {
        let number: usize = text.parse()?;
        cases().nth(number).ok_or_else(|| format!("there is no case {number}").into())
    }
}

impl Case {
    /// Its place among all cases.
    pub(crate) fn number(self) -> usize {
        cases().position(|case| case == self).unwrap_or(usize::MAX)
    }
}
