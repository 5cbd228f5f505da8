//! R03: handles dropped, connections stopped and closed, from inside commands.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cconn::{Client, Erreur, Resultat, Serveur, nommee};

use crate::count::Census;
use crate::host::{Host, spawn};
use crate::run::Run;

/// How long one round may take.
const MOST: Duration = Duration::from_secs(5);

/// What a command does to what it was called by.
const DROP: u64 = 0;
const STOP: u64 = 1;
const CLOSE: u64 = 2;
const STOP_SERVER: u64 = 3;
const WAYS: u64 = 4;

/// The handles that a command finds.
#[derive(Default)]
struct Handles {
    client: Mutex<Option<Client>>,
    serveur: Mutex<Option<Serveur>>,
}

pub(crate) fn commands(run: &Run) {
    let rounds = run.pick(100, 1000);
    for side in [true, false] {
        round(run, 0, side);
    }
    // Handles dropped inside a command end their connection after it.
    let base = Census::take();
    let worst = AtomicU64::new(0);
    for number in 0..rounds {
        let start = Instant::now();
        round(run, number % WAYS, (number / WAYS).is_multiple_of(2));
        base.back_to(run, &format!("after round {number}"), MOST);
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        worst.fetch_max(micros, Ordering::SeqCst);
        if run.has_failed() {
            break;
        }
    }
    run.figure("rounds", rounds, "");
    let worst = Duration::from_micros(worst.load(Ordering::SeqCst));
    run.time_within("slowest, all given back", worst, MOST);
}

/// One connection; a command on the server's side or on the client's does it.
fn round(run: &Run, way: u64, at_server: bool) {
    let handles = Arc::new(Handles::default());
    let theirs = handles.clone();
    let act = move |client: &Client, (way,): (u64,)| -> Resultat<u64> {
        act(client, way, &theirs);
        Ok(way)
    };
    let ask = |client: &Client, (way,): (u64,)| -> Resultat<u64> {
        client.appeler(nommee("act", (way,)))
    };
    let here = act.clone();
    let host = Host::start(Serveur::options(0).delai_arret(MOST), move |serveur| {
        serveur.enregistrer_commande("act", act).unwrap();
        serveur.enregistrer_commande("ask", ask).unwrap();
    });
    let client = Client::options(host.address()).delai_arret(MOST).connecter().unwrap();
    client.enregistrer_commande("act", here).unwrap();
    let listener = {
        let client = client.clone();
        spawn("listener", move || client.lancer())
    };
    *handles.serveur.lock().unwrap() = Some(host.serveur.clone());
    *handles.client.lock().unwrap() = Some(client.clone());
    let name = if at_server { "act" } else { "ask" };
    let answer: Resultat<u64> = client.appeler(nommee(name, (way,)));
    judge(run, way, at_server, &answer);
    drop(client);
    if let Some(client) = handles.client.lock().unwrap().take() {
        // Stopped already, in three ways of four.
        let _ended = client.eteindre();
    }
    drop(handles.serveur.lock().unwrap().take());
    if let Err(error) = host.stop() {
        run.fault(&format!("way {way}, at the server {at_server}: the server's stop: {error}"));
    }
    let ended = listener.join().unwrap();
    let in_order = ended.is_ok() || way == CLOSE;
    run.require(in_order, || format!("way {way}, at the server {at_server}: {ended:?}"));
}

fn act(client: &Client, way: u64, handles: &Handles) {
    match way {
        DROP => {
            drop(handles.client.lock().unwrap().take());
            drop(handles.serveur.lock().unwrap().take());
        }
        STOP => client.eteindre().unwrap(),
        CLOSE => client.close(),
        STOP_SERVER => {
            if let Some(serveur) = handles.serveur.lock().unwrap().as_ref() {
                serveur.eteindre().unwrap();
            }
        }
        _ => {}
    }
}

/// The call is answered, whatever was done; only closing tells its caller so.
fn judge(run: &Run, way: u64, at_server: bool, answer: &Resultat<u64>) {
    let right = match answer {
        Ok(n) => *n == way && way != CLOSE,
        Err(Erreur::Fermee(_)) => way == CLOSE,
        Err(_) => false,
    };
    run.require(right, || format!("way {way}, at the server {at_server}: {answer:?}"));
}
