//! Groups of clients, and messages to lists and to chosen clients.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use cconn::erreur::{RaisonFin, Usage};
use cconn::salon::{Lenteur, Salon};
use cconn::{Client, Erreur, Etat, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running, soon};

struct Mains(Mutex<Sender<Client>>);

#[commande]
fn moi(client: &Client, mains: &Etat<Mains>) {
    mains.0.lock().unwrap().send(client.clone()).unwrap();
}

#[commande]
fn entrer(serveur: &Serveur, client: &Client, salon: &str) -> Resultat<bool> {
    serveur.salon(salon).entrer(client)
}

#[commande]
fn quitter(serveur: &Serveur, client: &Client, salon: &str) -> bool {
    serveur.salon(salon).quitter(client)
}

#[commande]
fn dire(serveur: &Serveur, client: &Client, salon: &str, mot: &str) -> Resultat<(usize, usize)> {
    let diffusion = serveur.salon(salon).sauf(client).diffuser(entendre { mot })?;
    Ok((diffusion.atteints, diffusion.manques.len()))
}

#[commande]
fn entendre(mot: &str);

/// A server, whose handles of the clients that call `moi` come out of the receiver.
fn served() -> (Running, Receiver<Client>) {
    let (hand, hands) = mpsc::channel();
    let options = Serveur::options(0).max_clients(16).fournir(Mains(Mutex::new(hand)));
    let running = Running::new(options);
    running.serveur.enregistrer(commandes![moi, entrer, quitter, dire]).unwrap();
    (running, hands)
}

/// A client that listens, what it hears, and the server's handle of it.
fn member(running: &Running, hands: &Receiver<Client>) -> (Client, Receiver<String>, Client) {
    let client = running.client();
    let (told, hears) = mpsc::channel();
    client
        .enregistrer_commande("entendre", move |_, (mot,): (String,)| told.send(mot).unwrap())
        .unwrap();
    client.ecouter().unwrap();
    client.appeler(moi {}).unwrap();
    let there = hands.recv().unwrap();
    (client, hears, there)
}

fn ids(salon: &Salon) -> Vec<u64> {
    salon.membres().iter().map(Client::id).collect()
}

#[test]
fn members_hear_what_is_said_in_their_group_and_others_do_not() {
    with_watchdog("heard", LIMIT, || {
        let (running, hands) = served();
        let (ada, ada_hears, _) = member(&running, &hands);
        let (bea, bea_hears, _) = member(&running, &hands);
        let (_cleo, cleo_hears, _) = member(&running, &hands);
        assert!(ada.appeler(entrer { salon: "cuisine" }).unwrap());
        assert!(bea.appeler(entrer { salon: "cuisine" }).unwrap());
        assert!(!bea.appeler(entrer { salon: "cuisine" }).unwrap(), "it is in");
        assert_eq!(ada.appeler(dire { salon: "cuisine", mot: "bonjour" }).unwrap(), (1, 0));
        assert_eq!(bea_hears.recv().unwrap(), "bonjour");
        // One that is in no group speaks to all members.
        let salon = running.serveur.salon("cuisine");
        assert_eq!(salon.diffuser(entendre { mot: "à tous" }).unwrap().atteints, 2);
        assert_eq!(
            (ada_hears.recv().unwrap(), bea_hears.recv().unwrap()),
            ("à tous".into(), "à tous".into())
        );
        assert!(bea.appeler(quitter { salon: "cuisine" }).unwrap());
        assert!(!bea.appeler(quitter { salon: "cuisine" }).unwrap(), "it has left");
        assert_eq!(ada.appeler(dire { salon: "cuisine", mot: "seule" }).unwrap(), (0, 0));
        assert_eq!(ada.appeler(dire { salon: "vide", mot: "personne" }).unwrap(), (0, 0));
        for silent in [ada_hears, bea_hears, cleo_hears] {
            assert!(silent.try_recv().is_err());
        }
        running.stop().unwrap();
    });
}

#[test]
fn a_client_that_is_gone_has_left_all_groups_before_the_hook_runs() {
    with_watchdog("gone", LIMIT, || {
        let (say, said) = mpsc::channel();
        let serveur = Serveur::options(0).max_clients(4).quand_deconnecte(move |client, _| {
            say.send(client.clone()).unwrap();
        });
        let running = Running::new(serveur);
        running.serveur.enregistrer(commandes![entrer]).unwrap();
        for cut in [false, true] {
            let (stays, goes) = (running.client(), running.client());
            for salon in ["a", "b", "c"] {
                stays.appeler(entrer { salon }).unwrap();
                goes.appeler(entrer { salon }).unwrap();
            }
            assert_eq!(running.serveur.salons().len(), 3);
            let names: Vec<_> = running.serveur.salons().iter().map(Salon::to_string).collect();
            assert_eq!(names, ["a", "b", "c"]);
            if cut {
                goes.close();
            } else {
                goes.eteindre().unwrap();
            }
            let gone = said.recv().unwrap();
            for name in ["a", "b", "c"] {
                let salon = running.serveur.salon(name);
                assert_eq!((salon.membres().len(), salon.contient(&gone)), (1, false));
                let late = salon.entrer(&gone).unwrap_err();
                assert!(matches!(late, Erreur::Fermee(_)), "{late}");
            }
            stays.eteindre().unwrap();
            said.recv().unwrap();
            assert!(running.serveur.salons().is_empty(), "nobody is left");
        }
        running.stop().unwrap();
    });
}

#[test]
fn only_clients_of_the_server_enter() {
    with_watchdog("others", LIMIT, || {
        let (running, hands) = served();
        let (other, others) = served();
        let (here, _, _) = member(&running, &hands);
        let (_there, _, foreign) = member(&other, &others);
        let salon = running.serveur.salon("a");
        for stranger in [&here, &foreign] {
            let refused = salon.entrer(stranger).unwrap_err();
            let Erreur::Usage(usage) = &refused else { panic!("{refused}") };
            assert!(matches!(**usage, Usage::AutreServeur { .. }), "{refused}");
            assert!(!salon.quitter(stranger) && !salon.contient(stranger));
        }
        // To a list it may belong: it is a handle like any other.
        let list = [foreign.clone()];
        let said = || running.serveur.diffuser_a(&list, entendre { mot: "x" }).unwrap();
        assert_eq!((said().atteints, said().manques.len()), (1, 0));
        // Who has gone is missed: the list is the program's.
        foreign.close();
        assert_eq!((said().atteints, said().manques.len()), (0, 1));
        running.stop().unwrap();
        other.stop().unwrap();
    });
}

#[test]
fn a_message_goes_to_a_list_or_to_those_that_a_closure_chooses() {
    with_watchdog("chosen", LIMIT, || {
        let (running, hands) = served();
        let members: Vec<_> = (0..4).map(|_| member(&running, &hands)).collect();
        let even = |client: &Client| client.id().is_multiple_of(2);
        let said = running.serveur.diffuser_si(even, entendre { mot: "pair" }).unwrap();
        assert_eq!((said.atteints, said.manques.len()), (2, 0));
        let list = members[..3].iter().map(|(_, _, there)| there);
        let said = running.serveur.diffuser_a(list, entendre { mot: "liste" }).unwrap();
        assert_eq!(said.atteints, 3);
        let none = running.serveur.diffuser_a(&[], entendre { mot: "personne" }).unwrap();
        assert_eq!((none.atteints, none.manques.len()), (0, 0));
        for ((_, hears, there), n) in members.iter().zip(0..) {
            let mut expected = Vec::new();
            if even(there) {
                expected.push("pair");
            }
            if n < 3 {
                expected.push("liste");
            }
            let heard: Vec<String> = hears.iter().take(expected.len()).collect();
            assert_eq!(heard, expected);
        }
        running.stop().unwrap();
    });
}

/// Fills the window of a client that runs nothing.
fn deaf(running: &Running, hands: &Receiver<Client>) -> (Client, Client) {
    let client = Client::options(running.serveur.adresse())
        .taille_max(1024)
        .echecs_affiches(false)
        .connecter()
        .unwrap();
    client.appeler(moi {}).unwrap();
    let there = hands.recv().unwrap();
    while there.essayer(entendre { mot: &"x".repeat(500) }).is_ok() {}
    (client, there)
}

#[test]
fn a_member_that_does_not_keep_up_is_named_and_holds_up_nobody() {
    with_watchdog("missed", LIMIT, || {
        let (running, hands) = served();
        let (_ada, hears, ada) = member(&running, &hands);
        let (_deaf, slow) = deaf(&running, &hands);
        let salon = running.serveur.salon("a");
        salon.entrer(&ada).unwrap();
        salon.entrer(&slow).unwrap();
        for n in 1..=50 {
            let said = salon.diffuser(entendre { mot: &"y".repeat(500) }).unwrap();
            let missed: Vec<_> = said.manques.iter().map(Client::id).collect();
            assert_eq!((said.atteints, missed), (1, vec![slow.id()]), "{n}");
        }
        assert_eq!(hears.iter().take(50).count(), 50);
        assert!(slow.est_connecte(), "it only misses");
        assert_eq!(ids(&salon), [ada.id(), slow.id()]);
        slow.close();
        running.stop().unwrap();
    });
}

#[test]
fn a_member_that_misses_everything_for_too_long_is_sent_away_with_a_reason() {
    with_watchdog("cut", LIMIT, || {
        let (running, hands) = served();
        let (_ada, _hears, ada) = member(&running, &hands);
        let (deaf, slow) = deaf(&running, &hands);
        let salon =
            running.serveur.salon_avec("capteurs", Lenteur::Couper(Duration::from_millis(60)));
        salon.entrer(&ada).unwrap();
        salon.entrer(&slow).unwrap();
        let long = "z".repeat(500);
        assert_eq!(salon.diffuser(entendre { mot: &long }).unwrap().manques.len(), 1);
        assert!(slow.est_connecte(), "not yet");
        thread::sleep(Duration::from_millis(80));
        // The handle that another thread finds by name has the same rule.
        let said = running.serveur.salon("capteurs").diffuser(entendre { mot: &long }).unwrap();
        assert_eq!((said.atteints, said.manques.len()), (1, 1));
        assert!(soon(|| !slow.est_connecte()));
        let why = deaf.appeler(moi {}).unwrap_err();
        let Erreur::Fermee(fin) = &why else { panic!("{why}") };
        assert_eq!(fin.raison, RaisonFin::Expulsee, "{why}");
        assert!(fin.texte.contains("`capteurs`"), "{why}");
        assert!(ada.est_connecte());
        assert!(soon(|| ids(&salon) == [ada.id()]));
        running.stop().unwrap();
    });
}

#[test]
fn two_clients_may_be_left_out_and_one_that_is_not_in_changes_nothing() {
    with_watchdog("except", LIMIT, || {
        let (running, hands) = served();
        let members: Vec<_> = (0..3).map(|_| member(&running, &hands)).collect();
        let salon = running.serveur.salon("a");
        for (_, _, there) in &members {
            assert!(salon.entrer(there).unwrap());
        }
        let (_, _, out) = member(&running, &hands);
        let [(_, _, one), (_, _, two), _] = &members[..] else { panic!() };
        let reached = |sauf: cconn::salon::Sauf<'_>| {
            sauf.diffuser(nommee("entendre", ("x",))).unwrap().atteints
        };
        assert_eq!(reached(salon.sauf(one)), 2);
        assert_eq!(reached(salon.sauf(one).sauf(two)), 1);
        assert_eq!(reached(salon.sauf(&out)), 3);
        assert_eq!(reached(salon.sauf(one).sauf(one)), 2);
        running.stop().unwrap();
    });
}

#[test]
fn many_threads_enter_leave_and_speak_while_clients_come_and_go() {
    with_watchdog("many", LIMIT, || {
        let (running, _hands) = served();
        thread::scope(|scope| {
            for thread in 0..6 {
                let running = &running;
                scope.spawn(move || {
                    for round in 0..15 {
                        let client = running.client();
                        client
                            .enregistrer_commande("entendre", |_, (_mot,): (String,)| ())
                            .unwrap();
                        for salon in ["a", "b", "c"] {
                            client.appeler(entrer { salon }).unwrap();
                            client.appeler(dire { salon, mot: "x" }).unwrap();
                        }
                        client.appeler(quitter { salon: "b" }).unwrap();
                        if (thread + round) % 2 == 0 {
                            client.close();
                        } else {
                            client.eteindre().unwrap();
                        }
                    }
                });
            }
        });
        assert!(soon(|| running.serveur.salons().is_empty()));
        let names: BTreeSet<_> =
            running.serveur.salons().iter().map(|s| s.nom().to_owned()).collect();
        assert!(names.is_empty());
        running.stop().unwrap();
    });
}
