//! What a promise runs when nobody waits for its answer any more.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use cconn::erreur::RaisonAnnulation;
use cconn::{Client, Etat, Promesse, Serveur, commande, commandes};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running};

/// Where commands leave their promises.
struct Left(Mutex<Sender<Promesse<u64>>>);

#[commande]
fn plus_tard(left: &Etat<Left>, reponse: Promesse<u64>) {
    left.0.lock().unwrap().send(reponse).unwrap();
}

#[commande]
fn panique(left: &Etat<Left>, told: &Etat<Told>, reponse: Promesse<u64>) {
    let reponse = told.tell_of(reponse);
    left.0.lock().unwrap().send(reponse).unwrap();
    panic!("on purpose");
}

#[commande]
fn double(n: u64) -> u64 {
    2 * n
}

/// Where promises tell why they are not wanted.
struct Told(Mutex<Sender<RaisonAnnulation>>);

impl Told {
    fn tell_of<T>(&self, promise: Promesse<T>) -> Promesse<T> {
        let told = self.0.lock().unwrap().clone();
        promise.sur_annulation(move |why| told.send(why).unwrap())
    }
}

struct All {
    running: Running,
    client: Client,
    left: Receiver<Promesse<u64>>,
    told: Receiver<RaisonAnnulation>,
    tells: Told,
}

fn all(grace: Duration) -> All {
    let (sender, left) = mpsc::channel();
    let (tells, told) = mpsc::channel();
    let options = Serveur::options(0).max_clients(4).delai_arret(grace);
    let serveur = options
        .fournir(Left(Mutex::new(sender)))
        .fournir(Told(Mutex::new(tells.clone())))
        .ouvrir()
        .unwrap();
    serveur.enregistrer(commandes![plus_tard, panique, double]).unwrap();
    let running = Running::of(serveur);
    let client = running.client();
    All { running, client, left, told, tells: Told(Mutex::new(tells)) }
}

#[test]
fn who_gives_up_is_heard_once() {
    // [cancel.running]
    with_watchdog("given up", LIMIT, || {
        let All { running, client, left, told, tells } = all(LIMIT);
        let waiting = client.differer(plus_tard {}).unwrap();
        client.vider().unwrap();
        // Two may listen, and the promise may be gone into one of them.
        let promise = tells.tell_of(tells.tell_of(left.recv().unwrap()));
        assert!(told.try_recv().is_err());
        drop(waiting);
        assert_eq!(told.recv(), Ok(RaisonAnnulation::Abandonnee));
        assert_eq!(told.recv(), Ok(RaisonAnnulation::Abandonnee));
        assert!(promise.est_annule());
        // It is so already: who listens now hears of it on its own thread.
        let promise = tells.tell_of(promise);
        assert_eq!(told.try_recv(), Ok(RaisonAnnulation::Abandonnee));
        drop(promise);
        // A deadline is a cancel of the caller's.
        let hasty = client.avec_delai(Duration::from_millis(50));
        let waiting = thread::spawn(move || hasty.appeler(plus_tard {}).unwrap_err());
        let promise = tells.tell_of(left.recv().unwrap());
        let reasons = [RaisonAnnulation::Abandonnee, RaisonAnnulation::Delai];
        assert!(reasons.contains(&told.recv().unwrap()));
        waiting.join().unwrap();
        drop(promise);
        assert_eq!(client.appeler(double { n: 2 }).unwrap(), 4);
        assert!(told.try_recv().is_err(), "none was told twice");
        running.stop().unwrap();
    });
}

#[test]
fn a_lost_connection_and_a_panic_are_heard() {
    with_watchdog("lost", LIMIT, || {
        let All { running, client, left, told, tells } = all(LIMIT);
        client.appeler(panique {}).unwrap_err();
        let void = left.recv().unwrap();
        assert_eq!(told.recv(), Ok(RaisonAnnulation::ConnexionPerdue), "its promise is void");
        void.tenir(1).unwrap_err();
        let _waiting = client.differer(plus_tard {}).unwrap();
        client.vider().unwrap();
        let promise = tells.tell_of(left.recv().unwrap());
        client.close();
        assert_eq!(told.recv(), Ok(RaisonAnnulation::ConnexionPerdue));
        let promise = tells.tell_of(promise);
        assert_eq!(told.try_recv(), Ok(RaisonAnnulation::ConnexionPerdue));
        drop(promise);
        running.stop().unwrap();
    });
}

#[test]
fn a_stop_is_heard_before_its_grace_is_over() {
    with_watchdog("stop", LIMIT, || {
        let All { running, client, left, told, tells } = all(Duration::from_millis(600));
        let waiting = client.differer(plus_tard {}).unwrap();
        client.vider().unwrap();
        let promise = tells.tell_of(left.recv().unwrap());
        let stopping = thread::spawn(move || running.stop());
        assert_eq!(told.recv(), Ok(RaisonAnnulation::Arret));
        drop(promise);
        drop(waiting.attendre());
        drop(stopping.join().unwrap());
        assert!(told.try_recv().is_err());
    });
}

/// Notes that it was dropped.
struct Noted(Arc<AtomicUsize>);

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn what_is_kept_or_dropped_before_is_not_heard_of() {
    with_watchdog("kept", LIMIT, || {
        let All { running, client, left, told, .. } = all(LIMIT);
        let dropped = Arc::new(AtomicUsize::new(0));
        let listening = |promise: Promesse<u64>| {
            let noted = Noted(dropped.clone());
            promise.sur_annulation(move |_| panic!("{}", noted.0.load(Ordering::SeqCst)))
        };
        let waiting = client.differer(plus_tard {}).unwrap();
        client.vider().unwrap();
        listening(left.recv().unwrap()).tenir(5).unwrap();
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "dropped with the promise");
        assert_eq!(waiting.attendre().unwrap(), 5);
        let waiting = client.differer(plus_tard {}).unwrap();
        client.vider().unwrap();
        drop(listening(left.recv().unwrap()));
        assert_eq!(dropped.load(Ordering::SeqCst), 2);
        waiting.attendre().unwrap_err();
        // Nobody waits for a message, and nobody gives it up.
        client.envoyer(plus_tard {}).unwrap();
        client.vider().unwrap();
        let promise = listening(left.recv().unwrap());
        client.close();
        drop(promise);
        assert_eq!(dropped.load(Ordering::SeqCst), 3);
        assert!(told.try_recv().is_err());
        running.stop().unwrap();
    });
}

#[test]
fn thousands_are_told_apart() {
    with_watchdog("many", LIMIT, || {
        const MANY: usize = 3000;
        let All { running, client, left, .. } = all(LIMIT);
        let waiting: Vec<_> = (0..MANY).map(|_| client.differer(plus_tard {}).unwrap()).collect();
        client.vider().unwrap();
        let (sender, told) = mpsc::channel();
        let promises: Vec<_> = left
            .iter()
            .take(MANY)
            .enumerate()
            .map(|(n, promise)| {
                let sender = sender.clone();
                promise.sur_annulation(move |_| sender.send(n).unwrap())
            })
            .collect();
        // Every third is given up, and told of alone.
        let mut kept = Vec::new();
        for (n, one) in waiting.into_iter().enumerate() {
            if n % 3 != 0 {
                kept.push(one);
            }
        }
        let mut heard: Vec<usize> = told.iter().take(MANY / 3).collect();
        heard.sort_unstable();
        assert!(heard.into_iter().eq((0..MANY).step_by(3)));
        for (n, promise) in promises.into_iter().enumerate() {
            assert_eq!(promise.tenir(n as u64).is_ok(), n % 3 != 0);
        }
        let answers = kept.into_iter().map(|one| one.attendre().unwrap());
        assert!(answers.eq((0..MANY as u64).filter(|n| n % 3 != 0)));
        drop(sender);
        assert!(told.iter().next().is_none(), "no other was told");
        running.stop().unwrap();
    });
}

#[test]
fn what_it_runs_may_drop_the_promise() {
    with_watchdog("drops itself", LIMIT, || {
        let All { running, client, left, .. } = all(LIMIT);
        let place = Arc::new(Mutex::new(None));
        let waiting = client.differer(plus_tard {}).unwrap();
        client.vider().unwrap();
        let (there, (gone, is_gone)) = (place.clone(), mpsc::channel());
        let promise = left.recv().unwrap().sur_annulation(move |_| {
            drop(there.lock().unwrap().take());
            gone.send(()).unwrap();
        });
        *place.lock().unwrap() = Some(promise);
        drop(waiting);
        is_gone.recv().unwrap();
        assert!(place.lock().unwrap().is_none());
        assert_eq!(client.appeler(double { n: 3 }).unwrap(), 6);
        running.stop().unwrap();
    });
}
