//! Reports of progress with a peer that knows the protocol page only, and what it may do wrong.

use std::net::TcpListener;
use std::sync::{Mutex, mpsc};
use std::thread::{self, JoinHandle};

use cconn::{Client, Serveur, nommee};
use cconn_tests::raw::{
    Greeting, Raw, Seen, answer, call, frame, one_way, progress, record, with_context,
};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running};

/// The record that wants reports.
const WANTED: &[u8] = &[5, 0];

/// A peer that understands everything up to reports of progress.
fn greeting(of: Greeting) -> Greeting {
    Greeting { more: record(1, &[0x1f]), ..of }
}

/// A server whose command `travail` reports, and waits until the test has let it go on.
fn serving() -> (Running, mpsc::Sender<()>) {
    let serveur = Serveur::options(0).max_clients(8).ouvrir().unwrap();
    let (go_on, waits) = mpsc::channel::<()>();
    let waits = Mutex::new(waits);
    serveur
        .enregistrer_commande("travail", move |client: &Client, (): ()| {
            client.avancement(3, 10, "reading");
            waits.lock().unwrap().recv().unwrap();
        })
        .unwrap();
    serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
    (Running::of(serveur), go_on)
}

fn raw_client(running: &Running, greeting: &Greeting) -> Raw {
    Raw::client_with(running.serveur.adresse().socket().unwrap(), greeting)
}

#[test]
fn a_report_is_sent_to_who_asked_for_it_and_can_read_it() {
    // [progress.asked] [progress.fields] [features.progress]
    with_watchdog("asked", LIMIT, || {
        let (running, go_on) = serving();
        let mut raw = raw_client(&running, &greeting(Greeting::client()));
        raw.send(&with_context(&call(1, "travail", &[]), WANTED));
        let text = "reading".to_owned();
        assert_eq!(raw.next(), Some(Seen::Progress { id: 1, done: 3, total: 10, text }));
        go_on.send(()).unwrap();
        assert_eq!(raw.next(), Some(Seen::Answer { id: 1, body: vec![] }));
        // Without the tag there is none, and nobody is told of a message.
        go_on.send(()).unwrap();
        raw.send(&call(2, "travail", &[]));
        assert_eq!(raw.next(), Some(Seen::Answer { id: 2, body: vec![] }));
        go_on.send(()).unwrap();
        raw.send(&with_context(&one_way("travail", &[]), WANTED));
        raw.send(&call(3, "double", &[21]));
        assert_eq!(raw.next(), Some(Seen::Answer { id: 3, body: vec![42] }));
        drop(raw);
        running.stop().unwrap();
    });
}

#[test]
fn a_peer_that_does_not_declare_reports_gets_none_though_it_asks() {
    // [features.used]
    with_watchdog("not declared", LIMIT, || {
        let (running, go_on) = serving();
        let older = Greeting { more: record(1, &[0x0f]), ..Greeting::client() };
        let mut raw = raw_client(&running, &older);
        go_on.send(()).unwrap();
        raw.send(&with_context(&call(1, "travail", &[]), WANTED));
        assert_eq!(raw.next(), Some(Seen::Answer { id: 1, body: vec![] }));
        drop(raw);
        running.stop().unwrap();
    });
}

/// A client of a raw server that greets so and does that.
fn client_of<T: Send + 'static>(
    greeting: Greeting,
    server: impl FnOnce(Raw) -> T + Send + 'static,
) -> (Client, JoinHandle<T>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let mut raw = Raw::accept(&listener);
        raw.send(&greeting.bytes());
        raw.whole_greeting();
        server(raw)
    });
    (Client::new(address).unwrap(), thread)
}

/// The context block of the next call, which is one; and its id.
fn next_call(raw: &mut Raw) -> (u64, Vec<u8>) {
    let frame = raw.frame().unwrap();
    assert_eq!(frame[0], 2, "a call");
    let id = u64::from_le_bytes(frame[2..10].try_into().unwrap());
    let has_block = frame[1] & 0x80 != 0;
    let block = if has_block { frame[23..23 + usize::from(frame[22])].to_vec() } else { vec![] };
    (id, block)
}

#[test]
fn the_tag_goes_only_to_a_peer_that_declares_reports_and_only_with_calls_that_want_them() {
    // [features.used] [context.tags]
    with_watchdog("tag", LIMIT, || {
        for (bits, block) in [(0x1f, WANTED.to_vec()), (0x0f, vec![]), (0, vec![])] {
            let greeting = Greeting { more: record(1, &[bits]), ..Greeting::server() };
            let (client, server) = client_of(greeting, move |mut raw| {
                let (first, wants) = next_call(&mut raw);
                raw.send(&answer(first, &[]));
                let (second, plain) = next_call(&mut raw);
                raw.send(&answer(second, &[]));
                (wants, plain)
            });
            client.appeler_suivi::<(), _>(nommee("x", ()), |_| {}).unwrap();
            client.appeler::<(), _>(nommee("x", ())).unwrap();
            assert_eq!(server.join().unwrap(), (block, vec![]), "features {bits:#x}");
        }
    });
}

#[test]
fn reports_that_nobody_wants_are_dropped_and_the_connection_lives() {
    // [progress.dropped]
    with_watchdog("unwanted", LIMIT, || {
        let (client, server) = client_of(greeting(Greeting::server()), |mut raw| {
            for never in [1, 77, 1 << 40, u64::MAX] {
                raw.send(&progress(never, 1, 2, b"of no call"));
            }
            let (plain, _) = next_call(&mut raw);
            raw.send(&progress(plain, 1, 2, b"it did not ask"));
            raw.send(&answer(plain, &[]));
            raw.send(&progress(plain, 2, 2, b"too late"));
            let (reported, _) = next_call(&mut raw);
            // Backwards, beyond the whole, and of no whole: numbers mean what the command says.
            for (done, total) in [(5, 3), (0, 0), (u64::MAX, u64::MAX)] {
                raw.send(&progress(reported, done, total, b""));
            }
            raw.send(&answer(reported, &[]));
            raw.send(&progress(reported, 9, 9, b"too late"));
            let (last, _) = next_call(&mut raw);
            raw.send(&answer(last, &[]));
            raw
        });
        client.appeler::<(), _>(nommee("x", ())).unwrap();
        let mut seen = Vec::new();
        client.appeler_suivi::<(), _>(nommee("x", ()), |p| seen.push(p)).unwrap();
        let last = seen.last().expect("the latest is told before the outcome");
        assert_eq!((last.fait, last.total, last.fraction()), (u64::MAX, Some(u64::MAX), Some(1.0)));
        assert!(seen.iter().all(|p| p.fait != 9 && p.fraction().is_none_or(|part| part <= 1.0)));
        client.appeler::<(), _>(nommee("x", ())).unwrap();
        client.close();
        drop(server.join().unwrap());
    });
}

#[test]
fn a_flood_of_reports_behind_a_slow_hook_is_one_report() {
    // [progress.dropped]
    with_watchdog("flood", LIMIT, || {
        const FLOOD: u64 = 5_000;
        let (read, is_read) = mpsc::channel();
        let (client, server) = client_of(greeting(Greeting::server()), move |mut raw| {
            let (reported, _) = next_call(&mut raw);
            raw.send(&progress(reported, 0, 0, b""));
            let text = "x".repeat(900);
            (1..=FLOOD).for_each(|n| raw.send(&progress(reported, n, FLOOD, text.as_bytes())));
            // Behind the flood: the other call's answer shows that all of it was read.
            let (other, _) = next_call(&mut raw);
            raw.send(&answer(other, &[]));
            is_read.recv().unwrap();
            raw.send(&answer(reported, &[]));
            raw
        });
        let mut seen = Vec::new();
        client
            .appeler_suivi::<(), _>(nommee("x", ()), |p| {
                seen.push(p.fait);
                if seen.len() == 1 {
                    client.appeler::<(), _>(nommee("y", ())).unwrap();
                    read.send(()).unwrap();
                }
            })
            .unwrap();
        assert_eq!(seen, [seen[0], FLOOD], "the first that was there, and the latest");
        client.close();
        drop(server.join().unwrap());
    });
}

#[test]
fn a_report_that_is_cut_short_is_a_fault_of_the_stream() {
    // [frame.short]
    with_watchdog("short", LIMIT, || {
        let (client, server) = client_of(greeting(Greeting::server()), |mut raw| {
            let (reported, _) = next_call(&mut raw);
            raw.send(&frame(16, &[&reported.to_le_bytes(), &[1; 15]]));
            raw.rest()
        });
        let error = client.appeler_suivi::<(), _>(nommee("x", ()), |_| {}).unwrap_err();
        assert!(error.est_fatale() && error.to_string().contains("ends before"), "{error}");
        assert!(matches!(server.join().unwrap()[..], [Seen::Adieu { reason: 5, .. }]));
    });
}
