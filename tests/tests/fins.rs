//! How a connection ends as its two programs see it: sent away, closed, stopped.

#[path = "fins/cotes.rs"]
mod cotes;
#[path = "fins/lachees.rs"]
mod lachees;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cconn::erreur::{Phase, RaisonFin};
use cconn::{
    Client, Erreur, OctetsRef, OptionsServeur, Resultat, Serveur, commande, commandes, nommee,
};
use cconn_tests::{Stopwatch, hex, undisturbed, with_watchdog};

const LIMIT: Duration = Duration::from_secs(60);

/// What a client is after all: how its `lancer` and its hook ended, and which lines it has heard.
struct Kicked {
    client: Client,
    lancer: JoinHandle<Resultat<()>>,
    hook: Receiver<Resultat<()>>,
    lines: Arc<Mutex<Vec<u32>>>,
}

impl Kicked {
    /// A client of that address that takes its time for each line.
    fn new(serveur: &Serveur, each: Duration) -> Kicked {
        Kicked::with(serveur, each, 8 << 20)
    }

    fn with(serveur: &Serveur, each: Duration, taille_max: u32) -> Kicked {
        Kicked::behind(serveur, Arc::default(), each, taille_max)
    }

    /// None of its lines is run while that is locked.
    fn behind(serveur: &Serveur, gate: Arc<Mutex<()>>, each: Duration, taille_max: u32) -> Kicked {
        let (sender, hook) = mpsc::channel();
        let client = Client::options(serveur.adresse())
            .taille_max(taille_max)
            .quand_deconnecte(move |_, end| sender.send(end).unwrap())
            .connecter()
            .unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = lines.clone();
        let line = move |_: &Client, (n,): (u32,)| {
            drop(gate.lock().unwrap());
            thread::sleep(each);
            heard.lock().unwrap().push(n);
        };
        client.enregistrer_commande("line", line).unwrap();
        let running = client.clone();
        let lancer = thread::spawn(move || running.lancer());
        Kicked { client, lancer, hook, lines }
    }

    /// Sees that it was sent away with that text after it had run `lines` lines.
    fn assert_expelled(self, text: &str, lines: u32) {
        let fins = [self.lancer.join().unwrap(), self.hook.recv().unwrap()];
        for fin in fins.into_iter().chain([self.client.envoyer(nommee("x", ()))]) {
            let error = fin.expect_err("a kick is no orderly end");
            let Erreur::Fermee(fin) = &error else { panic!("{error}") };
            assert_eq!((fin.raison, &*fin.texte), (RaisonFin::Expulsee, text), "{error}");
            assert!(error.est_fatale());
        }
        assert_eq!(*self.lines.lock().unwrap(), (0..lines).collect::<Vec<_>>());
    }
}

/// A server that runs, and where its clients are told of.
fn serve(options: OptionsServeur) -> (Serveur, Receiver<Client>) {
    let (sender, arrivals) = mpsc::channel();
    let options = options.max_clients(50);
    let serveur = options
        .quand_connecte(move |client| sender.send(client.clone()).unwrap())
        .ouvrir()
        .unwrap();
    let running = serveur.clone();
    thread::spawn(move || running.lancer());
    (serveur, arrivals)
}

fn tell(client: &Client, lines: u32) {
    for n in 0..lines {
        client.envoyer(nommee("line", (n,))).unwrap();
    }
}

#[test]
fn an_expelled_peer_gets_every_earlier_message_and_the_reason() {
    // [abrupt.sent-away] [abrupt.text]
    with_watchdog("kick", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        for _ in 0..20 {
            let kicked = Kicked::new(&serveur, Duration::ZERO);
            let client = arrivals.recv().unwrap();
            tell(&client, 200);
            client.expulser("too loud").unwrap();
            assert!(!client.est_connecte());
            client.expulser("again").unwrap();
            kicked.assert_expelled("too loud", 200);
        }
        serveur.eteindre().unwrap();
    });
}

#[test]
fn an_expelled_busy_peer_finishes_the_commands_that_had_arrived() {
    with_watchdog("kick of a busy client", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        let kicked = Kicked::new(&serveur, Duration::from_millis(20));
        let client = arrivals.recv().unwrap();
        tell(&client, 20);
        client.expulser("go").unwrap();
        kicked.assert_expelled("go", 20);
    });
}

#[test]
fn an_expelled_peer_with_a_full_window_gets_every_accepted_message() {
    with_watchdog("kick behind a full window", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        let kicked = Kicked::with(&serveur, Duration::from_millis(5), 1024);
        let client = arrivals.recv().unwrap();
        let mut accepted = 0;
        let hurried = client.avec_delai(Duration::ZERO);
        while hurried.envoyer(nommee("line", (accepted,))).is_ok() {
            accepted += 1;
        }
        assert!(accepted > 10);
        client.expulser("full").unwrap();
        kicked.assert_expelled("full", accepted);
    });
}

#[test]
fn a_flooding_client_is_expelled_like_any_other() {
    with_watchdog("kick of a flooder", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        serveur.enregistrer_commande("noise", |_, (_,): (Vec<u8>,)| ()).unwrap();
        let kicked = Kicked::new(&serveur, Duration::ZERO);
        let client = arrivals.recv().unwrap();
        let flooders: Vec<_> = (0..3)
            .map(|_| {
                let client = kicked.client.clone();
                thread::spawn(move || {
                    loop {
                        let sent = client.envoyer(nommee("noise", (vec![7_u8; 5000],)));
                        if let Err(error) = sent {
                            return error;
                        }
                    }
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(50));
        tell(&client, 100);
        client.expulser("flood").unwrap();
        for flooder in flooders {
            let error = flooder.join().unwrap();
            let Erreur::Fermee(fin) = &error else { panic!("{error}") };
            assert_eq!((fin.raison, &*fin.texte), (RaisonFin::Expulsee, "flood"));
        }
        kicked.assert_expelled("flood", 100);
    });
}

/// The greeting of a client with the usual limits.
const GREETING: &str = "63 63 6f 6e 6e 0d 0a 00 01 00 12 00 00 01 00 00 00 00 80 00
    80 00 00 01 00 00 00 00 00 00";

/// Sends more than the system takes of a peer that does not read.
fn fill(client: &Client) {
    let hurried = client.avec_delai(Duration::ZERO);
    for _ in 0..30 {
        let _full = hurried.envoyer(nommee("noise", (OctetsRef(&vec![7; 500_000]),)));
    }
}

#[test]
fn a_peer_that_reads_nothing_is_cut_at_the_deadline() {
    with_watchdog("kick of a deaf client", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        let mut deaf = TcpStream::connect(serveur.adresse()).unwrap();
        deaf.write_all(&hex::parse(GREETING).unwrap()).unwrap();
        let client = arrivals.recv().unwrap();
        let hurried = client.avec_delai(Duration::from_millis(300));
        fill(&client);
        let (start, watch) = (Instant::now(), Stopwatch::start());
        let error = hurried.expulser("deaf").unwrap_err();
        let (took, had) = (start.elapsed(), watch.elapsed());
        let Erreur::Delai(late) = &error else { panic!("{error}") };
        assert_eq!(late.phase, Phase::Expulsion);
        assert!(error.est_fatale() && !client.est_connecte());
        assert!(took >= Duration::from_millis(290) && had < Duration::from_secs(2), "{took:?}");
        // It was cut: what it had not read by then is all it ever gets.
        deaf.set_read_timeout(Some(LIMIT / 2)).unwrap();
        let mut rest = Vec::new();
        let _reset = deaf.read_to_end(&mut rest);
        assert!(!rest.windows(4).any(|bytes| bytes == b"deaf"));
    });
}

#[test]
fn a_zero_deadline_sends_away_where_the_words_fit() {
    with_watchdog("kick at once", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        let kicked = Kicked::new(&serveur, Duration::ZERO);
        let client = arrivals.recv().unwrap();
        tell(&client, 50);
        client.avec_delai(Duration::ZERO).expulser("now").unwrap();
        kicked.assert_expelled("now", 50);
    });
}

#[test]
fn many_threads_send_the_same_client_away_at_once() {
    with_watchdog("kicks at once", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        let kicked = Kicked::new(&serveur, Duration::ZERO);
        let client = arrivals.recv().unwrap();
        tell(&client, 50);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| client.expulser("us all").unwrap());
            }
        });
        kicked.assert_expelled("us all", 50);
    });
}

#[test]
fn a_stopping_peer_is_told_that_it_was_expelled() {
    with_watchdog("kick during a stop", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        let (started, starts) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let may_go_on = Mutex::new(may_go_on);
        let slow = move |_: &Client, (): ()| {
            started.send(()).unwrap();
            let _told = may_go_on.lock().unwrap().recv();
        };
        serveur.enregistrer_commande("slow", slow).unwrap();
        let kicked = Kicked::new(&serveur, Duration::ZERO);
        let client = arrivals.recv().unwrap();
        kicked.client.envoyer(nommee("slow", ())).unwrap();
        starts.recv().unwrap();
        let stopping = kicked.client.clone();
        let stop = thread::spawn(move || stopping.eteindre());
        tell(&client, 10);
        thread::sleep(Duration::from_millis(20));
        // The stop waits for `slow`, which goes on only when the peer has been sent away.
        client.expulser("too late").unwrap();
        drop(go_on);
        let Err(Erreur::Fermee(fin)) = stop.join().unwrap() else { panic!("no orderly stop") };
        assert_eq!(fin.raison, RaisonFin::Expulsee);
        kicked.assert_expelled("too late", 10);
    });
}

#[test]
fn a_client_sends_its_server_away() {
    with_watchdog("kick of a server", LIMIT, || {
        let (sender, ends) = mpsc::channel();
        let options = Serveur::options(0);
        let (serveur, _arrivals) =
            serve(options.quand_deconnecte(move |_, end| sender.send(end).unwrap()));
        let count = Arc::new(Mutex::new(0));
        let counted = count.clone();
        serveur
            .enregistrer_commande("count", move |_, (): ()| *counted.lock().unwrap() += 1)
            .unwrap();
        // With `lancer` and without.
        for runs in [true, false] {
            let client = Client::new(serveur.adresse()).unwrap();
            let lancer = runs.then(|| {
                let client = client.clone();
                thread::spawn(move || client.lancer())
            });
            for _ in 0..200 {
                client.envoyer(nommee("count", ())).unwrap();
            }
            client.expulser("bad server").unwrap();
            let Err(Erreur::Fermee(fin)) = ends.recv().unwrap() else { panic!("an orderly end") };
            assert_eq!((fin.raison, &*fin.texte), (RaisonFin::Expulsee, "bad server"));
            assert_eq!(std::mem::take(&mut *count.lock().unwrap()), 200);
            if let Some(lancer) = lancer {
                lancer.join().unwrap().expect("its own program wanted it");
            }
        }
        serveur.eteindre().unwrap();
    });
}

#[test]
fn both_sides_send_each_other_away() {
    with_watchdog("kicks from both sides", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        for _ in 0..20 {
            let kicked = Kicked::new(&serveur, Duration::ZERO);
            let client = arrivals.recv().unwrap();
            thread::scope(|scope| {
                scope.spawn(|| client.expulser("you"));
                scope.spawn(|| kicked.client.expulser("no, you"));
            });
            assert!(!client.est_connecte() && !kicked.client.est_connecte());
            kicked.hook.recv().unwrap().ok();
            kicked.lancer.join().unwrap().ok();
        }
        serveur.eteindre().unwrap();
    });
}

#[test]
fn any_text_travels_as_far_as_there_is_room() {
    with_watchdog("texts of kicks", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        let long = "é".repeat(5000);
        let cases: [(&str, &str); 5] = [
            ("", "sent away, and no reason was given"),
            (" ", " "),
            ("x", "x"),
            (&long[..900], &long[..900]),
            ("two\nlines\r\n\u{1b}[31m", "two\nlines\r\n\u{1b}[31m"),
        ];
        for (text, heard) in cases {
            let kicked = Kicked::new(&serveur, Duration::ZERO);
            arrivals.recv().unwrap().expulser(text).unwrap();
            kicked.assert_expelled(heard, 0);
        }
        // What is too long is cut in its middle.
        for text in [&long[..902], &long] {
            let kicked = Kicked::new(&serveur, Duration::ZERO);
            arrivals.recv().unwrap().expulser(text).unwrap();
            let Err(Erreur::Fermee(fin)) = kicked.lancer.join().unwrap() else { panic!("no kick") };
            assert_eq!(fin.raison, RaisonFin::Expulsee);
            assert!(fin.texte.len() <= 900 && fin.texte.len() > 800, "{}", fin.texte.len());
            assert!(fin.texte.starts_with('é') && fin.texte.ends_with('é'));
        }
    });
}

#[test]
fn a_hook_sends_away_who_has_just_come() {
    with_watchdog("kick in a hook", LIMIT, || {
        let options = Serveur::options(0).max_clients(5).quand_connecte(|client| {
            tell(client, 30);
            client.expulser("not today").unwrap();
        });
        let serveur = options.ouvrir().unwrap();
        let running = serveur.clone();
        thread::spawn(move || running.lancer());
        for _ in 0..5 {
            let kicked = Kicked::new(&serveur, Duration::ZERO);
            // Lines may have come before they were registered.
            let Err(Erreur::Fermee(fin)) = kicked.lancer.join().unwrap() else { panic!("no kick") };
            assert_eq!((fin.raison, &*fin.texte), (RaisonFin::Expulsee, "not today"));
            assert!(kicked.hook.recv().unwrap().is_err());
        }
        serveur.eteindre().unwrap();
    });
}

#[commande]
fn renvoie(client: &Client) -> Resultat<u32> {
    tell(client, 5);
    client.expulser("you asked for it")?;
    Ok(1)
}

#[test]
fn a_command_sends_its_own_caller_away() {
    with_watchdog("kick inside a command", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        serveur.enregistrer(commandes![renvoie]).unwrap();
        let slow = |_: &Client, (): ()| thread::sleep(Duration::from_millis(100));
        serveur.enregistrer_commande("slow", slow).unwrap();
        let kicked = Kicked::new(&serveur, Duration::ZERO);
        arrivals.recv().unwrap();
        let behind = kicked.client.differer::<(), _>(nommee("slow", ())).unwrap();
        let Err(Erreur::Fermee(fin)) = kicked.client.appeler(renvoie {}) else { panic!("no kick") };
        assert_eq!((fin.raison, &*fin.texte), (RaisonFin::Expulsee, "you asked for it"));
        assert!(fin.a_pu_etre_executee);
        behind.attendre().unwrap();
        kicked.assert_expelled("you asked for it", 5);
    });
}

#[test]
fn calls_under_way_on_both_sides_end_with_the_reason() {
    with_watchdog("calls under a kick", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        let (started, starts) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let may_go_on = Mutex::new(may_go_on);
        let slow = move |_: &Client, (): ()| {
            started.send(()).unwrap();
            let _told = may_go_on.lock().unwrap().recv();
        };
        serveur.enregistrer_commande("slow", slow).unwrap();
        let gate = Arc::default();
        let closed = Mutex::lock(&gate).unwrap();
        let kicked = Kicked::behind(&serveur, gate.clone(), Duration::ZERO, 8 << 20);
        let client = arrivals.recv().unwrap();
        let theirs = kicked.client.differer::<(), _>(nommee("slow", ())).unwrap();
        starts.recv().unwrap();
        let ours = client.differer::<(), _>(nommee("line", (0_u32,))).unwrap();
        let client_end = client.clone();
        let expelling = thread::spawn(move || client_end.expulser("enough").unwrap());
        let Err(Erreur::Fermee(fin)) = theirs.attendre() else { panic!("answered") };
        assert_eq!((fin.raison, &*fin.texte), (RaisonFin::Expulsee, "enough"));
        let Err(Erreur::Fermee(fin)) = ours.attendre() else { panic!("answered") };
        assert_eq!((fin.raison, &*fin.texte), (RaisonFin::FermeeIci, "enough"));
        assert!(fin.a_pu_etre_executee);
        drop((go_on, closed));
        expelling.join().unwrap();
        kicked.assert_expelled("enough", 1);
    });
}

#[test]
fn a_local_client_is_sent_away_too() {
    with_watchdog("kick of a local client", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![renvoie]).unwrap();
        let client = serveur.client_local().unwrap();
        let Err(Erreur::Fermee(fin)) = client.appeler(renvoie {}) else { panic!("no kick") };
        assert_eq!((fin.raison, &*fin.texte), (RaisonFin::Expulsee, "you asked for it"));
        serveur.eteindre().unwrap();
    });
}

#[test]
fn messages_that_arrived_before_a_close_still_run() {
    with_watchdog("close", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        for _ in 0..20 {
            let kicked = Kicked::new(&serveur, Duration::ZERO);
            let client = arrivals.recv().unwrap();
            tell(&client, 200);
            client.close();
            kicked.lancer.join().unwrap().expect("a close is an orderly end");
            kicked.hook.recv().unwrap().unwrap();
            assert_eq!(*kicked.lines.lock().unwrap(), (0..200).collect::<Vec<_>>());
        }
    });
}

#[test]
fn an_orderly_stop_of_the_peer_is_no_error() {
    with_watchdog("stop of the peer", LIMIT, || {
        let (serveur, arrivals) = serve(Serveur::options(0));
        let kicked = Kicked::new(&serveur, Duration::ZERO);
        let client = arrivals.recv().unwrap();
        tell(&client, 100);
        client.eteindre().unwrap();
        kicked.lancer.join().unwrap().unwrap();
        kicked.hook.recv().unwrap().unwrap();
        assert_eq!(kicked.lines.lock().unwrap().len(), 100);
        let Err(Erreur::Fermee(fin)) = client.expulser("too late") else { panic!("said twice") };
        assert_eq!(fin.raison, RaisonFin::Terminee);
    });
}

#[test]
fn a_stop_tells_of_a_connection_that_was_cut_meanwhile() {
    with_watchdog("cut during a stop", LIMIT, || {
        let deadline = Duration::from_millis(500);
        // A process that is held up for as long begins to stop when it has been cut already.
        undisturbed(deadline / 3, || {
            let (serveur, arrivals) = serve(Serveur::options(0).delai_ecriture(deadline));
            let mut deaf = TcpStream::connect(serveur.adresse()).unwrap();
            deaf.write_all(&hex::parse(GREETING).unwrap()).unwrap();
            let client = arrivals.recv().unwrap();
            fill(&client);
            assert!(client.est_connecte());
            let error = serveur.eteindre().expect_err("its messages were lost");
            assert!(error.to_string().contains("1 connection was cut"), "{error}");
        });
    });
}
