//! Children made by `fork`: what they make themselves works, and what they inherit goes on at their
//! parent's.
//!
//! A child has the memory of its parent and none of its threads. So this program forks from its
//! main thread, and each child ends without coming back here.

use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cconn::{Client, Resultat, Serveur, nommee};
use cconn_tests::with_watchdog;
use fork::Fork;

const LIMIT: Duration = Duration::from_secs(20);

/// How long is waited for what a child sends: the watchman writes within a millisecond or so.
const PATIENCE: Duration = Duration::from_millis(2_500);

const LINES: usize = 50;

/// A server that counts `line`, and a client of it, in the process that forks.
struct Parent {
    serveur: Serveur,
    client: Client,
    lines: Arc<AtomicUsize>,
}

impl Parent {
    fn new() -> Parent {
        let serveur = Serveur::options(0).max_clients(8).ouvrir().unwrap();
        let lines = Arc::new(AtomicUsize::new(0));
        let counter = lines.clone();
        serveur
            .enregistrer_commande("line", move |_, ()| {
                counter.fetch_add(1, Ordering::SeqCst);
            })
            .unwrap();
        serveur
            .enregistrer_commande("rappelle", |client: &Client, (n,): (u64,)| {
                client.appeler::<u64, _>(nommee("double", (n,)))
            })
            .unwrap();
        let runs = serveur.clone();
        thread::spawn(move || runs.lancer());
        let client = Client::new(serveur.adresse()).unwrap();
        // So its watchman runs, and has looked at this connection.
        client.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
        send(&client, LINES);
        client.vider().unwrap();
        Parent { serveur, client, lines }
    }

    fn connect(&self) -> Client {
        Client::new(self.serveur.adresse()).unwrap()
    }

    /// Whether so many have come, before the child's time is over.
    fn count_to(&self, lines: usize) {
        let end = Instant::now() + PATIENCE;
        while self.lines.load(Ordering::SeqCst) < lines && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(self.lines.load(Ordering::SeqCst), lines);
    }

    /// The parent's own connection works, both ways.
    fn assert_alive(&self) {
        let answer: Resultat<u64> = self.client.appeler(nommee("rappelle", (21_u64,)));
        assert_eq!(answer.unwrap(), 42);
    }

    fn end(self) {
        self.client.eteindre().unwrap();
        self.serveur.eteindre().unwrap();
    }
}

fn send(client: &Client, lines: usize) {
    for _ in 0..lines {
        client.envoyer(nommee("line", ())).unwrap();
    }
}

/// A child that does that, and then waits until it is let go.
struct Child {
    pid: i32,
    says: PipeReader,
    leash: PipeWriter,
}

impl Child {
    fn fork(act: impl FnOnce(&mut PipeWriter)) -> Child {
        let (says, mut mouth) = std::io::pipe().unwrap();
        let (mut held, leash) = std::io::pipe().unwrap();
        match fork::fork().unwrap() {
            Fork::Parent(pid) => Child { pid, says, leash },
            Fork::Child => {
                drop((says, leash));
                let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    act(&mut mouth);
                }));
                drop(mouth);
                let _let_go = held.read(&mut [0]);
                process::exit(i32::from(done.is_err()));
            }
        }
    }

    /// The first line that it says.
    fn line(&mut self) -> String {
        let mut text = Vec::new();
        let mut byte = [0];
        while self.says.read(&mut byte).unwrap() > 0 && byte[0] != b'\n' {
            text.push(byte[0]);
        }
        String::from_utf8(text).unwrap()
    }

    /// Lets it go, and waits until it has ended.
    fn end(mut self) {
        drop(self.leash);
        let mut rest = Vec::new();
        self.says.read_to_end(&mut rest).unwrap();
        assert_eq!(fork::waitpid(self.pid).unwrap(), 0, "the child failed");
    }
}

fn a_new_connection_works() {
    let parent = Parent::new();
    let child = Child::fork(|_| {
        let client = parent.connect();
        send(&client, LINES);
        std::mem::forget(client);
    });
    // It is alive and does nothing: its watchman has written them.
    parent.count_to(2 * LINES);
    child.end();
    parent.assert_alive();
    parent.end();
}

fn calls_and_callbacks_work() {
    let parent = Parent::new();
    let mut child = Child::fork(|mouth| {
        let client = parent.connect();
        client.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
        let answer: Resultat<u64> = client.appeler(nommee("rappelle", (4_u64,)));
        writeln!(mouth, "{}", answer.unwrap()).unwrap();
        client.eteindre().unwrap();
    });
    assert_eq!(child.line(), "8");
    child.end();
    parent.assert_alive();
    parent.end();
}

fn a_server_works() {
    let parent = Parent::new();
    let mut child = Child::fork(|mouth| {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer_commande("donne", |client: &Client, ()| send(client, LINES)).unwrap();
        writeln!(mouth, "{}", serveur.adresse()).unwrap();
        let runs = serveur.clone();
        thread::spawn(move || runs.lancer());
        std::mem::forget(serveur);
    });
    let client = Client::new(child.line()).unwrap();
    let lines = Arc::new(AtomicUsize::new(0));
    let counter = lines.clone();
    client
        .enregistrer_commande("line", move |_, ()| {
            counter.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
    client.appeler::<(), _>(nommee("donne", ())).unwrap();
    client.rattraper().unwrap();
    assert_eq!(lines.load(Ordering::SeqCst), LINES);
    client.eteindre().unwrap();
    child.end();
    parent.end();
}

fn a_child_of_a_child_works() {
    let parent = Parent::new();
    let child = Child::fork(|_| {
        let client = parent.connect();
        send(&client, LINES);
        let child = Child::fork(|_| {
            let client = parent.connect();
            send(&client, LINES);
            std::mem::forget(client);
        });
        std::mem::forget((client, child));
    });
    parent.count_to(3 * LINES);
    child.end();
    parent.end();
}

fn bytes_left_to_the_watchman_are_written_once_after_a_fork() {
    let parent = Parent::new();
    send(&parent.client, LINES);
    // These wait for the watchman when the child takes a copy of them along, to its end.
    Child::fork(|_| ()).end();
    parent.count_to(2 * LINES);
    parent.assert_alive();
    parent.count_to(2 * LINES);
    parent.end();
}

fn inherited_connections_are_left_alone() {
    for act in [
        |client: Client| drop(client),
        |client: Client| client.close(),
        |client: Client| assert!(client.expulser("").is_err()),
        |client: Client| {
            let refused = client.eteindre().unwrap_err();
            assert!(refused.to_string().contains("fork"), "{refused}");
            let refused = client.envoyer(nommee("line", ())).unwrap_err();
            assert!(refused.to_string().contains("fork"), "{refused}");
        },
    ] {
        let mut parent = Some(Parent::new());
        let child = Child::fork(|_| {
            let Parent { client, serveur, .. } = parent.take().unwrap();
            std::mem::forget(serveur);
            act(client);
        });
        child.end();
        let parent = parent.unwrap();
        parent.assert_alive();
        parent.end();
    }
}

pub(crate) fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        println!("fourche: test");
        return;
    }
    let tests: [(&str, fn()); 6] = [
        ("a new connection", a_new_connection_works),
        ("calls and callbacks", calls_and_callbacks_work),
        ("a server", a_server_works),
        ("a child of a child", a_child_of_a_child_works),
        ("what was left is written once", bytes_left_to_the_watchman_are_written_once_after_a_fork),
        ("inherited connections", inherited_connections_are_left_alone),
    ];
    for (name, test) in tests {
        with_watchdog(name, LIMIT, test);
        println!("fork: {name}: ok");
    }
}
