//! Messages that fail with nobody waiting: who is told, how often, and of how many.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur, Resultat, Serveur, nommee};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running};

/// Set in the process whose standard error is looked at.
const CHILD: &str = "CCONN_TEST_FAILURES";

/// What a process says that runs that test, with that word in its environment.
fn said_by(test: &str, word: &str) -> String {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args([test, "--exact", "--nocapture"]).env(CHILD, word);
    let output = command.output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && out.contains("1 passed"), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn failing() -> Serveur {
    let serveur = Serveur::options(0).max_clients(4).ouvrir().unwrap();
    register_failing(&serveur);
    serveur
}

fn register_failing(serveur: &Serveur) {
    let fails = |_: &Client, (): ()| -> Resultat<()> { Err(Erreur::echec("no such thing")) };
    serveur.enregistrer_commande("fails", fails).unwrap();
    let refuses = |_: &Client, (): ()| -> Result<(), u8> { Err(7) };
    serveur.enregistrer_commande("refuses", refuses).unwrap();
    serveur.enregistrer_commande("panics", panics).unwrap();
    serveur.enregistrer_commande("number", |_: &Client, (_,): (u64,)| ()).unwrap();
}

fn panics(_: &Client, (): ()) {
    panic!("a panic on purpose");
}

const ALL: [&str; 5] = ["absent", "fails", "refuses", "panics", "number"];

#[test]
fn without_a_hook_the_standard_error_says_so() {
    let name = "failures::without_a_hook_the_standard_error_says_so";
    let Ok(word) = std::env::var(CHILD) else {
        let said = said_by(name, "each");
        for name in ALL {
            let lines = said
                .lines()
                .filter(|line| line.starts_with("cconn: ") && line.contains(&format!("`{name}`")));
            assert_eq!(lines.count(), 1, "{name}: {said}");
        }
        let begin = Instant::now();
        let said = said_by(name, "many");
        let periods = usize::try_from(begin.elapsed().as_secs()).unwrap() + 2;
        let shown = said.lines().filter(|line| line.contains("`absent`")).count();
        let left_out: usize = said
            .lines()
            .filter_map(|line| {
                line.strip_prefix("cconn: ")?.split_once(" more failure")?.0.parse::<usize>().ok()
            })
            .sum();
        assert!(shown <= 10 * periods, "{shown} lines in {periods} periods");
        assert!(left_out > 0, "{said}");
        let said = said_by(name, "silent");
        assert!(!said.contains("`absent`"), "{said}");
        return;
    };
    let running = Running::of(failing());
    let options = Client::options(running.serveur.adresse()).echecs_affiches(word != "silent");
    let client = options.connecter().unwrap();
    let sent: &[&str] = if word == "each" { &ALL } else { &["absent"; 1_000] };
    for name in sent {
        client.envoyer(nommee(name, ())).unwrap();
        // Few wait at a time, so that none is dropped before it is told.
        let _absent = client.appeler::<(), _>(nommee("absent", ()));
    }
    client.eteindre().unwrap();
    running.stop().unwrap();
}

#[test]
fn the_side_where_it_failed_has_a_hook() {
    with_watchdog("receiver", LIMIT, || {
        let (sender, failed) = mpsc::channel();
        let options = Serveur::options(0).quand_commande_echoue(move |client, failed| {
            sender.send((client.id(), failed.nature, failed.to_string())).unwrap();
        });
        let serveur = options.ouvrir().unwrap();
        register_failing(&serveur);
        let running = Running::of(serveur);
        let options = Client::options(running.serveur.adresse()).echecs_affiches(false);
        let client = options.connecter().unwrap();
        // Its caller is told of a call.
        assert!(client.appeler::<(), _>(nommee("fails", ())).is_err());
        for name in ALL {
            client.envoyer(nommee(name, ())).unwrap();
        }
        client.eteindre().unwrap();
        running.stop().unwrap();
        let told: Vec<_> = failed.iter().take(ALL.len()).collect();
        let natures: Vec<_> = told.iter().map(|(_, nature, _)| *nature).collect();
        let wanted = [
            NatureDistante::Inconnue,
            NatureDistante::Echec,
            NatureDistante::Echec,
            NatureDistante::Panique,
            NatureDistante::Arguments,
        ];
        assert_eq!(natures, wanted);
        assert!(told.iter().all(|(client, _, _)| *client == 1));
        assert!(
            told[1].2.contains("`fails`") && told[1].2.contains("no such thing"),
            "{}",
            told[1].2
        );
        assert!(failed.try_recv().is_err());
    });
}

#[test]
fn the_hook_of_a_client_is_told_of_the_servers_messages() {
    with_watchdog("client's hook", LIMIT, || {
        let running = Running::of(Serveur::new(0).unwrap());
        let (sender, failed) = mpsc::channel();
        let options = Client::options(running.serveur.adresse());
        let client = options
            .quand_commande_echoue(move |_, failed| sender.send(failed.commande.clone()).unwrap())
            .connecter()
            .unwrap();
        client.enregistrer_commande("panics", panics).unwrap();
        let listening = client.clone();
        let lancer = thread::spawn(move || listening.lancer());
        while running.serveur.clients().is_empty() {
            thread::yield_now();
        }
        running.serveur.diffuser(nommee("panics", ())).unwrap();
        assert_eq!(&*failed.recv().unwrap(), "panics");
        client.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn dropped_notices_are_counted_and_told() {
    with_watchdog("counted", LIMIT, || {
        let (count, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (calls, texts) = (count.clone(), told.clone());
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let may_go_on = Mutex::new(may_go_on);
        let running = Running::of(failing());
        let client = Client::options(running.serveur.adresse())
            .quand_echec(move |_, error| {
                calls.fetch_add(1, Ordering::SeqCst);
                texts.lock().unwrap().push(error.to_string());
                let _go_on = may_go_on.lock().unwrap().recv();
            })
            .connecter()
            .unwrap();
        (0..500).for_each(|_| client.envoyer(nommee("absent", ())).unwrap());
        // All of them have failed, and their failures stand before this answer.
        let _absent = client.appeler::<(), _>(nommee("absent", ()));
        drop(go_on);
        client.eteindre().unwrap();
        let calls = count.load(Ordering::SeqCst);
        let dropped: usize = told
            .lock()
            .unwrap()
            .iter()
            .filter_map(|text| {
                text.split_once(" more such")?.0.rsplit_once('(')?.1.parse::<usize>().ok()
            })
            .sum();
        assert_eq!(calls + dropped, 500, "{calls} were told");
        running.stop().unwrap();
    });
}

/// A peer that reports failures of messages that were never sent.
#[test]
fn failures_of_what_was_never_sent_run_no_hook() {
    use std::io::{Read, Write};
    with_watchdog("never sent", LIMIT, || {
        let (count, arrivals) = (Arc::new(AtomicUsize::new(0)), mpsc::channel());
        let calls = count.clone();
        let options = Serveur::options(0)
            .quand_connecte(move |client| arrivals.0.send(client.clone()).unwrap())
            .quand_echec(move |_, _| {
                calls.fetch_add(1, Ordering::SeqCst);
            });
        let running = Running::new(options);
        let mut peer = std::net::TcpStream::connect(running.serveur.adresse()).unwrap();
        let greeting = "63 63 6f 6e 6e 0d 0a 00 01 00 12 00 00 01 00 00 00 00 80 00 \
                        80 00 00 01 00 00 00 00 00 00";
        peer.write_all(&cconn_tests::hex::parse(greeting).unwrap()).unwrap();
        let client = arrivals.1.recv().unwrap();
        let failure = |hash: u64| {
            let mut frame = vec![19, 0, 0, 0, 5];
            frame.extend([0; 8]);
            frame.extend(hash.to_le_bytes());
            frame.extend([1, 0]);
            frame
        };
        let mut flood: Vec<u8> = (0..20_000).flat_map(failure).collect();
        // The answer to a call of theirs comes behind all that was read before it.
        let call = [&[22, 0, 0, 0, 2, 0, 1][..], &[0; 7], &[9; 8], &[0; 4]].concat();
        flood.extend(&call);
        peer.write_all(&flood).unwrap();
        let _greeting = cconn_tests::raw::greeting(&mut peer);
        let mut answer = [0; 27];
        peer.read_exact(&mut answer).unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 0);
        // Of one that was sent it may be told once, whatever else the peer says.
        client.envoyer(nommee("ping", ())).unwrap();
        client.vider().unwrap();
        peer.write_all(&(0..1000).flat_map(|_| failure(0xbf30_e00d_c533_07a9)).collect::<Vec<_>>())
            .unwrap();
        while count.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        peer.write_all(
            &call.iter().enumerate().map(|(n, b)| if n == 6 { 2 } else { *b }).collect::<Vec<_>>(),
        )
        .unwrap();
        let mut more = [0; 18 + 27];
        peer.read_exact(&mut more).unwrap();
        thread::sleep(Duration::from_millis(20));
        assert_eq!(count.load(Ordering::SeqCst), 1);
        drop(peer);
        let _cut = running.stop();
    });
}
