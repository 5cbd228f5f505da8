//! The tests, in the order in which they run, and the roles of their helper processes.

use crate::helper::Role;
use crate::run::Run;
use crate::{
    broadcast, busy, chaos, cheap, crowd, cut, deaf, files, flood, gone, injected, inside, kill,
    local_sockets, nested, network, order, panics, returns, slow, stop, streams, system,
};
#[cfg(feature = "tls")]
use crate::{encrypted, refusals, tampered, unproved};

/// One test.
#[derive(Debug)]
pub(crate) struct Test {
    /// Its id.
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
    test("K04", "cut after every byte", cut::everywhere, (60, 300)),
    test("K05", "a proxy that spoils connections", chaos::proxy, (60, 700)),
    test("K06", "system calls that fail", injected::failures, (60, 400)),
    test("N01", "peers that never finish", slow::lorises, (60, 90)),
    test("N02", "a server without descriptors", system::descriptors, (30, 60)),
    test("N03", "a network that loses packets", network::unreliable, (60, 300)),
    test("N04", "connections to oneself", system::itself, (30, 120)),
    test("N05", "signals for every thread", system::signals, (60, 200)),
    test("L01", "very many connections held", crowd::held, (60, 200)),
    test("L02", "a full server", crowd::full, (30, 60)),
    test("L03", "more clients than a process can bear", crowd::clamped, (60, 400)),
    test("L04", "connecting and leaving", busy::churn, (60, 400)),
    test("L06", "calls given up at once", busy::cancels, (60, 300)),
    test("L07", "one that floods among fifty", busy::fair, (30, 90)),
    test("L09", "a thousand at once", crowd::burst, (30, 60)),
    test("L10", "frames that cost nothing", cheap::frames, (90, 300)),
    test("R01", "commands that panic", panics::every_sort, (30, 120)),
    test("R02", "a stop at a random moment", stop::at_random, (60, 300)),
    test("R03", "ends made from inside commands", inside::commands, (60, 200)),
    test("S01", "streams through a proxy that spoils them", streams::chaos, (60, 600)),
    test(
        "S02",
        "consumers that stand still beside others",
        streams::beside_those_that_stand_still,
        (40, 120),
    ),
    test("S03", "ten thousand subscriptions", streams::subscriptions, (40, 60)),
    test("S04", "a large file each way at once", files::both_ways, (60, 300)),
    test("S05", "a server that comes back again and again", returns::storm, (60, 600)),
    test("S06", "killed at random, with idempotent commands", returns::killed, (60, 300)),
    #[cfg(feature = "tls")]
    test("X01", "encrypted, with many writers both ways", encrypted::both_ways, (60, 300)),
    #[cfg(feature = "tls")]
    test("X02", "every refusal, many at once", refusals::matrix, (60, 240)),
    #[cfg(feature = "tls")]
    test("X03", "proofs of a secret, tampered with", tampered::proofs, (60, 240)),
    test("X04", "local sockets, other users, heirs", local_sockets::all, (60, 240)),
    #[cfg(feature = "tls")]
    test("X05", "strangers that call everything", unproved::strangers, (60, 240)),
    #[cfg(feature = "tls")]
    test("X06", "encrypted streams cut without a farewell", streams::encrypted_chaos, (60, 600)),
    test("ORD", "order, once, and honest verdicts", order::recorder, (60, 300)),
];

/// What a helper process can be.
pub(crate) const ROLES: &[(&str, Role)] = &[
    ("sleepy-server", kill::sleepy_server),
    ("returning-server", returns::server),
    ("victim", gone::victim),
    ("crowd", crowd::crowd),
    ("faulty-client", injected::client),
    ("faulty-server", injected::server),
    ("cut-off-client", network::client),
    ("cut-off-server", network::server),
    ("poor-server", system::poor_server),
    ("visitor", local_sockets::visitor),
    ("heir", local_sockets::heir),
    #[cfg(feature = "tls")]
    ("held-server", unproved::held_server),
];
