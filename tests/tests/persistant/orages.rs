//! A server that is started anew many times under many clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use cconn::persistant::ClientPersistant;
use cconn::{Erreur, nommee};
use cconn_tests::{Stopwatch, until, with_watchdog};

use super::{LIMIT, Running, double, options};

/// Bounded: the endurance run has more clients and more restarts.
const CLIENTS: usize = 12;

/// How long the connections have lived at each restart. The first have not lived long enough to
/// speak for their server, and the second have: each time the clients come back at once.
const LIVED: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(1_050)];

/// How long each client may take to be back, once its server is, of the time that this process has.
const BACK: Duration = Duration::from_secs(2);

#[test]
fn each_client_is_back_soon_and_no_call_is_lost_in_silence() {
    with_watchdog("storm", LIMIT, || {
        let mut server = Running::new();
        let port = server.port();
        let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let clients: Vec<_> = (0..CLIENTS).map(|_| options(port).connecter().unwrap()).collect();
        let callers: Vec<_> = clients
            .iter()
            .map(|client| {
                let (client, over) = (client.clone(), over.clone());
                let answered = answered.clone();
                thread::spawn(move || {
                    let mut n = 0;
                    while !over.load(Ordering::Relaxed) {
                        n += 1;
                        match double(&client, n) {
                            Ok(twice) => {
                                assert_eq!(twice, 2 * n);
                                answered.fetch_add(1, Ordering::Relaxed);
                            }
                            Err(error) => {
                                assert!(matches!(error, Erreur::Fermee(_)), "{error}");
                                assert!(error.a_pu_etre_executee(), "else it goes on: {error}");
                            }
                        }
                        thread::sleep(Duration::from_millis(1));
                    }
                })
            })
            .collect();
        for lived in LIVED {
            thread::sleep(lived);
            server = restarted(server, &clients);
        }
        until("a hundred calls are answered", || answered.load(Ordering::Relaxed) > 100);
        over.store(true, Ordering::Relaxed);
        for caller in callers {
            caller.join().unwrap();
        }
        for client in &clients {
            client.eteindre().unwrap();
        }
        server.stop();
    });
}

/// Ends a server without a goodbye, and starts another at its port, to which each client comes back.
fn restarted(server: Running, clients: &[ClientPersistant]) -> Running {
    let port = server.port();
    server.cut();
    server.stop();
    thread::sleep(Duration::from_millis(100));
    let server = Running::on(port, |_| ());
    let watch = Stopwatch::start();
    for client in clients {
        client.appeler::<u64, _>(nommee("double", (1_u64,)).idempotente()).unwrap();
    }
    // One deadline for all: the last one asked has no more time than the first.
    assert!(watch.elapsed() < BACK, "all were back after {:?}", watch.elapsed());
    server
}
