//! Limits from the program's side, each at its last value and one beyond: those of the guide's
//! page of limits that no other test shows.

use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::Duration;

use cconn::erreur::{NatureDistante, RaisonNonEnvoi, Usage};
use cconn::{Attente, Client, Erreur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{local, with_watchdog};

const LIMIT: Duration = Duration::from_secs(60);

/// Calls of one connection that may be without an answer.
const CALLS: usize = 65_536;

/// Names of commands that are kept for errors.
const NAMES: usize = 10_000;

/// Commands wait here until it is open.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    inside: usize,
    open: bool,
}

impl Gate {
    fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.inside += 1;
        while !state.open {
            state = changed.wait(state).unwrap();
        }
    }

    fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }

    fn inside(&self) -> usize {
        self.0.0.lock().unwrap().inside
    }
}

fn reason<T: std::fmt::Debug>(outcome: Resultat<T>) -> RaisonNonEnvoi {
    match outcome {
        Err(Erreur::NonEnvoyee(why)) => why.raison,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_smallest_limit_of_a_message_is_1024_bytes() {
    for taille_max in [0, 1, 1023] {
        let server = Serveur::options(0).taille_max(taille_max).ouvrir().map(drop);
        // Whether anybody listens there is not asked: the setting is looked at first.
        let client = Client::options(1).taille_max(taille_max).connecter().map(drop);
        for refused in [server, client] {
            let Err(Erreur::Usage(why)) = refused else { panic!("{refused:?}") };
            assert!(matches!(*why, Usage::Reglage { .. }), "{why}");
            assert!(why.to_string().contains("must be at least 1024"), "{why}");
        }
    }
    let serveur = Serveur::options(0).taille_max(1024).ouvrir().unwrap();
    serveur.client_local().unwrap();
}

#[test]
fn so_many_commands_wait_for_a_peer_and_one_more_may_not() {
    with_watchdog("waiting commands", LIMIT, || {
        for limite in [0, 1, 2, 16] {
            let options = Serveur::options(0);
            // 16 is what it is unless set.
            let options = if limite == 16 { options } else { options.max_attentes(limite) };
            let serveur = options.ouvrir().unwrap();
            let aller = move |client: &Client, (): ()| {
                let outcome = client.appeler::<(), _>(nommee("retenir", ()));
                outcome.is_err() && reason(outcome) == RaisonNonEnvoi::TropDAttentes { limite }
            };
            serveur.enregistrer_commande("aller", aller).unwrap();
            let client = serveur.client_local().unwrap();
            let gate = Gate::default();
            let held = gate.clone();
            client.enregistrer_commande("retenir", move |_, (): ()| held.pass()).unwrap();
            let waiting: Vec<Attente<bool>> =
                (0..limite).map(|_| client.differer(nommee("aller", ())).unwrap()).collect();
            assert!(client.appeler::<bool, _>(nommee("aller", ())).unwrap(), "{limite}");
            gate.open();
            for one in waiting {
                assert!(!one.attendre().unwrap(), "{limite}: it was refused too");
            }
        }
    });
}

/// The gate of `a_cote`, which is a plain function and captures nothing.
static PARALLEL: Mutex<Option<Gate>> = Mutex::new(None);

#[commande(parallele)]
fn a_cote() {
    let gate = PARALLEL.lock().unwrap().clone().unwrap();
    gate.pass();
}

#[test]
fn so_many_parallel_commands_run_at_once_and_one_more_waits_aside() {
    with_watchdog("parallel commands", LIMIT, || {
        for limite in [1, 2, 16] {
            let gate = Gate::default();
            *PARALLEL.lock().unwrap() = Some(gate.clone());
            let serveur = Serveur::options(0).max_paralleles(limite).ouvrir().unwrap();
            serveur.enregistrer(commandes![a_cote]).unwrap();
            serveur.enregistrer_commande("apres", |_, (): ()| ()).unwrap();
            let client = serveur.client_local().unwrap();
            let calls: Vec<Attente<()>> =
                (0..=limite).map(|_| client.differer(a_cote {}).unwrap()).collect();
            // It was sent behind them: when it is answered, all of them have begun or stand aside.
            client.appeler::<(), _>(nommee("apres", ())).unwrap();
            while gate.inside() < limite {
                std::thread::yield_now();
            }
            client.appeler::<(), _>(nommee("apres", ())).unwrap();
            assert_eq!(gate.inside(), limite);
            gate.open();
            for call in calls {
                call.attendre().unwrap();
            }
            assert_eq!(gate.inside(), limite + 1, "the last one ran in the end");
        }
    });
}

/// How many levels there are below this one: as many as asked for, or as may be.
#[commande]
fn profonde(client: &Client, encore: u8, limite: usize) -> Resultat<u8> {
    if encore == 0 {
        return Ok(0);
    }
    match client.appeler(profonde { encore: encore - 1, limite }) {
        Err(Erreur::NonEnvoyee(why)) => {
            assert_eq!(why.raison, RaisonNonEnvoi::TropProfonde { limite });
            Ok(0)
        }
        below => Ok(1 + below?),
    }
}

#[test]
fn calls_nest_to_the_limit_and_not_one_deeper() {
    with_watchdog("nested calls", LIMIT, || {
        for limite in [0_u8, 1, 2, 32] {
            let options = Serveur::options(0);
            // 32 is what it is unless set; a local client has its server's settings.
            let options = if limite == 32 { options } else { options.profondeur_max(limite) };
            let serveur = options.ouvrir().unwrap();
            serveur.enregistrer(commandes![profonde]).unwrap();
            let client = serveur.client_local().unwrap();
            client.enregistrer(commandes![profonde]).unwrap();
            for encore in [limite, limite + 1] {
                let call = profonde { encore, limite: usize::from(limite) };
                assert_eq!(client.appeler(call).unwrap(), limite, "{encore} of {limite}");
            }
        }
    });
}

#[test]
fn so_many_calls_are_without_an_answer_and_one_more_is_not_sent() {
    with_watchdog("calls without an answer", LIMIT, || {
        let (serveur, client) = local();
        let gate = Gate::default();
        let held = gate.clone();
        serveur.enregistrer_commande("retenir", move |_, (): ()| held.pass()).unwrap();
        let retenir = || client.differer::<(), _>(nommee("retenir", ()));
        let mut calls: Vec<Attente<()>> = (0..CALLS).map(|_| retenir().unwrap()).collect();
        let refused = reason(retenir().map(drop));
        assert_eq!(refused, RaisonNonEnvoi::TropDAppels { limite: CALLS });
        let refused = reason(client.essayer_appel::<(), _>(nommee("retenir", ())).map(drop));
        assert_eq!(refused, RaisonNonEnvoi::TropDAppels { limite: CALLS });
        assert!(client.est_connecte());
        // One that is given up makes room for one, and for no more.
        drop(calls.pop());
        calls.push(retenir().unwrap());
        assert_eq!(reason(retenir().map(drop)), RaisonNonEnvoi::TropDAppels { limite: CALLS });
        gate.open();
        for call in calls {
            call.attendre().unwrap();
        }
        retenir().unwrap().attendre().unwrap();
    });
}

/// Set in a process of its own: the names of calls, and the budget of values, are those of a whole
/// process.
const CHILD: &str = "CCONN_TEST_NAMES";

/// Runs the test of that name in a process of its own.
fn in_a_process_of_its_own(name: &'static str) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.args([name, "--exact", "--nocapture"]).env(CHILD, "1");
    let output = with_watchdog(name, LIMIT, || child.output().unwrap());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
}

#[test]
fn so_many_names_of_calls_are_kept_and_one_more_is_told_by_its_hash() {
    let name = "so_many_names_of_calls_are_kept_and_one_more_is_told_by_its_hash";
    if std::env::var_os(CHILD).is_none() {
        return in_a_process_of_its_own(name);
    }
    let serveur = Serveur::options(0).max_clients(2).ouvrir().unwrap();
    let gate = Gate::default();
    for name in ["dernier", "premier de trop"] {
        let held = gate.clone();
        serveur.enregistrer_commande(name, move |_, (): ()| held.pass()).unwrap();
    }
    let clients = [serveur.client_local().unwrap(), serveur.client_local().unwrap()];
    for n in 1..NAMES {
        assert!(clients[0].appeler::<(), _>(nommee(&format!("n{n}"), ())).is_err());
    }
    let behind = |client: &Client, name: &str| {
        let held = client.differer::<(), _>(nommee(name, ())).unwrap();
        let hasty = client.avec_delai(Duration::from_millis(20));
        let Err(Erreur::Delai(late)) = hasty.appeler::<(), _>(nommee("n1", ())) else {
            panic!("it can't be answered")
        };
        drop(held);
        late.derriere.unwrap().into_string()
    };
    assert_eq!(behind(&clients[0], "dernier"), "dernier");
    let hash = behind(&clients[1], "premier de trop");
    assert!(hash.starts_with('#') && hash.len() == 17, "{hash}");
    gate.open();
}

#[test]
fn so_many_names_of_messages_are_kept_and_one_more_is_told_by_its_hash() {
    with_watchdog("names of messages", LIMIT, || {
        let (sender, reports) = mpsc::channel::<String>();
        let options = Serveur::options(0);
        let options = options.quand_echec(move |_, error| {
            let _over = sender.send(error.commande().unwrap_or_default().to_owned());
        });
        let serveur = options.ouvrir().unwrap();
        let client = serveur.client_local().unwrap();
        for n in 1..NAMES {
            client.envoyer(nommee(&format!("n{n}"), ())).unwrap();
        }
        // Reports that nobody has had yet are dropped beyond 64, so this one may have to be sent
        // again.
        let reported = |name: &str, wanted: &dyn Fn(&str) -> bool| {
            loop {
                client.envoyer(nommee(name, ())).unwrap();
                client.rattraper().unwrap();
                let report = reports.recv_timeout(Duration::from_secs(5)).unwrap();
                if wanted(&report) {
                    return;
                }
            }
        };
        reported("dernier", &|report| report == "dernier");
        reported("premier de trop", &|report| report.starts_with('#') && report.len() == 17);
        while let Ok(report) = reports.recv_timeout(Duration::from_millis(1)) {
            assert_ne!(report, "premier de trop");
        }
    });
}

/// A value that takes a byte on its way, and 264 in memory.
type Wide = Option<[u64; 32]>;

/// What a megabyte holds of those that take half of one: each asks in steps of 256 KiB.
const HALF: usize = 2_000;

#[test]
fn values_of_all_connections_share_one_budget() {
    let name = "values_of_all_connections_share_one_budget";
    if std::env::var_os(CHILD).is_none() {
        return in_a_process_of_its_own(name);
    }
    Serveur::memoire_decodee(1 << 20);
    let serveur = Serveur::options(0).max_clients(4).ouvrir().unwrap();
    let gate = Gate::default();
    let held = gate.clone();
    let retenir = move |_: &Client, (values,): (Vec<Wide>,)| {
        held.pass();
        values.len()
    };
    serveur.enregistrer_commande("retenir", retenir).unwrap();
    serveur.enregistrer_commande("rendre", |_, (n,): (usize,)| vec![Wide::None; n]).unwrap();
    serveur.enregistrer_commande("compter", |_, (v,): (Vec<Wide>,)| v.len()).unwrap();
    let clients: Vec<_> = (0..3).map(|_| serveur.client_local().unwrap()).collect();
    let wide = |n: usize| (vec![Wide::None; n],);
    let calls: Vec<Attente<usize>> = clients[..2]
        .iter()
        .map(|client| client.differer(nommee("retenir", wide(HALF))).unwrap())
        .collect();
    while gate.inside() < 2 {
        std::thread::yield_now();
    }

    // [value.memory]
    // A third one goes beyond, whoever sends it, and what it says is nobody's fault.
    let refused = clients[2].appeler::<usize, _>(nommee("compter", wide(HALF))).unwrap_err();
    let Erreur::Distante(why) = &refused else { panic!("{refused:?}") };
    assert_eq!(why.nature, NatureDistante::Surchargee, "{refused}");
    assert!(!refused.a_pu_etre_executee(), "{refused}");
    assert!(refused.to_string().contains("more than 1048576 bytes together"), "{refused}");
    assert!(refused.to_string().contains("argument 1 of 1"), "{refused}");
    // Small values need no budget.
    assert_eq!(clients[2].appeler::<usize, _>(nommee("compter", wide(200))).unwrap(), 200);
    // An answer is decoded here, in the same process.
    let lost = clients[2].appeler::<Vec<Wide>, _>(nommee("rendre", (HALF,))).unwrap_err();
    assert!(matches!(lost, Erreur::Codage(_)), "{lost:?}");
    assert!(lost.to_string().contains("Serveur::memoire_decodee"), "{lost}");

    gate.open();
    for call in calls {
        assert_eq!(call.attendre().unwrap(), HALF);
    }
    // What was held is there again: as often as one likes.
    for _ in 0..10 {
        assert_eq!(clients[2].appeler::<usize, _>(nommee("compter", wide(HALF))).unwrap(), HALF);
        let back = clients[2].appeler::<Vec<Wide>, _>(nommee("rendre", (HALF,))).unwrap();
        assert_eq!(back.len(), HALF);
    }
    // A single message that is too large never fits.
    let alone = clients[2].appeler::<usize, _>(nommee("compter", wide(3 * HALF))).unwrap_err();
    assert!(!alone.a_pu_etre_executee(), "{alone}");
    Serveur::memoire_decodee(0);
    assert_eq!(clients[2].appeler::<usize, _>(nommee("compter", wide(200))).unwrap(), 200);
    assert!(clients[2].appeler::<usize, _>(nommee("compter", wide(400))).is_err());
}
