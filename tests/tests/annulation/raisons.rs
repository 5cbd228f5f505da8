//! Why a command is not wanted any more, and what ends with it: its own waits, what it has called,
//! and what it has asked to be told by.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use cconn::contexte::Contexte;
use cconn::erreur::{RaisonAnnulation, RaisonNonEnvoi};
use cconn::flux::Flux;
use cconn::{Attente, Client, Erreur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{undisturbed, with_watchdog};

use super::{LIMIT, SHORT, given_up, until_cancelled};

/// A server whose command `longue` goes on until it is not wanted, and says why.
fn longue() -> Longue {
    let serveur = Serveur::options(0).delai_arret(Duration::from_secs(2)).ouvrir().unwrap();
    let (sender, why) = mpsc::channel();
    let (begun, runs) = mpsc::channel();
    serveur
        .enregistrer_commande("longue", move |client: &Client, (): ()| {
            begun.send(()).unwrap();
            until_cancelled(client);
            let raison = client.annulation().unwrap();
            let error = client.verifier().unwrap_err();
            let Erreur::Annulee(annulee) = &error else { panic!("{error}") };
            assert_eq!(annulee.raison, raison);
            sender.send(raison).unwrap();
        })
        .unwrap();
    let client = serveur.client_local().unwrap();
    Longue { serveur, client, runs, why }
}

struct Longue {
    serveur: Serveur,
    client: Client,
    runs: mpsc::Receiver<()>,
    why: mpsc::Receiver<RaisonAnnulation>,
}

impl Longue {
    /// Calls the command, and waits until it runs.
    fn call(&self) -> Attente<()> {
        let call = self.client.differer(nommee("longue", ())).unwrap();
        self.client.vider().unwrap();
        self.runs.recv().unwrap();
        call
    }
}

#[test]
fn a_call_that_is_given_up_says_so() {
    with_watchdog("given up", LIMIT, || {
        let longue = longue();
        drop(longue.call());
        assert_eq!(longue.why.recv().unwrap(), RaisonAnnulation::Abandonnee);
    });
}

#[test]
fn the_time_of_the_caller_is_over() {
    with_watchdog("late", LIMIT, || {
        let longue = longue();
        // The call is not given up: its time was told when it was sent.
        let call = || {
            let time = Contexte::vide().avec_delai(5 * SHORT);
            time.dans(|| longue.client.differer::<(), _>(nommee("longue", ()))).unwrap().attendre()
        };
        // A process that is held up for so long does not even start it.
        undisturbed(SHORT, || call().unwrap());
        assert_eq!(longue.why.recv().unwrap(), RaisonAnnulation::Delai);
    });
}

#[test]
fn the_connection_is_lost() {
    with_watchdog("lost", LIMIT, || {
        let longue = longue();
        let _call = longue.call();
        longue.client.close();
        assert_eq!(longue.why.recv().unwrap(), RaisonAnnulation::ConnexionPerdue);
    });
}

#[test]
fn this_side_stops_and_half_of_the_grace_is_over() {
    with_watchdog("stop", LIMIT, || {
        let longue = longue();
        let call = longue.call();
        longue.serveur.eteindre().unwrap();
        assert_eq!(longue.why.recv().unwrap(), RaisonAnnulation::Arret);
        // The rest of the grace is for the answer.
        call.attendre().unwrap();
    });
}

#[test]
fn this_side_closes() {
    with_watchdog("close", LIMIT, || {
        let longue = longue();
        let _call = longue.call();
        cconn_tests::first_client(&longue.serveur).close();
        assert_eq!(longue.why.recv().unwrap(), RaisonAnnulation::Arret);
    });
}

/// What the end of `dehors` says, and why `dedans` has ended.
struct Chained {
    _serveur: Serveur,
    client: Client,
    /// `dehors` waits.
    waits: mpsc::Receiver<()>,
    outer: mpsc::Receiver<String>,
    inner: mpsc::Receiver<RaisonAnnulation>,
}

/// A server whose command `dehors` waits in `act` for the client's `dedans`, say, which goes on
/// until it is not wanted. `act` tells once it waits.
fn chained(
    act: impl Fn(&Client, &mpsc::Sender<()>) -> Resultat<()> + Send + Sync + 'static,
) -> Chained {
    let serveur = Serveur::new(0).unwrap();
    let (ended, outer) = mpsc::channel();
    let (begun, waits) = mpsc::channel();
    let inside = begun.clone();
    serveur
        .enregistrer_commande("dehors", move |client: &Client, (): ()| {
            let said = match act(client, &begun) {
                Ok(()) => "done".to_owned(),
                Err(error @ Erreur::Annulee(_)) => {
                    assert!(!error.est_fatale());
                    error.to_string()
                }
                Err(error) => panic!("{error}"),
            };
            ended.send(said).unwrap();
        })
        .unwrap();
    let client = serveur.client_local().unwrap();
    let (sender, inner) = mpsc::channel();
    client
        .enregistrer_commande("dedans", move |client: &Client, (): ()| {
            inside.send(()).unwrap();
            until_cancelled(client);
            sender.send(client.annulation().unwrap()).unwrap();
        })
        .unwrap();
    client.ecouter().unwrap();
    Chained { _serveur: serveur, client, waits, outer, inner }
}

impl Chained {
    /// Calls `dehors`, gives it up once it waits, and returns what it says of its wait.
    fn given_up(&self) -> String {
        let call = self.client.differer::<(), _>(nommee("dehors", ())).unwrap();
        self.client.vider().unwrap();
        self.waits.recv().unwrap();
        drop(call);
        self.outer.recv().unwrap()
    }
}

#[test]
fn a_nested_call_ends_with_the_command_that_waits_for_it() {
    with_watchdog("nested call", LIMIT, || {
        let at_once = chained(|client, _| client.appeler(nommee("dedans", ())));
        let later = chained(|client, _| client.differer(nommee("dedans", ()))?.attendre());
        let first = chained(|client, _| {
            let calls = [client.differer::<(), _>(nommee("dedans", ()))?];
            let first = Attente::premiere(&calls, Duration::from_secs(10))?;
            panic!("{first:?} is answered");
        });
        for chain in [at_once, later, first] {
            let said = chain.given_up();
            assert!(said.contains("given up"), "{said}");
            assert_eq!(chain.inner.recv().unwrap(), RaisonAnnulation::Abandonnee);
        }
    });
}

#[test]
fn work_that_goes_on_regardless_is_not_ended() {
    with_watchdog("shielded", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (sender, seen) = mpsc::channel();
        serveur
            .enregistrer_commande("annule", move |client: &Client, (): ()| {
                let before = client.differer::<(), _>(nommee("dort", ())).unwrap();
                until_cancelled(client);
                // It waits for nothing any more, and what was sent before may have run.
                let late = before.attendre().unwrap_err();
                assert!(matches!(late, Erreur::Annulee(_)) && late.a_pu_etre_executee(), "{late}");
                let refused = client.appeler::<u8, _>(nommee("defait", ())).unwrap_err();
                let Erreur::Annulee(annulee) = &refused else { panic!("{refused}") };
                assert!(!annulee.a_pu_etre_executee, "{refused}");
                let undone = Contexte::actuel().sans_annulation().dans(|| {
                    assert!(!client.est_annule() && client.verifier().is_ok());
                    client.appeler::<u8, _>(nommee("defait", ()))
                });
                sender.send(undone.unwrap()).unwrap();
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        client.enregistrer_commande("defait", |_, (): ()| 7_u8).unwrap();
        client
            .enregistrer_commande("dort", |client: &Client, (): ()| until_cancelled(client))
            .unwrap();
        client.ecouter().unwrap();
        assert_eq!(given_up(&client, "annule", &seen), 7);
    });
}

#[test]
fn a_wait_on_another_connection_ends_too() {
    with_watchdog("another connection", LIMIT, || {
        let behind = Serveur::new(0).unwrap();
        let (begun, runs) = mpsc::channel();
        behind
            .enregistrer_commande("dedans", move |client: &Client, (): ()| {
                begun.send(()).unwrap();
                until_cancelled(client);
            })
            .unwrap();
        let other = behind.client_local().unwrap();
        let serveur = Serveur::new(0).unwrap();
        let (sender, seen) = mpsc::channel();
        serveur
            .enregistrer_commande("dehors", move |_, (): ()| {
                let error = other.appeler::<(), _>(nommee("dedans", ())).unwrap_err();
                sender.send(error.to_string()).unwrap();
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        let call = client.differer::<(), _>(nommee("dehors", ())).unwrap();
        client.vider().unwrap();
        runs.recv().unwrap();
        drop(call);
        let said = seen.recv().unwrap();
        assert!(said.contains("given up"), "{said}");
    });
}

#[test]
fn a_closure_is_told_once() {
    with_watchdog("told", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (sender, told) = mpsc::channel();
        let dropped = Arc::new(AtomicUsize::new(0));
        let count = dropped.clone();
        serveur
            .enregistrer_commande("attend", move |client: &Client, (): ()| {
                let (stop, stopped) = mpsc::channel();
                let _guard = client.sur_annulation(move |why| stop.send(why).unwrap());
                let count = count.clone();
                drop(client.sur_annulation(move |_| {
                    count.fetch_add(1, Ordering::Relaxed);
                }));
                let why = stopped.recv().unwrap();
                // It is not wanted already: the closure runs at once.
                let (at_once, came) = mpsc::channel();
                let _late = client.sur_annulation(move |why| at_once.send(why).unwrap());
                sender.send((why, came.try_recv(), stopped.try_recv().is_err())).unwrap();
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        let (why, at_once, once) = given_up(&client, "attend", &told);
        assert!(once);
        assert!(matches!(why, RaisonAnnulation::Abandonnee | RaisonAnnulation::Delai), "{why}");
        assert!(at_once.is_ok(), "{at_once:?}");
        assert_eq!(dropped.load(Ordering::Relaxed), 0, "a closure whose guard is gone");
        // Outside of a command there is nothing to be told of.
        let (never, came) = mpsc::channel();
        let guard = client.sur_annulation(move |why| never.send(why).unwrap());
        client.close();
        assert!(came.recv_timeout(SHORT).is_err());
        drop(guard);
    });
}

#[test]
fn a_closure_that_is_told_waits_for_no_connection() {
    with_watchdog("no wait", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (sender, told) = mpsc::channel();
        serveur
            .enregistrer_commande("attend", move |client: &Client, (): ()| {
                let (stop, stopped) = mpsc::channel();
                let there = client.clone();
                let _guard = client.sur_annulation(move |_| {
                    let refused = there.appeler::<(), _>(nommee("rien", ())).unwrap_err();
                    let Erreur::NonEnvoyee(refused) = refused else { panic!("{refused}") };
                    stop.send(refused.raison == RaisonNonEnvoi::DansUnRappel).unwrap();
                });
                sender.send(stopped.recv().unwrap()).unwrap();
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        assert!(given_up(&client, "attend", &told));
    });
}

#[test]
fn another_thread_of_the_command_is_told_too() {
    with_watchdog("carried", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (sender, seen) = mpsc::channel();
        serveur
            .enregistrer_commande("par_un_autre", move |client: &Client, (): ()| {
                let there = client.clone();
                let work = Contexte::porter(move || {
                    until_cancelled(&there);
                    there.appeler::<(), _>(nommee("rien", ())).unwrap_err().to_string()
                });
                sender.send(thread::spawn(work).join().unwrap()).unwrap();
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        let said = given_up(&client, "par_un_autre", &seen);
        assert!(said.contains("`rien` was not run"), "{said}");
    });
}

#[commande]
fn sans_fin(client: &Client) -> impl Iterator<Item = u32> {
    let client = client.clone();
    let mut n = 0;
    std::iter::from_fn(move || {
        n += 1;
        if n > 3 {
            // Nobody takes this one; the iterator waits until it is told.
            until_cancelled(&client);
        }
        Some(n)
    })
}

#[test]
fn a_stream_that_is_dropped_is_not_wanted() {
    with_watchdog("stream", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![sans_fin]).unwrap();
        let client = serveur.client_local().unwrap();
        let mut flux: Flux<u32> = client.appeler(sans_fin {}).unwrap();
        assert_eq!(flux.next().unwrap().unwrap(), 1);
        drop(flux);
        client.eteindre().unwrap();
    });
}

#[test]
fn a_stream_that_an_unwanted_command_takes_ends() {
    with_watchdog("stream taken", LIMIT, || {
        let chain = chained(|client, begun| {
            let mut flux: Flux<u32> = client.appeler(sans_fin {})?;
            assert_eq!(flux.by_ref().take(3).map(Result::unwrap).last(), Some(3));
            begun.send(()).unwrap();
            let last = flux.next().unwrap().map(|_| ());
            assert!(flux.next().is_none(), "one error, then nothing");
            last
        });
        chain.client.enregistrer(commandes![sans_fin]).unwrap();
        let said = chain.given_up();
        assert!(said.contains("has given it up"), "{said}");
    });
}
