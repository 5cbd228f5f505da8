//! Messages with arguments that are streams, sent with each verb: the table "With which verb" of the
//! guide's page on streams.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use cconn::erreur::{Depart, RaisonNonEnvoi};
use cconn::flux::{Emetteur, Flux};
use cconn::{Attente, Client, Erreur, Octets, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::with_watchdog;
use testkit::undisturbed;

const LIMIT: Duration = Duration::from_secs(20);
const COUNT: u64 = 500;

#[commande]
fn ranger(nombres: Flux<u64>) -> Resultat<Vec<u64>> {
    nombres.collect()
}

#[commande]
fn peser(octets: Flux<Octets>) -> Resultat<usize> {
    octets.map(|morceau| Ok(morceau?.0.len())).sum()
}

#[commande]
fn compter(jusqu_a: u64) -> impl Iterator<Item = u64> {
    0..jusqu_a
}

#[commande]
fn doubler(nombres: Flux<u64>) -> impl Iterator<Item = Resultat<u64>> {
    nombres.map(|nombre| Ok(nombre? * 2))
}

/// Says for each item how far it is.
#[commande]
fn avancer(client: &Client, nombres: Flux<u64>) -> Resultat<u64> {
    let mut pris = 0;
    for nombre in nombres {
        pris = nombre? + 1;
        client.avancement(pris, None, "");
    }
    Ok(pris)
}

/// Does not look at its stream.
#[commande]
fn ignorer(nombres: Flux<u64>) -> u64 {
    drop(nombres);
    7
}

/// Tells how its stream has ended.
#[commande]
fn fin(nombres: Flux<u64>) -> String {
    let mut nombres = nombres;
    match nombres.find_map(Result::err) {
        Some(erreur) => erreur.to_string(),
        None => "complete".to_owned(),
    }
}

/// Calls its caller, with a stream of its own, and waits later.
#[commande]
fn rappeler(client: &Client) -> Resultat<Vec<u64>> {
    let attente = client.differer(ranger { nombres: Flux::de(0..COUNT) })?;
    attente.attendre()
}

fn pair() -> (Serveur, Client) {
    let serveur = Serveur::options(0).max_clients(8).ouvrir().unwrap();
    let all = commandes![ranger, peser, compter, doubler, avancer, ignorer, fin, rappeler];
    serveur.enregistrer(all).unwrap();
    let client = serveur.client_local().unwrap();
    client.enregistrer(commandes![ranger]).unwrap();
    (serveur, client)
}

/// Where the items of an argument come from.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Iterator,
    Channel,
    Peer,
}

const KINDS: [Kind; 3] = [Kind::Iterator, Kind::Channel, Kind::Peer];

impl Kind {
    /// A stream of numbers.
    fn numbers(self, client: &Client) -> Flux<u64> {
        match self {
            Kind::Iterator => Flux::de(0..COUNT),
            Kind::Channel => pushed(),
            Kind::Peer => client.appeler(compter { jusqu_a: COUNT }).unwrap(),
        }
    }
}

/// The stream of a channel into which a thread pushes.
fn pushed() -> Flux<u64> {
    let (emetteur, flux) = Flux::canal(8);
    thread::spawn(move || (0..COUNT).try_for_each(|n| emetteur.envoyer(n)).unwrap());
    flux
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Sends a call that is answered later.
type Defer = fn(&Client, Flux<u64>) -> Resultat<Attente<Vec<u64>>>;

const DEFER: [Defer; 2] = [
    |client, nombres| client.differer(ranger { nombres }),
    |client, nombres| client.essayer_appel(ranger { nombres }),
];

/// Takes the answer of such a call.
type Settle = fn(Attente<Vec<u64>>) -> Resultat<Vec<u64>>;

const SETTLE: [Settle; 5] = [
    Attente::attendre,
    |mut attente| {
        loop {
            if let Some(answer) = attente.attendre_au_plus(Duration::from_millis(1)) {
                return answer;
            }
        }
    },
    |attente| {
        while !attente.est_prete() {
            thread::yield_now();
        }
        attente.attendre()
    },
    |attente| block_on(attente),
    |attente| {
        let (tell, told) = mpsc::channel();
        attente.quand_prete(move |answer| tell.send(answer).unwrap());
        told.recv().unwrap()
    },
];

#[test]
fn a_call_that_is_waited_for_takes_a_stream_of_any_kind() {
    with_watchdog("waited for", LIMIT, || {
        let (_serveur, client) = pair();
        for kind in KINDS {
            let nombres = || kind.numbers(&client);
            let all = client.appeler(ranger { nombres: nombres() }).unwrap();
            assert!(all.into_iter().eq(0..COUNT), "{kind:?}");
            let all = client.appeler_suivi(ranger { nombres: nombres() }, |_| ()).unwrap();
            assert!(all.into_iter().eq(0..COUNT), "{kind:?}");
            let twice = client.appeler_suivi(doubler { nombres: nombres() }, |_| ()).unwrap();
            let twice: Vec<u64> = twice.collect::<Resultat<_>>().unwrap();
            assert!(twice.into_iter().eq((0..COUNT).map(|n| n * 2)), "{kind:?}");
        }
        client.eteindre().unwrap();
    });
}

#[test]
fn a_call_that_is_answered_later_takes_a_stream_of_any_kind() {
    with_watchdog("later", LIMIT, || {
        let (_serveur, client) = pair();
        for kind in KINDS {
            for defer in DEFER {
                for settle in SETTLE {
                    let attente = defer(&client, kind.numbers(&client)).unwrap();
                    assert!(settle(attente).unwrap().into_iter().eq(0..COUNT), "{kind:?}");
                }
                let twice = client.differer(doubler { nombres: kind.numbers(&client) }).unwrap();
                let twice: Vec<u64> = twice.attendre().unwrap().collect::<Resultat<_>>().unwrap();
                assert!(twice.into_iter().eq((0..COUNT).map(|n| n * 2)), "{kind:?}");
            }
        }
        client.eteindre().unwrap();
    });
}

#[test]
fn a_reader_goes_with_every_verb_that_calls() {
    with_watchdog("readers", LIMIT, || {
        let (_serveur, client) = pair();
        let message = || peser { octets: Flux::lire(std::io::repeat(7).take_bytes(200_000)) };
        assert_eq!(client.appeler(message()).unwrap(), 200_000);
        assert_eq!(client.appeler_suivi(message(), |_| ()).unwrap(), 200_000);
        assert_eq!(client.differer(message()).unwrap().attendre().unwrap(), 200_000);
        assert_eq!(client.essayer_appel(message()).unwrap().attendre().unwrap(), 200_000);
        let named = nommee("peser", ()).avec_flux(message().octets);
        assert_eq!(client.differer::<usize, _>(named).unwrap().attendre().unwrap(), 200_000);
        client.eteindre().unwrap();
    });
}

trait TakeBytes: std::io::Read + Sized {
    fn take_bytes(self, count: u64) -> std::io::Take<Self> {
        self.take(count)
    }
}

impl TakeBytes for std::io::Repeat {}

#[test]
fn progress_is_told_between_the_items() {
    with_watchdog("progress", LIMIT, || {
        let (_serveur, client) = pair();
        for kind in [Kind::Iterator, Kind::Channel] {
            let told = Arc::new(AtomicBool::new(false));
            let until = told.clone();
            // It has no end before the first report.
            let numbers = (0_u64..).take_while(move |_| !until.load(Ordering::SeqCst));
            let nombres = match kind {
                Kind::Iterator | Kind::Peer => Flux::de(numbers),
                Kind::Channel => {
                    let (emetteur, flux) = Flux::canal(8);
                    thread::spawn(move || {
                        for n in numbers {
                            emetteur.envoyer(n).unwrap();
                        }
                    });
                    flux
                }
            };
            let taken = client.appeler_suivi(avancer { nombres }, |p| {
                assert!(p.fait > 0);
                told.store(true, Ordering::SeqCst);
            });
            assert!(taken.unwrap() > 0 && told.load(Ordering::SeqCst));
        }
        client.eteindre().unwrap();
    });
}

#[test]
fn a_panic_of_who_is_told_gives_the_call_up_and_drops_its_source() {
    with_watchdog("told and panics", LIMIT, || {
        let (_serveur, client) = pair();
        let (alive, source) = watched(0_u64..);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            client.appeler_suivi(avancer { nombres: source }, |_| panic!("enough"))
        }));
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"enough"));
        assert!(alive.upgrade().is_none(), "the source is dropped");
        assert_eq!(client.appeler(ignorer { nombres: Flux::de(0..) }).unwrap(), 7);
        client.eteindre().unwrap();
    });
}

/// A stream of an iterator, and what lives as long as that does.
fn watched(
    numbers: impl Iterator<Item = u64> + Send + 'static,
) -> (std::sync::Weak<()>, Flux<u64>) {
    let life = Arc::new(());
    let weak = Arc::downgrade(&life);
    let numbers = numbers.inspect(move |_| assert!(Arc::strong_count(&life) > 0));
    (weak, Flux::de(numbers))
}

/// Pushes until the taker has gone; says why it has.
fn push_on(emetteur: &Emetteur<u64>) -> Depart {
    loop {
        match emetteur.envoyer(1) {
            Ok(()) => {}
            Err(Erreur::NonEnvoyee(non)) => match non.raison {
                RaisonNonEnvoi::ConsommateurParti { depart, .. } => return depart,
                other => panic!("{other:?}"),
            },
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_command_that_returns_ends_its_arguments_though_nobody_waits() {
    with_watchdog("returned", LIMIT, || {
        let (_serveur, client) = pair();
        // This thread only awaits, so one of the connection's own reads.
        let (emetteur, nombres) = Flux::canal(4);
        let answer = client.differer(ignorer { nombres }).unwrap();
        let (alive, nombres) = watched(0_u64..);
        let other = client.differer(ignorer { nombres }).unwrap();
        let (tell, told) = mpsc::channel();
        for attente in [answer, other] {
            let tell = tell.clone();
            attente.quand_prete(move |answer| tell.send(answer).unwrap());
        }
        assert_eq!(push_on(&emetteur), Depart::Arrete);
        assert_eq!((told.recv().unwrap().unwrap(), told.recv().unwrap().unwrap()), (7, 7));
        testkit::until("the iterator is dropped", || alive.upgrade().is_none());
        client.eteindre().unwrap();
    });
}

#[test]
fn a_call_that_is_given_up_ends_its_arguments() {
    with_watchdog("given up", LIMIT, || {
        let (_serveur, client) = pair();
        let (emetteur, nombres) = Flux::canal(4);
        drop(client.differer(fin { nombres }).unwrap());
        push_on(&emetteur);
        let (alive, nombres) = watched(0_u64..);
        drop(client.differer(fin { nombres }).unwrap());
        testkit::until("the iterator is dropped", || alive.upgrade().is_none());
        assert_eq!(client.appeler(ignorer { nombres: Flux::de(0..) }).unwrap(), 7);
        client.eteindre().unwrap();
    });
}

#[test]
fn a_connection_that_ends_takes_the_arguments_of_deferred_calls_with_it() {
    with_watchdog("ended", LIMIT, || {
        let (_serveur, client) = pair();
        let (emetteur, nombres) = Flux::canal(4);
        let pushed = client.differer(ranger { nombres }).unwrap();
        let (alive, nombres) = watched(0_u64..);
        let pulled = client.differer(ranger { nombres }).unwrap();
        emetteur.envoyer(1).unwrap();
        client.close();
        assert_eq!(push_on(&emetteur), Depart::ConnexionFinie);
        for attente in [pushed, pulled] {
            assert!(matches!(attente.attendre(), Err(Erreur::Fermee(_))));
        }
        testkit::until("the iterator is dropped", || alive.upgrade().is_none());
    });
}

#[test]
fn a_panic_of_a_deferred_source_is_told_to_the_command() {
    with_watchdog("panics", LIMIT, || {
        let (_serveur, client) = pair();
        let numbers = (0..9).inspect(|n| assert!(*n < 3, "no further"));
        let said = client.differer(fin { nombres: Flux::de(numbers) }).unwrap();
        let said = said.attendre().unwrap();
        assert!(said.contains("panicked"), "{said}");
        client.eteindre().unwrap();
    });
}

/// As many as commands of a connection may wait for their items (`max_attentes`).
#[test]
fn several_deferred_calls_are_fed_by_channels_at_once() {
    const CALLS: u64 = 16;
    with_watchdog("several", LIMIT, || {
        let (_serveur, client) = pair();
        let mut calls = Vec::new();
        let mut emitters = Vec::new();
        for _ in 0..CALLS {
            let (emetteur, nombres) = Flux::canal(4);
            calls.push(client.differer(ranger { nombres }).unwrap());
            emitters.push(emetteur);
        }
        for (emetteur, n) in emitters.iter().zip(0..) {
            emetteur.envoyer(n).unwrap();
        }
        drop(emitters);
        let mut all: Vec<u64> = Vec::new();
        while let Some(first) = Attente::premiere(&calls, LIMIT).unwrap() {
            all.extend(calls.swap_remove(first).attendre().unwrap());
        }
        all.sort_unstable();
        assert!(all.into_iter().eq(0..CALLS));
        client.eteindre().unwrap();
    });
}

#[test]
fn a_command_defers_a_call_with_a_stream_too() {
    with_watchdog("in a command", LIMIT, || {
        let (_serveur, client) = pair();
        assert!(client.appeler(rappeler {}).unwrap().into_iter().eq(0..COUNT));
        client.eteindre().unwrap();
    });
}

#[test]
fn a_deadline_does_not_count_while_the_items_flow() {
    with_watchdog("deadline", LIMIT, || {
        undisturbed(Duration::from_millis(100), || {
            let (_serveur, client) = pair();
            let client = client.avec_delai(Duration::from_millis(300));
            let slow = || {
                let numbers = (0..8_u64).inspect(|_| thread::sleep(Duration::from_millis(100)));
                ranger { nombres: Flux::de(numbers) }
            };
            let waited = client.differer(slow()).unwrap();
            assert_eq!(waited.attendre().unwrap().len(), 8);
            let (emetteur, nombres) = Flux::canal(4);
            let pushing = thread::spawn(move || {
                for n in 0..8 {
                    thread::sleep(Duration::from_millis(100));
                    emetteur.envoyer(n).unwrap();
                }
            });
            assert_eq!(client.appeler(ranger { nombres }).unwrap().len(), 8);
            pushing.join().unwrap();
            let awaited = client.differer(slow()).unwrap();
            assert_eq!(block_on(awaited).unwrap().len(), 8);
        });
    });
}

#[test]
fn a_command_that_takes_nothing_is_late_for_who_awaits_it() {
    with_watchdog("late", LIMIT, || {
        let (serveur, client) = pair();
        let (go, gone) = mpsc::channel::<()>();
        let gone = std::sync::Mutex::new(gone);
        serveur
            .enregistrer_commande("occuper", move |_, (): ()| {
                let _ = gone.lock().unwrap().recv();
            })
            .unwrap();
        let busy = client.differer::<(), _>(nommee("occuper", ())).unwrap();
        // The command before it holds it up, so that it never starts.
        let short = client.avec_delai(Duration::from_millis(50));
        let late = short.differer(ranger { nombres: Flux::de(0..) }).unwrap();
        assert!(matches!(block_on(late), Err(Erreur::Delai(_))));
        let late = short.differer(ranger { nombres: Flux::de(0..) }).unwrap();
        assert!(matches!(late.attendre(), Err(Erreur::Delai(_))));
        drop(go);
        busy.attendre().unwrap();
        client.eteindre().unwrap();
    });
}

#[test]
fn one_way_messages_are_refused_with_streams_of_any_kind() {
    with_watchdog("refused", LIMIT, || {
        let (serveur, client) = pair();
        for kind in KINDS {
            let message = || ranger { nombres: kind.numbers(&client) };
            for refused in [
                client.envoyer(message()).unwrap_err(),
                client.essayer(message()).unwrap_err(),
                serveur.diffuser(message()).unwrap_err(),
                serveur.salon("a").diffuser(message()).unwrap_err(),
            ] {
                let Erreur::NonEnvoyee(non) = &refused else { panic!("{refused}") };
                assert_eq!(non.raison, RaisonNonEnvoi::FluxEnArgument);
                assert!(!refused.a_pu_etre_executee() && !refused.est_fatale());
            }
        }
        client.eteindre().unwrap();
    });
}
