//! When the hooks of a server run: no command of a client's before it is admitted, none after it
//! has left.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{Stopwatch, with_watchdog};

use super::{LIMIT, Running};

static BESIDE: AtomicUsize = AtomicUsize::new(0);

#[commande(parallele)]
fn beside() {
    BESIDE.fetch_add(1, Ordering::SeqCst);
}

/// A server whose hook calls `who` at its client and then waits for a word; what ran is counted.
struct Admitting {
    running: Running,
    ran: Arc<AtomicUsize>,
    /// What the hook was answered, and how many commands had run when it ended.
    hooked: mpsc::Receiver<(Resultat<u8>, usize)>,
    go_on: mpsc::Sender<bool>,
}

fn admitting() -> Admitting {
    let ran = Arc::new(AtomicUsize::new(0));
    let (sender, hooked) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<bool>();
    let (may_go_on, count) = (Mutex::new(may_go_on), ran.clone());
    let options = Serveur::options(0).max_clients(4).quand_connecte(move |client| {
        let answer = client.appeler::<u8, _>(nommee("who", ()));
        let admitted = may_go_on.lock().unwrap().recv().unwrap();
        if !admitted {
            client.close();
        }
        let ran = count.load(Ordering::SeqCst) + BESIDE.load(Ordering::SeqCst);
        sender.send((answer, ran)).unwrap();
    });
    let serveur = options.ouvrir().unwrap();
    let count = ran.clone();
    let secret = move |_: &Client, (): ()| count.fetch_add(1, Ordering::SeqCst);
    serveur.enregistrer_commande("secret", secret).unwrap();
    serveur.enregistrer(commandes![beside]).unwrap();
    Admitting { running: Running::of(serveur), ran, hooked, go_on }
}

/// Sends all there is before the client answers `who`.
fn eager(client: &Client) -> thread::JoinHandle<Resultat<usize>> {
    client.enregistrer_commande("who", |_: &Client, (): ()| 7_u8).unwrap();
    for _ in 0..3 {
        client.envoyer(nommee("secret", ())).unwrap();
        client.envoyer(beside {}).unwrap();
    }
    client.vider().unwrap();
    let calling = client.clone();
    thread::spawn(move || calling.appeler::<usize, _>(nommee("secret", ())))
}

fn nothing_runs_before(connect: impl Fn(&Running) -> Client) {
    let Admitting { running, ran, hooked, go_on } = admitting();
    let client = connect(&running);
    let call = eager(&client);
    // A call of another thread of the server's is no reason to run commands either.
    while running.serveur.clients().is_empty() {
        thread::yield_now();
    }
    let other: Resultat<u8> =
        cconn_tests::first_client(&running.serveur).appeler(nommee("who", ()));
    assert!(matches!(other, Ok(7)), "{other:?}");
    assert_eq!(ran.load(Ordering::SeqCst), 0);
    go_on.send(true).unwrap();
    let (answer, before) = hooked.recv().unwrap();
    assert!(matches!(answer, Ok(7)), "{answer:?}");
    assert_eq!(before, 0);
    assert_eq!(call.join().unwrap().unwrap(), 3);
    client.eteindre().unwrap();
    running.stop().unwrap();
    assert_eq!(ran.load(Ordering::SeqCst), 4);
}

#[test]
fn no_command_runs_before_the_client_is_admitted() {
    with_watchdog("admission", LIMIT, || {
        nothing_runs_before(Running::client);
        BESIDE.store(0, Ordering::SeqCst);
        nothing_runs_before(|running| running.serveur.client_local().unwrap());
        BESIDE.store(0, Ordering::SeqCst);
        refused();
    });
}

/// Who is closed by the hook has run nothing.
fn refused() {
    let Admitting { running, ran, hooked, go_on } = admitting();
    let client = running.client();
    let call = eager(&client);
    go_on.send(false).unwrap();
    let (_, before) = hooked.recv().unwrap();
    assert_eq!(before, 0);
    let outcome = call.join().unwrap();
    assert!(matches!(outcome, Err(Erreur::Fermee(_))), "{outcome:?}");
    running.stop().unwrap();
    assert_eq!(ran.load(Ordering::SeqCst) + BESIDE.load(Ordering::SeqCst), 0);
}

#[test]
fn no_command_runs_for_a_call_of_the_hook_either() {
    with_watchdog("nested", LIMIT, || {
        let (sender, hooked) = mpsc::channel();
        let options = Serveur::options(0).quand_connecte(move |client| {
            sender.send(client.appeler::<bool, _>(nommee("who", ()))).unwrap();
        });
        let serveur = options.ouvrir().unwrap();
        let ran = Arc::new(AtomicBool::new(false));
        let run = ran.clone();
        let secret = move |_: &Client, (): ()| run.store(true, Ordering::SeqCst);
        serveur.enregistrer_commande("secret", secret).unwrap();
        let running = Running::of(serveur);
        let client = running.client();
        let who = |server: &Client, (): ()| {
            let answer = server.appeler::<(), _>(nommee("secret", ()));
            matches!(&answer, Err(Erreur::Distante(distante))
                if distante.nature == NatureDistante::SansRessources
                    && distante.to_string().contains("quand_connecte")
                    && !answer.as_ref().unwrap_err().a_pu_etre_executee())
        };
        client.enregistrer_commande("who", who).unwrap();
        let listening = client.clone();
        let lancer = thread::spawn(move || listening.lancer());
        let watch = Stopwatch::start();
        assert!(hooked.recv().unwrap().unwrap(), "refused, and said why");
        assert!(watch.elapsed() < Duration::from_secs(2));
        client.appeler::<(), _>(nommee("secret", ())).unwrap();
        assert!(ran.load(Ordering::SeqCst));
        client.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn a_stop_by_the_hook_only_begins() {
    with_watchdog("stop", LIMIT, || {
        let (sender, hooked) = mpsc::channel();
        let options = Serveur::options(0).quand_connecte(move |client| {
            let refused = client.lancer().is_err();
            sender.send((refused, client.eteindre().is_ok(), client.est_connecte())).unwrap();
        });
        let running = Running::new(options);
        let client = running.client();
        assert_eq!(hooked.recv().unwrap(), (true, true, true));
        client.eteindre().unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn a_client_has_left_once_its_last_command_has_returned() {
    with_watchdog("left", LIMIT, || {
        let (sender, hooked) = mpsc::channel();
        let inside = Arc::new(AtomicUsize::new(0));
        let seen = inside.clone();
        let options = Serveur::options(0).quand_deconnecte(move |_, _| {
            sender.send(seen.load(Ordering::SeqCst)).unwrap();
        });
        let serveur = options.ouvrir().unwrap();
        // It waits for the client, so that another thread runs it on when the connection ends.
        let (started, starts) = mpsc::channel();
        let slow = move |client: &Client, (): ()| {
            inside.fetch_add(1, Ordering::SeqCst);
            started.send(()).unwrap();
            let _ended = client.appeler::<(), _>(nommee("never", ()));
            thread::sleep(Duration::from_millis(100));
            inside.fetch_sub(1, Ordering::SeqCst);
        };
        serveur.enregistrer_commande("slow", slow).unwrap();
        let running = Running::of(serveur);
        let client = running.client();
        let (entered, enters) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let ends = Mutex::new(ends);
        let never = move |_: &Client, (): ()| {
            entered.send(()).unwrap();
            let _end = ends.lock().unwrap().recv();
        };
        client.enregistrer_commande("never", never).unwrap();
        let listening = client.clone();
        let lancer = thread::spawn(move || listening.lancer());
        // The second runs on a stand-in, for the first waits.
        client.envoyer(nommee("slow", ())).unwrap();
        client.envoyer(nommee("slow", ())).unwrap();
        (0..2).for_each(|_| starts.recv().unwrap());
        enters.recv().unwrap();
        client.close();
        assert_eq!(hooked.recv().unwrap(), 0, "a command still ran");
        drop(end);
        lancer.join().unwrap().unwrap();
        running.stop().unwrap();
    });
}
