//! What travels with a command: the time that is left, the trace, the baggage; who asked, and how
//! deep the work is.

use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use cconn::contexte::{Contexte, Trace};
use cconn::erreur::{Etape, NatureDistante, Usage};
use cconn::flux::Flux;
use cconn::{Client, Erreur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{undisturbed, until, until_some, with_watchdog};

const LIMIT: Duration = Duration::from_secs(20);
const LONG: Duration = Duration::from_secs(10);

/// What a command sees: the time left in ms, the trace's id and parent, the baggage, the depth.
type Seen = (Option<u64>, Option<String>, Option<[u8; 8]>, Vec<u8>, Option<u8>);

fn seen() -> Seen {
    let contexte = Contexte::actuel();
    let left = contexte.temps_restant().map(|left| u64::try_from(left.as_millis()).unwrap());
    let trace = contexte.trace();
    let parent = trace.and_then(|trace| trace.parent());
    let id = trace.map(|trace| trace.id_hexa());
    (left, id, parent, contexte.bagage().to_vec(), contexte.profondeur())
}

/// A server with a command that says what it sees, and one whose client says so.
fn serveur() -> (Serveur, Client) {
    let serveur = Serveur::new(0).unwrap();
    serveur.enregistrer_commande("vu", |_, (): ()| seen()).unwrap();
    serveur
        .enregistrer_commande("vu_la_bas", |client: &Client, (): ()| -> Resultat<Seen> {
            client.appeler(nommee("vu", ()))
        })
        .unwrap();
    serveur
        .enregistrer_commande(
            "vu_la_bas_presse",
            |client: &Client, (ms,): (u64,)| -> Resultat<Seen> {
                client.avec_delai(Duration::from_millis(ms)).appeler(nommee("vu", ()))
            },
        )
        .unwrap();
    let client = serveur.client_local().unwrap();
    client.enregistrer_commande("vu", |_, (): ()| seen()).unwrap();
    (serveur, client)
}

#[test]
fn the_time_left_travels_where_a_deadline_was_set() {
    with_watchdog("time left", LIMIT, || {
        let (_serveur, client) = serveur();
        let plain: Seen = client.appeler(nommee("vu", ())).unwrap();
        assert_eq!(plain, (None, None, None, Vec::new(), Some(0)), "nothing was set");
        let limited = client.avec_delai(LONG);
        let (left, ..): Seen = limited.appeler(nommee("vu", ())).unwrap();
        assert!((1..=10_000).contains(&left.unwrap()), "{left:?}");
        let never = client.avec_delai(Duration::MAX);
        let (left, ..): Seen = never.appeler(nommee("vu", ())).unwrap();
        assert_eq!(left, None, "no deadline is none");
        // More than the wire holds is cut to what it holds, some 50 days.
        let years = client.avec_delai(Duration::from_secs(1 << 32));
        let (left, ..): Seen = years.appeler(nommee("vu", ())).unwrap();
        assert!(u32::try_from(left.unwrap()).is_ok(), "{left:?}");
    });
}

#[test]
fn a_nested_call_has_the_smaller_of_its_own_deadline_and_what_is_left() {
    // [context.deadline]
    with_watchdog("nested", LIMIT, || {
        let (_serveur, client) = serveur();
        let limited = client.avec_delai(LONG);
        let (left, .., depth): Seen = limited.appeler(nommee("vu_la_bas", ())).unwrap();
        assert!((1..=10_000).contains(&left.unwrap()) && depth == Some(1), "{left:?} {depth:?}");
        let (left, ..): Seen = limited.appeler(nommee("vu_la_bas_presse", (60_000_u64,))).unwrap();
        assert!((1..=10_000).contains(&left.unwrap()), "its own is longer: {left:?}");
        let (left, ..): Seen = limited.appeler(nommee("vu_la_bas_presse", (5_000_u64,))).unwrap();
        assert!((1..=5_000).contains(&left.unwrap()), "its own is shorter: {left:?}");
        let (left, ..): Seen = client.appeler(nommee("vu_la_bas", ())).unwrap();
        assert_eq!(left, None, "nobody has set one");
    });
}

#[test]
fn a_nested_wait_ends_when_the_outer_time_is_over() {
    with_watchdog("outer time", LIMIT, || {
        let (serveur, client) = serveur();
        let (ended, seen) = mpsc::channel();
        serveur
            .enregistrer_commande("attend", move |client: &Client, (): ()| {
                let error = client.appeler::<(), _>(nommee("jamais", ())).unwrap_err();
                ended.send(error.to_string()).unwrap();
            })
            .unwrap();
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        client
            .enregistrer_commande("jamais", move |_, (): ()| {
                let _ = released.lock().unwrap().recv();
            })
            .unwrap();
        let short = client.avec_delai(Duration::from_millis(100));
        // Without the outer deadline the inner call would wait for half a minute.
        let inner = until_some("the inner wait ends", || {
            // Both waits end at about the same moment, and this one may still be answered. If the
            // process was held up, it has not run at all.
            if let Err(error) = short.appeler::<(), _>(nommee("attend", ())) {
                assert!(error.est_hors_delai(), "{error}");
            }
            seen.recv_timeout(Duration::from_secs(1)).ok()
        });
        assert!(inner.contains("jamais"), "{inner}");
        drop(release);
    });
}

#[test]
fn a_command_whose_time_is_over_is_not_run() {
    // [context.late]
    with_watchdog("expired", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let (started, starts) = mpsc::channel();
        serveur
            .enregistrer_commande("occupe", move |_, (): ()| {
                let _ = released.lock().unwrap().recv();
            })
            .unwrap();
        serveur.enregistrer_commande("rien", |_, (): ()| ()).unwrap();
        serveur.enregistrer_commande("tard", move |_, (): ()| started.send(()).unwrap()).unwrap();
        let client = serveur.client_local().unwrap();
        let busy = client.differer::<(), _>(nommee("occupe", ())).unwrap();
        let time = Duration::from_millis(30);
        let late = Contexte::vide()
            .avec_delai(time)
            .dans(|| client.differer::<(), _>(nommee("tard", ())))
            .unwrap();
        let in_time = client.differer::<(), _>(nommee("tard", ())).unwrap();
        // The time counts from the moment at which the frame is read, which may be a while: the
        // thread that would read it is inside `occupe`. One behind it that is known to wait there
        // has been read too.
        let behind = client.avec_delai(Duration::from_millis(100));
        until("it has been read", || {
            let late = behind.appeler::<(), _>(nommee("rien", ()));
            matches!(late, Err(Erreur::Delai(late)) if late.etape == Some(Etape::NonCommencee))
        });
        thread::sleep(2 * time);
        drop(release);
        busy.attendre().unwrap();
        let error = late.attendre().unwrap_err();
        let Erreur::Distante(distante) = &error else { panic!("{error}") };
        assert_eq!(distante.nature, NatureDistante::Expiree);
        assert!(!error.a_pu_etre_executee() && !error.est_fatale());
        assert!(error.to_string().contains("tard"), "{error}");
        in_time.attendre().unwrap();
        assert_eq!(starts.try_iter().count(), 1, "only the one in time has run");
    });
}

#[test]
fn a_trace_goes_through_every_command_and_each_has_a_span() {
    with_watchdog("trace", LIMIT, || {
        let (_serveur, client) = serveur();
        let trace = Trace::nouvelle();
        let within = Contexte::vide().avec_trace(trace);
        let call = |command: &'static str| -> Seen {
            within.clone().dans(|| client.appeler(nommee(command, ()))).unwrap()
        };
        let (left, id, parent, ..) = call("vu");
        assert_eq!((left, id, parent), (None, Some(trace.id_hexa()), Some(trace.span())));
        let (_, id, parent, _, depth) = call("vu_la_bas");
        assert_eq!((id, depth), (Some(trace.id_hexa()), Some(1)));
        assert!(parent.is_some_and(|parent| parent != trace.span()), "the span of the middle one");
        let (_, id, ..): Seen = client.appeler(nommee("vu", ())).unwrap();
        assert_eq!(id, None, "the trace ended with `dans`");
    });
}

#[test]
fn a_trace_travels_with_one_way_messages_too() {
    with_watchdog("one-way", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (sender, seen) = mpsc::channel();
        serveur
            .enregistrer_commande("note", move |_, (): ()| {
                let contexte = Contexte::actuel();
                let id = contexte.trace().map(|trace| trace.id());
                sender.send((id, contexte.temps_restant())).unwrap();
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        let trace = Trace::nouvelle();
        Contexte::vide()
            .avec_trace(trace)
            .avec_delai(LONG)
            .dans(|| client.envoyer(nommee("note", ())))
            .unwrap();
        // A deadline of `envoyer` is for room: nobody waits for what the message does.
        assert_eq!(seen.recv().unwrap(), (Some(trace.id()), None));
    });
}

#[test]
fn baggage_travels_up_to_its_limit() {
    with_watchdog("baggage", LIMIT, || {
        let (_serveur, client) = serveur();
        for length in [0, 1, 128] {
            let baggage = vec![7_u8; length];
            let within = Contexte::vide().avec_bagage(&baggage).unwrap();
            for command in ["vu", "vu_la_bas"] {
                let (.., seen, _): Seen =
                    within.clone().dans(|| client.appeler(nommee(command, ()))).unwrap();
                assert_eq!(seen, baggage, "{command}");
            }
        }
        let error = Contexte::vide().avec_bagage(&[7; 129]).unwrap_err();
        let Erreur::Usage(usage) = error else { panic!("{error}") };
        assert!(
            matches!(*usage, Usage::BagageTropLong { taille: 129, limite: 128, .. }),
            "{usage}"
        );
    });
}

#[test]
fn who_has_asked_is_what_the_connection_knows() {
    with_watchdog("asked", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (sender, seen) = mpsc::channel();
        serveur
            .enregistrer_commande("qui", move |client: &Client, (): ()| {
                let asked = Contexte::actuel().demandeur().unwrap();
                let same = asked.id() == client.id()
                    && asked.adresse() == client.adresse().as_ref()
                    && format!("{:?}", asked.identite()) == format!("{:?}", client.identite());
                sender.send(same).unwrap();
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        client.appeler::<(), _>(nommee("qui", ())).unwrap();
        assert!(seen.recv().unwrap());
        assert!(Contexte::actuel().demandeur().is_none(), "outside of every command");
        assert_eq!(Contexte::actuel().profondeur(), None);
    });
}

#[test]
fn another_thread_works_for_the_command_that_gave_it_a_closure() {
    with_watchdog("porter", LIMIT, || {
        let (serveur, client) = serveur();
        serveur
            .enregistrer_commande("par_un_autre", |client: &Client, (): ()| {
                let plain = thread::spawn(seen).join().unwrap();
                let there = client.clone();
                let carried = Contexte::porter(move || {
                    let nested: Seen = there.appeler(nommee("vu", ())).unwrap();
                    (seen(), nested)
                });
                let (carried, nested) = thread::spawn(carried).join().unwrap();
                (plain, carried, nested)
            })
            .unwrap();
        let trace = Trace::nouvelle();
        let within = Contexte::vide().avec_trace(trace).avec_bagage(b"b").unwrap();
        let limited = client.avec_delai(LONG);
        let (plain, carried, nested): (Seen, Seen, Seen) =
            within.dans(|| limited.appeler(nommee("par_un_autre", ()))).unwrap();
        assert_eq!(plain, (None, None, None, Vec::new(), None), "a thread of its own");
        let (left, id, parent, baggage, depth) = carried;
        assert!(left.is_some());
        assert_eq!((id, parent), (Some(trace.id_hexa()), Some(trace.span())));
        assert_eq!((baggage, depth), (b"b".to_vec(), Some(0)));
        let (left, id, _, baggage, depth) = nested;
        assert!(left.is_some());
        assert_eq!((id, baggage, depth), (Some(trace.id_hexa()), b"b".to_vec(), Some(1)));
    });
}

#[commande]
fn lents(client: &Client, n: u32) -> impl Iterator<Item = (bool, bool)> {
    let client = client.clone();
    (0..n).map(move |_| {
        thread::sleep(Duration::from_millis(60));
        (Contexte::actuel().temps_restant().is_some(), client.est_annule())
    })
}

#[test]
fn a_deadline_covers_the_opening_of_a_stream_only() {
    // [context.opening]
    with_watchdog("opening", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![lents]).unwrap();
        let client = serveur.client_local().unwrap();
        let time = Duration::from_millis(100);
        undisturbed(time / 3, || {
            let flux: Flux<(bool, bool)> = client.avec_delai(time).appeler(lents { n: 4 }).unwrap();
            let items: Vec<_> = flux.map(Result::unwrap).collect();
            assert_eq!(items, [(false, false); 4], "no time is left to run out, and it is wanted");
        });
    });
}

#[test]
fn contexts_nest_and_end() {
    let outer = Trace::nouvelle();
    let now = || Contexte::actuel().trace();
    Contexte::vide().avec_trace(outer).dans(|| {
        let inner = outer.partie();
        Contexte::actuel().avec_trace(inner).dans(|| assert_eq!(now(), Some(inner)));
        assert_eq!(now(), Some(outer));
        let panicked = std::panic::catch_unwind(|| Contexte::vide().dans(|| panic!("ends it")));
        assert!(panicked.is_err());
        assert_eq!(now(), Some(outer));
        // The earlier of two deadlines stays.
        let twice = Contexte::actuel().avec_delai(LONG).avec_delai(2 * LONG);
        assert!(twice.temps_restant().unwrap() <= LONG);
    });
    assert_eq!(now(), None);
}
