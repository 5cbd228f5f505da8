//! X02: every way to be refused, shuffled and many at once, beside honest clients.

mod kinds;
mod stage;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cconn::erreur::{EchecConnexion, NatureDistante, NatureSecret, NatureTls, RaisonFin};
use cconn::{Erreur, Resultat};
use testkit::Dice;

use self::kinds::{Kind, There};
use self::stage::Stage;
use crate::company::in_company;
use crate::counted;
use crate::run::Run;
use crate::times::Times;

/// Threads that are refused at once.
const THREADS: usize = 4;

/// The longest that a refusal may take.
const MOST: Duration = Duration::from_secs(5);

/// Kinds of refusals that there must be, and errors that are told apart.
const LEAST: usize = 12;

/// Why somebody is not let in, or not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Tls(NatureTls),
    Secret(NatureSecret),
    Full,
    Crowded,
    Incompatible,
    OtherProgram,
    Forbidden,
    SentAway,
    Other,
}

impl Why {
    fn of(error: &Erreur) -> Why {
        match error {
            Erreur::Connexion(failed) => Why::of_connecting(failed),
            Erreur::Distante(remote) if remote.nature == NatureDistante::Interdite => {
                Why::Forbidden
            }
            Erreur::Fermee(closed) if closed.raison == RaisonFin::Expulsee => Why::SentAway,
            _ => Why::Other,
        }
    }

    fn of_connecting(failed: &EchecConnexion) -> Why {
        match failed {
            EchecConnexion::Tls { nature, .. } => Why::Tls(*nature),
            EchecConnexion::Secret { nature, .. } => Why::Secret(*nature),
            EchecConnexion::Complet { texte, .. } if texte.contains("max_par_adresse") => {
                Why::Crowded
            }
            EchecConnexion::Complet { .. } => Why::Full,
            EchecConnexion::Incompatible { .. } => Why::Incompatible,
            EchecConnexion::AutreProgramme { .. } => Why::OtherProgram,
            _ => Why::Other,
        }
    }
}

/// What one side was told, and in which words.
type Told = (Why, String);

fn told(error: &Erreur) -> Told {
    (Why::of(error), error.to_string())
}

/// What the side that was refused was told; a fault if it was not refused at all.
fn refusal<T>(result: Resultat<T>) -> Result<Told, String> {
    match result {
        Ok(_) => Err("was let in and served".to_owned()),
        Err(error) => Ok(told(&error)),
    }
}

/// The texts, without the numbers by which all would differ.
#[derive(Default)]
struct Words(Mutex<BTreeSet<String>>);

impl Words {
    fn add(&self, text: &str) {
        let text = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        self.0.lock().expect("no thread panics").insert(text);
    }
}

pub(crate) fn matrix(run: &Run) {
    let rounds = run.pick(20, 400);
    let each = rounds * THREADS;
    let stage = Stage::new();
    let (kinds, words) = (kinds::all(&stage), Words::default());
    let mut times = in_company(run, &stage.held(), &stage.doors(), || {
        std::thread::scope(|scope| {
            let body = |seed| {
                let (kinds, words) = (&kinds, &words);
                move || be_refused(run, kinds, words, rounds, Dice::new(seed))
            };
            let threads: Vec<_> = (1..).take(THREADS).map(|seed| scope.spawn(body(seed))).collect();
            let mut all = Times::default();
            for thread in threads {
                all.extend(thread.join().unwrap());
            }
            all
        })
    });
    run.figure("kinds", kinds.len(), "");
    run.exactly("refusals", times.len(), kinds.len() * each);
    run.time("median", times.percentile(500));
    run.time_within("slowest", times.worst(), MOST);
    if !run.has_failed() {
        judge_servers(run, &stage, &kinds, each, &words);
    }
    let apart = words.0.lock().unwrap().len();
    run.figure("errors told apart", apart, "");
    run.require(kinds.len().min(apart) >= LEAST, || format!("fewer than {LEAST} kinds"));
    counted::judge(run);
    stage.stop(run);
}

/// Each kind once a round, in an order of its own.
fn be_refused(run: &Run, kinds: &[Kind], words: &Words, rounds: usize, mut dice: Dice) -> Times {
    let mut times = Times::default();
    let mut order: Vec<&Kind> = kinds.iter().collect();
    for _ in 0..rounds {
        (1..order.len()).rev().for_each(|last| order.swap(last, dice.size(last + 1)));
        for kind in &order {
            let start = Instant::now();
            let seen = (kind.act)();
            times.push(start.elapsed());
            match (seen, kind.here) {
                (Err(fault), _) => run.fault(&format!("{}: {fault}", kind.name)),
                (Ok(Some((why, text))), Some(wanted)) => {
                    run.require(why == wanted, || format!("{}: {why:?}, {text}", kind.name));
                    words.add(&text);
                }
                (Ok(None), None) => {}
                (Ok(seen), wanted) => {
                    run.fault(&format!("{}: {seen:?}, must be {wanted:?}", kind.name));
                }
            }
        }
        if run.has_failed() {
            break;
        }
    }
    times
}

/// Each server was told of each that it refused, and of the right reason where that is its own.
fn judge_servers(run: &Run, stage: &Stage, kinds: &[Kind], each: usize, words: &Words) {
    for target in stage.targets() {
        let of_target: Vec<_> = kinds.iter().filter(|kind| kind.at == Some(target.name)).collect();
        let wanted = of_target.iter().filter(|kind| kind.there != There::Nothing).count() * each;
        let told = target.wait_for(wanted, MOST);
        run.require(told.len() == wanted, || {
            format!("{}: {} refusals told, must be {wanted}", target.name, told.len())
        });
        for kind in of_target {
            let There::Told(why) = kind.there else { continue };
            let (found, least) = (told.iter().filter(|told| told.0 == why).count(), each);
            run.require(found >= least, || {
                let others: BTreeSet<_> = told.iter().map(|told| format!("{:?}", told.0)).collect();
                format!("{}: {why:?} told {found} times, of {others:?}", kind.name)
            });
        }
        for (_, text) in &told {
            words.add(text);
        }
    }
}
