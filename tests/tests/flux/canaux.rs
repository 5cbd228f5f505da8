//! Channels: streams whose items are pushed, without a thread for each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use cconn::erreur::{Depart, NatureDistante, RaisonNonEnvoi};
use cconn::flux::{Emetteur, Flux, SiPlein};
use cconn::{Client, Erreur, Etat, Octets, Resultat, Serveur, commande, commandes};
use cconn_tests::{Stopwatch, until, with_watchdog};

const LIMIT: Duration = Duration::from_secs(20);

/// The emitters of the subscriptions that a test has asked for.
#[derive(Clone, Default)]
struct Abonnes(Arc<Mutex<Vec<Emetteur<u64>>>>);

impl Abonnes {
    fn take(&self) -> Emetteur<u64> {
        self.0.lock().unwrap().pop().expect("a subscription")
    }
}

#[commande]
fn suivre(abonnes: &Etat<Abonnes>, place: u32) -> Flux<u64> {
    keep(abonnes, Flux::canal(place as usize))
}

#[commande]
fn suivre_ou_refuser(abonnes: &Etat<Abonnes>, place: u32) -> Flux<u64> {
    keep(abonnes, Flux::options_canal(place as usize).si_plein(SiPlein::Refuser).ouvrir())
}

#[commande]
fn suivre_le_dernier(abonnes: &Etat<Abonnes>, place: u32) -> Flux<u64> {
    keep(abonnes, Flux::options_canal(place as usize).si_plein(SiPlein::Ecarter).ouvrir())
}

fn keep(abonnes: &Abonnes, (emetteur, flux): (Emetteur<u64>, Flux<u64>)) -> Flux<u64> {
    abonnes.0.lock().unwrap().push(emetteur);
    flux
}

/// Pushes from a thread of its own.
#[commande]
fn compter(jusqu_a: u64) -> Flux<u64> {
    let (emetteur, flux) = Flux::canal(64);
    thread::spawn(move || (0..jusqu_a).try_for_each(|n| emetteur.envoyer(n)));
    flux
}

/// Pushes, inside a command, to the subscription that was asked for last.
#[commande]
fn publier(abonnes: &Etat<Abonnes>, premier: u64, nombre: u64) -> Resultat<()> {
    let emetteur = abonnes.0.lock().unwrap().last().cloned().expect("a subscription");
    (premier..premier + nombre).try_for_each(|n| emetteur.envoyer(n))
}

#[commande]
fn double(n: u64) -> u64 {
    n * 2
}

/// Returns no stream, and fails to return one, and both after items were pushed.
#[commande]
fn manquer(abonnes: &Etat<Abonnes>, echec: bool) -> Resultat<Flux<u64>> {
    let flux = keep(abonnes, Flux::canal(4));
    if echec { Err(Erreur::echec("no stream today")) } else { Ok(flux) }
}

fn serving() -> (Serveur, Abonnes) {
    let abonnes = Abonnes::default();
    let serveur = Serveur::options(0).max_clients(16).fournir(abonnes.clone()).ouvrir().unwrap();
    serveur
        .enregistrer(commandes![
            suivre,
            suivre_ou_refuser,
            suivre_le_dernier,
            compter,
            publier,
            double,
            manquer
        ])
        .unwrap();
    (serveur, abonnes)
}

fn pair() -> (Serveur, Client, Abonnes) {
    let (serveur, abonnes) = serving();
    let client = serveur.client_local().unwrap();
    (serveur, client, abonnes)
}

/// Why an item was not taken.
fn reason(sent: Resultat<()>) -> RaisonNonEnvoi {
    match sent {
        Err(Erreur::NonEnvoyee(non)) => {
            assert!(non.to_string().contains("item"), "{non}");
            non.raison
        }
        other => panic!("{other:?}"),
    }
}

fn gone(depart: Depart) -> RaisonNonEnvoi {
    RaisonNonEnvoi::ConsommateurParti { depart }
}

/// Waits until nobody takes the channel's items any more.
fn until_closed<T>(emetteur: &Emetteur<T>) {
    while !emetteur.est_ferme() {
        thread::yield_now();
    }
}

#[test]
fn items_arrive_in_order_and_none_is_lost() {
    with_watchdog("in order", LIMIT, || {
        let (_serveur, client, _) = pair();
        for count in [0, 1, 63, 64, 65, 1000, 50_000] {
            let flux = client.appeler(compter { jusqu_a: count }).unwrap();
            let all: Vec<u64> = flux.map(Result::unwrap).collect();
            assert!(all.iter().copied().eq(0..count), "{count}");
        }
        client.eteindre().unwrap();
    });
}

#[test]
fn several_emitters_push_into_one_stream_and_the_last_one_ends_it() {
    with_watchdog("clones", LIMIT, || {
        let (_serveur, client, abonnes) = pair();
        let flux = client.appeler(suivre { place: 8 }).unwrap();
        let emetteur = abonnes.take();
        let threads: Vec<_> = (0..4_u64)
            .map(|of| {
                let emetteur = emetteur.clone();
                thread::spawn(move || {
                    (0..1000).for_each(|n| emetteur.envoyer(of << 32 | n).unwrap());
                })
            })
            .collect();
        drop(emetteur);
        let mut next = HashMap::<u64, u64>::new();
        for item in flux {
            let item = item.unwrap();
            let (of, n) = (item >> 32, item & 0xffff_ffff);
            assert_eq!(std::mem::replace(next.entry(of).or_default(), n + 1), n, "emitter {of}");
        }
        assert_eq!(next.into_values().collect::<Vec<_>>(), [1000; 4]);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_stream_ends_complete_or_with_a_failure_behind_its_last_item() {
    with_watchdog("ends", LIMIT, || {
        let (_serveur, client, abonnes) = pair();
        let mut flux = client.appeler(suivre { place: 8 }).unwrap();
        let emetteur = abonnes.take();
        emetteur.envoyer(1).unwrap();
        emetteur.clone().finir();
        emetteur.echouer("too late to fail");
        assert_eq!(reason(emetteur.envoyer(2)), RaisonNonEnvoi::CanalFini);
        assert!(emetteur.est_ferme());
        assert_eq!(flux.next().unwrap().unwrap(), 1);
        assert!(flux.next().is_none() && flux.next().is_none());
        let mut flux = client.appeler(suivre { place: 8 }).unwrap();
        let emetteur = abonnes.take();
        emetteur.envoyer(1).unwrap();
        emetteur.echouer("the sensor is gone");
        drop(emetteur);
        assert_eq!(flux.next().unwrap().unwrap(), 1);
        let error = flux.next().unwrap().unwrap_err();
        let Erreur::Distante(distante) = &error else { panic!("{error}") };
        assert_eq!(distante.nature, NatureDistante::Echec);
        assert!(error.to_string().contains("the sensor is gone"), "{error}");
        assert!(flux.next().is_none());
        assert_eq!(client.appeler(double { n: 1 }).unwrap(), 2);
    });
}

#[test]
fn items_pushed_before_the_stream_is_sent_come_first() {
    #[commande]
    fn avec_historique(abonnes: &Etat<Abonnes>) -> Flux<u64> {
        let (emetteur, flux) = Flux::canal(4);
        (0..4).for_each(|n| emetteur.envoyer(n).unwrap());
        // Full, and no thread could take an item before this command has returned.
        assert_eq!(reason(emetteur.envoyer(4)), RaisonNonEnvoi::CanalPasOuvert);
        assert_eq!(reason(emetteur.essayer(4)), RaisonNonEnvoi::CanalPlein);
        keep(abonnes, (emetteur, flux))
    }
    with_watchdog("history", LIMIT, || {
        let (serveur, client, abonnes) = pair();
        serveur.enregistrer(commandes![avec_historique]).unwrap();
        let mut flux = client.appeler(avec_historique {}).unwrap();
        let emetteur = abonnes.take();
        emetteur.envoyer(4).unwrap();
        drop(emetteur);
        assert!(flux.by_ref().map(Result::unwrap).eq(0..5));
    });
}

#[test]
fn a_stream_that_is_not_sent_is_an_iterator_like_any_other() {
    with_watchdog("local", LIMIT, || {
        let (emetteur, flux) = Flux::canal(4);
        let pushing =
            thread::spawn(move || (0..1000_u64).for_each(|n| emetteur.envoyer(n).unwrap()));
        assert!(flux.map(Result::unwrap).eq(0..1000));
        pushing.join().unwrap();
        let (emetteur, mut flux) = Flux::canal(0);
        emetteur.envoyer("un".to_owned()).unwrap();
        assert_eq!(reason(emetteur.essayer("deux".to_owned())), RaisonNonEnvoi::CanalPlein);
        emetteur.echouer("torn");
        assert_eq!(flux.next().unwrap().unwrap(), "un");
        assert!(flux.next().unwrap().unwrap_err().to_string().contains("torn"));
        assert!(flux.next().is_none());
        // Long bytes are not copied on their way.
        let (emetteur, mut flux) = Flux::canal(1);
        let long = vec![7; 100_000];
        let place = long.as_ptr();
        emetteur.envoyer(Octets(long)).unwrap();
        let Octets(long) = flux.next().unwrap().unwrap();
        assert_eq!((long.as_ptr(), long.len()), (place, 100_000));
        drop(flux);
        assert_eq!(reason(emetteur.envoyer(Octets(vec![]))), gone(Depart::JamaisEnvoye));
    });
}

#[test]
fn an_emitter_that_waits_before_the_stream_is_sent_goes_on_when_it_is_or_when_it_is_dropped() {
    #[derive(Debug)]
    struct Source(Mutex<mpsc::Receiver<Flux<u64>>>);
    #[commande]
    fn prendre(source: &Etat<Source>) -> Flux<u64> {
        source.0.lock().unwrap().recv().unwrap()
    }
    with_watchdog("before it is sent", LIMIT, || {
        let (serveur, client, _) = pair();
        let (give, given) = mpsc::channel::<Flux<u64>>();
        serveur.fournir(Source(Mutex::new(given))).unwrap();
        serveur.enregistrer(commandes![prendre]).unwrap();
        let (emetteur, flux) = Flux::canal(2);
        let pushing = thread::spawn(move || (0..1000).try_for_each(|n| emetteur.envoyer(n)));
        give.send(flux).unwrap();
        assert!(client.appeler(prendre {}).unwrap().map(Result::unwrap).eq(0..1000));
        pushing.join().unwrap().unwrap();
        let (emetteur, flux) = Flux::canal(2);
        let pushing = thread::spawn(move || (0..1000).try_for_each(|n| emetteur.envoyer(n)));
        drop(flux);
        assert_eq!(reason(pushing.join().unwrap()), gone(Depart::JamaisEnvoye));
    });
}

#[test]
fn the_oldest_items_are_dropped_and_counted_if_the_channel_says_so() {
    with_watchdog("drop the oldest", LIMIT, || {
        let (_serveur, client, abonnes) = pair();
        let flux = client.appeler(suivre_le_dernier { place: 10 }).unwrap();
        let emetteur = abonnes.take();
        let count = 100_000;
        (0..count).for_each(|n| emetteur.envoyer(n).unwrap());
        let lost = emetteur.perdus();
        assert!(lost > 0, "256 KiB hold no {count} items");
        drop(emetteur);
        let seen: Vec<u64> = flux.map(Result::unwrap).collect();
        assert!(seen.is_sorted(), "in order");
        assert_eq!(seen.last(), Some(&(count - 1)), "the newest is never dropped");
        assert_eq!(seen.len() as u64 + lost, count, "each is seen or counted");
    });
}

#[test]
fn a_full_channel_refuses_items_until_its_taker_goes_on() {
    with_watchdog("refuse", LIMIT, || {
        let (_serveur, client, abonnes) = pair();
        let mut flux = client.appeler(suivre_ou_refuser { place: 10 }).unwrap();
        let emetteur = abonnes.take();
        let mut sent = 0;
        let refused = loop {
            match emetteur.envoyer(sent) {
                Ok(()) => sent += 1,
                Err(error) => break error,
            }
        };
        let text = refused.to_string();
        assert_eq!(reason(Err(refused)), RaisonNonEnvoi::CanalPlein);
        assert!(text.contains("`suivre_ou_refuser`") && text.contains("full"), "{text}");
        assert_eq!(emetteur.perdus(), 0, "a refused item is not a dropped one");
        assert!(!emetteur.est_ferme());
        for n in 0..sent {
            assert_eq!(flux.next().unwrap().unwrap(), n);
        }
        while emetteur.essayer(sent).is_err() {
            thread::yield_now();
        }
        emetteur.finir();
        assert_eq!(flux.next().unwrap().unwrap(), sent);
        assert!(flux.next().is_none());
    });
}

#[test]
fn the_bytes_of_a_channel_are_bounded_too_and_one_large_item_passes() {
    with_watchdog("bytes", LIMIT, || {
        let (emetteur, mut flux) =
            Flux::options_canal(100).octets(1000).si_plein(SiPlein::Refuser).ouvrir();
        emetteur.envoyer(vec![1_u8; 5000]).unwrap();
        assert_eq!(reason(emetteur.envoyer(vec![2; 10])), RaisonNonEnvoi::CanalPlein);
        assert_eq!(flux.next().unwrap().unwrap().len(), 5000);
        emetteur.envoyer(vec![3; 900]).unwrap();
        assert_eq!(reason(emetteur.envoyer(vec![4; 100])), RaisonNonEnvoi::CanalPlein);
        emetteur.envoyer(vec![5; 50]).unwrap();
    });
}

#[test]
fn who_has_dropped_a_stream_is_forgotten() {
    with_watchdog("gone", LIMIT, || {
        let (serveur, client, abonnes) = pair();
        let mut flux = client.appeler(suivre { place: 4 }).unwrap();
        let emetteur = abonnes.take();
        emetteur.envoyer(1).unwrap();
        assert_eq!(flux.next().unwrap().unwrap(), 1);
        assert!(!emetteur.est_ferme());
        drop(flux);
        until_closed(&emetteur);
        let error = emetteur.envoyer(2).unwrap_err();
        assert!(error.to_string().contains("`suivre`"), "{error}");
        assert_eq!(reason(Err(error)), gone(Depart::Arrete));
        // A call that is given up before its stream has come: its command may not have started.
        drop(client.differer(suivre { place: 4 }).unwrap());
        assert_eq!(client.appeler(double { n: 3 }).unwrap(), 6);
        let started = abonnes.0.lock().unwrap().pop();
        if let Some(emetteur) = started {
            until_closed(&emetteur);
            let raison = reason(emetteur.envoyer(1));
            let may_be = [Depart::AppelAbandonne, Depart::Arrete].map(gone);
            assert!(may_be.contains(&raison), "{raison:?}");
        }
        // A connection that is gone, and one of which nothing is left.
        let leaving = serveur.client_local().unwrap();
        let flux = leaving.appeler(suivre { place: 4 }).unwrap();
        let emetteur = abonnes.take();
        leaving.close();
        until_closed(&emetteur);
        assert!(flux.map(|item| item.is_err()).eq([true]), "never a silent end");
        drop(leaving);
        until("the end of the connection", || serveur.clients().len() == 1);
        let error = emetteur.envoyer(1).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("`suivre`") && text.contains("(#2)"), "{text}");
        assert_eq!(reason(Err(error)), gone(Depart::ConnexionFinie));
        let text = format!("{emetteur:?}");
        assert!(text.contains("est_ferme: true") && text.contains("\"suivre\""), "{text}");
        assert_eq!(client.appeler(double { n: 4 }).unwrap(), 8);
    });
}

#[test]
fn a_stream_that_its_command_drops_tells_its_emitters() {
    with_watchdog("not returned", LIMIT, || {
        let (_serveur, client, abonnes) = pair();
        let failed = client.appeler(manquer { echec: true });
        assert!(failed.unwrap_err().to_string().contains("no stream today"));
        assert_eq!(reason(abonnes.take().envoyer(1)), gone(Depart::JamaisEnvoye));
        let flux = client.appeler(manquer { echec: false }).unwrap();
        abonnes.take().envoyer(1).unwrap();
        assert!(flux.map(Result::unwrap).eq([1]));
    });
}

#[test]
fn an_emitter_that_waits_goes_on_when_items_are_taken_and_when_nobody_takes_them() {
    with_watchdog("a full channel", LIMIT, || {
        let ends: [fn(Client, Flux<u64>); 3] = [
            |_client, flux| drop(flux),
            |client, _flux| client.close(),
            |client, _flux| client.eteindre().unwrap(),
        ];
        for (end, depart) in
            ends.into_iter().zip([Depart::Arrete, Depart::ConnexionFinie, Depart::Extinction])
        {
            let (_serveur, client, abonnes) = pair();
            let mut flux = client.appeler(suivre { place: 4 }).unwrap();
            let emetteur = abonnes.take();
            let pushing = thread::spawn(move || {
                let mut sent = 0_u64;
                loop {
                    if let Err(error) = emetteur.envoyer(sent) {
                        return (sent, error);
                    }
                    sent += 1;
                }
            });
            // More than fits under way: so the emitter has waited and gone on.
            for n in 0..40_000 {
                assert_eq!(flux.next().unwrap().unwrap(), n);
            }
            end(client, flux);
            let (sent, error) = pushing.join().unwrap();
            assert!(sent >= 40_000, "{sent}");
            assert_eq!(reason(Err(error)), gone(depart));
        }
    });
}

#[test]
fn a_stop_ends_channels_at_once_with_an_error_that_says_so() {
    with_watchdog("stop", LIMIT, || {
        for by_server in [true, false] {
            let (serveur, abonnes) = serving();
            let running = serveur.clone();
            let running = thread::spawn(move || running.lancer().unwrap());
            let client = Client::new(serveur.adresse()).unwrap();
            let flux = client.appeler(suivre { place: 4 }).unwrap();
            let emetteur = abonnes.take();
            emetteur.envoyer(1).unwrap();
            let taking = thread::spawn(move || flux.collect::<Vec<_>>());
            let watch = Stopwatch::start();
            if by_server {
                serveur.eteindre().unwrap();
            } else {
                client.eteindre().unwrap();
                serveur.eteindre().unwrap();
            }
            assert!(watch.elapsed() < Duration::from_secs(4), "half the grace was not waited for");
            running.join().unwrap();
            let mut taken = taking.join().unwrap();
            let error = taken.pop().unwrap().unwrap_err();
            let Erreur::Distante(distante) = &error else { panic!("{error}") };
            assert_eq!(distante.nature, NatureDistante::Fermee, "{error}");
            assert_eq!(reason(emetteur.envoyer(2)), gone(Depart::Extinction));
        }
    });
}

#[test]
fn so_many_channels_are_open_and_one_more_is_told() {
    #[commande]
    fn nombres() -> Flux<u64> {
        Flux::de(0..3)
    }
    with_watchdog("limit", LIMIT, || {
        let abonnes = Abonnes::default();
        let options = Serveur::options(0).max_clients(2).max_canaux(3).max_flux(0);
        let serveur = options.fournir(abonnes.clone()).ouvrir().unwrap();
        serveur.enregistrer(commandes![suivre]).unwrap();
        let client = serveur.client_local().unwrap();
        let mut open: Vec<_> =
            (0..3).map(|_| client.appeler(suivre { place: 1 }).unwrap()).collect();
        let refused = client.appeler(suivre { place: 1 }).unwrap_err();
        let Erreur::Distante(distante) = &refused else { panic!("{refused}") };
        assert_eq!(distante.nature, NatureDistante::SurchargeeApres);
        assert!(refused.to_string().contains("`max_canaux`"), "{refused}");
        assert_eq!(reason(abonnes.take().envoyer(1)), gone(Depart::TropDeCanaux));
        drop(open.pop());
        until_closed(&abonnes.take());
        open.push(client.appeler(suivre { place: 1 }).unwrap());
        // An iterator has a limit of its own.
        serveur.enregistrer(commandes![nombres]).unwrap();
        let refused = client.appeler(nombres {}).unwrap_err();
        assert!(refused.to_string().contains("`max_flux`"), "{refused}");
    });
}

#[test]
fn an_item_that_is_too_large_is_refused_and_one_from_before_ends_the_stream() {
    #[derive(Clone, Default)]
    struct Place(Arc<Mutex<Option<Emetteur<Octets>>>>);
    #[commande]
    fn morceaux(place: &Etat<Place>, taille: u32) -> Flux<Octets> {
        let (emetteur, flux) = Flux::canal(4);
        emetteur.envoyer(Octets(vec![7; taille as usize])).unwrap();
        *place.0.lock().unwrap() = Some(emetteur);
        flux
    }
    with_watchdog("too large", LIMIT, || {
        let place = Place::default();
        let serveur = Serveur::options(0).max_clients(4).fournir(place.clone()).ouvrir().unwrap();
        serveur.enregistrer(commandes![morceaux]).unwrap();
        let running = serveur.clone();
        let running = thread::spawn(move || running.lancer().unwrap());
        let client = Client::options(serveur.adresse()).taille_max(100_000).connecter().unwrap();
        let mut flux = client.appeler(morceaux { taille: 90_000 }).unwrap();
        let emetteur = place.0.lock().unwrap().take().unwrap();
        let refused = emetteur.envoyer(Octets(vec![7; 100_000]));
        assert!(matches!(reason(refused), RaisonNonEnvoi::TropGrande { limite: 100_000, .. }));
        emetteur.envoyer(Octets(vec![8; 80_000])).unwrap();
        assert_eq!(flux.next().unwrap().unwrap().0.len(), 90_000);
        assert_eq!(flux.next().unwrap().unwrap().0, vec![8; 80_000]);
        drop((flux, emetteur));
        let mut flux = client.appeler(morceaux { taille: 100_000 }).unwrap();
        let error = flux.next().unwrap().unwrap_err();
        assert!(error.to_string().contains("100000"), "{error}");
        let emetteur = place.0.lock().unwrap().take().unwrap();
        assert_eq!(reason(emetteur.envoyer(Octets(vec![]))), gone(Depart::ElementTropGrand));
        client.eteindre().unwrap();
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

#[test]
fn a_slow_taker_holds_up_no_other() {
    with_watchdog("slow among fast", LIMIT, || {
        let (serveur, abonnes) = serving();
        let clients: Vec<_> = (0..3).map(|_| serveur.client_local().unwrap()).collect();
        let flux = |client: &Client| client.appeler(suivre_le_dernier { place: 1000 }).unwrap();
        let still = flux(&clients[0]);
        // On one connection with the one that stands still, and on others.
        let fast: Vec<_> = clients.iter().map(flux).collect();
        let emetteurs = std::mem::take(&mut *abonnes.0.lock().unwrap());
        let takers: Vec<_> = fast
            .into_iter()
            .map(|flux| thread::spawn(move || flux.map(Result::unwrap).collect::<Vec<u64>>()))
            .collect();
        let count = 17_000;
        for n in 0..count {
            for emetteur in &emetteurs {
                emetteur.envoyer(n).unwrap();
            }
            if n % 500 == 0 {
                // Fast ones keep up at this rate.
                thread::sleep(Duration::from_millis(1));
            }
        }
        let lost: Vec<u64> = emetteurs.iter().map(Emetteur::perdus).collect();
        assert!(lost[0] > 0, "the one that stands still loses what it does not take");
        drop(emetteurs);
        for (taker, lost) in takers.into_iter().zip(&lost[1..]) {
            let taken = taker.join().unwrap();
            assert_eq!(taken.len() as u64 + lost, count);
            assert_eq!(taken.last(), Some(&(count - 1)));
        }
        let taken: Vec<u64> = still.map(Result::unwrap).collect();
        assert_eq!(taken.len() as u64 + lost[0], count);
    });
}

#[test]
fn commands_push_to_streams_of_their_own_connection_and_of_others() {
    with_watchdog("inside commands", LIMIT, || {
        let (serveur, client, abonnes) = pair();
        let other = serveur.client_local().unwrap();
        for from in [&client, &other] {
            let mut flux = client.appeler(suivre { place: 2 }).unwrap();
            // Far more than is under way: the command waits, and gives its turn up.
            let waits = from.differer(publier { premier: 0, nombre: 30_000 }).unwrap();
            for n in 0..30_000 {
                assert_eq!(flux.next().unwrap().unwrap(), n);
                if n % 5000 == 0 {
                    assert_eq!(from.appeler(double { n }).unwrap(), n * 2, "others go on");
                }
            }
            waits.attendre().unwrap();
            drop(flux);
            // Nobody takes anything: the command is told, and does not wait for ever.
            let emetteur = abonnes.0.lock().unwrap().last().cloned().unwrap();
            until_closed(&emetteur);
            let error = from.appeler(publier { premier: 0, nombre: 1 }).unwrap_err();
            drop(abonnes.take());
            assert!(error.to_string().contains("nobody takes items"), "{error}");
        }
    });
}

#[test]
fn an_emitter_may_be_used_and_dropped_inside_a_lock_of_the_program() {
    with_watchdog("inside a lock", LIMIT, || {
        let (serveur, client, abonnes) = pair();
        client
            .enregistrer_commande("rappel", {
                let abonnes = abonnes.clone();
                move |_, (): ()| abonnes.0.lock().unwrap().len() as u64
            })
            .unwrap();
        for _ in 0..50 {
            let flux = client.appeler(suivre { place: 4 }).unwrap();
            let taking = thread::spawn(move || flux.map(Result::unwrap).count());
            let mut held = abonnes.0.lock().unwrap();
            for n in 0..4 {
                held.iter().for_each(|emetteur| emetteur.essayer(n).unwrap());
            }
            held.clear();
            drop(held);
            assert_eq!(taking.join().unwrap(), 4);
        }
        client.eteindre().unwrap();
        serveur.eteindre().unwrap();
    });
}

#[test]
fn a_waker_may_push_but_not_wait() {
    with_watchdog("inside a waker", LIMIT, || {
        let (_serveur, client, abonnes) = pair();
        let mut flux = client.appeler(suivre { place: 2 }).unwrap();
        let emetteur = abonnes.take();
        let (tell, told) = mpsc::channel();
        let inside = emetteur.clone();
        client.essayer_appel(double { n: 1 }).unwrap().quand_prete(move |_| {
            let mut sent = 0;
            let failed = loop {
                match inside.envoyer(sent) {
                    Ok(()) => sent += 1,
                    failed => break reason(failed),
                }
            };
            let (empty, mut local) = Flux::canal(1);
            let nothing = local.next().map(|item: Resultat<u64>| item.is_err());
            drop(empty);
            tell.send((failed, nothing)).unwrap();
        });
        let (failed, nothing) = told.recv().unwrap();
        assert_eq!((failed, nothing), (RaisonNonEnvoi::DansUnRappel, Some(true)));
        assert_eq!(flux.next().unwrap().unwrap(), 0);
    });
}

#[test]
fn a_relayed_stream_passes_items_errors_and_stops() {
    #[derive(Clone)]
    struct Amont(Client);
    #[commande(nom = "relais")]
    fn relayer(amont: &Etat<Amont>, jusqu_a: u64) -> Resultat<Flux<u64>> {
        amont.0.appeler(compter { jusqu_a })
    }
    #[commande(nom = "relais_de_suivre")]
    fn relayer_suivre(amont: &Etat<Amont>) -> Resultat<Flux<u64>> {
        amont.0.appeler(suivre { place: 4 })
    }
    with_watchdog("relay", LIMIT, || {
        let (_source, amont, abonnes) = pair();
        let relais = Serveur::options(0).fournir(Amont(amont.clone())).ouvrir().unwrap();
        relais.enregistrer(commandes![relayer, relayer_suivre]).unwrap();
        let client = relais.client_local().unwrap();
        let flux = client.appeler(relayer { jusqu_a: 20_000 }).unwrap();
        assert!(flux.map(Result::unwrap).eq(0..20_000));
        // An error of the source is an error behind the relay.
        let mut flux = client.appeler(relayer_suivre {}).unwrap();
        let emetteur = abonnes.take();
        emetteur.envoyer(1).unwrap();
        emetteur.echouer("the source has failed");
        assert_eq!(flux.next().unwrap().unwrap(), 1);
        let error = flux.next().unwrap().unwrap_err();
        assert!(error.to_string().contains("the source has failed"), "{error}");
        assert!(flux.next().is_none());
        // A stop behind the relay stops the source, which goes on pushing until it learns of that.
        let mut flux = client.appeler(relayer_suivre {}).unwrap();
        let emetteur = abonnes.take();
        emetteur.envoyer(1).unwrap();
        assert_eq!(flux.next().unwrap().unwrap(), 1);
        drop(flux);
        while !emetteur.est_ferme() {
            let _told_soon = emetteur.essayer(2);
        }
        assert_eq!(reason(emetteur.envoyer(3)), gone(Depart::Arrete));
        // The end of the source's connection is an error behind the relay.
        let mut flux = client.appeler(relayer_suivre {}).unwrap();
        let emetteur = abonnes.take();
        emetteur.envoyer(1).unwrap();
        assert_eq!(flux.next().unwrap().unwrap(), 1);
        amont.close();
        assert!(flux.next().unwrap().is_err() && flux.next().is_none());
    });
}
