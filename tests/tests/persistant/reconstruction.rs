//! What is rebuilt on each connection: the session by the hook, the commands by themselves.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use cconn::erreur::RaisonNonEnvoi;
use cconn::persistant::{ClientPersistant, Reconnu};
use cconn::{Client, Erreur, Serveur, commande, commandes, nommee};
use cconn_tests::raw::{Greeting, Raw};
use cconn_tests::{until, with_watchdog};

use super::{LIMIT, Running, double, lose, options};

#[test]
fn the_hook_runs_before_any_call_that_waits() {
    with_watchdog("hook", LIMIT, || {
        let log = Arc::new(Mutex::new(Vec::new()));
        let (entered, used) = (log.clone(), log.clone());
        let prepare = move |serveur: &Serveur| {
            let (entered, used) = (entered.clone(), used.clone());
            serveur
                .enregistrer_commande("entre", move |_, (): ()| {
                    thread::sleep(Duration::from_millis(20));
                    entered.lock().unwrap().push("entre");
                })
                .unwrap();
            serveur
                .enregistrer_commande("sert", move |_, (): ()| used.lock().unwrap().push("sert"))
                .unwrap();
        };
        let server = Running::on(0, &prepare);
        let port = server.port();
        let told = Arc::new(Mutex::new(Vec::new()));
        let hears = told.clone();
        let client = options(port)
            .quand_retablie(move |client, retour| {
                hears.lock().unwrap().push(retour.serveur);
                client.appeler::<(), _>(nommee("entre", ()))
            })
            .connecter()
            .unwrap();
        client.appeler::<(), _>(nommee("sert", ())).unwrap();
        lose(&server, &client);
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let client = client.clone();
                thread::spawn(move || client.appeler::<(), _>(nommee("sert", ())).unwrap())
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
        server.stop();
        let server = Running::on(port, &prepare);
        client.appeler::<(), _>(nommee("sert", ())).unwrap();
        let log = log.lock().unwrap().clone();
        let expected = [&["entre", "sert", "entre"][..], &["sert"; 4], &["entre", "sert"]].concat();
        assert_eq!(log, expected);
        let told = told.lock().unwrap().clone();
        // [instance.random]
        assert_eq!(told, [Reconnu::Premier, Reconnu::Meme, Reconnu::Redemarre]);
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn a_server_without_a_number_is_not_recognised() {
    with_watchdog("older server", LIMIT, || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            for _ in 0..2 {
                let mut peer = Raw::accept(&listener);
                peer.send(&Greeting::server().bytes());
                thread::sleep(Duration::from_millis(30));
            }
        });
        let (told, heard) = mpsc::channel();
        let client = options(port)
            .quand_retablie(move |_, retour| {
                told.send(retour.serveur).unwrap();
                Ok(())
            })
            .connecter()
            .unwrap();
        assert_eq!(heard.recv().unwrap(), Reconnu::Premier);
        assert_eq!(heard.recv().unwrap(), Reconnu::Inconnu);
        server.join().unwrap();
        drop(client);
    });
}

#[test]
fn the_hook_may_not_use_the_client_that_waits_for_it() {
    with_watchdog("hook through itself", LIMIT, || {
        let server = Running::new();
        let (told, heard) = mpsc::channel();
        let place: Arc<Mutex<Option<ClientPersistant>>> = Arc::default();
        let inner = place.clone();
        let client = options(server.port())
            .quand_retablie(move |_, _| {
                if let Some(client) = &*inner.lock().unwrap() {
                    told.send(double(client, 1).unwrap_err()).unwrap();
                }
                Ok(())
            })
            .connecter()
            .unwrap();
        *place.lock().unwrap() = Some(client.clone());
        lose(&server, &client);
        let error = heard.recv().unwrap();
        let Erreur::NonEnvoyee(refused) = &error else { panic!("{error}") };
        assert_eq!(refused.raison, RaisonNonEnvoi::DansLeRetour);
        assert!(error.to_string().contains("`double`"), "{error}");
        assert_eq!(double(&client, 1).unwrap(), 2);
        place.lock().unwrap().take();
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn a_hook_that_fails_or_panics_is_tried_again_on_another_connection() {
    with_watchdog("hook that fails", LIMIT, || {
        let server = Running::new();
        let refused = options(server.port())
            .quand_retablie(|_, _| Err(Erreur::echec("not today")))
            .connecter()
            .unwrap_err();
        assert!(refused.to_string().contains("not today"), "{refused}");
        until("that connection is closed", || server.serveur.clients().is_empty());
        let tries = Arc::new(Mutex::new(0));
        let count = tries.clone();
        let client = options(server.port())
            .quand_retablie(move |_, _| {
                let mut tries = count.lock().unwrap();
                *tries += 1;
                let now = *tries;
                drop(tries);
                match now {
                    2 => Err(Erreur::echec("again")),
                    3 => panic!("the hook's own panic"),
                    _ => Ok(()),
                }
            })
            .connecter()
            .unwrap();
        lose(&server, &client);
        assert_eq!(double(&client, 1).unwrap(), 2);
        assert_eq!(*tries.lock().unwrap(), 4);
        client.eteindre().unwrap();
        server.stop();
    });
}

#[commande]
fn nom() -> String {
    "Ada".to_owned()
}

#[test]
fn commands_registered_once_hold_for_every_connection() {
    with_watchdog("commands", LIMIT, || {
        let prepare = |serveur: &Serveur| {
            serveur
                .enregistrer_commande("qui", |client: &Client, (quoi,): (String,)| {
                    client.appeler::<String, _>(nommee(quoi, ()))
                })
                .unwrap();
        };
        let server = Running::on(0, prepare);
        let client = options(server.port()).connecter().unwrap();
        client.enregistrer(commandes![nom]).unwrap();
        let again = client.enregistrer(commandes![nom]).unwrap_err();
        assert!(matches!(again, Erreur::Enregistrement(_)), "{again}");
        let asks = |what: &str| client.appeler::<String, _>(nommee("qui", (what,)));
        assert_eq!(asks("nom").unwrap(), "Ada");
        lose(&server, &client);
        client.enregistrer_commande("ville", |_, (): ()| "Londres".to_owned()).unwrap();
        for _ in 0..2 {
            assert_eq!(asks("nom").unwrap(), "Ada");
            assert_eq!(asks("ville").unwrap(), "Londres");
            lose(&server, &client);
        }
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn commands_run_while_no_thread_of_the_program_waits() {
    with_watchdog("pushed", LIMIT, || {
        let server = Running::new();
        let client = options(server.port()).connecter().unwrap();
        let (told, heard) = mpsc::channel();
        client
            .enregistrer_commande("annonce", move |_, (n,): (u32,)| told.send(n).unwrap())
            .unwrap();
        for n in 0..3_u32 {
            until("it is connected", || server.serveur.clients().len() == 1);
            server.serveur.diffuser(nommee("annonce", (n,))).unwrap();
            assert_eq!(heard.recv().unwrap(), n);
            lose(&server, &client);
            until("it is back", || client.est_connecte());
        }
        client.eteindre().unwrap();
        server.stop();
    });
}
