//! State: values that the program gives and that its commands are handed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use cconn::erreur::{NatureDistante, Usage};
use cconn::{Client, Erreur, Etat, Resultat, Serveur, ServeurFaible, commande, commandes, nommee};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running, soon};

#[derive(Debug, Default)]
struct Compte(u64);

#[derive(Debug, Default)]
struct Coups(AtomicU32);

/// How often it was dropped.
struct Temoin(Arc<AtomicU32>);

impl Drop for Temoin {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[commande]
fn verser(compte: &Etat<Mutex<Compte>>, montant: u64) -> u64 {
    let mut compte = compte.lock().unwrap();
    compte.0 += montant;
    compte.0
}

#[commande]
fn noter(client: &Client, coups: &Etat<Coups>, mot: &str, compte: &Etat<Mutex<Compte>>) -> String {
    let n = coups.0.fetch_add(1, Ordering::Relaxed);
    format!("{} {mot} {n} {}", client.id(), compte.lock().unwrap().0)
}

#[commande]
fn temoigner(temoin: &Etat<Temoin>) -> u32 {
    temoin.0.load(Ordering::SeqCst)
}

mod ailleurs {
    #[derive(Debug, Default)]
    pub(super) struct Coups;
}

#[cconn::commande]
mod reglages {
    use cconn::{Etat, commande};

    pub(super) struct Nom(pub(super) &'static str);

    #[commande]
    pub(super) fn nom(nom: &Etat<Nom>) -> String {
        nom.0.to_owned()
    }

    pub(super) mod dedans {
        use super::Nom;
        use cconn::{Etat, commande};

        #[commande(nom = "longueur")]
        pub(crate) fn taille(nom: &Etat<Nom>) -> usize {
            nom.0.len()
        }
    }
}

fn both() -> Serveur {
    let options = Serveur::options(0).max_clients(8).fournir(Mutex::new(Compte(0)));
    let serveur = options.fournir(Coups::default()).ouvrir().unwrap();
    serveur.enregistrer(commandes![verser, noter]).unwrap();
    serveur
}

#[test]
fn commands_of_all_clients_share_the_state_of_their_server() {
    with_watchdog("shared", LIMIT, || {
        let running = Running::of(both());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let client = running.client();
                scope.spawn(move || {
                    for _ in 0..50 {
                        client.appeler(verser { montant: 2 }).unwrap();
                    }
                    client.appeler(noter { mot: "a" }).unwrap();
                });
            }
        });
        let client = running.client();
        let said = client.appeler(noter { mot: "fin" }).unwrap();
        assert_eq!(said, format!("{} fin 4 400", client_number(&said)));
        running.stop().unwrap();
    });
}

fn client_number(said: &str) -> &str {
    said.split(' ').next().unwrap()
}

#[test]
fn a_function_that_is_handed_state_is_called_as_it_is_written() {
    assert_eq!(verser(&Etat::new(Mutex::new(Compte(1))), 2), 3);
    assert_eq!(verser(&Mutex::new(Compte(3)).into(), 2), 5);
}

#[test]
fn a_client_has_state_too_and_modules_are_handed_it() {
    with_watchdog("client", LIMIT, || {
        let (asked, ask) = std::sync::mpsc::channel();
        let running = Running::new(Serveur::options(0).quand_connecte(move |client| {
            asked.send(client.clone()).unwrap();
        }));
        let client = Client::options(running.serveur.adresse())
            .fournir(reglages::Nom("Ada"))
            .connecter()
            .unwrap();
        client.fournir(Coups::default()).unwrap();
        client.fournir(Mutex::new(Compte(9))).unwrap();
        client.enregistrer(reglages::commandes()).unwrap();
        client.enregistrer(commandes![noter]).unwrap();
        client.ecouter().unwrap();
        let there = ask.recv().unwrap();
        assert_eq!(there.appeler(reglages::nom {}).unwrap(), "Ada");
        assert_eq!(there.appeler(reglages::dedans::taille {}).unwrap(), 3);
        assert!(there.appeler(noter { mot: "x" }).unwrap().ends_with(" x 0 9"));
        // What commands that are registered while others run are handed is checked at once.
        let usage = client.enregistrer(commandes![temoigner]).unwrap_err();
        assert!(
            matches!(usage, Erreur::Usage(_)) && usage.to_string().contains("`Temoin`"),
            "{usage}"
        );
        client.fournir(Temoin(Arc::default())).unwrap();
        client.enregistrer(commandes![temoigner]).unwrap();
        assert_eq!(there.appeler(temoigner {}).unwrap(), 0);
        drop((client, there));
        running.stop().unwrap();
    });
}

fn missing(result: Resultat<()>) -> (String, Usage) {
    match result {
        Err(Erreur::Usage(usage)) => (usage.to_string(), *usage),
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_that_is_missing_is_listed_at_once_with_the_commands_that_want_it() {
    with_watchdog("missing", LIMIT, || {
        let serveur = Serveur::options(0)
            .fournir(Arc::new(Mutex::new(Compte(0))))
            .fournir(ailleurs::Coups)
            .ouvrir()
            .unwrap();
        serveur.enregistrer(commandes![verser, noter]).unwrap();
        serveur.enregistrer(commandes![temoigner]).unwrap();
        let refused = [serveur.lancer(), serveur.client_local().map(drop), serveur.lancer()];
        for result in refused {
            let (text, usage) = missing(result);
            let Usage::Manques { manques, .. } = usage else { panic!("{usage:?}") };
            assert_eq!(manques.len(), 3, "{text}");
            let wanted =
                "`noter` and `verser` want `Mutex<Compte>`, there is an `Arc<Mutex<Compte>>`";
            assert!(text.contains(wanted), "{text}");
            let other =
                "`noter` wants `Coups`, there is another one, `etat::partage::ailleurs::Coups`";
            assert!(text.contains(other), "{text}");
            assert!(
                text.contains("`temoigner` wants `Temoin`: give its value with `fournir`"),
                "{text}"
            );
        }
        // Given afterwards it runs, though `lancer` had failed.
        serveur.fournir(Mutex::new(Compte(5))).unwrap();
        serveur.fournir(Coups::default()).unwrap();
        serveur.fournir(Temoin(Arc::default())).unwrap();
        let running = Running::of(serveur);
        assert_eq!(running.client().appeler(verser { montant: 1 }).unwrap(), 6);
        running.stop().unwrap();
    });
}

#[test]
fn many_commands_that_want_one_value_are_counted() {
    macro_rules! many {
        ($($name:ident)*) => {
            $(#[commande] fn $name(valeur: &Etat<RwLock<u8>>) -> u8 { *valeur.read().unwrap() })*
            const MANY: cconn::Commandes = commandes![$($name),*];
        };
    }
    many!(a b c d e f g);
    with_watchdog("many", LIMIT, || {
        let serveur = Serveur::options(0).fournir(Mutex::new(1_u8)).ouvrir().unwrap();
        serveur.enregistrer(MANY).unwrap();
        let (text, _) = missing(serveur.client_local().map(drop));
        let wanted =
            "`a`, `b`, `c`, `d`, `e` and 2 others want `RwLock<u8>`, there is a `Mutex<u8>`";
        assert!(text.contains(wanted), "{text}");
    });
}

#[test]
fn two_values_of_one_type_are_refused_with_the_hint_of_a_type_of_its_own() {
    with_watchdog("twice", LIMIT, || {
        let options = || Serveur::options(0).fournir(1_u64);
        let twice = [
            options().fournir(2_u64).ouvrir().map(drop),
            options().ouvrir().unwrap().fournir(2_u64),
            Client::options(1).fournir("a").fournir("b").connecter().map(drop),
        ];
        for refused in twice {
            let (text, usage) = missing(refused);
            assert!(
                matches!(usage, Usage::EtatDouble { .. }) && text.contains("struct Autre("),
                "{text}"
            );
        }
        // Types that only look alike are two.
        options().fournir(2_i64).fournir(Mutex::new(3_u64)).fournir((4_u64,)).ouvrir().unwrap();
    });
}

#[test]
fn a_client_that_never_says_that_it_is_ready_refuses_what_lacks_its_state() {
    with_watchdog("not ready", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur
            .enregistrer_commande("demande", |client: &Client, (): ()| {
                let error = client.appeler(verser { montant: 1 }).unwrap_err();
                let Erreur::Distante(distante) = &error else { panic!("{error}") };
                (
                    distante.nature == NatureDistante::PasPrete,
                    error.a_pu_etre_executee(),
                    error.to_string(),
                )
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        client.enregistrer(commandes![verser]).unwrap();
        let (refused, may_have_run, text): (bool, bool, String) =
            client.appeler(nommee("demande", ())).unwrap();
        assert!(refused && !may_have_run, "{text}");
        assert!(text.contains("`Mutex<Compte>`") && text.contains("`fournir`"), "{text}");
        // It is found though commands have run before.
        client.fournir(Mutex::new(Compte(1))).unwrap();
        client.enregistrer_commande("rien", |_, (): ()| ()).unwrap();
        client.ecouter().unwrap();
    });
}

#[test]
fn the_state_of_a_server_is_dropped_when_it_has_stopped_though_it_holds_the_server() {
    struct Cercle(#[expect(dead_code, reason = "it is only held")] Serveur);
    with_watchdog("dropped", LIMIT, || {
        let dropped = Arc::new(AtomicU32::new(0));
        let serveur = Serveur::options(0).fournir(Temoin(dropped.clone())).ouvrir().unwrap();
        serveur.enregistrer(commandes![temoigner]).unwrap();
        serveur.fournir(Cercle(serveur.clone())).unwrap();
        let faible: ServeurFaible = serveur.faible();
        let running = Running::of(serveur);
        assert_eq!(running.client().appeler(temoigner {}).unwrap(), 0);
        running.stop().unwrap();
        assert!(soon(|| dropped.load(Ordering::SeqCst) == 1));
        assert!(soon(|| faible.serveur().is_none()));
    });
}

#[test]
fn the_state_of_a_client_is_dropped_with_its_connection_though_a_handle_is_kept() {
    with_watchdog("dropped with the client", LIMIT, || {
        let dropped = Arc::new(AtomicU32::new(0));
        let running = Running::new(Serveur::options(0));
        let client = Client::options(running.serveur.adresse()).fournir(Temoin(dropped.clone()));
        let client = client.connecter().unwrap();
        client.enregistrer(commandes![temoigner]).unwrap();
        client.ecouter().unwrap();
        assert_eq!(dropped.load(Ordering::SeqCst), 0);
        client.eteindre().unwrap();
        assert!(soon(|| dropped.load(Ordering::SeqCst) == 1));
        let late = client.fournir(1_u8).unwrap_err();
        assert!(matches!(late, Erreur::Enregistrement(_)), "{late}");
        running.stop().unwrap();
    });
}

#[test]
fn a_parameter_that_the_attribute_names_is_handed_state_under_any_name() {
    type Comptes = Etat<Mutex<Compte>>;
    use cconn::Etat as Partage;

    #[commande(etat = comptes, etat = coups, client = qui)]
    fn marque(comptes: &Comptes, qui: &Client, coups: &Partage<Coups>) -> u64 {
        coups.0.fetch_add(1, Ordering::Relaxed);
        comptes.lock().unwrap().0 + qui.id()
    }

    with_watchdog("marked", LIMIT, || {
        let serveur = both();
        serveur.enregistrer(commandes![marque]).unwrap();
        let client = serveur.client_local().unwrap();
        client.appeler(verser { montant: 41 }).unwrap();
        assert_eq!(client.appeler(marque {}).unwrap(), 42);
    });
}

#[test]
fn on_the_server_s_handle_of_a_client_nothing_can_be_given() {
    with_watchdog("of the server", LIMIT, || {
        let serveur = both();
        let given = |client: &Client, (): ()| matches!(client.fournir(1_u8), Err(Erreur::Usage(_)));
        serveur.enregistrer_commande("donner", given).unwrap();
        assert!(serveur.client_local().unwrap().appeler::<bool, _>(nommee("donner", ())).unwrap());
    });
}
