//! What had arrived when the last handle was dropped, at a peer that is busy for longer than the drop
//! waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cconn::erreur::RaisonFin;
use cconn::{Client, Resultat, Serveur, nommee};
use cconn_tests::{undisturbed, until, with_watchdog};

use super::LIMIT;

/// Longer than the drop of a last handle waits.
const BUSY: Duration = Duration::from_secs(2);

const LINES: u32 = 200;

/// A server that is busy with the first command of each client, and the lines that it has handled.
struct Busy {
    serveur: Serveur,
    lines: Arc<AtomicU32>,
    lancer: JoinHandle<Resultat<()>>,
}

impl Busy {
    fn new() -> Self {
        let serveur = Serveur::options(0).max_clients(8).ouvrir().unwrap();
        let lines = Arc::new(AtomicU32::new(0));
        serveur.enregistrer_commande("busy", |_, (): ()| thread::sleep(BUSY)).unwrap();
        let counted = lines.clone();
        let line = move |_: &Client, (): ()| {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        serveur.enregistrer_commande("line", line).unwrap();
        let running = serveur.clone();
        let lancer = thread::spawn(move || running.lancer());
        Busy { serveur, lines, lancer }
    }

    /// A client that has kept the server busy and sent `LINES` lines behind that.
    fn client(&self) -> Client {
        let client = Client::new(self.serveur.adresse()).unwrap();
        client.envoyer(nommee("busy", ())).unwrap();
        for _ in 0..LINES {
            client.envoyer(nommee("line", ())).unwrap();
        }
        client
    }

    fn assert_handles(self, lines: u32) {
        until("the clients have left", || self.serveur.clients().is_empty());
        self.serveur.eteindre().unwrap();
        self.lancer.join().unwrap().unwrap();
        assert_eq!(self.lines.load(Ordering::Relaxed), lines);
    }
}

#[test]
fn what_had_arrived_runs_though_the_drop_waits_no_longer() {
    with_watchdog("the last handle", LIMIT, || {
        let busy = Busy::new();
        drop(busy.client());
        busy.assert_handles(LINES);
    });
}

#[test]
fn what_had_arrived_runs_though_a_command_dropped_the_last_handle() {
    with_watchdog("the last handle, inside a command", LIMIT, || {
        let busy = Busy::new();
        let client = Client::options(busy.serveur.adresse())
            .delai_arret(Duration::from_millis(100))
            .connecter()
            .unwrap();
        let own = std::sync::Mutex::new(None);
        let own = Arc::new(own);
        let held = own.clone();
        client
            .enregistrer_commande("lache", move |_, (): ()| drop(held.lock().unwrap().take()))
            .unwrap();
        client.ecouter().unwrap();
        client.appeler::<(), _>(nommee("line", ())).unwrap();
        let there = busy.serveur.clients().pop().unwrap();
        client.envoyer(nommee("busy", ())).unwrap();
        for _ in 0..LINES {
            client.envoyer(nommee("line", ())).unwrap();
        }
        *own.lock().unwrap() = Some(client);
        there.envoyer(nommee("lache", ())).unwrap();
        busy.assert_handles(LINES + 1);
    });
}

/// The second that a drop may take is that of a whole row.
#[test]
fn a_row_of_drops_takes_little_longer_than_one() {
    with_watchdog("a row of drops", LIMIT, || {
        undisturbed(Duration::from_millis(50), || {
            let busy = Busy::new();
            let row: Vec<Client> = (0..5).map(|_| busy.client()).collect();
            let begin = Instant::now();
            drop(row);
            let took = begin.elapsed();
            assert!(took < Duration::from_millis(1800), "five drops took {took:?}");
            busy.assert_handles(5 * LINES);
        });
    });
}

#[test]
fn a_drop_that_waits_no_longer_is_an_orderly_end_to_the_peer() {
    with_watchdog("what the peer sees", LIMIT, || {
        let busy = Busy::new();
        let client = busy.client();
        until("the client is there", || !busy.serveur.clients().is_empty());
        let there = busy.serveur.clients().pop().unwrap();
        drop(client);
        until("it has ended", || !there.est_connecte());
        let fin = there.fin().unwrap();
        assert_eq!((fin.raison, fin.ici), (RaisonFin::FermeeParLePair, false), "{fin}");
        busy.assert_handles(LINES);
    });
}
