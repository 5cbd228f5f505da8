//! Sessions: values that are kept with one connection.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use cconn::erreur::{NatureDistante, RaisonFin, Usage};
use cconn::{Client, Erreur, Resultat, Serveur, Session, commande, commandes, nommee};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running, soon};

#[derive(Default)]
struct Visites(AtomicU32);

struct Joueur {
    nom: String,
    _temoin: Option<Temoin>,
}

struct Temoin(mpsc::Sender<&'static str>);

impl Drop for Temoin {
    fn drop(&mut self) {
        let _nobody_looks = self.0.send("dropped");
    }
}

#[commande]
fn visite(visites: &Session<Visites>) -> u32 {
    visites.0.fetch_add(1, Ordering::Relaxed) + 1
}

#[commande]
fn qui(joueur: &Session<Joueur>, visites: &Session<Visites>) -> String {
    format!("{} {}", joueur.nom, visites.0.load(Ordering::Relaxed))
}

fn joueur(nom: &str) -> Joueur {
    Joueur { nom: nom.to_owned(), _temoin: None }
}

#[test]
fn each_connection_has_its_own_and_both_sides_have_theirs() {
    with_watchdog("own", LIMIT, || {
        let (asked, ask) = mpsc::channel();
        let options = Serveur::options(0).max_clients(4).quand_connecte(move |client| {
            asked.send(client.clone()).unwrap();
        });
        let running = Running::new(options);
        running.serveur.enregistrer(commandes![visite]).unwrap();
        // The hook of each client runs on a thread of its own: of two that connect at once, the
        // later one may be told of first.
        let pair = |_| (running.client(), ask.recv().unwrap());
        let (clients, ends): (Vec<_>, Vec<_>) = (0..3).map(pair).unzip();
        for ((client, there), n) in clients.iter().zip(&ends).zip(1..) {
            client.enregistrer(commandes![visite]).unwrap();
            client.ecouter().unwrap();
            (1..=n).for_each(|n| assert_eq!(client.appeler(visite {}).unwrap(), n));
            assert_eq!(there.appeler(visite {}).unwrap(), 1);
        }
        assert_eq!(clients[0].appeler(visite {}).unwrap(), 2);
        drop((clients, ends));
        running.stop().unwrap();
    });
}

#[test]
fn one_that_is_made_at_the_connect_is_there_before_the_hook_and_goes_after_the_last_hook() {
    with_watchdog("made", LIMIT, || {
        let (say, said) = mpsc::channel();
        let (made, came, went) = (say.clone(), say.clone(), say);
        let options = Serveur::options(0)
            .session(move |client| {
                // It may ask the client.
                let nom = client.appeler::<String, _>(nommee("nom", ()))?;
                Ok(Joueur { nom, _temoin: Some(Temoin(made.clone())) })
            })
            .quand_connecte(move |client| {
                let there = client.avec_session(|joueur: &Joueur| joueur.nom == "Ada");
                came.send(if there == Some(true) { "came" } else { "?" }).unwrap();
            })
            .quand_deconnecte(move |client, _| {
                let there = client.avec_session(|joueur: &Joueur| joueur.nom == "Ada");
                went.send(if there == Some(true) { "went" } else { "?" }).unwrap();
            });
        let running = Running::new(options);
        running.serveur.enregistrer(commandes![qui, visite]).unwrap();
        let client = running.client();
        client.enregistrer_commande("nom", |_, (): ()| "Ada").unwrap();
        client.ecouter().unwrap();
        assert_eq!(client.appeler(qui {}).unwrap(), "Ada 0");
        client.appeler(visite {}).unwrap();
        assert_eq!(client.appeler(qui {}).unwrap(), "Ada 1");
        let kept = running.serveur.clients();
        client.eteindre().unwrap();
        let order: Vec<_> = said.iter().take(3).collect();
        assert_eq!(order, ["came", "went", "dropped"], "though a handle is kept");
        assert_eq!(kept[0].avec_session(|_: &Joueur| ()), None);
        running.stop().unwrap();
    });
}

#[test]
fn a_client_whose_session_fails_or_panics_is_sent_away_with_the_reason() {
    with_watchdog("refused", LIMIT, || {
        let (say, said) = mpsc::channel();
        let hooks = say.clone();
        let options = Serveur::options(0)
            .session(|client| match client.id() {
                1 => Err(Erreur::echec("we do not know you")),
                2 => panic!("a panic on purpose"),
                _ => Ok(joueur("Ada")),
            })
            .quand_connecte(|client| assert!(client.id() > 2))
            .quand_deconnecte(move |client, _| {
                assert!(client.id() > 2);
                hooks.send("left".to_owned()).unwrap();
            })
            .quand_refuse(move |_, why| say.send(why.to_string()).unwrap());
        let running = Running::new(options);
        running.serveur.enregistrer(commandes![qui]).unwrap();
        for expected in ["we do not know you", "its session could not be made"] {
            let client = running.client();
            let Err(Erreur::Fermee(fin)) = client.appeler(qui {}) else { panic!("let in") };
            assert_eq!((fin.raison, &*fin.texte), (RaisonFin::Expulsee, expected));
            assert!(!fin.a_pu_etre_executee || fin.commande.is_some());
            assert_eq!(said.recv().unwrap(), expected);
        }
        let client = running.client();
        assert_eq!(client.appeler(qui {}).unwrap(), "Ada 0");
        client.eteindre().unwrap();
        assert_eq!(said.recv().unwrap(), "left");
        running.stop().unwrap();
    });
}

#[test]
fn one_that_nothing_makes_is_missing_and_one_that_is_opened_later_is_not() {
    with_watchdog("missing", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![qui, visite]).unwrap();
        let Err(Erreur::Usage(usage)) = serveur.lancer() else { panic!("it runs") };
        let text = usage.to_string();
        assert!(text.contains("`qui` wants the session `Joueur`: implement `Default`"), "{text}");
        let state = Serveur::options(0).fournir(joueur("state")).ouvrir().unwrap();
        state.enregistrer(commandes![qui]).unwrap();
        let Err(Erreur::Usage(usage)) = state.client_local() else { panic!("it runs") };
        assert!(usage.to_string().contains("there is a `Joueur` as state"), "{usage}");

        let later = Serveur::options(0).session_plus_tard::<Joueur>().ouvrir().unwrap();
        later.enregistrer(commandes![qui]).unwrap();
        later
            .enregistrer_commande("entrer", |client: &Client, (nom,): (String,)| -> Resultat<()> {
                client.ouvrir_session(joueur(&nom))
            })
            .unwrap();
        let client = later.client_local().unwrap();
        let early = client.appeler(qui {}).unwrap_err();
        let Erreur::Distante(distante) = &early else { panic!("{early}") };
        assert_eq!(distante.nature, NatureDistante::PasPrete);
        assert!(!early.a_pu_etre_executee() && early.to_string().contains("`Joueur`"), "{early}");
        client.appeler::<(), _>(nommee("entrer", ("Ada",))).unwrap();
        assert_eq!(client.appeler(qui {}).unwrap(), "Ada 0");
        let again = client.appeler::<(), _>(nommee("entrer", ("Bea",))).unwrap_err();
        assert!(again.to_string().contains("is open there already"), "{again}");
    });
}

#[test]
fn a_client_opens_its_own_before_it_listens() {
    with_watchdog("of the client", LIMIT, || {
        let (asked, ask) = mpsc::channel();
        let running = Running::new(Serveur::options(0).quand_connecte(move |client| {
            asked.send(client.clone()).unwrap();
        }));
        let client = running.client();
        client.enregistrer(commandes![qui]).unwrap();
        let Err(Erreur::Usage(usage)) = client.ecouter() else { panic!("it listens") };
        assert!(matches!(&*usage, Usage::Manques { manques, .. } if manques.len() == 1), "{usage}");
        let (say, said) = mpsc::channel();
        client.ouvrir_session(Joueur { nom: "Ada".into(), _temoin: Some(Temoin(say)) }).unwrap();
        let twice = client.ouvrir_session(joueur("Bea")).unwrap_err();
        let Erreur::Usage(usage) = &twice else { panic!("{twice:?}") };
        assert!(matches!(&**usage, Usage::SessionOuverte { quoi, .. } if **quoi == *"Joueur"));
        assert!(twice.to_string().contains("`Joueur` is open there already"), "{twice}");
        assert_eq!(client.avec_session(|joueur: &Joueur| joueur.nom.clone()).unwrap(), "Ada");
        client.ecouter().unwrap();
        assert_eq!(ask.recv().unwrap().appeler(qui {}).unwrap(), "Ada 0");
        client.eteindre().unwrap();
        assert_eq!(said.recv().unwrap(), "dropped");
        assert!(matches!(client.ouvrir_session(1_u8), Err(Erreur::Fermee(_))));
        running.stop().unwrap();
    });
}

#[test]
fn a_session_outlives_the_commands_that_use_it() {
    #[derive(Default)]
    struct Lente(Mutex<Option<Temoin>>);

    #[commande]
    fn lente(session: &Session<Lente>, n: u64) -> bool {
        thread::sleep(Duration::from_millis(n));
        session.0.lock().unwrap().is_some()
    }

    with_watchdog("outlives", LIMIT, || {
        let (say, said) = mpsc::channel();
        let say = Mutex::new(Some(say));
        let options = Serveur::options(0).quand_deconnecte(move |_, _| {
            let say = say.lock().unwrap().take();
            say.unwrap().send("hook").unwrap();
        });
        let running = Running::new(options);
        running.serveur.enregistrer(commandes![lente]).unwrap();
        let client = running.client();
        assert!(!client.appeler(lente { n: 0 }).unwrap());
        let slow = client.differer(lente { n: 1_000 }).unwrap();
        client.vider().unwrap();
        thread::sleep(Duration::from_millis(20));
        // Long before the command has ended, though the process may be held up.
        client.close();
        assert!(slow.attendre().is_err());
        assert_eq!(said.recv().unwrap(), "hook", "after the command that runs");
        running.stop().unwrap();
    });
}

#[test]
fn parallel_commands_that_make_one_at_once_share_it() {
    #[derive(Default)]
    struct Un(AtomicU32);

    #[commande(parallele)]
    fn un(session: &Session<Un>) -> u32 {
        session.0.fetch_add(1, Ordering::SeqCst)
    }

    with_watchdog("parallel", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![un]).unwrap();
        let client = serveur.client_local().unwrap();
        let calls: Vec<_> = (0..16).map(|_| client.differer(un {}).unwrap()).collect();
        let mut got: Vec<u32> = calls.into_iter().map(|call| call.attendre().unwrap()).collect();
        got.sort_unstable();
        assert_eq!(got, (0..16).collect::<Vec<_>>());
    });
}

#[test]
fn a_session_whose_drop_panics_harms_nothing() {
    struct Bombe(Arc<AtomicU32>);
    impl Drop for Bombe {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("a panic on purpose");
        }
    }
    with_watchdog("drop panics", LIMIT, || {
        let dropped = Arc::new(AtomicU32::new(0));
        let count = dropped.clone();
        let running = Running::new(Serveur::options(0).session(move |_| Ok(Bombe(count.clone()))));
        running.serveur.enregistrer(commandes![visite]).unwrap();
        for n in 1..=3 {
            let client = running.client();
            assert_eq!(client.appeler(visite {}).unwrap(), 1);
            client.eteindre().unwrap();
            assert!(soon(|| dropped.load(Ordering::SeqCst) == n));
        }
        running.stop().unwrap();
    });
}
