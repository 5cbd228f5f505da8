//! Hooks before and after each command.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cconn::crochets::Issue;
use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur, OptionsServeur, Serveur, commande, commandes, nommee};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running, soon};

#[commande]
fn double(n: u32) -> u32 {
    2 * n
}

#[commande]
fn racine(n: f64) -> Result<f64, String> {
    if n < 0.0 { Err("negative".to_owned()) } else { Ok(n.sqrt()) }
}

#[commande]
fn panique() {
    panic!("a panic on purpose");
}

/// What the hook after each command is told, as texts.
fn logged(options: OptionsServeur) -> (OptionsServeur, Receiver<String>) {
    let (log, lines) = mpsc::channel();
    let options = options.apres_commande(move |execution, issue, lasted| {
        assert!(lasted < LIMIT);
        let ended = match issue {
            Issue::Reponse => "answered".to_owned(),
            Issue::Refus => "refused".to_owned(),
            Issue::Echec { nature, texte, .. } => format!("failed: {nature:?} {texte}"),
            other => format!("{other:?}"),
        };
        log.send(format!("{} {ended}", execution.nom())).unwrap();
    });
    (options, lines)
}

#[test]
fn the_hook_after_is_told_how_each_command_ended() {
    with_watchdog("after", LIMIT, || {
        let (options, lines) = logged(Serveur::options(0).echecs_affiches(false));
        let serveur = options.ouvrir().unwrap();
        serveur.enregistrer(commandes![double, racine, panique]).unwrap();
        let client = serveur.client_local().unwrap();
        assert_eq!(client.appeler(double { n: 1 }).unwrap(), 2);
        client.envoyer(double { n: 1 }).unwrap();
        client.appeler(racine { n: -1.0 }).unwrap_err();
        client.appeler(panique {}).unwrap_err();
        client.appeler::<(), _>(nommee("absente", ())).unwrap_err();
        client.appeler::<u32, _>(nommee("double", ("text",))).unwrap_err();
        let lines: Vec<_> = (0..5).map(|_| lines.recv().unwrap()).collect();
        assert_eq!(lines[..3], ["double answered", "double answered", "racine refused"]);
        assert_eq!(lines[3], "panique failed: Panique ", "{lines:?}");
        assert!(lines[4].starts_with("double failed: Arguments "), "{lines:?}");
    });
}

#[test]
fn the_hook_before_refuses_calls_and_messages_which_are_not_run() {
    with_watchdog("refused", LIMIT, || {
        let ran = Arc::new(AtomicU32::new(0));
        let (failed, failures) = mpsc::channel();
        let (options, lines) = logged(Serveur::options(0));
        let serveur = options
            .avant_commande(|execution| {
                assert_eq!(execution.signature(), "");
                assert!(execution.octets() > 0);
                if execution.nom() == "interdite" {
                    return Err(Erreur::echec("not today"));
                }
                Ok(())
            })
            .quand_commande_echoue(move |_, what| failed.send(what.to_string()).unwrap())
            .echecs_affiches(false)
            .ouvrir()
            .unwrap();
        for name in ["interdite", "permise"] {
            let ran = ran.clone();
            serveur
                .enregistrer_commande(name, move |_, (_n,): (u32,)| {
                    ran.fetch_add(1, Ordering::SeqCst)
                })
                .unwrap();
        }
        let client = serveur.client_local().unwrap();
        let refused = client.appeler::<u32, _>(nommee("interdite", (1_u32,))).unwrap_err();
        let Erreur::Distante(distante) = &refused else { panic!("{refused}") };
        assert_eq!(distante.nature, NatureDistante::Interdite);
        assert!(!refused.a_pu_etre_executee() && !refused.est_fatale());
        assert!(refused.to_string().contains("not today"), "{refused}");
        client.envoyer(nommee("interdite", (1_u32,))).unwrap();
        assert!(failures.recv().unwrap().contains("not today"));
        assert_eq!(client.appeler::<u32, _>(nommee("permise", (1_u32,))).unwrap(), 0);
        assert_eq!(ran.load(Ordering::SeqCst), 1);
        let lines: Vec<_> = (0..3).map(|_| lines.recv().unwrap()).collect();
        let refused = "interdite failed: Interdite not today";
        assert_eq!(lines, [refused, refused, "permise answered"]);
    });
}

#[test]
fn a_refusal_shows_no_signature() {
    with_watchdog("signature", LIMIT, || {
        mod autre {
            #[cconn::commande]
            pub(super) fn double(n: String) -> u32;
        }
        let options = Serveur::options(0).avant_commande(|_| Err(Erreur::echec("no")));
        let serveur = options.ouvrir().unwrap();
        serveur.enregistrer(commandes![double]).unwrap();
        let client = serveur.client_local().unwrap();
        let refused = client.appeler(autre::double { n: String::new() }).unwrap_err();
        let Erreur::Distante(distante) = &refused else { panic!("{refused}") };
        assert_eq!(distante.nature, NatureDistante::Interdite, "{refused}");
        assert!(distante.empreintes_acceptees.is_empty());
    });
}

#[test]
fn several_hooks_run_in_order_and_back() {
    with_watchdog("order", LIMIT, || {
        let order = Arc::new(Mutex::new(Vec::new()));
        let note = |what: &'static str| {
            let order = order.clone();
            move || order.lock().unwrap().push(what)
        };
        let (before_1, before_2, before_3) = (note("before 1"), note("before 2"), note("before 3"));
        let (after_1, after_2) = (note("after 1"), note("after 2"));
        let serveur = Serveur::options(0)
            .avant_commande(move |_| {
                before_1();
                Ok(())
            })
            .apres_commande(move |_, _, _| after_1())
            .avant_commande(move |execution| {
                before_2();
                if execution.nom() == "racine" { Err(Erreur::echec("no")) } else { Ok(()) }
            })
            .apres_commande(move |_, _, _| after_2())
            .avant_commande(move |_| {
                before_3();
                Ok(())
            })
            .ouvrir()
            .unwrap();
        serveur.enregistrer(commandes![double, racine]).unwrap();
        let client = serveur.client_local().unwrap();
        client.appeler(double { n: 1 }).unwrap();
        let seen = std::mem::take(&mut *order.lock().unwrap());
        assert_eq!(seen, ["before 1", "before 2", "before 3", "after 2", "after 1"]);
        client.appeler(racine { n: 1.0 }).unwrap_err();
        let seen = std::mem::take(&mut *order.lock().unwrap());
        assert_eq!(seen, ["before 1", "before 2", "after 2", "after 1"]);
    });
}

#[test]
fn hooks_that_panic_refuse_or_change_nothing() {
    with_watchdog("panics", LIMIT, || {
        let serveur = Serveur::options(0)
            .avant_commande(|execution| {
                assert!(execution.nom() != "racine", "a panic on purpose");
                Ok(())
            })
            .apres_commande(|_, _, _| panic!("a panic on purpose"))
            .ouvrir()
            .unwrap();
        serveur.enregistrer(commandes![double, racine]).unwrap();
        let client = serveur.client_local().unwrap();
        for n in 0..3 {
            assert_eq!(client.appeler(double { n }).unwrap(), 2 * n);
            let refused = client.appeler(racine { n: 1.0 }).unwrap_err();
            assert!(!refused.a_pu_etre_executee());
            let text = refused.to_string();
            assert!(text.contains("hook that runs before") && !text.contains("purpose"), "{text}");
        }
    });
}

#[test]
fn a_hook_may_call_the_client_that_waits() {
    with_watchdog("calls", LIMIT, || {
        let options = Serveur::options(0)
            .avant_commande(|execution| {
                let secret: String = execution.client().appeler(nommee("secret", ()))?;
                if secret == "sesame" { Ok(()) } else { Err(Erreur::echec("wrong")) }
            })
            .apres_commande(|execution, _, _| {
                execution.client().envoyer(nommee("fini", (execution.nom(),))).unwrap();
            });
        let running = Running::new(options);
        running.serveur.enregistrer(commandes![double]).unwrap();
        let client = running.client();
        let (said, done) = mpsc::channel();
        client.enregistrer_commande("secret", |_, (): ()| "sesame").unwrap();
        client
            .enregistrer_commande("fini", move |_, (nom,): (String,)| said.send(nom).unwrap())
            .unwrap();
        assert_eq!(client.appeler(double { n: 3 }).unwrap(), 6);
        client.rattraper().unwrap();
        assert_eq!(done.recv().unwrap(), "double");
        client.close();
        running.stop().unwrap();
    });
}

#[test]
fn a_client_has_hooks_of_its_own_and_a_local_client_not_those_of_its_server() {
    with_watchdog("client", LIMIT, || {
        let here = Arc::new(AtomicU32::new(0));
        let there = Arc::new(AtomicU32::new(0));
        let (of_client, of_server) = (here.clone(), there.clone());
        let options = Serveur::options(0).max_clients(2).avant_commande(move |_| {
            of_server.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        let running = Running::new(options);
        let back = |client: &Client, (n,): (u32,)| client.appeler(double { n });
        running.serveur.enregistrer_commande("retour", back).unwrap();
        let client = Client::options(running.serveur.adresse())
            .avant_commande(move |execution| {
                assert_eq!(execution.signature(), "double(n: u32) -> u32");
                of_client.fetch_add(1, Ordering::SeqCst);
                Ok(())
            })
            .connecter()
            .unwrap();
        let local = running.serveur.client_local().unwrap();
        for client in [&client, &local] {
            client.enregistrer(commandes![double]).unwrap();
            assert_eq!(client.appeler::<u32, _>(nommee("retour", (4_u32,))).unwrap(), 8);
        }
        assert_eq!((here.load(Ordering::SeqCst), there.load(Ordering::SeqCst)), (1, 2));
        drop((client, local));
        running.stop().unwrap();
    });
}

#[test]
fn hooks_are_dropped_with_what_they_stand_around() {
    struct Temoin(Arc<AtomicU32>);
    impl Drop for Temoin {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("a panic on purpose");
        }
    }
    with_watchdog("dropped", LIMIT, || {
        let dropped = Arc::new(AtomicU32::new(0));
        let held = |options: OptionsServeur| {
            let (one, two) = (Temoin(dropped.clone()), Temoin(dropped.clone()));
            options
                .avant_commande(move |_| {
                    assert!(one.0.load(Ordering::SeqCst) < 100);
                    Ok(())
                })
                .apres_commande(move |_, _, _| assert!(two.0.load(Ordering::SeqCst) < 100))
        };
        let running = Running::new(held(Serveur::options(0)));
        running.serveur.enregistrer(commandes![double]).unwrap();
        let client = running.client();
        assert_eq!(client.appeler(double { n: 1 }).unwrap(), 2);
        let serveur = running.serveur.clone();
        client.eteindre().unwrap();
        running.stop().unwrap();
        assert!(soon(|| dropped.load(Ordering::SeqCst) == 2), "though a handle is kept");
        drop(serveur);
    });
}

#[test]
fn what_a_command_takes_counts_in_its_time() {
    with_watchdog("time", LIMIT, || {
        let (say, said) = mpsc::channel();
        let options = Serveur::options(0).apres_commande(move |_, _, lasted| {
            say.send(lasted).unwrap();
        });
        let serveur = options.ouvrir().unwrap();
        let pause = Duration::from_millis(30);
        serveur.enregistrer_commande("lente", move |_, (): ()| std::thread::sleep(pause)).unwrap();
        serveur.client_local().unwrap().appeler::<(), _>(nommee("lente", ())).unwrap();
        assert!(said.recv().unwrap() >= pause);
    });
}

/// State that hooks and closures reach, on a server and on a client, each its own.
#[test]
fn hooks_and_closures_reach_the_state_that_was_given() {
    struct Seen(Mutex<Vec<&'static str>>);
    let see =
        |client: &Client, what| client.avec_etat(|seen: &Seen| seen.0.lock().unwrap().push(what));
    with_watchdog("state in hooks", LIMIT, || {
        let options = Serveur::options(0)
            .fournir(Seen(Mutex::default()))
            .quand_connecte(move |client| assert!(see(client, "came").is_some()))
            .quand_deconnecte(move |client, _| assert!(see(client, "left").is_some()));
        let running = Running::new(options);
        let closure = move |client: &Client, (): ()| {
            assert!(client.avec_etat(|_: &u8| ()).is_none(), "none of that type was given");
            see(client, "ran");
        };
        running.serveur.enregistrer_commande("voir", closure).unwrap();
        let client = running.client();
        client.appeler::<(), _>(nommee("voir", ())).unwrap();
        assert!(see(&client, "here").is_none(), "the client has none");
        client.fournir(Seen(Mutex::default())).unwrap();
        assert!(see(&client, "here").is_some());
        let there = running.serveur.clients().pop().unwrap();
        client.eteindre().unwrap();
        soon(|| there.avec_etat(|seen: &Seen| seen.0.lock().unwrap().len()) == Some(3));
        let seen = there.avec_etat(|seen: &Seen| seen.0.lock().unwrap().clone());
        assert_eq!(seen.unwrap(), ["came", "ran", "left"]);
        running.stop().unwrap();
    });
}
