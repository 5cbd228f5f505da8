//! Groups of which each member gets the latest message, however slow it is.

use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use cconn::salon::{Lenteur, Salon};
use cconn::{Client, Diffusion, Etat, Serveur, commande, commandes};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running, soon};

struct Mains(Mutex<Sender<Client>>);

#[commande]
fn moi(client: &Client, mains: &Etat<Mains>) {
    mains.0.lock().unwrap().send(client.clone()).unwrap();
}

#[commande]
fn prix(valeur: u32);

#[commande]
fn position(valeur: u32);

/// What fills a window.
#[commande]
fn lest(texte: &str);

#[commande]
fn fin();

/// What a member has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entendu {
    Prix(u32),
    Position(u32),
    Fin,
}

use Entendu::{Fin, Position, Prix};

/// A member of groups: a client, the server's handle of it, and what it hears once it listens.
struct Membre {
    client: Client,
    there: Client,
    hears: Receiver<Entendu>,
}

impl Membre {
    /// One that runs no command yet.
    fn new(running: &Running, hands: &Receiver<Client>) -> Self {
        let client =
            Client::options(running.serveur.adresse()).taille_max(1024).connecter().unwrap();
        let (told, hears) = mpsc::channel();
        let tell = |of: fn(u32) -> Entendu| {
            let told = told.clone();
            move |_: &Client, (valeur,): (u32,)| {
                let _ = told.send(of(valeur));
            }
        };
        client.enregistrer_commande("prix", tell(Prix)).unwrap();
        client.enregistrer_commande("position", tell(Position)).unwrap();
        client.enregistrer_commande("lest", |_, (_,): (String,)| ()).unwrap();
        client
            .enregistrer_commande("fin", move |_, (): ()| {
                let _ = told.send(Fin);
            })
            .unwrap();
        client.appeler(moi {}).unwrap();
        let there = hands.recv().unwrap();
        Membre { client, there, hears }
    }

    /// The same, and its window is full.
    fn slow(running: &Running, hands: &Receiver<Client>) -> Self {
        let membre = Membre::new(running, hands);
        for texte in ["x".repeat(500), String::new()] {
            while membre.there.essayer(lest { texte: &texte }).is_ok() {}
        }
        membre
    }

    /// Listens from now on, up to the end of what was sent to it.
    fn hear_all(&self) -> Vec<Entendu> {
        self.client.ecouter().unwrap();
        self.there.envoyer(fin {}).unwrap();
        self.hears.iter().take_while(|entendu| *entendu != Fin).collect()
    }
}

fn served() -> (Running, Receiver<Client>) {
    let (hand, hands) = mpsc::channel();
    let running =
        Running::new(Serveur::options(0).max_clients(16).fournir(Mains(Mutex::new(hand))));
    running.serveur.enregistrer(commandes![moi]).unwrap();
    (running, hands)
}

fn group(running: &Running, name: &str, members: &[&Membre]) -> Salon {
    let salon = running.serveur.salon_avec(name, Lenteur::Remplacer);
    for membre in members {
        assert!(salon.entrer(&membre.there).unwrap());
    }
    salon
}

/// How many were reached, who gets it later, how many of these get it instead of an earlier one, and
/// who has missed it.
fn told(said: &Diffusion) -> (usize, Vec<u64>, usize, usize) {
    let later = said.en_attente.iter().map(Client::id).collect();
    (said.atteints, later, said.remplaces, said.manques.len())
}

#[test]
fn the_latest_arrives_once_a_slow_member_listens_and_others_hear_all() {
    with_watchdog("latest", LIMIT, || {
        let (running, hands) = served();
        let quick = Membre::new(&running, &hands);
        quick.client.ecouter().unwrap();
        let slow = Membre::slow(&running, &hands);
        let salon = group(&running, "cours", &[&quick, &slow]);
        for valeur in 1..=20 {
            let said = salon.diffuser(prix { valeur }).unwrap();
            let replaced = usize::from(valeur > 1);
            assert_eq!(told(&said), (1, vec![slow.there.id()], replaced, 0), "{valeur}");
            assert_eq!(quick.hears.recv().unwrap(), Prix(valeur));
        }
        assert_eq!(slow.hear_all(), [Prix(20)]);
        // It has room again: it is reached like the other.
        assert_eq!(told(&salon.diffuser(prix { valeur: 21 }).unwrap()), (2, vec![], 0, 0));
        assert_eq!(slow.hears.recv().unwrap(), Prix(21));
        running.stop().unwrap();
    });
}

#[test]
fn each_command_of_each_group_has_a_slot_of_its_own() {
    with_watchdog("slots", LIMIT, || {
        let (running, hands) = served();
        let slow = Membre::slow(&running, &hands);
        let [a, b] = ["a", "b"].map(|name| group(&running, name, &[&slow]));
        let replaced = [
            a.diffuser(prix { valeur: 1 }),
            a.diffuser(position { valeur: 2 }),
            b.diffuser(prix { valeur: 3 }),
            a.diffuser(prix { valeur: 4 }),
            b.diffuser(prix { valeur: 5 }),
            b.diffuser(position { valeur: 6 }),
        ]
        .map(|said| said.unwrap().remplaces);
        assert_eq!(replaced, [0, 0, 0, 1, 1, 0]);
        let mut heard = slow.hear_all();
        heard.sort_by_key(|entendu| format!("{entendu:?}"));
        assert_eq!(heard, [Position(2), Position(6), Prix(4), Prix(5)]);
        running.stop().unwrap();
    });
}

#[test]
fn a_flood_leaves_the_last_message_to_a_member_that_does_not_listen() {
    with_watchdog("flood", LIMIT, || {
        let (running, hands) = served();
        let slow = Membre::slow(&running, &hands);
        let salon = group(&running, "cours", &[&slow]);
        for valeur in 1..=100_000 {
            let said = salon.diffuser(prix { valeur }).unwrap();
            assert_eq!((said.atteints, said.manques.len()), (0, 0));
            assert_eq!(said.remplaces, usize::from(valeur > 1));
        }
        assert_eq!(slow.hear_all(), [Prix(100_000)]);
        running.stop().unwrap();
    });
}

const LAST: u32 = 20_000;

#[test]
fn members_of_any_pace_hear_rising_numbers_and_the_last_of_all() {
    with_watchdog("paces", LIMIT, || {
        let (running, hands) = served();
        let members: Vec<_> = (0..4).map(|_| Membre::new(&running, &hands)).collect();
        let salon = group(&running, "cours", &members.iter().collect::<Vec<_>>());
        for membre in &members {
            membre.client.ecouter().unwrap();
        }
        for valeur in 1..=LAST {
            assert!(salon.diffuser(prix { valeur }).unwrap().manques.is_empty());
        }
        for membre in &members {
            let mut before = 0;
            while before < LAST {
                let Prix(valeur) = membre.hears.recv().unwrap() else { panic!() };
                assert!(valeur > before, "{valeur} behind {before}");
                before = valeur;
            }
            assert!(membre.hears.try_recv().is_err());
        }
        running.stop().unwrap();
    });
}

#[test]
fn who_leaves_the_group_or_is_cut_gets_nothing_that_waited() {
    with_watchdog("left", LIMIT, || {
        let (running, hands) = served();
        let [leaves, returns, cut] = [0; 3].map(|_| Membre::slow(&running, &hands));
        let salon = group(&running, "cours", &[&leaves, &returns, &cut]);
        let other = group(&running, "autre", &[&leaves]);
        assert_eq!(salon.diffuser(prix { valeur: 1 }).unwrap().en_attente.len(), 3);
        assert_eq!(other.diffuser(prix { valeur: 2 }).unwrap().en_attente.len(), 1);
        assert!(salon.quitter(&leaves.there) && salon.quitter(&returns.there));
        cut.there.close();
        assert!(soon(|| salon.membres().is_empty()));
        assert_eq!(told(&salon.diffuser(prix { valeur: 3 }).unwrap()), (0, vec![], 0, 0));
        // A new membership has a new slot.
        assert!(salon.entrer(&returns.there).unwrap());
        let said = salon.diffuser(position { valeur: 4 }).unwrap();
        assert_eq!(told(&said), (0, vec![returns.there.id()], 0, 0));
        assert_eq!(leaves.hear_all(), [Prix(2)], "of the group that it is still in");
        assert_eq!(returns.hear_all(), [Position(4)]);
        running.stop().unwrap();
    });
}

#[test]
fn a_stop_sends_what_waits() {
    with_watchdog("stop", LIMIT, || {
        let (running, hands) = served();
        let slow = Membre::slow(&running, &hands);
        let salon = group(&running, "cours", &[&slow]);
        for valeur in 1..=3 {
            assert_eq!(salon.diffuser(prix { valeur }).unwrap().en_attente.len(), 1);
        }
        running.stop().unwrap();
        assert_eq!(slow.hears.recv().unwrap(), Prix(3));
    });
}

#[test]
fn another_rule_leaves_what_waits_and_lets_later_messages_be_missed() {
    with_watchdog("rule", LIMIT, || {
        let (running, hands) = served();
        let slow = Membre::slow(&running, &hands);
        let salon = group(&running, "cours", &[&slow]);
        assert_eq!(salon.diffuser(prix { valeur: 1 }).unwrap().en_attente.len(), 1);
        for rule in [Lenteur::Compter, Lenteur::Couper(Duration::from_secs(60))] {
            running.serveur.salon_avec("cours", rule);
            assert_eq!(told(&salon.diffuser(prix { valeur: 2 }).unwrap()), (0, vec![], 0, 1));
        }
        assert_eq!(slow.hear_all(), [Prix(1)]);
        running.stop().unwrap();
    });
}

#[test]
fn a_message_that_is_too_large_for_a_member_is_missed_and_does_not_wait() {
    with_watchdog("large", LIMIT, || {
        let (running, hands) = served();
        let slow = Membre::slow(&running, &hands);
        let salon = group(&running, "cours", &[&slow]);
        let said = salon.diffuser(lest { texte: &"x".repeat(2000) }).unwrap();
        assert_eq!(told(&said), (0, vec![], 0, 1));
        running.stop().unwrap();
    });
}
