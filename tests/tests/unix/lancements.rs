//! Connect or start: one server for many processes, servers that never become one, idle servers.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use cconn::erreur::EchecConnexion;
use cconn::{Client, Erreur, Resultat, Serveur, nommee};
use cconn_tests::{Stopwatch, undisturbed, until, with_watchdog};

use super::dossier::{Dossier, LIMIT, launch, stop};

/// How many processes start at once.
const AT_ONCE: usize = 200;

fn command(how: &str, path: &Path, idle: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_voisin"));
    command.arg(how).arg(format!("unix:{}", path.display())).arg(idle);
    command
}

fn connect(path: &Path, idle: &str) -> Resultat<Client> {
    Client::ou_lancer(path, command("serveur", path, idle))
}

fn pid(client: &Client) -> u32 {
    client.appeler(nommee("pid", ())).unwrap()
}

#[test]
fn a_server_is_started_once_and_stops_when_nobody_uses_it() {
    with_watchdog("started", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let first = connect(&path, "30").unwrap();
        let server = pid(&first);
        assert_ne!(server, std::process::id());
        let second = connect(&path, "30").unwrap();
        assert_eq!(pid(&second), server);
        assert_eq!(second.appeler::<usize, _>(nommee("combien", ())).unwrap(), 2);
        assert_eq!(dossier.names(), ["s", "s.lock"]);
        // Its standard input and output lead nowhere, and do not fail.
        first.appeler::<(), _>(nommee("dit", ("bonjour",))).unwrap();
        assert_eq!(first.appeler::<String, _>(nommee("lit", ())).unwrap(), "");
        drop((first, second));
        until("the idle server has stopped", || dossier.names().is_empty());
        let third = connect(&path, "30").unwrap();
        assert_ne!(pid(&third), server);
        drop(third);
        until("the second server has stopped", || dossier.names().is_empty());
        let gone = format!("/proc/{server}");
        until("no zombie is left", || !Path::new(&gone).exists());
    });
}

#[test]
fn a_server_that_serves_but_refuses_its_first_client_is_not_ended() {
    with_watchdog("full", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let refused = |client: Resultat<Client>| {
            let Err(Erreur::Connexion(failed)) = client else { panic!("{client:?}") };
            assert!(matches!(*failed, EchecConnexion::Complet { .. }), "{failed}");
        };
        refused(Client::ou_lancer(&*path, command("plein", &path, "30")));
        assert_eq!(dossier.names(), ["s", "s.lock"], "it serves others");
        refused(Client::new(&*path));
        until("the idle server has stopped", || dossier.names().is_empty());
    });
}

#[test]
fn a_server_that_was_killed_is_started_again() {
    with_watchdog("killed", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let first = connect(&path, "50").unwrap();
        let server = pid(&first);
        first.appeler::<(), _>(nommee("tombe", ())).unwrap_err();
        let second = connect(&path, "50").unwrap();
        assert_ne!(pid(&second), server);
        drop(second);
        until("it has stopped", || dossier.names().is_empty());
    });
}

/// As one does whose time without a client has passed while the process that started it was held up.
#[test]
fn a_server_that_stops_before_its_first_client_has_come_is_started_again() {
    with_watchdog("stopped", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let client = Client::ou_lancer(&*path, command("hesite", &path, "300")).unwrap();
        assert_eq!(client.appeler::<u64, _>(nommee("double", (4_u64,))).unwrap(), 8);
        drop(client);
        until("it has stopped", || dossier.names().is_empty());
    });
}

#[test]
fn processes_that_start_at_once_end_with_one_server_and_a_connection_each() {
    with_watchdog("at once", 4 * LIMIT, || start_at_once(AT_ONCE));
}

fn start_at_once(count: usize) {
    let dossier = Dossier::new();
    let path = dossier.join("s");
    let start = |_| {
        let mut command = command("appelle", &path, "100");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut processes: Vec<Child> = (0..count).map(start).collect();
    let said = |process: &mut Child| {
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        line.trim().parse::<u32>().unwrap()
    };
    let servers: Vec<u32> = processes.iter_mut().map(said).collect();
    assert!(servers.iter().all(|server| *server == servers[0]), "{servers:?}");
    let client = Client::new(&path).unwrap();
    let connected: usize = client.appeler(nommee("combien", ())).unwrap();
    assert_eq!(connected, count + 1);
    drop(client);
    for mut process in processes {
        drop(process.stdin.take());
        assert!(process.wait().unwrap().success());
    }
    until("the server has stopped", || dossier.names().is_empty());
}

#[test]
fn a_program_that_does_not_become_a_server_says_why() {
    with_watchdog("no server", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let watch = Stopwatch::start();
        let cases = [
            (command("faute", &path, "1"), "exit status: 3"),
            (command("rien", &path, "1"), "exit status: 0"),
            // It serves another process, and says so before it ends.
            (command("enfant", &path, "1"), "it wrote: can't listen on parent:"),
            (
                Command::new("/no/such/program"),
                "`/no/such/program` could not be started: No such file",
            ),
        ];
        for (command, wanted) in cases {
            let error = Client::ou_lancer(&path, command).unwrap_err();
            assert!(error.to_string().contains(wanted), "{wanted}: {error}");
            let Erreur::Connexion(failed) = error else { panic!("{error:?}") };
            assert!(matches!(*failed, EchecConnexion::Lancement { .. }), "{failed:?}");
            assert_eq!(dossier.names(), [""; 0], "nothing is left behind");
        }
        // Each would have had ten seconds to become one.
        assert!(watch.elapsed() < Duration::from_secs(5), "none was waited for");
        let options = Client::options(&path).delai_connexion(Duration::from_millis(50));
        let error = options.ou_lancer(command("muet", &path, "1")).unwrap_err().to_string();
        assert!(error.contains("was ended") && error.contains("`Serveur::unique`"), "{error}");
        assert_eq!(dossier.names(), [""; 0]);
    });
}

#[test]
fn where_a_server_is_none_is_started() {
    with_watchdog("there already", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        // A server of this process, which was started in another way.
        let serveur = Serveur::unique(&path).unwrap();
        serveur.enregistrer_commande("pid", |_, (): ()| std::process::id()).unwrap();
        let lancer = launch(&serveur);
        let never = || Command::new("/no/such/program");
        let client = Client::ou_lancer(&path, never()).unwrap();
        assert_eq!(pid(&client), std::process::id());
        let second = Serveur::unique(&path).unwrap_err().to_string();
        assert!(second.contains("listens there already"), "{second}");
        drop(client);
        stop(&serveur, lancer);
        // A full server is an answer, and no reason to start another.
        let full = Serveur::new(&path).unwrap();
        let lancer = launch(&full);
        let kept = Client::new(&path).unwrap();
        let refused = Client::ou_lancer(&path, never()).unwrap_err();
        assert!(refused.to_string().contains("full"), "{refused}");
        drop(kept);
        stop(&full, lancer);
    });
}

#[test]
fn a_server_that_hangs_is_named_in_time() {
    with_watchdog("hangs", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let _silent = UnixListener::bind(&path).unwrap();
        let watch = Stopwatch::start();
        let options = Client::options(&path).delai_connexion(Duration::from_millis(100));
        let error = options.ou_lancer(Command::new("/no/such/program")).unwrap_err().to_string();
        assert!(error.contains("did not greet within 100ms"), "{error}");
        assert!(watch.elapsed() < Duration::from_secs(2), "{:?}", watch.elapsed());
        assert!(path.exists());
    });
}

#[test]
fn only_the_path_of_a_socket_can_have_its_server_started() {
    with_watchdog("no path", LIMIT, || {
        for address in ["127.0.0.1:1", "unix:@x", "parent:"] {
            let error = Client::ou_lancer(address, Command::new("true")).unwrap_err().to_string();
            assert!(error.contains("for the path of a Unix socket only"), "{error}");
        }
        let error = Client::ou_lancer("unix:", Command::new("true")).unwrap_err().to_string();
        assert!(error.contains("the path of the socket is missing"), "{error}");
        let dossier = Dossier::new();
        let file = dossier.join("f");
        fs::write(&file, "precious").unwrap();
        let error = Client::ou_lancer(&file, Command::new("true")).unwrap_err().to_string();
        assert!(error.contains("a file and no socket"), "{error}");
        let error = Client::ou_lancer(dossier.join("no/s"), Command::new("true")).unwrap_err();
        assert!(error.to_string().contains("there is no folder"), "{error}");
    });
}

#[test]
fn an_idle_server_stops_in_order_and_a_used_one_does_not() {
    with_watchdog("idle", LIMIT, || {
        let time = Duration::from_millis(100);
        // If the process is held up before the client comes, it has stopped.
        undisturbed(time / 3, || {
            let options = Serveur::options(0).max_clients(2).s_arreter_si_oisif(time);
            let serveur = options.ouvrir().unwrap();
            let lancer = launch(&serveur);
            let client = Client::new(serveur.adresse()).unwrap();
            thread::sleep(2 * time);
            assert!(client.est_connecte(), "it has a client");
            let begin = Instant::now();
            drop(client);
            lancer.join().unwrap().unwrap();
            assert!(begin.elapsed() >= time, "{:?}", begin.elapsed());
        });
        // A server that is stopped before does not wait for that.
        let serveur = Serveur::options(0).s_arreter_si_oisif(LIMIT * 100).ouvrir().unwrap();
        let lancer = launch(&serveur);
        stop(&serveur, lancer);
        // Without any client at all, and without any time.
        let serveur = Serveur::options(0).s_arreter_si_oisif(Duration::ZERO).ouvrir().unwrap();
        serveur.lancer().unwrap();
    });
}
