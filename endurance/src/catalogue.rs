//! The tests, in the order in which they run, and the roles of their helper processes.

use crate::helper::Role;
use crate::run::Run;
use crate::{broadcast, deaf, flood, gone, kill, nested, order, slow, stop};

/// One test.
#[derive(Debug)]
pub(crate) struct Test {
    /// Its id in the test plan.
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) body: fn(&Run),
    /// Seconds it may take before it counts as hung: short, and in full.
    pub(crate) limits: (u64, u64),
}

const fn test(id: &'static str, name: &'static str, body: fn(&Run), limits: (u64, u64)) -> Test {
    Test { id, name, body, limits }
}

pub(crate) const TESTS: &[Test] = &[
    test("D01", "flood in both directions", flood::both_ways, (120, 600)),
    test("D02", "nested calls to the depth limit", nested::depths, (60, 300)),
    test("D03", "peers that do not read", deaf::never_reads, (40, 60)),
    test("D04", "peers that read a byte now and then", deaf::reads_a_trickle, (40, 60)),
    test("D06", "a broadcast to many, some of them deaf", broadcast::to_many, (40, 60)),
    test("K01", "the server is killed in mid-call", kill::server, (60, 400)),
    test("K02", "clients are killed among others", gone::client_killed, (60, 300)),
    test("K03", "the server stands still", gone::server_stopped, (30, 60)),
    test("N01", "peers that never finish", slow::lorises, (60, 90)),
    test("R02", "a stop at a random moment", stop::at_random, (60, 300)),
    test("ORD", "order, once, and honest verdicts", order::recorder, (60, 300)),
];

/// What a helper process can be.
pub(crate) const ROLES: &[(&str, Role)] =
    &[("sleepy-server", kill::sleepy_server), ("victim", gone::victim)];
