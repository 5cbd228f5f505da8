//! A server that is started anew many times under many clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use cconn::{Erreur, nommee};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running, double, options};

/// Bounded: the endurance run has more clients and more restarts.
const CLIENTS: usize = 12;
const RESTARTS: usize = 1;

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
        for _ in 0..RESTARTS {
            // Long enough that the end of the server says nothing against the next one.
            thread::sleep(Duration::from_millis(1_050));
            server.cut();
            server.stop();
            thread::sleep(Duration::from_millis(150));
            server = Running::on(port, |_| ());
            // Each is back within two seconds, or its call fails.
            for client in &clients {
                let patient = client.avec_delai(Duration::from_secs(2));
                patient.appeler::<u64, _>(nommee("double", (1_u64,)).idempotente()).unwrap();
            }
        }
        over.store(true, Ordering::Relaxed);
        for caller in callers {
            caller.join().unwrap();
        }
        assert!(answered.load(Ordering::Relaxed) > 100);
        for client in &clients {
            client.eteindre().unwrap();
        }
        server.stop();
    });
}
