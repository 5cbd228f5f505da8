//! A program that sends and then ends, in each of the ways in which programs end: the child of a
//! test that counts what arrives.
//!
//! `departs <how> <address>` connects there and sends `line` so many times; `departs serveur-...`
//! is a server instead, and prints its address; `departs soi-...` is both, and streams to itself.

use std::process;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use cconn::flux::Flux;
use cconn::{Client, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{LINES, LONG_LINES};

/// A client whose commands a thread of its own runs, as the README has it.
fn launched(address: &str) -> Client {
    let client = Client::new(address).expect("the test listens");
    let runs = client.clone();
    thread::spawn(move || runs.lancer());
    client
}

fn send(client: &Client) {
    for _ in 0..LINES {
        client.envoyer(nommee("line", ())).expect("it is sent");
    }
}

thread_local! {
    static KEPT: std::cell::RefCell<Option<Client>> = const { std::cell::RefCell::new(None) };
    static LAST_WORDS: LastWords = const { LastWords(OnceLock::new()) };
}

/// Sends when the thread's locals are destroyed.
struct LastWords(OnceLock<Client>);

impl Drop for LastWords {
    fn drop(&mut self) {
        self.0.get().into_iter().for_each(send);
    }
}

static CLIENT: OnceLock<Client> = OnceLock::new();

/// A server that has answered and sent, and what ends it.
fn serve(address_of: &str) {
    let serveur = Serveur::new(0).expect("a free port");
    let (sender, asked) = mpsc::channel();
    let ends_inside = address_of == "serveur-dedans";
    serveur
        .enregistrer_commande("donne", move |client: &Client, ()| -> Resultat<()> {
            if ends_inside {
                send(client);
                process::exit(0);
            }
            sender.send(client.clone()).expect("main waits");
            Ok(())
        })
        .expect("a name");
    let (last, answered) = mpsc::channel();
    serveur
        .enregistrer_commande("compte", move |_, (n,): (usize,)| {
            if n == LINES {
                last.send(()).expect("main waits");
            }
            n
        })
        .expect("a name");
    println!("{}", serveur.adresse());
    let runs = serveur.clone();
    thread::spawn(move || runs.lancer());
    if address_of == "serveur-repond" {
        return answered.recv().expect("a client asks");
    }
    let client = asked.recv().expect("a client asks");
    match address_of {
        "serveur-diffuse" => {
            for _ in 0..LINES {
                serveur.diffuser(nommee("line", ())).expect("it is sent");
            }
        }
        _ => send(&client),
    }
}

/// A time that no test waits for: what waits for it hangs.
const FOR_EVER: Duration = Duration::from_secs(3600);

#[commande]
fn sans_fin() -> Flux<u64> {
    Flux::de(0..)
}

/// One item, and then none for ever.
#[commande]
fn muet() -> Flux<u64> {
    Flux::de((0..).inspect(|n| {
        if *n > 0 {
            thread::sleep(FOR_EVER);
        }
    }))
}

#[commande]
fn mortel() -> Flux<u64> {
    Flux::de((0..).inspect(|n| {
        if *n == 1000 {
            process::exit(0);
        }
    }))
}

#[commande]
fn finir() {
    process::exit(0);
}

/// A server with a client in its own process, between which a stream is under way when the process
/// ends. No stop of either would ever be over.
fn stream_to_itself(how: &str) {
    let serveur = Serveur::options(0).max_clients(2).delai_arret(FOR_EVER).ouvrir();
    let serveur = serveur.expect("a free port");
    serveur.enregistrer(commandes![sans_fin, muet, mortel, finir]).expect("names");
    let runs = serveur.clone();
    thread::spawn(move || runs.lancer());
    let connect = || Client::options(serveur.adresse()).delai_arret(FOR_EVER).connecter();
    let client = connect().expect("it listens");
    let mut stream = match how {
        "soi-muet" => client.appeler(muet {}),
        "soi-mortel" => client.appeler(mortel {}),
        _ => client.appeler(sans_fin {}),
    }
    .expect("it begins");
    assert!(stream.next().is_some());
    let takes = move || stream.for_each(drop);
    match how {
        // The stream stands still: nobody takes from it.
        "soi-plein" => std::mem::forget(takes),
        "soi-fil" => {
            thread::spawn(takes);
            thread::spawn(|| process::exit(0)).join().expect("it ends");
        }
        "soi-dedans" => {
            thread::spawn(takes);
            let other = connect().expect("it listens");
            other.appeler(finir {}).expect_err("no answer comes");
        }
        "soi-mortel" => takes(),
        _ => drop(thread::spawn(takes)),
    }
    process::exit(0);
}

/// Sends to somebody who reads nothing, until nothing more is taken.
fn fill(address: &str) {
    let client = Client::options(address).delai_ecriture(FOR_EVER).connecter();
    let client = client.expect("the test listens");
    let long = vec![0_u8; 100_000];
    while client.essayer(nommee("line", (&long,))).is_ok() {}
    process::exit(0);
}

fn main() {
    let mut words = std::env::args().skip(1);
    let (how, address) = (words.next().expect("how to end"), words.next().unwrap_or_default());
    if how.starts_with("serveur") {
        return serve(&how);
    }
    if how.starts_with("soi") {
        return stream_to_itself(&how);
    }
    if how == "plein" {
        return fill(&address);
    }
    if how == "sourd" {
        return listen_to_nothing(&address);
    }
    let client = launched(&address);
    ends_by_itself(&how, &address, client);
}

/// Two clients that run nothing of what they are sent, of which one must not say so. It ends with its
/// standard input.
fn listen_to_nothing(address: &str) {
    let silent = Client::options(address).echecs_affiches(false).connecter();
    let heard = Client::new(address);
    let until_then = std::io::read_to_string(std::io::stdin());
    drop((silent.expect("the test listens"), heard.expect("the test listens"), until_then));
}

/// Ways to end that are the program's own.
fn ends_by_itself(how: &str, address: &str, client: Client) {
    match how {
        "main" => send(&client),
        "static" => send(CLIENT.get_or_init(|| client)),
        "exit" => {
            send(&client);
            process::exit(3);
        }
        "thread" => thread::spawn(move || send(&client)).join().expect("it ends"),
        "thread-exit" => {
            let ends = thread::spawn(move || {
                send(&client);
                process::exit(0);
            });
            ends.join().expect("it ends");
        }
        "thread-parked" => {
            let (sender, sent) = mpsc::channel();
            thread::spawn(move || {
                send(&client);
                sender.send(()).expect("main waits");
                thread::sleep(Duration::from_secs(60));
            });
            sent.recv().expect("they are sent");
        }
        "stopping" => {
            send(&client);
            thread::spawn(move || client.eteindre());
            // The stop has begun and waits for the peer.
            thread::sleep(Duration::from_millis(50));
        }
        "two" => {
            let other = launched(address);
            for _ in 0..LINES / 2 {
                for client in [&client, &other] {
                    client.envoyer(nommee("line", ())).expect("it is sent");
                }
            }
        }
        "oubli" | "exit-oubli" | "fil-oubli" => forgets(how, client),
        how => lets_go(how, client),
    }
}

/// Ways to have calls under way whose answers nobody reads. Their bytes are more than the socket of
/// a peer that reads nothing takes.
fn forgets(how: &str, client: Client) {
    let client = CLIENT.get_or_init(|| client);
    let line = || nommee("line", ([0_u8; 4096].as_slice(),));
    let defer = || (0..LONG_LINES).map(|_| client.differer::<(), _>(line()).expect("it is sent"));
    match how {
        "oubli" => std::mem::forget(defer().collect::<Vec<_>>()),
        "exit-oubli" => {
            std::mem::forget(defer().collect::<Vec<_>>());
            process::exit(0);
        }
        _ => thread::scope(|scope| {
            scope.spawn(|| std::mem::forget(defer().collect::<Vec<_>>()));
        }),
    }
}

/// Ways to let go of a handle.
#[allow(clippy::too_many_lines, reason = "one case after the other, none of them long")]
fn lets_go(how: &str, client: Client) {
    match how {
        "panic" => {
            send(&client);
            panic!("a panic on purpose");
        }
        "forget" => {
            send(&client);
            std::mem::forget(client);
        }
        "lancer" => {
            send(&client);
            thread::spawn(move || client.lancer());
        }
        "thread-panic" => {
            let panics = thread::spawn(move || {
                send(&client);
                panic!("a panic on purpose");
            });
            assert!(panics.join().is_err());
        }
        "moved" => {
            let sends = client.clone();
            drop(client);
            send(&sends);
        }
        "abort" => {
            send(&client);
            drop(client);
            process::abort();
        }
        "abort-elsewhere" => {
            let (sender, handles) = mpsc::channel();
            let drops = thread::spawn(move || drop(handles.recv()));
            send(&client);
            sender.send(client).expect("the other waits");
            drops.join().expect("it ends");
            process::abort();
        }
        "delai" => send(&client.avec_delai(Duration::from_secs(5))),
        "delais" => {
            for _ in 0..LINES {
                let client = client.avec_delai(Duration::from_secs(5));
                client.envoyer(nommee("line", ())).expect("it is sent");
            }
        }
        "differer" => {
            let call = |_| client.differer::<(), _>(nommee("line", ())).expect("it is sent");
            std::mem::forget((0..LINES).map(call).collect::<Vec<_>>());
        }
        "essayer" => {
            for _ in 0..LINES {
                client.essayer(nommee("line", ())).expect("it is sent");
            }
        }
        "local" => {
            send(&client);
            KEPT.with(|kept| kept.replace(Some(client)));
        }
        "last-words" => {
            LAST_WORDS.with(|words| assert!(words.0.set(client.clone()).is_ok()));
            send(&client);
        }
        "shared" => {
            let client = Arc::new(client);
            let others = [client.clone(), client.clone()];
            thread::scope(|scope| {
                for client in &others {
                    scope.spawn(|| send(client));
                }
            });
            send(&client);
            std::mem::forget(client);
        }
        how => panic!("no way to end is called {how}"),
    }
}
