//! What had arrived when the last handle was dropped, at a peer that is busy for longer than the drop
//! waits.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cconn::erreur::RaisonFin;
use cconn::{Client, Erreur, Etat, OptionsServeur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{undisturbed, until, with_watchdog};

use super::LIMIT;

/// Longer than the drop of a last handle waits.
const BUSY: Duration = Duration::from_millis(1400);

const LINES: u32 = 200;

/// A server that the first command of each client keeps busy.
struct Busy {
    serveur: Serveur,
    /// How many lines it has handled.
    lines: Arc<AtomicU32>,
    lancer: JoinHandle<Resultat<()>>,
}

impl Busy {
    fn new() -> Self {
        Busy::with(Serveur::options(0), BUSY)
    }

    fn with(options: OptionsServeur, time: Duration) -> Self {
        let serveur = options.max_clients(40).ouvrir().unwrap();
        let lines = Arc::new(AtomicU32::new(0));
        serveur.enregistrer_commande("busy", move |_, (): ()| thread::sleep(time)).unwrap();
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
        let own = Mutex::new(None);
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
            let busy = Busy::with(Serveur::options(0), Duration::from_secs(2));
            let row: Vec<Client> = (0..5).map(|_| busy.client()).collect();
            let begin = Instant::now();
            drop(row);
            let took = begin.elapsed();
            assert!(took < Duration::from_millis(1800), "five drops took {took:?}");
            busy.assert_handles(5 * LINES);
        });
    });
}

/// Drops that need less than their time take none from a later one.
#[test]
fn a_drop_behind_quick_ones_has_its_whole_second() {
    with_watchdog("a drop behind quick ones", LIMIT, || {
        let busy = Busy::with(Serveur::options(0), Duration::from_millis(400));
        let quick: Vec<_> = (0..30).map(|_| Client::new(busy.serveur.adresse()).unwrap()).collect();
        for client in &quick {
            client.envoyer(nommee("line", ())).unwrap();
        }
        let last = busy.client();
        let begin = Instant::now();
        drop(quick);
        drop(last);
        assert!(begin.elapsed() >= Duration::from_millis(300), "it was not waited for");
        busy.assert_handles(LINES + 30);
    });
}

/// What a peer has closed is run however long that takes: no stop was asked for there.
#[test]
fn what_had_arrived_runs_behind_a_close_for_longer_than_a_stop_may_take() {
    type End = fn(Client);
    // The drop closes the connection after a second.
    let ends: [(End, u64, u64); 2] = [(|client| client.close(), 100, 600), (drop, 1200, 1900)];
    with_watchdog("a short grace period", LIMIT, || {
        for (end, grace, busy) in ends {
            let options = Serveur::options(0).delai_arret(Duration::from_millis(grace));
            let busy = Busy::with(options, Duration::from_millis(busy));
            end(busy.client());
            until("the line is run", || busy.lines.load(Ordering::Relaxed) == LINES);
            busy.assert_handles(LINES);
        }
    });
}

/// It returns when nobody holds the other end any more.
#[commande(parallele)]
fn attend(fin: &Etat<Mutex<mpsc::Receiver<()>>>) {
    let _nobody_sends = fin.lock().unwrap().recv();
}

/// A command that does not return hides the end for no longer than a stop may take.
#[test]
fn the_end_is_told_though_a_command_that_was_begun_does_not_return() {
    with_watchdog("a command that does not return", LIMIT, || {
        let (told, hook) = mpsc::channel();
        let (held, end) = mpsc::channel::<()>();
        let options = Serveur::options(0)
            .delai_arret(Duration::from_millis(200))
            .fournir(Mutex::new(end))
            .quand_deconnecte(move |_, _| told.send(()).unwrap());
        let busy = Busy::with(options, Duration::from_millis(500));
        busy.serveur.enregistrer(commandes![attend]).unwrap();
        let client = Client::new(busy.serveur.adresse()).unwrap();
        client.envoyer(attend {}).unwrap();
        client.appeler::<(), _>(nommee("line", ())).unwrap();
        client.envoyer(nommee("busy", ())).unwrap();
        client.envoyer(nommee("line", ())).unwrap();
        client.close();
        hook.recv_timeout(LIMIT).expect("the end is told");
        drop(held);
        busy.assert_handles(2);
    });
}

#[test]
fn a_stop_that_drops_the_rest_of_a_closed_client_says_so() {
    with_watchdog("the rest of a closed client", LIMIT, || {
        let options = Serveur::options(0).delai_arret(Duration::from_millis(100));
        let busy = Busy::with(options, Duration::from_millis(800));
        let client = busy.client();
        until("the client is there", || !busy.serveur.clients().is_empty());
        client.close();
        until("the end is known", || busy.serveur.clients().is_empty());
        let late = busy.serveur.eteindre().unwrap_err();
        assert!(late.to_string().contains("1 connection was cut"), "{late}");
        busy.lancer.join().unwrap().unwrap_err();
    });
}

/// Messages of the server's that the client had not begun are lost with it, and the server is told.
#[test]
fn who_lets_go_of_what_it_has_not_begun_tells_the_sender() {
    // [goodbye.let-go]
    with_watchdog("commands not begun", LIMIT, || {
        let (told, of_server) = mpsc::channel();
        let options = Serveur::options(0).quand_deconnecte(move |_, how| told.send(how).unwrap());
        let serveur = options.ouvrir().unwrap();
        let running = serveur.clone();
        let lancer = thread::spawn(move || running.lancer());
        let (told, of_client) = mpsc::channel();
        let options = Client::options(serveur.adresse());
        let client =
            options.quand_deconnecte(move |_, how| told.send(how).unwrap()).connecter().unwrap();
        let (begun, begins) = mpsc::channel();
        client
            .enregistrer_commande("busy", move |_, (): ()| {
                begun.send(()).unwrap();
                thread::sleep(BUSY);
            })
            .unwrap();
        client.ecouter().unwrap();
        until("the client is there", || !serveur.clients().is_empty());
        let there = serveur.clients().pop().unwrap();
        for _ in 0..3 {
            there.envoyer(nommee("busy", ())).unwrap();
        }
        begins.recv().unwrap();
        drop(client);
        let Err(Erreur::Fermee(fin)) = of_server.recv().unwrap() else { panic!("it is told") };
        assert_eq!(fin.raison, RaisonFin::Expulsee, "{fin}");
        assert!(fin.texte.contains("were not run"), "{fin}");
        let Err(Erreur::Fermee(fin)) = of_client.recv().unwrap() else { panic!("it is told") };
        assert_eq!((fin.raison, fin.ici), (RaisonFin::DelaiDeGrace, true), "{fin}");
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
    });
}

/// A stop promises that everything was handled. A peer that closes meanwhile keeps it from that.
#[test]
fn a_stop_during_which_the_peer_closes_is_not_said_to_be_whole() {
    with_watchdog("a close during a stop", LIMIT, || {
        let busy = Busy::new();
        let client = busy.client();
        until("the client is there", || !busy.serveur.clients().is_empty());
        let there = busy.serveur.clients().pop().unwrap();
        let stops = client.clone();
        let stop = thread::spawn(move || stops.eteindre());
        thread::sleep(Duration::from_millis(100));
        there.close();
        let Err(Erreur::Fermee(fin)) = stop.join().unwrap() else { panic!("nothing was handled") };
        assert_eq!((fin.raison, fin.ici), (RaisonFin::FermeeParLePair, false));
        client.eteindre().unwrap();
        busy.serveur.eteindre().unwrap();
        busy.lancer.join().unwrap().unwrap();
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
