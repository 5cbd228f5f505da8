//! L10: peers that keep to the rules and send as fast as they may, frames that cost next to nothing:
//! how long everybody else waits, beside what as many busy threads make them wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cconn::{Client, Erreur, Serveur, nommee};
use testkit::raw::{Flood, call, cancel, failure, grant, one_way};

use crate::host::{Host, spawn};
use crate::run::Run;

/// Grace of the server's stop.
const GRACE: Duration = Duration::from_millis(1500);

/// What a command without arguments counts against the window.
const CHARGE: u64 = 64;

/// What each may take on a machine that does nothing else: listing the clients, a broadcast, a
/// newcomer's first answer, a stop.
const MOST: [(&str, Duration); 4] = [
    ("clients listed", Duration::from_millis(200)),
    ("broadcast", Duration::from_millis(400)),
    ("newcomer answered", Duration::from_millis(800)),
    ("stopped", Duration::from_millis(3500)),
];

pub(crate) fn frames(run: &Run) {
    let count = run.pick(20, 50);
    let kinds: [(&str, Vec<u8>, u64); 7] = [
        ("grants", grant(0, 0), 0),
        ("cancels", cancel(9), 0),
        ("failures", failure(0, "note", 1, b""), 0),
        ("one-ways", one_way("note", &[]), CHARGE),
        ("calls", call(7, "note", &[]), CHARGE),
        ("unknown calls", call(7, "inconnue", &[]), CHARGE),
        ("bad arguments", one_way("note", &[1, 2, 3]), CHARGE + 3),
    ];
    let kinds = &kinds[..run.pick(2, kinds.len())];
    // Two threads serve each flood: one that sends and one that receives.
    let control = beside_burners(2 * count);
    for (name, frame, charge) in kinds {
        let times = beside_floods(count, frame, *charge);
        for (((what, most), time), plain) in MOST.into_iter().zip(times).zip(control) {
            run.time_beside(&format!("{name}: {what}"), time, most, plain);
        }
    }
}

fn start(count: usize) -> Host {
    let options = Serveur::options(0).max_clients(count + 1).delai_arret(GRACE);
    Host::start(options.echecs_affiches(false), |serveur| {
        serveur.enregistrer_commande("note", |_, (): ()| {}).unwrap();
    })
}

/// The four times beside floods of that frame.
fn beside_floods(count: usize, frame: &[u8], charge: u64) -> [Duration; 4] {
    let host = start(count);
    let floods: Vec<_> = (0..count).map(|_| Flood::start(host.address(), frame, charge)).collect();
    while host.serveur.clients().len() < count {
        std::thread::yield_now();
    }
    // The floods come up to their full height.
    std::thread::sleep(Duration::from_millis(200));
    let times = measure(host);
    floods.into_iter().for_each(Flood::join);
    times
}

/// The four times beside threads that only burn, and as many clients that do nothing.
fn beside_burners(count: usize) -> [Duration; 4] {
    static OVER: AtomicBool = AtomicBool::new(false);
    let burn = |_| {
        spawn("burner", || {
            while !OVER.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        })
    };
    let burners: Vec<_> = (0..count).map(burn).collect();
    let host = start(count / 2);
    let clients: Vec<_> =
        (0..count / 2).map(|_| Client::new(host.address()).expect("a place")).collect();
    let times = measure(host);
    OVER.store(true, Ordering::Relaxed);
    for burner in burners {
        burner.join().expect("a burner does not panic");
    }
    drop(clients);
    times
}

fn measure(host: Host) -> [Duration; 4] {
    let timed = |what: &dyn Fn()| {
        let start = Instant::now();
        what();
        start.elapsed()
    };
    let listed = timed(&|| drop(host.serveur.clients()));
    let told = timed(&|| drop(host.serveur.diffuser(nommee("bonjour", ())).unwrap()));
    let answered = timed(&|| {
        let client = Client::new(host.address()).unwrap();
        let () = client.appeler(nommee("note", ())).unwrap();
        client.close();
    });
    let start = Instant::now();
    let result = host.stop();
    assert!(matches!(result, Ok(()) | Err(Erreur::Delai(_))), "{result:?}");
    [listed, told, answered, start.elapsed()]
}
