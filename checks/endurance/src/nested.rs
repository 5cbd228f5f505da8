//! D02: calls inside calls, to the limit of depth, one beyond it, and many at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cconn::erreur::RaisonNonEnvoi;
use cconn::{Client, Erreur, Resultat, Serveur, commande, commandes};

use crate::host::{Host, only_client, spawn};
use crate::run::Run;
use testkit::Dice;

/// Threads that call on each side at once.
const THREADS: u64 = 64;

/// How soon a call that goes too deep must fail, where it stands.
const AT_ONCE: Duration = Duration::from_millis(5);

/// Nesting that is allowed by default.
const LIMIT: u32 = 32;

/// The longest that a refused call took to fail, nanoseconds.
static SLOWEST_REFUSAL: AtomicU64 = AtomicU64::new(0);

/// Calls that failed because too many handlers waited, where that is allowed.
static CROWDED: AtomicU64 = AtomicU64::new(0);

/// What a command says of a call that failed because too many handlers waited.
const CROWD: &str = "crowded";

/// Calls back as often as it is told, and answers with how often that was.
#[commande]
fn nest(client: &Client, left: u32) -> Resultat<u32> {
    if left == 0 {
        return Ok(0);
    }
    let start = Instant::now();
    let below = client.appeler(nest { left: left - 1 });
    if let Err(error @ Erreur::NonEnvoyee(_)) = &below {
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        SLOWEST_REFUSAL.fetch_max(nanos, Ordering::SeqCst);
        assert!(!error.a_pu_etre_executee());
        // A text of its own, for what an error says grows with each level that hands it on.
        return Err(Erreur::echec(if is_crowded(error) { CROWD } else { "too deep" }));
    }
    match below {
        Err(Erreur::Distante(there)) if *there.texte == *CROWD => Err(Erreur::echec(CROWD)),
        other => other.map(|depth| depth + 1),
    }
}

/// A pair of sides that both listen, and how many handlers of one may wait.
struct Pair {
    host: Host,
    client: Client,
    theirs: Client,
    listener: std::thread::JoinHandle<Resultat<()>>,
}

impl Pair {
    fn new(max_waiting: usize) -> Pair {
        let options = Serveur::options(0).max_attentes(max_waiting);
        let host = Host::start(options, |serveur| serveur.enregistrer(commandes![nest]).unwrap());
        let options = Client::options(host.address()).max_attentes(max_waiting);
        let client = options.connecter().unwrap();
        client.enregistrer(commandes![nest]).unwrap();
        let theirs = only_client(&host.serveur);
        let listening = client.clone();
        let listener = spawn("listener", move || listening.lancer());
        Pair { host, client, theirs, listener }
    }

    fn stop(self) {
        self.client.eteindre().unwrap();
        self.listener.join().unwrap().unwrap();
        drop(self.theirs);
        self.host.stop().unwrap();
    }
}

pub(crate) fn depths(run: &Run) {
    to_the_limit(run);
    let calls = run.pick(400, 4000);
    // With the usual limit of waiting handlers many calls fail, at once and not sent.
    let usual = Pair::new(16);
    let answered = many_at_once(run, &usual, calls, LIMIT);
    usual.stop();
    run.figure("answered of many", answered, "");
    run.figure("refused", CROWDED.swap(0, Ordering::SeqCst), "");
    // With room for all of them none fails.
    let wide = Pair::new(1024);
    let answered = many_at_once(run, &wide, calls, 5);
    wide.stop();
    run.exactly("answered with room", answered, 2 * THREADS * calls);
    run.exactly("refused with room", CROWDED.load(Ordering::SeqCst), 0);
    let slowest = Duration::from_nanos(SLOWEST_REFUSAL.load(Ordering::SeqCst));
    run.time("slowest refusal among many", slowest);
}

fn to_the_limit(run: &Run) {
    let pair = Pair::new(16);
    for client in [&pair.client, &pair.theirs] {
        for depth in 1..=LIMIT {
            let answer = client.appeler(nest { left: depth });
            run.require(matches!(answer, Ok(n) if n == depth), || format!("{depth}: {answer:?}"));
        }
        let answer = client.appeler(nest { left: LIMIT + 1 });
        run.require(matches!(answer, Err(Erreur::Distante(_))), || format!("beyond: {answer:?}"));
        run.require(client.appeler(nest { left: 1 }).is_ok(), || "afterwards".to_owned());
    }
    pair.stop();
    let slowest = Duration::from_nanos(SLOWEST_REFUSAL.swap(0, Ordering::SeqCst));
    run.time_within("refusal beyond the limit", slowest, AT_ONCE);
}

/// Calls of random depth from many threads on both sides; returns how many were answered.
fn many_at_once(run: &Run, pair: &Pair, calls: u64, deepest: u32) -> u64 {
    let start = Instant::now();
    let answered = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2 * THREADS)
            .map(|seed| {
                let client = if seed % 2 == 0 { &pair.client } else { &pair.theirs };
                scope.spawn(move || call_at_random(run, client, calls, deepest, seed))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    run.time("many at once", start.elapsed());
    answered
}

fn call_at_random(run: &Run, client: &Client, calls: u64, deepest: u32, seed: u64) -> u64 {
    let mut dice = Dice::new(seed);
    let mut answered = 0;
    for _ in 0..calls {
        let depth = u32::try_from(dice.below(u64::from(deepest))).unwrap_or(0);
        match client.appeler(nest { left: depth }) {
            Ok(n) if n == depth => answered += 1,
            Ok(n) => run.fault(&format!("asked for {depth}, got {n}")),
            Err(error) if is_crowded(&error) => drop(CROWDED.fetch_add(1, Ordering::SeqCst)),
            Err(error) => run.fault(&format!("depth {depth}: {error}")),
        }
    }
    answered
}

/// Whether too many handlers waited, here or, as its text says, at the peer.
fn is_crowded(error: &Erreur) -> bool {
    match error {
        Erreur::NonEnvoyee(non) => matches!(non.raison, RaisonNonEnvoi::TropDAttentes { .. }),
        Erreur::Distante(distante) => *distante.texte == *CROWD,
        _ => false,
    }
}
