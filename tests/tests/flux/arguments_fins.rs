//! Streams among the arguments that end before their time: cuts, goodbyes, deadlines, cancels.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use cconn::erreur::{Depart, Phase, RaisonNonEnvoi};
use cconn::essais::{Reseau, Sens};
use cconn::flux::Flux;
use cconn::{Client, Erreur, Etat, Resultat, Serveur, commande, commandes};
use cconn_tests::{Stopwatch, undisturbed, until, until_some, with_watchdog};

const LIMIT: Duration = Duration::from_secs(20);

/// What the commands of a test have told, and whether the gate is open that they wait at.
type Told = (Vec<String>, bool);

/// What the commands of a test have told, and a gate that they wait at.
#[derive(Clone, Default)]
struct Carnet(Arc<(Mutex<Told>, Condvar)>);

impl Carnet {
    fn tell(&self, text: String) {
        self.0.0.lock().unwrap().0.push(text);
        self.0.1.notify_all();
    }

    /// Waits until so many have told something.
    fn heard(&self, count: usize) -> Vec<String> {
        let told = self.0.1.wait_while(self.0.0.lock().unwrap(), |(told, _)| told.len() < count);
        told.unwrap().0.clone()
    }

    fn open_gate(&self) {
        self.0.0.lock().unwrap().1 = true;
        self.0.1.notify_all();
    }

    fn wait_at_gate(&self) {
        drop(self.0.1.wait_while(self.0.0.lock().unwrap(), |(_, open)| !*open).unwrap());
    }
}

/// Tells, here and to its caller, how its stream has ended.
#[commande]
fn finir(carnet: &Etat<Carnet>, nombres: Flux<u64>) -> String {
    let mut attendu = 0;
    let mut fin = None;
    for nombre in nombres {
        match nombre {
            Ok(nombre) => assert_eq!(nombre, attendu),
            Err(erreur) => fin = Some(erreur.to_string()),
        }
        attendu += 1;
    }
    let texte = fin.unwrap_or_else(|| format!("all {attendu}"));
    carnet.tell(texte.clone());
    texte
}

/// Takes one item, says so, and waits at the gate.
#[commande]
fn attendre(carnet: &Etat<Carnet>, mut nombres: Flux<u64>) -> bool {
    let premier = nombres.next().is_some_and(|nombre| nombre.is_ok());
    carnet.tell("one".into());
    carnet.wait_at_gate();
    premier
}

/// Waits at the gate without a stream.
#[commande]
fn occuper(carnet: &Etat<Carnet>) {
    carnet.tell("busy".into());
    carnet.wait_at_gate();
}

#[commande]
fn renvoyer(nombres: Flux<u64>) -> Flux<u64> {
    nombres
}

/// Feeds a command of its caller without end.
#[commande]
fn nourrir(carnet: &Etat<Carnet>, client: &Client) -> Resultat<u64> {
    client.appeler(avaler { nombres: Flux::de(Numbers::telling(carnet)) })
}

#[commande]
fn avaler(nombres: Flux<u64>) -> u64 {
    nombres.map_while(Result::ok).map(|_| 1).sum()
}

/// Numbers from 0 on without end, ten or so a millisecond; it tells of its first and of its drop.
struct Numbers {
    next: u64,
    carnet: Carnet,
}

impl Numbers {
    fn telling(carnet: &Carnet) -> Self {
        Numbers { next: 0, carnet: carnet.clone() }
    }
}

impl Iterator for Numbers {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.next == 0 {
            self.carnet.tell("pulled".into());
        }
        if self.next % 10 == 9 {
            thread::sleep(Duration::from_millis(1));
        }
        self.next += 1;
        Some(self.next - 1)
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        self.carnet.tell("dropped".into());
    }
}

/// Half of it has to be waited for in some tests.
const GRACE: Duration = Duration::from_millis(800);

fn serving(carnet: &Carnet) -> Serveur {
    serving_with(carnet, GRACE)
}

fn serving_with(carnet: &Carnet, grace: Duration) -> Serveur {
    let serveur = Serveur::options(0)
        .max_clients(8)
        .delai_arret(grace)
        .fournir(carnet.clone())
        .ouvrir()
        .unwrap();
    serveur.enregistrer(commandes![finir, attendre, occuper, renvoyer, nourrir]).unwrap();
    serveur
}

/// A call of `finir` with numbers that do not end, on a thread of its own.
fn feeding(client: &Client, carnet: &Carnet) -> thread::JoinHandle<Resultat<String>> {
    let (client, nombres) = (client.clone(), Numbers::telling(carnet));
    thread::spawn(move || client.appeler(finir { nombres: Flux::de(nombres) }))
}

#[test]
fn a_cut_is_told_to_both_and_drops_the_source() {
    with_watchdog("cut", LIMIT, || {
        for after in [400, 1000, 5000] {
            let (here, there) = (Carnet::default(), Carnet::default());
            let serveur = serving(&there);
            let client = Reseau::new(after).coupe(Sens::VersServeur, after).client(&serveur);
            let client = client.unwrap();
            let lost = feeding(&client, &here).join().unwrap().unwrap_err();
            assert!(lost.est_fatale() && lost.a_pu_etre_executee(), "{lost}");
            assert_eq!(here.heard(2), ["pulled", "dropped"]);
            let told = there.heard(1);
            assert!(told[0].contains("`finir`") && !told[0].starts_with("all"), "{told:?}");
        }
    });
}

#[test]
fn a_connection_that_is_closed_under_a_call_ends_it() {
    with_watchdog("closed", LIMIT, || {
        let carnet = Carnet::default();
        let serveur = serving(&carnet);
        let client = serveur.client_local().unwrap();
        let (made, is_made) = mpsc::channel();
        let nombres = (0..).inspect(move |_| made.send(()).unwrap_or_default());
        let calling = client.clone();
        let call = thread::spawn(move || calling.appeler(finir { nombres: Flux::de(nombres) }));
        is_made.recv().unwrap();
        client.close();
        assert!(call.join().unwrap().unwrap_err().est_fatale());
        while is_made.recv().is_ok() {}
        assert!(!carnet.heard(1)[0].starts_with("all"));
    });
}

/// Either side stops: an iterator goes on for half of the grace period, and its command is told.
#[test]
fn a_goodbye_ends_what_has_no_end() {
    with_watchdog("goodbyes", LIMIT, || {
        // The half of the grace that is left has to do for the end of the stream.
        undisturbed(GRACE / 8, || {
            for of_server in [false, true] {
                let (here, there) = (Carnet::default(), Carnet::default());
                let serveur = serving(&there);
                let running = {
                    let serveur = serveur.clone();
                    thread::spawn(move || serveur.lancer())
                };
                let client =
                    Client::options(serveur.adresse()).delai_arret(GRACE).connecter().unwrap();
                let occupied = client.appeler(renvoyer { nombres: Flux::de(0..3) }).unwrap();
                assert_eq!(occupied.map(Result::unwrap).sum::<u64>(), 3);
                let call = feeding(&client, &here);
                here.heard(1);
                let watch = Stopwatch::start();
                if of_server {
                    serveur.eteindre().unwrap();
                } else {
                    client.eteindre().unwrap();
                }
                assert!(watch.elapsed() < Duration::from_secs(5));
                let told = call.join().unwrap().unwrap();
                assert!(told.contains("being stopped"), "{told}");
                assert_eq!(here.heard(2), ["pulled", "dropped"]);
                serveur.eteindre().unwrap();
                running.join().unwrap().unwrap();
            }
        });
    });
}

#[test]
fn a_goodbye_lets_a_short_stream_end() {
    with_watchdog("short streams", LIMIT, || {
        let carnet = Carnet::default();
        // Half of it is far more than the rest of the stream takes.
        let serveur = serving_with(&carnet, LIMIT);
        let client = serveur.client_local().unwrap();
        let (made, is_made) = mpsc::channel();
        let nombres = (0..2000).inspect(move |n| {
            if *n % 100 == 0 {
                made.send(()).unwrap();
                thread::sleep(Duration::from_millis(2));
            }
        });
        let calling = client.clone();
        let call = thread::spawn(move || calling.appeler(finir { nombres: Flux::de(nombres) }));
        is_made.recv().unwrap();
        is_made.recv().unwrap();
        client.eteindre().unwrap();
        assert_eq!(call.join().unwrap().unwrap(), "all 2000");
    });
}

#[test]
fn a_goodbye_ends_channels_at_once() {
    with_watchdog("channels", LIMIT, || {
        let carnet = Carnet::default();
        // Far more than a stop takes that waits for nothing.
        let serveur = serving_with(&carnet, LIMIT / 2);
        let client = serveur.client_local().unwrap();
        let (emetteur, nombres) = Flux::canal(1);
        let calling = client.clone();
        let call = thread::spawn(move || calling.appeler(finir { nombres }));
        // The second one has room once the first was sent: the command has started.
        (0..2).for_each(|n| emetteur.envoyer(n).unwrap());
        let watch = Stopwatch::start();
        client.eteindre().unwrap();
        assert!(watch.elapsed() < LIMIT / 8, "half of the grace was waited for");
        let said = call.join().unwrap().unwrap();
        assert!(said.contains("being stopped"), "{said}");
        let Err(Erreur::NonEnvoyee(non)) = emetteur.envoyer(1) else { panic!() };
        assert_eq!(non.raison, RaisonNonEnvoi::ConsommateurParti { depart: Depart::Extinction });
    });
}

/// A channel beyond `max_canaux` of its connection is not opened: its command and its emitters are
/// told.
#[test]
fn a_channel_too_many_is_told_to_both() {
    // [stream.most]
    with_watchdog("too many channels", LIMIT, || {
        let carnet = Carnet::default();
        let serveur = serving(&carnet);
        let running = {
            let serveur = serveur.clone();
            thread::spawn(move || serveur.lancer())
        };
        let client = Client::options(serveur.adresse()).max_canaux(1).connecter().unwrap();
        let (first, nombres) = Flux::canal(1);
        let kept = client.appeler(renvoyer { nombres }).unwrap();
        let (second, nombres) = Flux::canal(1);
        let said = client.appeler(finir { nombres }).unwrap();
        assert!(said.contains("too many channels"), "{said}");
        let Err(Erreur::NonEnvoyee(non)) = second.envoyer(1) else { panic!() };
        assert_eq!(non.raison, RaisonNonEnvoi::ConsommateurParti { depart: Depart::TropDeCanaux });
        drop((first, kept));
        client.eteindre().unwrap();
        serveur.eteindre().unwrap();
        running.join().unwrap().unwrap();
    });
}

/// The deadline of the call bounds its start. A source of a call that never starts is not pulled.
#[test]
fn a_call_that_does_not_start_is_given_up_and_its_source_was_not_pulled() {
    with_watchdog("deadline", LIMIT, || {
        let carnet = Carnet::default();
        let serveur = serving(&carnet);
        let client = serveur.client_local().unwrap();
        let busy = client.differer(occuper {}).unwrap();
        carnet.heard(1);
        let pulled = Arc::new(AtomicBool::new(false));
        let seen = pulled.clone();
        let nombres = (0..10).inspect(move |_| seen.store(true, Ordering::Relaxed));
        let short = client.avec_delai(Duration::from_millis(50));
        let late = short.appeler(finir { nombres: Flux::de(nombres) }).unwrap_err();
        let Erreur::Delai(delai) = &late else { panic!("{late}") };
        assert_eq!(delai.phase, Phase::Reponse);
        assert!(!pulled.load(Ordering::Relaxed) && !late.est_fatale());
        carnet.open_gate();
        busy.attendre().unwrap();
        let said = client.appeler(finir { nombres: Flux::de(0..10) }).unwrap();
        assert_eq!(said, "all 10");
        // The call was given up before or behind its start.
        let told = carnet.heard(2);
        assert!(
            told[1..].iter().all(|told| told == "all 10" || told.contains("given")),
            "{told:?}"
        );
        client.eteindre().unwrap();
    });
}

/// Once its command has started no deadline bounds a call whose items flow, but a peer that takes
/// nothing and says nothing is given up.
#[test]
fn a_peer_that_takes_nothing_is_given_up_for_its_silence() {
    // [lane.silence]
    with_watchdog("silence", LIMIT, || {
        // A process that is held up is as silent as its peer.
        undisturbed(Duration::from_millis(30), || {
            let carnet = Carnet::default();
            let serveur = serving(&carnet);
            let running = {
                let serveur = serveur.clone();
                thread::spawn(move || serveur.lancer())
            };
            let client = Client::options(serveur.adresse())
                .delai_silence(Duration::from_millis(100))
                .delai_reponse(Duration::from_millis(200))
                .connecter()
                .unwrap();
            let slowly = (0..40).inspect(|_| thread::sleep(Duration::from_millis(10)));
            let said = client.appeler(finir { nombres: Flux::de(slowly) }).unwrap();
            assert_eq!(
                said, "all 40",
                "400 ms of a slow source, which is no silence of the peer's"
            );
            let late = client.appeler(attendre { nombres: Flux::de(0..) }).unwrap_err();
            let Erreur::Delai(delai) = &late else { panic!("{late}") };
            assert_eq!(delai.phase, Phase::Argument, "{late}");
            assert!(late.a_pu_etre_executee() && !late.est_fatale());
            carnet.open_gate();
            assert_eq!(client.appeler(finir { nombres: Flux::de(0..1) }).unwrap(), "all 1");
            client.eteindre().unwrap();
            serveur.eteindre().unwrap();
            running.join().unwrap().unwrap();
        });
    });
}

/// The side that takes a stream waits for its items no longer than `delai_silence`, unless a channel
/// has them: a channel may be silent.
#[test]
fn a_command_does_not_wait_for_ever_for_a_silent_source() {
    with_watchdog("silent sources", LIMIT, || {
        let carnet = Carnet::default();
        let serveur = Serveur::options(0)
            .fournir(carnet.clone())
            .delai_silence(Duration::from_millis(50))
            .ouvrir()
            .unwrap();
        serveur.enregistrer(commandes![finir]).unwrap();
        let client = serveur.client_local().unwrap();
        let (let_go, is_let_go) = mpsc::channel::<u64>();
        let waiting = is_let_go.into_iter();
        let calling = client.clone();
        let call = thread::spawn(move || calling.appeler(finir { nombres: Flux::de(waiting) }));
        assert!(carnet.heard(1)[0].contains("brought nothing"), "{:?}", carnet.heard(1));
        // The source is the program's: the call returns once it does.
        drop(let_go);
        assert!(call.join().unwrap().unwrap().contains("brought nothing"));
        let (emetteur, nombres) = Flux::canal(4);
        let calling = client.clone();
        let call = thread::spawn(move || calling.appeler(finir { nombres }));
        thread::sleep(Duration::from_millis(200));
        emetteur.envoyer(0).unwrap();
        drop(emetteur);
        assert_eq!(call.join().unwrap().unwrap(), "all 1");
        client.eteindre().unwrap();
    });
}

/// A command that feeds another is given up by its own caller: its source goes too.
#[test]
fn a_command_that_feeds_is_cancelled_with_its_call() {
    with_watchdog("cancelled", LIMIT, || {
        let carnet = Carnet::default();
        let serveur = serving(&carnet);
        let client = serveur.client_local().unwrap();
        client.enregistrer(commandes![avaler]).unwrap();
        client.ecouter().unwrap();
        until("a call that is late has begun", || {
            let hasty = client.avec_delai(Duration::from_millis(100));
            // Both give up at about the same moment, and this one may still be told so.
            let late = hasty.appeler(nourrir {}).unwrap_err();
            assert!(matches!(late, Erreur::Delai(_) | Erreur::Distante(_)), "{late}");
            // If the process was held up, it has not run at all. The next one stands behind it.
            client.appeler(finir { nombres: Flux::de(0..7) }).unwrap();
            carnet.heard(1).iter().any(|told| told == "pulled")
        });
        let told = until_some("its source is dropped", || {
            let mut told = carnet.heard(1);
            told.retain(|told| told != "all 7");
            (told.len() > 1).then_some(told)
        });
        assert_eq!(told[..2], ["pulled", "dropped"]);
        assert_eq!(client.appeler(finir { nombres: Flux::de(0..7) }).unwrap(), "all 7");
        client.eteindre().unwrap();
    });
}

#[test]
fn items_arrive_in_order_over_a_network_that_slices_and_stalls() {
    with_watchdog("slices", LIMIT, || {
        for seed in 1..6 {
            let carnet = Carnet::default();
            let serveur = serving(&carnet);
            let reseau = Reseau::new(seed)
                .en_tranches(1 + seed * 3)
                .fige(Sens::VersServeur, 200 * seed, Duration::from_millis(20))
                .fige(Sens::VersClient, 100 * seed, Duration::from_millis(20));
            let client = reseau.client(&serveur).unwrap();
            let said = client.appeler(finir { nombres: Flux::de(0..2000) }).unwrap();
            assert_eq!(said, "all 2000");
            let flux = client.appeler(renvoyer { nombres: Flux::de(0..2000) }).unwrap();
            assert!(flux.map(Result::unwrap).eq(0..2000));
            client.eteindre().unwrap();
        }
    });
}

/// Faults from seeds, of which every second one cuts: either all items in order, or an error.
#[test]
fn under_faults_a_stream_is_whole_or_fails() {
    with_watchdog("faults", LIMIT, || {
        let (mut whole, mut failed) = (0, 0);
        for seed in 0..40 {
            let carnet = Carnet::default();
            let serveur = serving(&carnet);
            let Ok(client) = Reseau::au_hasard(seed).client(&serveur) else { continue };
            match client.appeler(finir { nombres: Flux::de(0..300) }) {
                Ok(said) => {
                    assert_eq!(said, "all 300", "seed {seed}");
                    whole += 1;
                }
                Err(error) => {
                    assert!(error.est_fatale(), "seed {seed}: {error}");
                    failed += 1;
                }
            }
        }
        assert!(whole > 5 && failed > 2, "{whole} whole, {failed} failed");
    });
}

#[test]
fn an_emitter_of_an_argument_names_command_and_connection_also_after_the_end() {
    with_watchdog("names of an argument's emitter", LIMIT, || {
        let serveur = Serveur::options(0).fournir(Carnet::default()).ouvrir().unwrap();
        serveur.enregistrer(commandes![finir]).unwrap();
        let client = serveur.client_local().unwrap();
        let (emetteur, nombres) = Flux::canal(4);
        let attente = client.differer(finir { nombres }).unwrap();
        emetteur.envoyer(0).unwrap();
        let named = |text: String| assert!(text.contains("finir") && text.contains("(#"), "{text}");
        named(format!("{emetteur:?}"));
        client.close();
        drop((attente, client, serveur));
        until("the end of the stream", || emetteur.est_ferme());
        named(format!("{emetteur:?}"));
        named(emetteur.envoyer(1).unwrap_err().to_string());
    });
}
