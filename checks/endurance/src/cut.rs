//! K04: a session of a few calls, cut after every byte of either direction, by an end of the
//! stream and by a reset. Whatever the client is told must be what the server did.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cconn::{Client, Erreur, Resultat, Serveur, nommee};

use crate::host::Host;
use crate::proxy::{Cut, Proxy, Way};
use crate::run::Run;

/// Commands of one session.
const STEPS: u64 = 6;

/// How long a session may take, cut or not.
const MOST: Duration = Duration::from_secs(5);

/// How often each command ran, by session and step.
type Ran = Arc<Mutex<HashMap<(u64, u64), u64>>>;

/// What the client was told of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Answered,
    NotRun,
    Unknown,
    /// Accepted, one way.
    Accepted,
}

/// A session that has ended: its number, what it was told, and whether it stopped in order.
struct Session {
    number: u64,
    told: Vec<(u64, Told)>,
    in_order: bool,
}

/// Where the next session is cut: which direction, after how many bytes, how.
type Plan = Arc<Mutex<(bool, u64, Cut)>>;

pub(crate) fn everywhere(run: &Run) {
    let ran = Ran::default();
    let host = start_server(&ran);
    let plan: Plan = Arc::new(Mutex::new((true, u64::MAX, Cut::End)));
    let planned = plan.clone();
    let proxy = Proxy::start(host.address(), move |_| {
        let (to_server, at, cut) = *planned.lock().unwrap();
        let spoilt = Way { cut: Some((at, cut)), ..Way::clear() };
        if to_server { (spoilt, Way::clear()) } else { (Way::clear(), spoilt) }
    });
    let (sessions, slowest) = cut_all(run, &proxy, &plan);
    drop(proxy);
    // With its end every command that was ever to run has run.
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
    run.figure("sessions", sessions.len(), "");
    run.time_within("slowest", slowest, MOST);
    judge(run, &sessions, &ran.lock().unwrap());
}

fn start_server(ran: &Ran) -> Host {
    let ran = ran.clone();
    let options = Serveur::options(0).max_clients(1000);
    Host::start(options, move |serveur| {
        let run = move |client: &Client, (session, step): (u64, u64)| -> Resultat<u64> {
            *ran.lock().unwrap().entry((session, step)).or_default() += 1;
            if step == 1 { client.appeler(nommee("back", (step,))) } else { Ok(step) }
        };
        serveur.enregistrer_commande("run", run).unwrap();
    })
}

/// Cuts at each byte until a session gets through whole; both directions, both ways of cutting.
fn cut_all(run: &Run, proxy: &Proxy, plan: &Plan) -> (Vec<Session>, Duration) {
    let (mut sessions, mut slowest) = (Vec::new(), Duration::ZERO);
    let step = run.pick(3, 1);
    for cut in [Cut::End, Cut::Reset] {
        for to_server in [true, false] {
            for at in (0..).step_by(step) {
                *plan.lock().unwrap() = (to_server, at, cut);
                let start = Instant::now();
                let session = hold_session(run, proxy, sessions.len() as u64);
                slowest = slowest.max(start.elapsed());
                let whole = session.in_order;
                sessions.push(session);
                if whole {
                    break;
                }
            }
        }
    }
    (sessions, slowest)
}

fn hold_session(run: &Run, proxy: &Proxy, number: u64) -> Session {
    let mut told = Vec::new();
    let options = Client::options(proxy.address).delai_reponse(MOST).delai_arret(MOST);
    let Ok(client) = options.connecter() else { return Session { number, told, in_order: false } };
    client.enregistrer_commande("back", |_, (n,): (u64,)| n).unwrap();
    let message = |step| nommee("run", (number, step));
    let check = |step, answer| verdict(run, step, answer);
    told.push((0, check(0, client.appeler(message(0)))));
    // Its command calls back.
    told.push((1, check(1, client.appeler(message(1)))));
    let sent = client.envoyer(message(2));
    told.push((2, sent.map_or_else(|error| of_error(run, &error), |()| Told::Accepted)));
    // Two at once.
    let deferred = [3, 4].map(|step| (step, client.differer(message(step))));
    for (step, attente) in deferred {
        let answer = attente.and_then(cconn::Attente::attendre);
        told.push((step, check(step, answer)));
    }
    told.push((5, check(5, client.appeler(message(5)))));
    Session { number, told, in_order: client.eteindre().is_ok() }
}

fn verdict(run: &Run, step: u64, answer: Resultat<u64>) -> Told {
    match answer {
        Ok(n) => {
            run.require(n == step, || format!("step {step} was answered with {n}"));
            Told::Answered
        }
        Err(error) => of_error(run, &error),
    }
}

fn of_error(run: &Run, error: &Erreur) -> Told {
    // A command that failed for want of an answer to its own call has run too.
    let expected = matches!(error, Erreur::Fermee(_) | Erreur::NonEnvoyee(_) | Erreur::Distante(_));
    run.require(expected, || format!("a cut ended a call with {error}"));
    if error.a_pu_etre_executee() { Told::Unknown } else { Told::NotRun }
}

fn judge(run: &Run, sessions: &[Session], ran: &HashMap<(u64, u64), u64>) {
    let counts = [(); 4].map(|()| AtomicU64::new(0));
    for Session { number, told, in_order } in sessions {
        for (step, told) in told {
            counts[*told as usize].fetch_add(1, Ordering::Relaxed);
            let times = ran.get(&(*number, *step)).copied().unwrap_or(0);
            let right = match told {
                Told::Answered => times == 1,
                Told::NotRun => times == 0,
                Told::Accepted if *in_order => times == 1,
                Told::Unknown | Told::Accepted => times <= 1,
            };
            run.require(right, || {
                format!("session {number}, step {step}: told {told:?}, ran {times} times")
            });
        }
        run.require(!in_order || told.len() as u64 == STEPS, || format!("session {number}"));
    }
    for (told, name) in [
        (Told::Answered, "answered"),
        (Told::NotRun, "not run"),
        (Told::Unknown, "unknown"),
        (Told::Accepted, "accepted"),
    ] {
        run.figure(name, counts[told as usize].load(Ordering::Relaxed), "");
    }
}
