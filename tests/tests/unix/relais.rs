//! A server that is replaced by another program while it is used.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use cconn::erreur::EchecConnexion;
use cconn::{Client, Erreur, Resultat, Serveur, nommee};
use cconn_tests::{until, until_some, with_watchdog};

use super::dossier::{Dossier, launch, stop};

const LIMIT: Duration = Duration::from_secs(60);

/// The first of the servers, ended if the test fails.
struct First {
    process: Child,
    address: String,
}

impl First {
    fn start(address: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_voisin"));
        command.arg("relaye").arg(address).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        // What its successors say is read too.
        thread::spawn(move || said.lines().for_each(drop));
        First { process, address: line.trim().to_owned() }
    }

    fn client(&self) -> Client {
        Client::new(&*self.address).unwrap()
    }
}

impl Drop for First {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn pid(client: &Client) -> u32 {
    client.appeler(nommee("pid", ())).unwrap()
}

/// Has the server replaced, and returns the number of the successor.
fn replace(server: &First) -> u32 {
    let client = server.client();
    let before = pid(&client);
    client.appeler::<(), _>(nommee("relaie", ("relaye",))).unwrap();
    let after = pid(&server.client());
    assert_ne!(after, before);
    after
}

/// Ends the last of the servers in a way that leaves a socket.
fn end(server: &First) {
    server.client().appeler::<(), _>(nommee("finit", (0,))).unwrap_err();
}

/// Ends the users of the server, also if the test fails.
struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What the users of a server share.
struct Users<'a> {
    address: &'a str,
    stops: AtomicBool,
    calls: AtomicUsize,
    /// The server that has answered last.
    last: AtomicU32,
}

impl Users<'_> {
    fn goes_on(&self) -> bool {
        !self.stops.load(Ordering::SeqCst)
    }

    fn count(&self, pid: Resultat<u32>) -> u32 {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let pid = pid.expect("no call is lost");
        self.last.store(pid, Ordering::SeqCst);
        pid
    }

    fn comes_back(&self) -> BTreeSet<u32> {
        let client = Client::options(self.address).persistant().connecter().unwrap();
        let mut seen = BTreeSet::new();
        while self.goes_on() {
            seen.insert(self.count(client.appeler(nommee("pid", ()))));
        }
        client.eteindre().unwrap();
        seen
    }

    fn comes_anew(&self) -> BTreeSet<u32> {
        let mut seen = BTreeSet::new();
        while self.goes_on() {
            let client = Client::new(self.address).expect("somebody listens");
            match client.appeler(nommee("pid", ())) {
                // Its server has just begun to stop; the next connection reaches another one.
                Err(error) if !error.a_pu_etre_executee() => continue,
                pid => seen.insert(self.count(pid)),
            };
            let _stopped = client.eteindre();
        }
        seen
    }

    /// Waits until that server is used: it is not replaced before, however slow the machine.
    fn until_used(&self, generation: u32) {
        thread::sleep(Duration::from_millis(100));
        until("it is used", || self.last.load(Ordering::SeqCst) == generation);
    }
}

fn clients_lose_nothing(address: &str) {
    let mut server = First::start(address);
    let mut generations = vec![pid(&server.client())];
    let users = Users {
        address: &server.address,
        stops: AtomicBool::new(false),
        calls: AtomicUsize::new(0),
        last: AtomicU32::new(0),
    };
    let seen: BTreeSet<u32> = thread::scope(|scope| {
        let stop = Stops(&users.stops);
        let mut threads: Vec<_> = (0..3).map(|_| scope.spawn(|| users.comes_back())).collect();
        threads.extend((0..2).map(|_| scope.spawn(|| users.comes_anew())));
        users.until_used(generations[0]);
        for _ in 0..3 {
            let successor = replace(&server);
            generations.push(successor);
            users.until_used(successor);
        }
        until("fifty calls", || users.calls.load(Ordering::SeqCst) > 50);
        drop(stop);
        threads.into_iter().flat_map(|user| user.join().unwrap()).collect()
    });
    assert_eq!(seen, generations.iter().copied().collect::<BTreeSet<u32>>());
    // The first one has ended in order, and is no longer needed.
    assert!(server.process.wait().unwrap().success());
    assert_eq!(pid(&server.client()), generations[3]);
    end(&server);
}

#[test]
fn clients_of_a_server_that_is_replaced_three_times_lose_no_call() {
    with_watchdog("relayed", LIMIT, || {
        let dossier = Dossier::new();
        clients_lose_nothing(&format!("unix:{}", dossier.join("s").display()));
        clients_lose_nothing("127.0.0.1:0");
        #[cfg(target_os = "linux")]
        clients_lose_nothing(&format!("unix:@cconn-relais-{}", std::process::id()));
    });
}

/// What `relayer` says of a program that does not take over.
fn refused(client: &Client, how: &str) -> String {
    let failed = client.appeler::<(), _>(nommee("relaie", (how,))).unwrap_err();
    failed.to_string()
}

#[test]
fn a_program_that_does_not_take_over_leaves_the_server_as_it_was() {
    with_watchdog("not relayed", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let server = First::start(&format!("unix:{}", path.display()));
        let client = server.client();
        let (before, number) = (dossier.names(), pid(&client));
        assert_eq!(before, ["s", "s.lock"]);
        for (how, says) in [
            ("faute", "exit status: 3"),
            ("rien", "exit status: 0"),
            // It has opened its server, and ends.
            ("ouvre", "exit status: 0"),
        ] {
            let failed = refused(&client, how);
            assert!(failed.contains(says), "{how}: {failed}");
            assert!(failed.contains("the server that it was to replace goes on"), "{failed}");
            assert_eq!(dossier.names(), before, "{how}");
            assert_eq!((pid(&client), pid(&server.client())), (number, number), "{how}");
            let second = Serveur::new(&*path).unwrap_err();
            assert!(second.to_string().contains("a server listens there already"), "{second}");
        }
        // And then it can be replaced all the same; its files stay those of whoever serves.
        drop(client);
        let successor = replace(&server);
        assert_eq!(dossier.names(), before);
        assert_eq!(pid(&server.client()), successor);
        end(&server);
    });
}

#[test]
fn a_successor_that_takes_long_keeps_nobody_out() {
    with_watchdog("a slow successor", LIMIT, || {
        let dossier = Dossier::new();
        let server = First::start(&format!("unix:{}", dossier.join("s").display()));
        let client = server.client();
        let number = pid(&client);
        let relaying = thread::spawn(move || refused(&client, "tarde"));
        // The first of these waits in the queue for a second, in which most successors are ready.
        for _ in 0..20 {
            assert_eq!(pid(&server.client()), number);
        }
        assert!(!relaying.is_finished(), "newcomers waited until the successor was given up");
        let again = refused(&server.client(), "rien");
        assert!(again.contains("it is being replaced already"), "{again}");
        let failed = relaying.join().unwrap();
        assert!(failed.contains("exit status: 3"), "{failed}");
        assert_eq!(pid(&server.client()), number);
        // It can be replaced all the same.
        replace(&server);
        end(&server);
    });
}

/// What a program that opens its server at `address` without `unique` says, as the successor of
/// `serveur`.
fn said_by_a_simple_successor(serveur: &Serveur, address: String, dossier: &Dossier) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_voisin"));
    let said = dossier.join("said");
    command.arg("simple").arg(address).stderr(fs::File::create(&said).unwrap());
    serveur.relayer(command).unwrap_err();
    fs::read_to_string(said).unwrap()
}

#[test]
fn a_successor_that_does_not_take_its_socket_over_is_told_to() {
    with_watchdog("not taken over", LIMIT, || {
        let dossier = Dossier::new();
        let serveur = Serveur::new(dossier.join("s")).unwrap();
        let lancer = launch(&serveur);
        until_some("`lancer` runs", || Client::new(serveur.adresse()).ok());
        let said = said_by_a_simple_successor(&serveur, serveur.adresse().to_string(), &dossier);
        assert!(said.contains("`relayer` has started this program"), "{said}");
        // Another server of the predecessor has the address that it wants.
        let other = Serveur::new(dossier.join("t")).unwrap();
        let said = said_by_a_simple_successor(&serveur, other.adresse().to_string(), &dossier);
        assert!(said.contains("a server listens there already"), "{said}");
        assert!(!said.contains("has started this program"), "{said}");
        stop(&serveur, lancer);
    });
}

#[test]
fn only_a_server_that_runs_can_be_replaced() {
    with_watchdog("nothing to relay", LIMIT, || {
        let not_run = |serveur: &Serveur| {
            let failed = serveur.relayer(Command::new("/nowhere/program")).unwrap_err();
            let Erreur::Connexion(failed) = failed else { panic!("{failed}") };
            assert!(matches!(*failed, EchecConnexion::Lancement { .. }));
            failed.to_string()
        };
        let serveur = Serveur::new(0).unwrap();
        assert!(not_run(&serveur).contains("`lancer` does not run here"));
        let running = serveur.clone();
        let lancer = thread::spawn(move || running.lancer());
        let failed = until_some("`lancer` runs", || {
            let failed = not_run(&serveur);
            (!failed.contains("`lancer` does not run here")).then_some(failed)
        });
        assert!(failed.contains("could not be started"), "{failed}");
        // It accepts as before.
        drop(Client::new(serveur.adresse()).unwrap());
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
        assert!(not_run(&serveur).contains("`lancer` does not run here"));
    });
}
