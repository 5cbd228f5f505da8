//! D06: a broadcast to many, some of whom never read.
//!
//! Those who never read announce the smallest window, so that it is soon full; the others get
//! everything in time.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use cconn::{OctetsRef, Serveur, nommee};

use crate::host::Host;
use crate::raw::{self, ONE_WAY, Raw, one_way};
use crate::run::Run;

/// When everyone who reads must have everything.
const MOST: Duration = Duration::from_secs(2);

/// Broadcasts, and bytes of each.
const MESSAGES: usize = 64;
const PAYLOAD: usize = 4096;

/// A window that holds a few of these messages.
const SMALL_WINDOW: u64 = 2 * (8192 + 64);

/// Threads that read for the good clients.
const READERS: usize = 2;

pub(crate) fn to_many(run: &Run) {
    let clients = run.pick(200, 1000);
    let deaf = clients / 10;
    let host = Host::start(Serveur::options(0).max_clients(clients), |_| ());
    let deaf: Vec<Raw> = (0..deaf).map(|_| connect(&host, SMALL_WINDOW)).collect();
    let mut good: Vec<Raw> = (0..clients - deaf.len()).map(|_| connect(&host, 16 << 20)).collect();
    while host.serveur.clients().len() < clients {
        std::thread::yield_now();
    }
    let mut missed = 0;
    let time = until_all_have_all(&mut good, || {
        for _ in 0..MESSAGES {
            let message = nommee("note", (OctetsRef(&[7; PAYLOAD]),));
            let sent = host.serveur.diffuser(message).unwrap();
            run.require(sent.atteints >= clients - deaf.len(), || format!("{sent:?}"));
            missed += sent.manques.len();
        }
    });
    run.figure("clients", clients, "");
    run.figure("that never read", deaf.len(), "");
    run.time_beside("all have all", time, MOST, without_cconn(good.len()));
    run.figure("not reached, for want of room", missed, "");
    run.require(missed > 0, || "those who never read were reached every time".to_owned());
    drop((good, deaf));
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
}

fn connect(host: &Host, window: u64) -> Raw {
    let mut raw = raw::connect(host.address(), window).unwrap();
    assert!(raw.is_accepted().unwrap());
    raw
}

/// How long the same takes over bare sockets that all read.
fn without_cconn(clients: usize) -> Duration {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a listener has an address");
    let pair = |_| (Raw::connect(address), Raw::accept(&listener));
    let (mut good, mut peers): (Vec<Raw>, Vec<Raw>) = (0..clients).map(pair).unzip();
    let message = one_way("note", &[7; PAYLOAD + 3]);
    until_all_have_all(&mut good, || {
        for _ in 0..MESSAGES {
            for peer in &mut peers {
                peer.send(&message);
            }
        }
    })
}

/// Sends, while other threads read: how long it takes until every one of these clients has every
/// message.
fn until_all_have_all(clients: &mut [Raw], send: impl FnOnce()) -> Duration {
    let start = Instant::now();
    let share = clients.len().div_ceil(READERS);
    std::thread::scope(|scope| {
        for some in clients.chunks_mut(share) {
            scope.spawn(|| read_all(some));
        }
        send();
    });
    start.elapsed()
}

/// Reads every message of every one of these clients.
fn read_all(clients: &mut [Raw]) {
    for _ in 0..MESSAGES {
        for client in &mut *clients {
            let frame = client.frame().unwrap();
            assert_eq!((frame[0], frame.len() > PAYLOAD), (ONE_WAY, true), "a whole message");
        }
    }
}
