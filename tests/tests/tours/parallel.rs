//! Commands that may run beside others: who exceeds the limit waits aside and holds nobody up.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use cconn::{Attente, Client, OptionsServeur, Resultat, Serveur, commande, commandes};
use cconn_tests::{Stopwatch, with_watchdog};

use super::{LIMIT, Running};

/// How many commands of one test wait, how many have run, and whether they may go on.
#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    inside: usize,
    most: usize,
    ran: usize,
    open: bool,
}

static GATES: LazyLock<Mutex<HashMap<u32, Arc<Gate>>>> = LazyLock::new(Mutex::default);

fn gate(number: u32) -> Arc<Gate> {
    GATES.lock().unwrap().entry(number).or_default().clone()
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.inside += 1;
        state.most = state.most.max(state.inside);
        self.changed.notify_all();
        while !state.open {
            state = self.changed.wait(state).unwrap();
        }
        state.inside -= 1;
        state.ran += 1;
        self.changed.notify_all();
    }

    fn open(&self) {
        self.state.lock().unwrap().open = true;
        self.changed.notify_all();
    }

    fn await_inside(&self, count: usize) {
        let mut state = self.state.lock().unwrap();
        while state.inside < count {
            state = self.changed.wait(state).unwrap();
        }
    }

    fn counts(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap();
        (state.most, state.ran)
    }
}

#[commande(parallele)]
fn bloquer(number: u32) {
    gate(number).pass();
}

#[commande(parallele)]
fn rappeler(client: &Client, number: u32) -> Resultat<()> {
    client.appeler(attendre_la(number))
}

fn attendre_la(number: u32) -> bloquer {
    bloquer { number }
}

#[commande]
fn ouvrir(number: u32) -> u8 {
    gate(number).open();
    7
}

#[commande]
fn noter(number: u32) {
    gate(number).state.lock().unwrap().ran += 1;
}

fn running(options: OptionsServeur) -> Running {
    let serveur = options.ouvrir().unwrap();
    serveur.enregistrer(commandes![bloquer, rappeler, ouvrir, noter]).unwrap();
    Running::of(serveur)
}

fn blocked(client: &Client, number: u32, count: usize) -> Vec<Attente<()>> {
    (0..count).map(|_| client.differer(bloquer { number }).unwrap()).collect()
}

/// Far less than any deadline.
const SOON: Duration = Duration::from_secs(2);

#[test]
fn calls_beyond_the_limit_hold_nobody_up() {
    with_watchdog("beyond the limit", LIMIT, || {
        for (number, beyond) in [(1, 1), (2, 17), (3, 1000)] {
            let running = running(Serveur::options(0));
            let client = running.client();
            let answers = blocked(&client, number, 16 + beyond);
            let watch = Stopwatch::start();
            assert_eq!(client.appeler(ouvrir { number }).unwrap(), 7);
            assert!(watch.elapsed() < SOON, "{:?}", watch.elapsed());
            for answer in answers {
                answer.attendre().unwrap();
            }
            let (most, ran) = gate(number).counts();
            assert_eq!((most <= 16, ran), (true, 16 + beyond));
            client.eteindre().unwrap();
            running.stop().unwrap();
        }
    });
}

#[test]
fn one_at_a_time_is_a_limit_too() {
    with_watchdog("one at a time", LIMIT, || {
        let number = 10;
        let running = running(Serveur::options(0).max_paralleles(1).max_attentes(0));
        let client = running.client();
        let answers = blocked(&client, number, 3);
        gate(number).await_inside(1);
        assert_eq!(client.appeler(ouvrir { number }).unwrap(), 7);
        for answer in answers {
            answer.attendre().unwrap();
        }
        assert_eq!(gate(number).counts(), (1, 3));
        running.stop().unwrap();
    });
}

#[test]
fn one_ways_beyond_the_limit_hold_nobody_up() {
    with_watchdog("one-ways", LIMIT, || {
        let number = 20;
        let running = running(Serveur::options(0));
        let client = running.client();
        (0..40).for_each(|_| client.envoyer(bloquer { number }).unwrap());
        assert_eq!(client.appeler(ouvrir { number }).unwrap(), 7);
        // What was accepted is handled.
        client.eteindre().unwrap();
        running.stop().unwrap();
        assert_eq!(gate(number).counts().1, 40);
    });
}

#[test]
fn a_call_that_waits_aside_can_be_given_up() {
    with_watchdog("given up", LIMIT, || {
        let number = 30;
        let running = running(Serveur::options(0).max_paralleles(2));
        let client = running.client();
        let mut answers = blocked(&client, number, 6);
        gate(number).await_inside(2);
        answers.drain(2..5);
        client.appeler(noter { number }).unwrap();
        assert_eq!(client.appeler(ouvrir { number }).unwrap(), 7);
        for answer in answers {
            answer.attendre().unwrap();
        }
        assert_eq!(gate(number).counts().1, 3 + 1, "those that were given up never ran");
        running.stop().unwrap();
    });
}

#[test]
fn commands_behind_keep_their_order() {
    with_watchdog("order", LIMIT, || {
        let number = 40;
        let serveur = Serveur::options(0).max_paralleles(1).ouvrir().unwrap();
        serveur.enregistrer(commandes![bloquer, ouvrir]).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = seen.clone();
        let note = move |_: &Client, (n,): (u32,)| notes.lock().unwrap().push(n);
        serveur.enregistrer_commande("note", note).unwrap();
        let running = Running::of(serveur);
        let client = running.client();
        let mut answers = Vec::new();
        for n in 0..50_u32 {
            answers.push(client.differer(bloquer { number }).unwrap());
            client.envoyer(cconn::nommee("note", (n,))).unwrap();
        }
        assert_eq!(client.appeler(ouvrir { number }).unwrap(), 7);
        assert_eq!(*seen.lock().unwrap(), (0..50).collect::<Vec<_>>());
        for answer in answers {
            answer.attendre().unwrap();
        }
        running.stop().unwrap();
    });
}

#[test]
fn a_client_without_lancer_is_held_up_no_more() {
    with_watchdog("without lancer", LIMIT, || {
        let number = 50;
        let serveur = Serveur::new(0).unwrap();
        let ask = move |client: &Client, (): ()| -> Resultat<u8> {
            let answers = blocked(client, number, 20);
            let seven = client.appeler(ouvrir { number })?;
            for answer in answers {
                answer.attendre()?;
            }
            Ok(seven)
        };
        serveur.enregistrer_commande("ask", ask).unwrap();
        let running = Running::of(serveur);
        let client = running.client();
        client.enregistrer(commandes![bloquer, ouvrir]).unwrap();
        assert_eq!(client.appeler::<u8, _>(cconn::nommee("ask", ())).unwrap(), 7);
        client.eteindre().unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn both_limits_reached_hold_up_nothing_else() {
    with_watchdog("both limits", LIMIT, || {
        let number = 60;
        let running = running(Serveur::options(0).max_paralleles(2).max_attentes(2));
        let client = running.client();
        client.enregistrer(commandes![bloquer]).unwrap();
        let listening = client.clone();
        let lancer = thread::spawn(move || listening.lancer());
        // Two wait for an answer of the client's, two run, the others wait aside.
        let waiting: Vec<Attente<()>> =
            (0..2).map(|_| client.differer(rappeler { number }).unwrap()).collect();
        gate(number).await_inside(2);
        let answers = blocked(&client, number, 6);
        gate(number).await_inside(4);
        assert_eq!(client.appeler(ouvrir { number }).unwrap(), 7);
        for answer in waiting.into_iter().chain(answers) {
            answer.attendre().unwrap();
        }
        client.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
        running.stop().unwrap();
    });
}
