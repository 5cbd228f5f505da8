//! Honest clients that call, come and go while others are refused: every one of their calls must
//! succeed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cconn::{Client, OptionsClient, Resultat};

use crate::counted::call_all;
use crate::run::Run;
use crate::times::Times;

/// The longest that an honest newcomer may take to come in and be served.
const MOST: Duration = Duration::from_secs(20);

/// The pause between two calls, and between two newcomers.
const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(5)];

/// What an honest newcomer to a server gives.
pub(crate) type Door = Box<dyn Fn() -> OptionsClient + Send + Sync>;

/// Runs the attack while these clients call and newcomers go through the doors, one after the other.
pub(crate) fn in_company<T>(
    run: &Run,
    held: &[Client],
    doors: &[Door],
    attack: impl FnOnce() -> T,
) -> T {
    let (over, calls) = (AtomicBool::new(false), AtomicU64::new(0));
    let (result, mut newcomers) = std::thread::scope(|scope| {
        scope.spawn(|| go_on_calling(run, held, &over, &calls));
        let coming = scope.spawn(|| come_and_go(run, doors, &over));
        let result = attack();
        over.store(true, Ordering::SeqCst);
        (result, coming.join().expect("a newcomer does not panic"))
    });
    run.figure("honest calls meanwhile", calls.load(Ordering::SeqCst), "");
    run.figure("honest newcomers meanwhile", newcomers.len(), "");
    run.time("median of their entry", newcomers.percentile(500));
    run.time_within("slowest of them", newcomers.worst(), MOST);
    run.require(newcomers.len() >= doors.len(), || "not every door was tried".to_owned());
    result
}

/// Goes in by a door and calls everything.
pub(crate) fn visit(door: &Door) -> Resultat<()> {
    let client = door().delai_connexion(MOST).connecter()?;
    call_all(&client)?;
    client.eteindre()
}

fn go_on_calling(run: &Run, held: &[Client], over: &AtomicBool, calls: &AtomicU64) {
    while !over.load(Ordering::SeqCst) {
        for client in held {
            if let Err(error) = call_all(client) {
                run.fault(&format!("an honest client's call: {error}"));
                return;
            }
            calls.fetch_add(1, Ordering::SeqCst);
        }
        std::thread::sleep(PAUSES[0]);
    }
}

fn come_and_go(run: &Run, doors: &[Door], over: &AtomicBool) -> Times {
    let mut times = Times::default();
    for door in doors.iter().cycle() {
        // Each door is tried once at least.
        if over.load(Ordering::SeqCst) && times.len() >= doors.len() {
            break;
        }
        let start = Instant::now();
        if let Err(error) = visit(door) {
            run.fault(&format!("an honest newcomer: {error}"));
            break;
        }
        times.push(start.elapsed());
        std::thread::sleep(PAUSES[1]);
    }
    times
}
