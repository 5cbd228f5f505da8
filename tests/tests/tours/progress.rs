//! Calls that are told how far their command has come.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use cconn::contexte::Contexte;
use cconn::erreur::Phase;
use cconn::flux::Flux;
use cconn::{Client, Erreur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{undisturbed, until, with_watchdog};

use super::{LIMIT, Running};

/// One report of a call is sent in so long, at most.
const PACE: Duration = Duration::from_millis(100);

/// A server whose command `travail` does this.
fn server(travail: impl Fn(&Client) + Send + Sync + 'static) -> Running {
    let serveur = Serveur::options(0).max_clients(4).ouvrir().unwrap();
    serveur.enregistrer_commande("travail", move |client: &Client, ()| travail(client)).unwrap();
    serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
    Running::of(serveur)
}

/// Waits for a call that somebody else has to end.
fn until_cancelled(client: &Client) {
    until("it is cancelled", || client.est_annule());
}

/// A signal from a hook to a command, which may be waited for once.
fn signal() -> (mpsc::Sender<()>, impl Fn() + Send + Sync) {
    let (given, waits) = mpsc::channel();
    let waits = Mutex::new(waits);
    (given, move || waits.lock().unwrap().recv_timeout(LIMIT / 2).unwrap())
}

#[test]
fn of_a_flood_of_reports_the_latest_arrives_and_few_others() {
    // [progress.rate]
    with_watchdog("flood", LIMIT, || {
        const MANY: u64 = 20_000;
        let (last, until_last) = signal();
        let running = server(move |client| {
            (1..=MANY).for_each(|n| client.avancement(n, MANY, &format!("piece {n}")));
            until_last();
        });
        let local = running.serveur.client_local().unwrap();
        for client in [running.client(), local] {
            let (begun, mut seen) = (Instant::now(), Vec::new());
            let call = nommee("travail", ());
            client
                .appeler_suivi::<(), _>(call, |p| {
                    assert_eq!((p.total, &*p.texte), (Some(MANY), &*format!("piece {}", p.fait)));
                    assert!(seen.last().is_none_or(|before| *before < p.fait), "never backwards");
                    seen.push(p.fait);
                    if p.fait == MANY {
                        last.send(()).unwrap();
                    }
                })
                .unwrap();
            assert_eq!(seen.last(), Some(&MANY), "the latest arrives");
            let paces = begun.elapsed().as_millis() / PACE.as_millis() + 2;
            assert!(seen.len() as u128 <= paces, "{} reports in {paces} paces", seen.len());
        }
        running.stop().unwrap();
    });
}

#[test]
fn a_report_needs_no_total_and_a_long_text_is_shortened() {
    with_watchdog("forms", LIMIT, || {
        let (seen, until_seen) = signal();
        let running = server(move |client| {
            client.avancement(7, None, &"é".repeat(10_000));
            until_seen();
        });
        let mut reports = Vec::new();
        let client = running.client();
        client
            .appeler_suivi::<(), _>(nommee("travail", ()), |report| {
                reports.push(report);
                seen.send(()).unwrap();
            })
            .unwrap();
        let [report] = &reports[..] else { panic!("{reports:?}") };
        assert_eq!((report.fait, report.total, report.fraction()), (7, None, None));
        assert!(report.texte.starts_with("éé") && report.texte.len() <= 900);
        running.stop().unwrap();
    });
}

#[test]
fn who_did_not_ask_is_told_nothing_and_a_message_neither() {
    with_watchdog("not asked", LIMIT, || {
        let (ran, runs) = mpsc::channel();
        let running = server(move |client| {
            client.avancement(1, 2, "nobody reads this");
            ran.send(()).unwrap();
        });
        let client = running.client();
        client.appeler::<(), _>(nommee("travail", ())).unwrap();
        client.differer::<(), _>(nommee("travail", ())).unwrap().attendre().unwrap();
        client.envoyer(nommee("travail", ())).unwrap();
        // Outside a command it is about nothing.
        client.avancement(1, 2, "");
        cconn_tests::first_client(&running.serveur).avancement(1, 2, "");
        let mut told = 0;
        let call = nommee("double", (21_u64,));
        assert_eq!(client.appeler_suivi::<u64, _>(call, |_| told += 1).unwrap(), 42);
        assert_eq!((told, (0..3).map(|_| runs.recv().unwrap()).count()), (0, 3));
        running.stop().unwrap();
    });
}

#[test]
fn a_report_behind_the_outcome_goes_nowhere() {
    // [progress.until] [progress.dropped]
    with_watchdog("behind the outcome", LIMIT, || {
        let (over, until_over) = signal();
        let (told, tells) = mpsc::channel();
        let until_over = Arc::new(until_over);
        let running = server(move |client| {
            client.avancement(1, None, "begun");
            let (client, until_over, told) = (client.clone(), until_over.clone(), told.clone());
            let within = Contexte::actuel();
            thread::spawn(move || {
                within.dans(|| {
                    until_over();
                    client.avancement(2, None, "too late");
                    told.send(()).unwrap();
                });
            });
        });
        let client = running.client();
        let mut seen = Vec::new();
        client.appeler_suivi::<(), _>(nommee("travail", ()), |p| seen.push(p.fait)).unwrap();
        over.send(()).unwrap();
        tells.recv().unwrap();
        // A call that asks too is told nothing of the other one.
        let call = nommee("double", (1_u64,));
        client.appeler_suivi::<u64, _>(call, |p| seen.push(p.fait)).unwrap();
        assert_eq!(seen, [1]);
        running.stop().unwrap();
    });
}

#[test]
fn another_thread_that_works_for_the_command_reports_too() {
    with_watchdog("carried", LIMIT, || {
        let (seen, until_seen) = signal();
        let running = server(move |client| {
            thread::scope(|scope| {
                let within = Contexte::actuel();
                scope.spawn(move || within.dans(|| client.avancement(3, 4, "elsewhere")));
            });
            until_seen();
        });
        let client = running.client();
        let mut reports = Vec::new();
        client
            .appeler_suivi::<(), _>(nommee("travail", ()), |p| {
                reports.push((p.fait, p.fraction()));
                seen.send(()).unwrap();
            })
            .unwrap();
        assert_eq!(reports, [(3, Some(0.75))]);
        running.stop().unwrap();
    });
}

#[test]
fn a_slow_hook_holds_up_nobody_but_its_own_call() {
    with_watchdog("slow hook", LIMIT, || {
        let running = server(|client| {
            for n in 1..=1000 {
                client.avancement(n, 1000, "");
            }
        });
        let client = running.client();
        let (mut seen, mut others) = (Vec::new(), 0);
        client
            .appeler_suivi::<(), _>(nommee("travail", ()), |p| {
                seen.push(p.fait);
                // The hook ends only once another thread's calls on this connection were answered.
                let other = client.clone();
                let calls = thread::spawn(move || {
                    (0..50_u64).for_each(|n| {
                        let call = nommee("double", (n,));
                        assert_eq!(other.appeler::<u64, _>(call).unwrap(), 2 * n);
                    });
                });
                calls.join().unwrap();
                others += 50;
            })
            .unwrap();
        assert!(seen[0] >= 1 && others >= 50 && seen.is_sorted(), "{seen:?}");
        running.stop().unwrap();
    });
}

#[test]
fn a_panic_of_the_hook_gives_the_call_up_and_the_connection_lives() {
    with_watchdog("panic", LIMIT, || {
        let (sender, given_up) = mpsc::channel();
        let running = server(move |client| {
            client.avancement(1, 2, "");
            until_cancelled(client);
            sender.send(()).unwrap();
        });
        let client = running.client();
        let call = AssertUnwindSafe(|| {
            client.appeler_suivi::<(), _>(nommee("travail", ()), |_| panic!("out of the hook"))
        });
        let panic = catch_unwind(call).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"out of the hook"));
        given_up.recv().unwrap();
        assert_eq!(client.appeler::<u64, _>(nommee("double", (4_u64,))).unwrap(), 8);
        running.stop().unwrap();
    });
}

#[test]
fn reports_are_passed_on_by_a_command_that_asks_its_caller_back() {
    with_watchdog("nested", LIMIT, || {
        let (last, until_last) = signal();
        let serveur = Serveur::new(0).unwrap();
        let passes_on = |client: &Client, ()| -> Resultat<u64> {
            client.appeler_suivi(nommee("dedans", ()), |p| {
                client.avancement(p.fait + 100, p.total, &p.texte);
            })
        };
        serveur.enregistrer_commande("dehors", passes_on).unwrap();
        serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
        let running = Running::of(serveur);
        let client = running.client();
        let inner = move |client: &Client, ()| {
            (1..=3).for_each(|n| client.avancement(n, 3, "inside"));
            until_last();
            client.appeler::<u64, _>(nommee("double", (21_u64,))).unwrap()
        };
        client.enregistrer_commande("dedans", inner).unwrap();
        let (mut seen, mut doubled) = (Vec::new(), 0);
        let answer: u64 = client
            .appeler_suivi(nommee("dehors", ()), |p| {
                assert_eq!((p.total, &*p.texte), (Some(3), "inside"));
                // A hook may call; both commands wait, so this one starts.
                doubled += client.appeler::<u64, _>(nommee("double", (p.fait,))).unwrap();
                seen.push(p.fait);
                if p.fait == 103 {
                    last.send(()).unwrap();
                }
            })
            .unwrap();
        assert_eq!((answer, seen.last()), (42, Some(&103)), "{seen:?}");
        assert_eq!(doubled, 2 * seen.iter().sum::<u64>());
        running.stop().unwrap();
    });
}

#[test]
fn a_cut_ends_the_call_with_its_own_error() {
    with_watchdog("cut", LIMIT, || {
        let (cut, until_cut) = signal();
        let running = server(move |client| {
            client.avancement(1, 2, "");
            until_cut();
            client.avancement(2, 2, "nobody is there");
        });
        let client = running.client();
        let mut seen = Vec::new();
        let error = client
            .appeler_suivi::<(), _>(nommee("travail", ()), |p| {
                seen.push(p.fait);
                client.close();
            })
            .unwrap_err();
        assert_eq!(seen, [1]);
        assert!(matches!(error, Erreur::Fermee(_)) && error.a_pu_etre_executee(), "{error}");
        assert!(error.to_string().contains("`travail`"), "{error}");
        cut.send(()).unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn reports_put_the_limit_on_silence_off_and_not_the_limit_on_the_whole() {
    // [progress.silence]
    with_watchdog("silence", LIMIT, || {
        const SILENCE: Duration = Duration::from_millis(700);
        // A process that is held up for long is silent for as long.
        undisturbed(SILENCE / 4, || {
            let running = server(|client| {
                let begun = Instant::now();
                while !client.est_annule() && begun.elapsed() < 2 * SILENCE {
                    client.avancement(1, None, "");
                    thread::sleep(SILENCE / 20);
                }
            });
            let address = running.serveur.adresse();
            let client = Client::options(address).delai_reponse(SILENCE).connecter().unwrap();
            client.appeler_suivi::<(), _>(nommee("travail", ()), |_| {}).unwrap();
            let silent = client.appeler::<(), _>(nommee("travail", ())).unwrap_err();
            let hasty = client.avec_delai(SILENCE);
            let whole = hasty.appeler_suivi::<(), _>(nommee("travail", ()), |_| {}).unwrap_err();
            for error in [silent, whole] {
                assert!(matches!(&error, Erreur::Delai(d) if d.phase == Phase::Reponse), "{error}");
            }
            running.stop().unwrap();
        });
    });
}

#[commande]
fn prepare(client: &Client, combien: u64) -> Flux<u64> {
    client.avancement(1, 1, "opening");
    let client = client.clone();
    Flux::de((0..combien).inspect(move |n| client.avancement(*n, combien, "not any more")))
}

#[test]
fn a_call_that_opens_a_stream_is_told_until_it_is_open() {
    // [progress.until]
    with_watchdog("stream", LIMIT, || {
        let running = server(|_| {});
        running.serveur.enregistrer(commandes![prepare]).unwrap();
        let client = running.client();
        let mut seen = Vec::new();
        let flux = client.appeler_suivi(prepare { combien: 500 }, |p| seen.push(p.texte)).unwrap();
        let items: Resultat<Vec<u64>> = flux.collect();
        assert_eq!(items.unwrap().len(), 500);
        assert!(seen.iter().all(|text| &**text == "opening"), "{seen:?}");
        running.stop().unwrap();
    });
}

#[test]
fn a_refusal_is_told_as_it_always_is() {
    with_watchdog("refused", LIMIT, || {
        let running = server(|_| panic!("it fails"));
        let client = running.client();
        let mut told = 0;
        let mut asks = |name| client.appeler_suivi::<(), _>(nommee(name, ()), |_| told += 1);
        let errors = [asks("absente").unwrap_err(), asks("travail").unwrap_err()];
        assert!(errors[0].to_string().contains("`absente`"), "{}", errors[0]);
        assert!(errors[1].to_string().contains("panicked"), "{}", errors[1]);
        assert_eq!(told, 0);
        running.stop().unwrap();
    });
}
