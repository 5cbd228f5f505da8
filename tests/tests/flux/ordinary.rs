//! Streams that go as they should: all forms of return types, loops, drops, errors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use cconn::flux::Flux;
use cconn::{Client, Erreur, Octets, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::with_watchdog;
use serde::{Deserialize, Serialize};

const LIMIT: Duration = Duration::from_secs(20);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Fiche {
    nom: String,
    age: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Panne {
    Absent(String),
    Illisible,
}

#[commande]
fn compter(jusqu_a: u64) -> impl Iterator<Item = u64> {
    0..jusqu_a
}

#[commande]
fn fiches(mots: &str) -> impl Iterator<Item = Fiche> + '_ {
    mots.split(' ').zip(1..).map(|(mot, age)| Fiche { nom: mot.to_owned(), age })
}

#[commande]
fn chercher(prefixe: String) -> Result<impl Iterator<Item = Result<Fiche, Panne>>, Panne> {
    if prefixe.is_empty() {
        return Err(Panne::Absent(prefixe));
    }
    let fiche = move |age| Ok(Fiche { nom: format!("{prefixe}{age}"), age });
    Ok((1..=2).map(fiche).chain([Err(Panne::Illisible), Err(Panne::Absent(String::new()))]))
}

#[commande]
fn lire(nom: &str) -> Resultat<impl Iterator<Item = Resultat<u8>> + use<>> {
    if nom != "ouvert" {
        return Err(Erreur::echec(format!("no {nom}")));
    }
    Ok([Ok(1), Err(Erreur::echec("torn"))].into_iter())
}

#[commande]
fn nombres(combien: u32) -> Flux<u32> {
    Flux::de(0..combien)
}

#[commande]
fn peut_etre(oui: bool) -> Result<Flux<u32, Panne>, Panne> {
    if oui { Ok(Flux::essais([Ok(1), Err(Panne::Illisible)])) } else { Err(Panne::Illisible) }
}

#[commande]
fn morceaux(combien: usize, taille: usize) -> impl Iterator<Item = Octets> {
    (0..=u8::MAX).cycle().take(combien).map(move |n| Octets(vec![n; taille]))
}

/// Calls its caller back for every item.
#[commande]
fn doubles(client: &Client, jusqu_a: u64) -> impl Iterator<Item = Resultat<u64>> + '_ {
    (0..jusqu_a).map(|n| client.appeler(double { n }))
}

#[commande]
fn double(n: u64) -> u64 {
    n * 2
}

fn pair() -> (Serveur, Client) {
    let serveur = Serveur::options(0).max_clients(4).ouvrir().unwrap();
    serveur
        .enregistrer(commandes![
            compter, fiches, chercher, lire, nombres, peut_etre, morceaux, doubles, double
        ])
        .unwrap();
    let client = serveur.client_local().unwrap();
    client.enregistrer(commandes![double]).unwrap();
    (serveur, client)
}

#[test]
fn items_of_an_iterator_arrive_in_order_and_end() {
    with_watchdog("an iterator", LIMIT, || {
        let (_serveur, client) = pair();
        for count in [0, 1, 2, 1000, 100_000] {
            let flux = client.appeler(compter { jusqu_a: count }).unwrap();
            let all: Vec<u64> = flux.map(Result::unwrap).collect();
            assert!(all.iter().copied().eq(0..count), "{count}");
        }
        let mut flux = client.appeler(fiches { mots: "ab c" }).unwrap();
        let first = flux.next().unwrap().unwrap();
        assert_eq!(first, Fiche { nom: "ab".into(), age: 1 });
        assert_eq!(flux.next().unwrap().unwrap().age, 2);
        assert!(flux.next().is_none() && flux.next().is_none(), "it is fused");
        client.eteindre().unwrap();
    });
}

#[test]
fn a_command_that_refuses_looks_like_any_call() {
    with_watchdog("refusals", LIMIT, || {
        let (_serveur, client) = pair();
        let refused = client.appeler(chercher { prefixe: String::new() });
        assert!(matches!(refused, Err(Erreur::Refus(Panne::Absent(_)))));
        let failed = client.appeler(lire { nom: "clos" }).map(|_| ());
        assert!(failed.unwrap_err().to_string().contains("no clos"));
        let refused = client.appeler(peut_etre { oui: false });
        assert!(matches!(refused, Err(Erreur::Refus(Panne::Illisible))));
    });
}

#[test]
fn an_item_that_is_an_error_is_the_last_one() {
    with_watchdog("error items", LIMIT, || {
        let (_serveur, client) = pair();
        let mut flux = client.appeler(chercher { prefixe: "x".into() }).unwrap();
        assert_eq!(flux.next().unwrap().unwrap().nom, "x1");
        assert_eq!(flux.next().unwrap().unwrap().nom, "x2");
        assert!(matches!(flux.next(), Some(Err(Erreur::Refus(Panne::Illisible)))));
        assert!(flux.next().is_none() && flux.next().is_none());
        let mut flux = client.appeler(lire { nom: "ouvert" }).unwrap();
        assert_eq!(flux.next().unwrap().unwrap(), 1);
        let error = flux.next().unwrap().unwrap_err();
        assert!(error.to_string().contains("torn") && error.commande() == Some("lire"), "{error}");
        assert!(flux.next().is_none());
        let mut flux = client.appeler(peut_etre { oui: true }).unwrap();
        assert_eq!(flux.next().unwrap().unwrap(), 1);
        assert!(matches!(flux.next(), Some(Err(Erreur::Refus(Panne::Illisible)))));
        assert!(flux.next().is_none());
    });
}

#[test]
fn a_named_stream_is_one_too() {
    with_watchdog("named", LIMIT, || {
        let (_serveur, client) = pair();
        let all: Resultat<Vec<u32>> = client.appeler(nombres { combien: 5 }).unwrap().collect();
        assert_eq!(all.unwrap(), [0, 1, 2, 3, 4]);
    });
}

#[test]
fn large_items_pass_whole() {
    with_watchdog("large items", LIMIT, || {
        let (_serveur, client) = pair();
        for taille in [0, 1, 250, 251, 16 << 10, 64 << 10, 1 << 20] {
            let flux = client.appeler(morceaux { combien: 20, taille }).unwrap();
            let mut count = 0_usize;
            for morceau in flux {
                let Octets(morceau) = morceau.unwrap();
                assert_eq!(morceau.len(), taille);
                assert!(morceau.iter().all(|byte| usize::from(*byte) == count));
                count += 1;
            }
            assert_eq!(count, 20, "{taille}");
        }
    });
}

#[test]
fn an_item_that_is_too_large_ends_the_stream_and_not_the_connection() {
    with_watchdog("too large", LIMIT, || {
        let (_serveur, client) = pair();
        let mut flux = client.appeler(morceaux { combien: 2, taille: 9 << 20 }).unwrap();
        let error = flux.next().unwrap().unwrap_err();
        assert!(!error.est_fatale() && error.a_pu_etre_executee(), "{error}");
        assert!(flux.next().is_none());
        assert_eq!(client.appeler(double { n: 4 }).unwrap(), 8);
    });
}

#[test]
fn calls_may_be_made_in_the_loop_and_in_the_iterator() {
    with_watchdog("nested", LIMIT, || {
        let (_serveur, client) = pair();
        let mut seen = 0;
        for item in client.appeler(compter { jusqu_a: 50_000 }).unwrap() {
            let item = item.unwrap();
            if item % 1000 == 0 {
                assert_eq!(client.appeler(double { n: item }).unwrap(), item * 2);
            }
            seen += 1;
        }
        assert_eq!(seen, 50_000);
        let doubles: Resultat<Vec<u64>> =
            client.appeler(doubles { jusqu_a: 200 }).unwrap().collect();
        assert!(doubles.unwrap().into_iter().eq((0..200).map(|n| n * 2)));
    });
}

#[test]
fn a_stream_that_is_dropped_stops_the_iterator_and_leaves_the_connection_whole() {
    struct Counted<'a>(u64, &'a AtomicUsize);
    impl Iterator for Counted<'_> {
        type Item = u64;
        fn next(&mut self) -> Option<u64> {
            self.0 += 1;
            Some(self.0)
        }
    }
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::SeqCst);
        }
    }
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    #[commande]
    fn sans_fin() -> impl Iterator<Item = u64> {
        Counted(0, &DROPPED)
    }
    with_watchdog("early drop", LIMIT, || {
        let (serveur, client) = pair();
        serveur.enregistrer(commandes![sans_fin]).unwrap();
        for taken in [0, 1, 5, 30_000] {
            let before = DROPPED.load(Ordering::SeqCst);
            let mut flux = client.appeler(sans_fin {}).unwrap();
            for n in 1..=taken {
                assert_eq!(flux.next().unwrap().unwrap(), n);
            }
            drop(flux);
            while DROPPED.load(Ordering::SeqCst) == before {
                thread::yield_now();
            }
            assert_eq!(client.appeler(double { n: taken }).unwrap(), taken * 2);
        }
        client.eteindre().unwrap();
    });
}

#[test]
fn commands_behind_a_stream_start_while_it_goes_on() {
    // [stream.turn]
    with_watchdog("beside", LIMIT, || {
        let (_serveur, client) = pair();
        let mut flux = client.appeler(compter { jusqu_a: 1_000_000 }).unwrap();
        // The stream stands still, because nothing is taken; other calls go on.
        for n in 0..100 {
            assert_eq!(client.appeler(double { n }).unwrap(), n * 2);
        }
        assert_eq!(flux.next().unwrap().unwrap(), 0);
        let mut others: Vec<_> =
            (0..8).map(|_| client.appeler(compter { jusqu_a: 1000 }).unwrap()).collect();
        for n in 0..1000 {
            for other in &mut others {
                assert_eq!(other.next().unwrap().unwrap(), n);
            }
        }
        assert!(others.iter_mut().all(|other| other.next().is_none()));
        assert_eq!(flux.next().unwrap().unwrap(), 1);
    });
}

#[test]
fn a_stream_keeps_its_connection_open_like_a_handle() {
    with_watchdog("as a handle", LIMIT, || {
        let (serveur, client) = pair();
        let serving = {
            let serveur = serveur.clone();
            thread::spawn(move || serveur.lancer())
        };
        drop(client);
        let adresse = serveur.adresse();
        let flux = Client::new(adresse).unwrap().appeler(compter { jusqu_a: 10_000 }).unwrap();
        assert_eq!(flux.map(Result::unwrap).count(), 10_000);
        serveur.eteindre().unwrap();
        serving.join().unwrap().unwrap();
    });
}

#[test]
fn a_panic_in_an_iterator_ends_its_stream_and_not_the_connection() {
    #[commande]
    fn panique() -> impl Iterator<Item = u64> {
        (0..5).inspect(|n| assert!(*n < 3, "as intended"))
    }
    with_watchdog("panic", LIMIT, || {
        let (serveur, client) = pair();
        serveur.enregistrer(commandes![panique]).unwrap();
        let mut flux = client.appeler(panique {}).unwrap();
        for n in 0..3 {
            assert_eq!(flux.next().unwrap().unwrap(), n);
        }
        let error = flux.next().unwrap().unwrap_err();
        assert!(error.to_string().contains("panicked"), "{error}");
        assert!(flux.next().is_none());
        assert_eq!(client.appeler(double { n: 1 }).unwrap(), 2);
    });
}

#[test]
fn a_deferred_call_gives_a_stream_too_or_gives_it_up() {
    with_watchdog("deferred", LIMIT, || {
        let (_serveur, client) = pair();
        let waits = client.differer(compter { jusqu_a: 3 }).unwrap();
        let flux = waits.attendre().unwrap();
        assert_eq!(flux.map(Result::unwrap).sum::<u64>(), 3);
        for _ in 0..20 {
            drop(client.differer(compter { jusqu_a: 1_000_000 }).unwrap());
        }
        assert_eq!(client.appeler(double { n: 1 }).unwrap(), 2);
        client.eteindre().unwrap();
    });
}

#[test]
fn the_iterator_waits_for_a_slow_taker() {
    #[commande]
    fn signale(client: &Client) -> impl Iterator<Item = Octets> + '_ {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let _ = client;
        (0..10_000).map(|_| {
            MADE.fetch_add(1, Ordering::SeqCst);
            Octets(vec![0; 1000])
        })
    }
    with_watchdog("slow taker", LIMIT, || {
        let (serveur, client) = pair();
        serveur.enregistrer(commandes![signale]).unwrap();
        let made = Arc::new(AtomicUsize::new(0));
        let (allow, allowed) = mpsc::channel::<()>();
        let counting = made.clone();
        let taker = thread::spawn(move || {
            let mut flux = client.appeler(signale {}).unwrap();
            while allowed.recv().is_ok() {
                flux.next().unwrap().unwrap();
                counting.fetch_add(1, Ordering::SeqCst);
            }
        });
        for n in 1..=500 {
            allow.send(()).unwrap();
            while made.load(Ordering::SeqCst) < n {
                thread::yield_now();
            }
        }
        drop(allow);
        taker.join().unwrap();
    });
}

#[test]
fn a_message_without_an_answer_can_ask_for_no_stream() {
    with_watchdog("one-way", LIMIT, || {
        let (serveur, client) = pair();
        for refused in [
            client.envoyer(compter { jusqu_a: 1 }).unwrap_err(),
            client.essayer(compter { jusqu_a: 1 }).unwrap_err(),
            serveur.diffuser(compter { jusqu_a: 1 }).unwrap_err(),
        ] {
            let text = refused.to_string();
            assert!(text.contains("`compter` was not sent") && text.contains("stream"), "{text}");
            assert!(!refused.a_pu_etre_executee() && !refused.est_fatale());
        }
        assert_eq!(client.appeler(double { n: 2 }).unwrap(), 4);
    });
}

/// A stream is asked for by name like any answer: by the type that its caller wants.
#[test]
fn a_stream_can_be_called_by_name() {
    with_watchdog("by name", LIMIT, || {
        let (_serveur, client) = pair();
        let flux: Flux<u64> = client.appeler(nommee("compter", (3_u64,))).unwrap();
        assert_eq!(flux.collect::<Result<Vec<_>, _>>().unwrap(), [0, 1, 2]);
        let message = nommee("chercher", ("a",)).avec_refus::<Panne>();
        let items: Vec<_> = client.appeler::<Flux<Fiche, Panne>, _>(&message).unwrap().collect();
        assert!(matches!(items.last(), Some(Err(Erreur::Refus(Panne::Illisible)))), "{items:?}");
        let refused =
            client.appeler::<Flux<Fiche, Panne>, _>(nommee("chercher", ("",)).avec_refus());
        assert!(matches!(refused, Err(Erreur::Refus(Panne::Absent(_)))), "{refused:?}");
        let deferred = client.differer::<Flux<u64>, _>(nommee("compter", (1_u64,))).unwrap();
        assert_eq!(deferred.attendre().unwrap().count(), 1);
        let tried = client.essayer_appel::<Flux<u64>, _>(nommee("compter", (2_u64,))).unwrap();
        assert_eq!(tried.attendre().unwrap().count(), 2);
    });
}

/// Values where a stream is wanted, and streams where a value is, are errors that say so.
#[test]
fn a_call_by_name_of_the_other_kind_is_an_error() {
    with_watchdog("other kind", LIMIT, || {
        let (_serveur, client) = pair();
        let value = client.appeler::<Flux<u64>, _>(nommee("double", (3_u64,))).unwrap_err();
        assert!(value.to_string().contains("a value, and not with a stream"), "{value}");
        let stream = client.appeler::<u64, _>(nommee("compter", (3_u64,))).unwrap_err();
        assert!(stream.to_string().contains("it answers with a stream"), "{stream}");
        let items: Vec<_> =
            client.appeler::<Flux<String>, _>(nommee("compter", (3_u64,))).unwrap().collect();
        assert!(matches!(items.as_slice(), [Ok(_), Err(Erreur::Codage(_))]), "{items:?}");
        assert_eq!(client.appeler::<u64, _>(nommee("double", (3_u64,))).unwrap(), 6);
    });
}
