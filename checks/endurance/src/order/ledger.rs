//! What is known of every command: what its sender was told, and how often it ran.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use crate::run::Run;

/// What the sender of a command was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It was never sent.
    Nothing,
    /// An answer came, or word of the command's own failure: it ran.
    Answered,
    /// It did not run and never will.
    NotRun,
    /// It may have run; or nobody waited for its answer.
    Unknown,
    /// A one-way message was accepted, and the connection later cut or closed.
    Accepted,
    /// A one-way message was accepted, and the connection was then stopped in order.
    Kept,
}

const ALL: [Told; 6] =
    [Told::Nothing, Told::Answered, Told::NotRun, Told::Unknown, Told::Accepted, Told::Kept];

/// The commands of a number of connections, threads each, and commands each.
#[derive(Debug)]
pub(super) struct Ledger {
    threads: u64,
    ops: u64,
    told: Vec<AtomicU8>,
    ran: Vec<AtomicU8>,
    /// The last command of each thread that has started; -1 before the first.
    last: Vec<AtomicI64>,
    disorder: Mutex<Vec<String>>,
}

impl Ledger {
    pub(super) fn new(connections: u64, threads: u64, ops: u64) -> Ledger {
        let senders = connections * threads;
        let zeros = |count: u64| (0..count).map(|_| AtomicU8::new(0)).collect();
        Ledger {
            threads,
            ops,
            told: zeros(senders * ops),
            ran: zeros(senders * ops),
            last: (0..senders).map(|_| AtomicI64::new(-1)).collect(),
            disorder: Mutex::default(),
        }
    }

    /// The number of a command.
    pub(super) fn id(&self, connection: u64, thread: u64, op: u64) -> u64 {
        (connection * self.threads + thread) * self.ops + op
    }

    pub(super) fn tell(&self, id: u64, told: Told) {
        self.told[place(id)].store(told as u8, Ordering::SeqCst);
    }

    fn told(&self, id: u64) -> Told {
        ALL[usize::from(self.told[place(id)].load(Ordering::SeqCst))]
    }

    /// The accepted one-ways of a connection must have run: it was stopped in order.
    pub(super) fn keep(&self, connection: u64) {
        for id in self.id(connection, 0, 0)..self.id(connection + 1, 0, 0) {
            if self.told(id) == Told::Accepted {
                self.tell(id, Told::Kept);
            }
        }
    }

    /// A command starts.
    pub(super) fn started(&self, id: u64) {
        self.ran[place(id)].fetch_add(1, Ordering::SeqCst);
        let op = i64::try_from(id % self.ops).unwrap_or(i64::MAX);
        let before = self.last[place(id / self.ops)].swap(op, Ordering::SeqCst);
        if before >= op {
            let text = format!("command {id}: number {op} of its thread started after {before}");
            self.disorder.lock().unwrap().push(text);
        }
    }

    /// Compares both sides.
    pub(super) fn judge(&self, run: &Run) {
        let mut faults = self.disorder.lock().unwrap().clone();
        let mut counts = [0_u64; ALL.len()];
        for id in 0..self.told.len() as u64 {
            let (told, ran) = (self.told(id), self.ran[place(id)].load(Ordering::SeqCst));
            counts[told as usize] += 1;
            let right = match told {
                Told::Answered | Told::Kept => ran == 1,
                Told::NotRun | Told::Nothing => ran == 0,
                Told::Unknown | Told::Accepted => ran <= 1,
            };
            if !right {
                faults.push(format!(
                    "command {id}: its sender was told {told:?}, it ran {ran} times"
                ));
            }
        }
        for told in ALL.into_iter().skip(1) {
            run.figure(&format!("{told:?}").to_lowercase(), counts[told as usize], "");
        }
        for fault in &faults {
            run.fault(fault);
        }
    }
}

fn place(id: u64) -> usize {
    usize::try_from(id).expect("ids are places in memory")
}
