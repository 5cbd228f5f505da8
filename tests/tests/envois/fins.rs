//! What `envoyer` has accepted arrives, however the program ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use cconn::{Client, Serveur, nommee};
use cconn_tests::raw::{self, Raw, Seen, adieu, answer, call};
use cconn_tests::{LINES, LONG_LINES, quickly, until, with_watchdog};

use super::LIMIT;

/// The program `departs`, told how to end.
fn departs(how: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_departs"));
    command.arg(how).stderr(Stdio::null());
    command
}

/// How many messages of a client that ends that way arrive, of so many.
fn arrived(how: &str, of: usize) -> usize {
    let options = Serveur::options(0).max_clients(2);
    let options = options.quand_deconnecte(|_, end| eprintln!("the connection has ended: {end:?}"));
    let serveur = options.quand_refuse(|_, why| eprintln!("refused: {why}")).ouvrir().unwrap();
    let lines = Arc::new(AtomicUsize::new(0));
    let counter = lines.clone();
    serveur
        .enregistrer_commande("line", move |_, ()| {
            counter.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
    let running = thread::spawn({
        let serveur = serveur.clone();
        move || serveur.lancer()
    });
    let mut child = departs(how).arg(serveur.adresse().to_string()).spawn().unwrap();
    child.wait().unwrap();
    // The server may not have listed its newcomer yet; it has once a message has come.
    for _ in 0..5_000 {
        if lines.load(Ordering::SeqCst) >= of {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    // What it has written is read before the end of its connection is.
    until("its connection has ended", || serveur.clients().is_empty());
    serveur.eteindre().unwrap();
    running.join().unwrap().unwrap();
    lines.load(Ordering::SeqCst)
}

fn assert_all_arrive(ways: &[&str]) {
    with_watchdog("the end of a program", LIMIT, || {
        for how in ways {
            assert_eq!(arrived(how, LINES), LINES, "{how}");
        }
    });
}

#[test]
fn main_returns() {
    assert_all_arrive(&["main", "moved", "forget", "static", "local", "lancer"]);
}

#[test]
fn exit_is_called() {
    assert_all_arrive(&["exit", "thread-exit"]);
}

#[test]
fn a_thread_ends_before_main_does() {
    assert_all_arrive(&["thread", "thread-panic"]);
}

#[test]
fn another_thread_has_just_sent() {
    assert_all_arrive(&["thread-parked"]);
}

#[test]
fn one_thread_sends_on_two_connections() {
    assert_all_arrive(&["two"]);
}

#[test]
fn main_panics() {
    assert_all_arrive(&["panic"]);
}

#[test]
fn a_dropped_handle_has_written() {
    assert_all_arrive(&["abort", "abort-elsewhere"]);
}

#[test]
fn other_verbs_and_handles() {
    assert_all_arrive(&["delai", "delais", "essayer"]);
    // Answers that nobody reads make the end of the process a reset, and on Windows a reset throws
    // away what the peer has not read yet.
    #[cfg(not(windows))]
    assert_all_arrive(&["differer"]);
}

/// How many messages of a client that ends that way are run by a server that is busy with the first
/// of them until the client's process has ended.
fn run_by_a_busy_server(how: &str) -> usize {
    let serveur = Serveur::options(0).max_clients(2).ouvrir().unwrap();
    let (busy, open) = (Arc::new(Mutex::new(())), Arc::new(AtomicUsize::new(0)));
    let (gate, lines) = (busy.clone(), open.clone());
    serveur
        .enregistrer_commande("line", move |_, ()| {
            drop(gate.lock().unwrap());
            lines.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
    let running = serveur.clone();
    let running = thread::spawn(move || running.lancer());
    let closed = busy.lock().unwrap();
    let mut child = departs(how).arg(serveur.adresse().to_string()).spawn().unwrap();
    child.wait().unwrap();
    until("the ends are known", || serveur.clients().iter().all(|one| !one.est_connecte()));
    drop(closed);
    until("its connections have ended", || serveur.clients().is_empty());
    serveur.eteindre().unwrap();
    running.join().unwrap().unwrap();
    open.load(Ordering::SeqCst)
}

/// A peer runs what had arrived before a goodbye, and `main` says one.
#[test]
fn a_busy_peer_runs_what_it_had_not_begun_when_main_returned() {
    with_watchdog("busy peers", LIMIT, || {
        let ends = [
            "main",
            "static",
            "forget",
            "moved",
            "lancer",
            "exit",
            "thread-parked",
            "two",
            "stopping",
        ];
        for how in ends {
            assert_eq!(run_by_a_busy_server(how), LINES, "{how}");
        }
    });
}

/// Systems other than Linux tell the thread of `main` by its name alone.
#[cfg(target_os = "linux")]
#[test]
fn a_thread_that_is_only_named_main_says_no_goodbye() {
    with_watchdog("a name", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer_commande("line", |_, ()| ()).unwrap();
        let running = serveur.clone();
        let running = thread::spawn(move || running.lancer());
        let address = serveur.adresse();
        let named = thread::Builder::new().name("main".to_owned()).spawn(move || {
            let client = Client::new(address).unwrap();
            client.envoyer(nommee("line", ())).unwrap();
            client
        });
        let client = named.unwrap().join().unwrap();
        client.appeler::<(), _>(nommee("line", ())).unwrap();
        client.eteindre().unwrap();
        serveur.eteindre().unwrap();
        running.join().unwrap().unwrap();
    });
}

/// How many calls of a client that ends that way reach a server that answers the first of them,
/// reads nothing for a while, and then goes on.
fn reach_a_slow_server(how: &str) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = departs(how);
    let mut child = command.arg(listener.local_addr().unwrap().to_string()).spawn().unwrap();
    let mut raw = Raw::accept(&listener);
    raw.greeting();
    let roomy = raw::Greeting { window: 1 << 30, ..raw::Greeting::server() };
    raw.send(&roomy.bytes());
    let mut come = 0;
    while let Some(frame) = raw.next() {
        if let Seen::Call { id, .. } = frame {
            raw.send(&answer(id, &[]));
        }
        come += usize::from(matches!(frame, Seen::Call { .. } | Seen::OneWay { .. }));
        if come == 1 {
            // The child would end meanwhile if it did not wait for this.
            thread::sleep(Duration::from_millis(300));
        }
    }
    assert!(child.wait().unwrap().success(), "{how}");
    come
}

#[test]
fn answers_that_nobody_reads_lose_no_messages() {
    // Windows ends all other threads before a program's last chance to read.
    if cfg!(windows) {
        return;
    }
    with_watchdog("answers that nobody reads", LIMIT, || {
        for how in ["oubli", "exit-oubli", "fil-oubli"] {
            assert_eq!(reach_a_slow_server(how), LONG_LINES, "{how}");
        }
    });
}

#[test]
fn the_end_of_a_thread_waits_for_no_answer() {
    let serveur = Serveur::options(0).max_clients(4).ouvrir().unwrap();
    let (answer, may_answer) = mpsc::channel::<()>();
    let may_answer = Mutex::new(may_answer);
    serveur
        .enregistrer_commande("attend", move |_, ()| {
            let _told = may_answer.lock().unwrap().recv();
        })
        .unwrap();
    let running = thread::spawn({
        let serveur = serveur.clone();
        move || serveur.lancer()
    });
    let address = serveur.adresse();
    let what = "the end of a thread before the answer of its call";
    let (client, attente) = quickly(what, Duration::from_millis(500), || {
        let makes = thread::spawn({
            let address = address.clone();
            move || {
                let client = Client::new(address).unwrap();
                let attente = client.differer::<(), _>(nommee("attend", ())).unwrap();
                (client, attente)
            }
        });
        makes.join().unwrap()
    });
    drop(answer);
    attente.attendre().unwrap();
    client.eteindre().unwrap();
    serveur.eteindre().unwrap();
    running.join().unwrap().unwrap();
}

#[test]
fn several_threads_send() {
    with_watchdog("several threads", LIMIT, || {
        assert_eq!(arrived("shared", 3 * LINES), 3 * LINES);
        // On Windows only the thread that ends the process runs its destructors, after the others
        // have been ended wherever they were.
        #[cfg(not(windows))]
        assert_eq!(arrived("last-words", 2 * LINES), 2 * LINES);
    });
}

#[test]
fn a_server_that_ends_has_answered() {
    with_watchdog("answers", LIMIT, || {
        let mut child = departs("serveur-repond").stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let client = Client::new(address.trim()).unwrap();
        let calls: Vec<_> = (1..=LINES)
            .map(|n| client.differer::<usize, _>(nommee("compte", (n,))).unwrap())
            .collect();
        client.vider().unwrap();
        // The last one ends the server from inside.
        let answered = calls.into_iter().filter_map(|call| call.attendre().ok()).count();
        child.wait().unwrap();
        assert!(answered + 1 >= LINES, "{answered} of {LINES}");
    });
}

#[test]
fn a_server_ends() {
    with_watchdog("a server", LIMIT, || {
        for how in ["serveur-rend", "serveur-diffuse", "serveur-dedans"] {
            let mut child = departs(how).stdout(Stdio::piped()).spawn().unwrap();
            let mut address = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
            let client = Client::new(address.trim()).unwrap();
            let lines = Arc::new(AtomicUsize::new(0));
            let counter = lines.clone();
            client
                .enregistrer_commande("line", move |_, ()| {
                    counter.fetch_add(1, Ordering::SeqCst);
                })
                .unwrap();
            client.envoyer(nommee("donne", ())).unwrap();
            // In order where the thread of `main` has sent on this connection, else a cut.
            let _either = client.lancer();
            child.wait().unwrap();
            assert_eq!(lines.load(Ordering::SeqCst), LINES, "{how}");
        }
    });
}

/// Waits for a child, which must end well, and soon enough for the watchdog.
fn ends_well(mut command: Command, how: &str) {
    let status = command.status().unwrap();
    assert!(status.success(), "{how}: {status}");
}

#[test]
fn a_program_that_streams_to_itself_ends_when_it_says_so() {
    with_watchdog("a stream to oneself", LIMIT, || {
        for how in ["soi-exit", "soi-fil", "soi-dedans", "soi-plein", "soi-muet", "soi-mortel"] {
            ends_well(departs(how), how);
        }
    });
}

#[test]
fn a_program_whose_peer_takes_nothing_ends_all_the_same() {
    with_watchdog("a peer that takes nothing", LIMIT, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let deaf = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let roomy = raw::Greeting { window: 1 << 30, ..raw::Greeting::server() };
            raw::greeting(&mut stream);
            stream.write_all(&roomy.bytes()).unwrap();
            stream
        });
        let mut command = departs("plein");
        command.arg(address.to_string());
        ends_well(command, "plein");
        drop(deaf.join().unwrap());
    });
}

#[test]
fn what_came_before_a_reset_is_run() {
    with_watchdog("a reset", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let lines = Arc::new(AtomicUsize::new(0));
        let counter = lines.clone();
        serveur
            .enregistrer_commande("line", move |_, ()| {
                counter.fetch_add(1, Ordering::SeqCst);
            })
            .unwrap();
        let (inside, entered) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let may_go_on = Mutex::new(may_go_on);
        serveur
            .enregistrer_commande("attend", move |_, ()| {
                inside.send(()).unwrap();
                let _told = may_go_on.lock().unwrap().recv();
            })
            .unwrap();
        let running = thread::spawn({
            let serveur = serveur.clone();
            move || serveur.lancer()
        });
        let mut raw = Raw::client(serveur.adresse().socket().unwrap());
        // Its answer stays unread, which makes the end of the peer a reset.
        raw.send(&call(1, "line", &[]));
        until("it has run", || lines.load(Ordering::SeqCst) == 1);
        raw.send(&call(2, "attend", &[]));
        entered.recv().unwrap();
        raw.send(&(0..200).flat_map(|n| call(3 + n, "line", &[])).collect::<Vec<_>>());
        raw.send(&adieu(2, b""));
        drop(raw);
        drop(go_on);
        until("its connection has ended", || serveur.clients().is_empty());
        serveur.eteindre().unwrap();
        running.join().unwrap().unwrap();
        assert_eq!(lines.load(Ordering::SeqCst), 201);
    });
}
