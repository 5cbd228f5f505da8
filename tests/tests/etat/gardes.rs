//! Guards: who may call a command, and what a caller is told that may not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use cconn::crochets::Issue;
use cconn::description::Chiffres;
use cconn::erreur::{Distante, NatureDistante};
use cconn::flux::Flux;
use cconn::{
    Client, Erreur, OptionsServeur, Resultat, Serveur, commande, commandes, description, nommee,
};
use cconn_tests::with_watchdog;
use serde::{Deserialize, Deserializer, Serialize};

use super::{LIMIT, Running};

/// How many arguments of this type were decoded, and how many commands ran with one, by tag.
static DECODED: [AtomicU32; 4] = [const { AtomicU32::new(0) }; 4];
static RAN: [AtomicU32; 4] = [const { AtomicU32::new(0) }; 4];

/// The first of the tags.
const FIRST: u8 = 200;

/// An argument that counts how often it is decoded.
#[derive(Serialize)]
struct Compte(u8);

impl<'de> Deserialize<'de> for Compte {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tag = u8::deserialize(deserializer)?;
        // A type is also asked to decode made-up values, to learn its shape.
        if let Some(count) = tag.checked_sub(FIRST).and_then(|tag| DECODED.get(usize::from(tag))) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        Ok(Compte(tag))
    }
}

fn decoded(tag: u8) -> u32 {
    DECODED[usize::from(tag - FIRST)].load(Ordering::SeqCst)
}

fn ran(tag: u8) -> u32 {
    RAN[usize::from(tag - FIRST)].load(Ordering::SeqCst)
}

/// The second client, and later ones, may not.
fn first_only(client: &Client) -> bool {
    client.id() == 1
}

fn panics(_: &Client) -> bool {
    panic!("a guard that panics on purpose")
}

/// Asks the client itself.
fn asks(client: &Client) -> bool {
    client.appeler::<bool, _>(nommee("permets_tu", ())).unwrap_or(false)
}

mod gardees {
    pub(super) fn nobody(_: &super::Client) -> bool {
        false
    }
}

#[commande(garde = first_only, alias = "supprimer")]
fn effacer(quoi: Compte) -> u8 {
    RAN[usize::from(quoi.0 - FIRST)].fetch_add(1, Ordering::SeqCst);
    quoi.0
}

#[commande(garde = panics)]
fn fragile(quoi: Compte) {
    RAN[usize::from(quoi.0 - FIRST)].fetch_add(1, Ordering::SeqCst);
}

#[commande(garde = asks)]
fn demandee(n: u32) -> u32 {
    n + 1
}

#[commande(garde = gardees::nobody, parallele)]
fn jamais(quoi: Compte) {
    RAN[usize::from(quoi.0 - FIRST)].fetch_add(1, Ordering::SeqCst);
}

#[commande(garde = first_only)]
fn nombres(jusqua: u32) -> impl Iterator<Item = u32> {
    0..jusqua
}

#[commande]
fn libre(n: u32) -> u32 {
    n
}

fn forbidden(error: &Erreur) -> &Distante {
    let Erreur::Distante(distante) = error else { panic!("{error:?}") };
    assert_eq!(distante.nature, NatureDistante::Interdite, "{error}");
    assert!(distante.empreintes_acceptees.is_empty());
    assert!(!error.a_pu_etre_executee() && !error.est_fatale(), "{error}");
    distante
}

/// A server that runs, and two clients of its: the guards let the first one do more.
fn two(options: OptionsServeur) -> (Running, Client, Client) {
    let running = Running::new(options.max_clients(3));
    let all = commandes![effacer, fragile, demandee, jamais, nombres, libre];
    running.serveur.enregistrer(all).unwrap();
    let first = running.client();
    first.appeler(libre { n: 0 }).unwrap();
    let second = running.client();
    second.appeler(libre { n: 0 }).unwrap();
    (running, first, second)
}

#[test]
fn the_command_runs_for_whom_its_guard_allows_it() {
    with_watchdog("allowed", LIMIT, || {
        let (running, first, second) = two(Serveur::options(0));
        assert_eq!(first.appeler(effacer { quoi: Compte(FIRST) }).unwrap(), FIRST);
        let (before, before_ran) = (decoded(FIRST), ran(FIRST));
        let refused = second.appeler(effacer { quoi: Compte(FIRST) }).unwrap_err();
        let distante = forbidden(&refused);
        assert_eq!(&*distante.commande, "effacer");
        let text = refused.to_string();
        assert!(text.contains("the guard of `effacer` does not allow it"), "{text}");
        assert!(text.contains("an anonymous caller"), "{text}");
        assert!(text.contains("ask whoever runs the peer"), "{text}");
        // Calls by name, by an earlier name, and deferred ones are refused too.
        let by_name = |name: &'static str| second.appeler::<u8, _>(nommee(name, (FIRST,)));
        forbidden(&by_name("effacer").unwrap_err());
        let alias = by_name("supprimer").unwrap_err();
        assert!(alias.to_string().contains("the guard of `effacer`"), "{alias}");
        forbidden(&alias);
        forbidden(
            &second.differer(effacer { quoi: Compte(FIRST) }).unwrap().attendre().unwrap_err(),
        );
        assert_eq!(
            (decoded(FIRST), ran(FIRST)),
            (before, before_ran),
            "nothing was decoded or run"
        );
        // The connection and its other commands live.
        assert_eq!(second.appeler(libre { n: 4 }).unwrap(), 4);
        assert_eq!(first.appeler::<u8, _>(nommee("supprimer", (FIRST,))).unwrap(), FIRST);
        running.stop().unwrap();
    });
}

#[test]
fn another_signature_is_not_told_to_whom_the_guard_refuses() {
    with_watchdog("signature", LIMIT, || {
        mod autre {
            #[cconn::commande]
            pub(super) fn effacer(quoi: String) -> u8;
        }
        // [failure.rights]
        let (running, first, second) = two(Serveur::options(0));
        let quoi = || "x".to_owned();
        let wrong = first.appeler(autre::effacer { quoi: quoi() }).unwrap_err();
        let Erreur::Distante(distante) = &wrong else { panic!("{wrong}") };
        assert_eq!(distante.nature, NatureDistante::Signature, "{wrong}");
        assert!(!distante.empreintes_acceptees.is_empty());
        let refused = second.appeler(autre::effacer { quoi: quoi() }).unwrap_err();
        forbidden(&refused);
        assert!(!refused.to_string().contains("0x"), "{refused}");
        running.stop().unwrap();
    });
}

#[test]
fn a_forbidden_message_is_told_on_both_sides_and_never_run() {
    with_watchdog("one-way", LIMIT, || {
        let (here, failed_here) = mpsc::channel();
        let options = Serveur::options(0)
            .quand_commande_echoue(move |_, what| here.send(what.to_string()).unwrap());
        let (running, _first, _second) = two(options);
        let (there, told) = mpsc::channel();
        let third = Client::options(running.serveur.adresse())
            .quand_echec(move |_, error| {
                forbidden(error);
                there.send(error.to_string()).unwrap();
            })
            .connecter()
            .unwrap();
        third.envoyer(effacer { quoi: Compte(FIRST + 1) }).unwrap();
        third.envoyer(jamais { quoi: Compte(FIRST + 1) }).unwrap();
        third.rattraper().unwrap();
        // A parallel command is refused in any order with others.
        let two = |lines: &mpsc::Receiver<String>| {
            let mut two = [(); 2].map(|()| lines.recv_timeout(LIMIT).unwrap());
            two.sort();
            two
        };
        let (told, failed_here) = (two(&told), two(&failed_here));
        for (name, (error, line)) in ["effacer", "jamais"].iter().zip(told.iter().zip(&failed_here))
        {
            assert!(error.starts_with(&format!("command `{name}` on ")), "{error}");
            assert!(line.contains(&format!("the guard of `{name}`")), "{line}");
        }
        assert_eq!((decoded(FIRST + 1), ran(FIRST + 1)), (0, 0));
        running.stop().unwrap();
    });
}

#[test]
fn a_guard_that_panics_allows_nothing() {
    with_watchdog("panic", LIMIT, || {
        let (running, first, second) = two(Serveur::options(0));
        for client in [&first, &second] {
            let refused = client.appeler(fragile { quoi: Compte(FIRST + 2) }).unwrap_err();
            forbidden(&refused);
            assert!(!refused.to_string().contains("on purpose"), "{refused}");
        }
        assert_eq!((decoded(FIRST + 2), ran(FIRST + 2)), (0, 0));
        let all = |_: &Client, name: &str| {
            assert_ne!(name, "libre", "a panic on purpose");
            true
        };
        let serveur = Serveur::options(0).garde(all).ouvrir().unwrap();
        serveur.enregistrer(commandes![libre]).unwrap();
        let client = serveur.client_local().unwrap();
        forbidden(&client.appeler(libre { n: 1 }).unwrap_err());
        description::ping(&client).unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn a_guard_may_call_the_client() {
    with_watchdog("asks", LIMIT, || {
        let (running, first, second) = two(Serveur::options(0));
        for (client, answer) in [(&first, true), (&second, false)] {
            client.enregistrer_commande("permets_tu", move |_, (): ()| answer).unwrap();
            let asked = client.appeler(demandee { n: 1 });
            if answer {
                assert_eq!(asked.unwrap(), 2);
            } else {
                forbidden(&asked.unwrap_err());
            }
        }
        running.stop().unwrap();
    });
}

#[test]
fn a_forbidden_stream_is_refused_and_not_begun() {
    with_watchdog("stream", LIMIT, || {
        let (running, first, second) = two(Serveur::options(0));
        let items = |client: &Client| -> Resultat<Vec<u32>> {
            let flux: Flux<u32> = client.appeler(nombres { jusqua: 3 })?;
            flux.collect()
        };
        assert_eq!(items(&first).unwrap(), [0, 1, 2]);
        forbidden(&items(&second).unwrap_err());
        assert_eq!(items(&first).unwrap(), [0, 1, 2]);
        running.stop().unwrap();
    });
}

#[test]
fn one_guard_stands_before_every_command_and_those_of_the_library() {
    with_watchdog("all", LIMIT, || {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        let options = Serveur::options(0).garde(move |client, name| {
            noted.lock().unwrap().push(name.to_owned());
            client.id() == 1 || name == "libre"
        });
        let (running, first, second) = two(options);
        asked.lock().unwrap().clear();
        assert_eq!(first.appeler::<u8, _>(nommee("supprimer", (FIRST + 3,))).unwrap(), FIRST + 3);
        assert_eq!(*asked.lock().unwrap(), ["effacer"], "asked once, by the command's own name");
        let pinged = description::ping(&second).unwrap_err();
        assert_eq!(&*forbidden(&pinged).commande, "cconn.ping");
        forbidden(&description::info(&second).unwrap_err());
        forbidden(&description::commandes(&second).unwrap_err());
        forbidden(&second.appeler(nombres { jusqua: 1 }).unwrap_err());
        assert_eq!(second.appeler(libre { n: 3 }).unwrap(), 3);
        // A closure, and a command that is not there.
        running.serveur.enregistrer_commande("fermee", |_, (): ()| 1_u8).unwrap();
        forbidden(&second.appeler::<u8, _>(nommee("fermee", ())).unwrap_err());
        asked.lock().unwrap().clear();
        let unknown = second.appeler::<u8, _>(nommee("absente", ())).unwrap_err();
        let Erreur::Distante(distante) = &unknown else { panic!("{unknown}") };
        assert_eq!(distante.nature, NatureDistante::Inconnue);
        assert!(asked.lock().unwrap().is_empty());
        running.stop().unwrap();
    });
}

#[test]
fn a_caller_is_shown_what_it_may_call() {
    with_watchdog("shown", LIMIT, || {
        // [builtin.rights]
        let options = Serveur::options(0).garde(|_, name| name != "demandee");
        let (running, first, second) = two(options);
        let names = |client: &Client| -> Vec<String> {
            let shown = description::commandes(client).unwrap().commandes;
            shown.into_iter().map(|command| command.nom).collect()
        };
        assert_eq!(names(&first), ["effacer", "libre", "nombres", "supprimer"]);
        assert_eq!(names(&second), ["libre"]);
        let counted = |client: &Client| description::info(client).unwrap().commandes;
        assert_eq!((counted(&first), counted(&second)), (4, 1));
        running.stop().unwrap();
    });
}

#[test]
fn figures_are_those_of_commands_that_the_caller_may_call() {
    with_watchdog("figures", LIMIT, || {
        let (running, first, second) = two(Serveur::options(0).compter(true));
        first.appeler(effacer { quoi: Compte(FIRST + 3) }).unwrap();
        forbidden(&second.appeler(effacer { quoi: Compte(FIRST + 3) }).unwrap_err());
        let names = |chiffres: Chiffres| -> Vec<String> {
            chiffres.commandes.into_iter().map(|command| command.nom).collect()
        };
        let has = |names: &[String], name: &str| names.iter().any(|one| one == name);
        let told = names(description::chiffres(&first).unwrap());
        assert!(has(&told, "effacer") && has(&told, "libre"), "{told:?}");
        let told = names(description::chiffres(&second).unwrap());
        assert!(!has(&told, "effacer") && has(&told, "libre"), "{told:?}");
        // The program itself is told everything.
        assert!(has(&names(running.serveur.chiffres()), "effacer"));
        running.stop().unwrap();
    });
}

#[test]
fn hooks_see_what_a_guard_refuses_only_afterwards() {
    with_watchdog("hooks", LIMIT, || {
        let (log, lines) = mpsc::channel();
        let before = log.clone();
        let options = Serveur::options(0)
            .avant_commande(move |execution| {
                before.send(format!("before {}", execution.nom())).unwrap();
                Ok(())
            })
            .apres_commande(move |execution, issue, _| {
                let refused =
                    matches!(issue, Issue::Echec { nature: NatureDistante::Interdite, .. });
                log.send(format!("after {} {refused}", execution.nom())).unwrap();
            });
        let serveur = options.ouvrir().unwrap();
        serveur.enregistrer(commandes![jamais, libre]).unwrap();
        let client = serveur.client_local().unwrap();
        forbidden(&client.appeler(jamais { quoi: Compte(FIRST + 2) }).unwrap_err());
        client.appeler(libre { n: 1 }).unwrap();
        let lines: Vec<String> = (0..3).map(|_| lines.recv().unwrap()).collect();
        assert_eq!(lines, ["after jamais true", "before libre", "after libre false"]);
    });
}

#[test]
fn a_client_guards_its_commands_too() {
    with_watchdog("client", LIMIT, || {
        let running = Running::new(Serveur::options(0));
        let back = |client: &Client, (name,): (String,)| -> Resultat<u32> {
            client.appeler(nommee(name, (1_u32,)))
        };
        running.serveur.enregistrer_commande("rappel", back).unwrap();
        let options = Client::options(running.serveur.adresse());
        let client = options.garde(|_, name| name == "libre").connecter().unwrap();
        client.enregistrer(commandes![libre, demandee]).unwrap();
        let through = |name: &str| client.appeler::<u32, _>(nommee("rappel", (name,)));
        assert_eq!(through("libre").unwrap(), 1);
        let refused = through("demandee").unwrap_err();
        assert!(refused.to_string().contains("the guard of `demandee`"), "{refused}");
        running.stop().unwrap();
    });
}

#[test]
fn what_a_guard_captures_is_dropped_with_its_server() {
    with_watchdog("dropped", LIMIT, || {
        let kept = Arc::new(());
        let captured = kept.clone();
        let running =
            Running::new(Serveur::options(0).garde(move |_, _| Arc::strong_count(&captured) > 0));
        running.serveur.enregistrer(commandes![libre]).unwrap();
        assert_eq!(running.client().appeler(libre { n: 1 }).unwrap(), 1);
        running.stop().unwrap();
        assert!(super::soon(|| Arc::strong_count(&kept) == 1));
    });
}
