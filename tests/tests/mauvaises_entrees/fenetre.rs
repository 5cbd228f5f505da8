//! The window, from both sides: filled to the last byte, and one byte beyond.

use std::sync::mpsc;

use cconn::erreur::RaisonFin;
use cconn_tests::raw::{Raw, Seen, call, grant, one_way};
use cconn_tests::with_watchdog;

use super::LIMIT;
use super::banc::{Bench, assert_last_word};

/// The reason of an `adieu`, from the page.
const WINDOW: u16 = 7;

/// What a server grants whose frames have at most 1024 bytes.
const W: usize = 2 * (1024 + 64);

/// Frames that fill so much of a window, with as few commands as may be.
fn commands_of(mut charge: usize) -> Vec<u8> {
    let mut frames = Vec::new();
    while charge > 0 {
        // None longer than a frame may be, and no rest too small for a command.
        let next = if charge > 1000 { 900.min(charge - 64) } else { charge };
        frames.extend(one_way("rien", &vec![0; next - 64]));
        charge -= next;
    }
    frames
}

/// Has the server run a command that lasts; nothing that follows starts meanwhile.
fn occupy(raw: &mut Raw, started: &mpsc::Receiver<()>) {
    raw.send(&call(1, "dure", b""));
    started.recv().unwrap();
}

#[test]
fn commands_to_the_last_byte_of_the_window_and_one_beyond() {
    // [window.taken-up] [window.grant-due] [window.overrun]
    with_watchdog("window of the server", LIMIT, || {
        let bench = Bench::new(|options| options.taille_max(1024));
        let (start, started) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let released = std::sync::Mutex::new(released);
        let lasts = move |_: &cconn::Client, ()| {
            start.send(()).unwrap();
            released.lock().unwrap().recv().unwrap();
        };
        bench.serveur.enregistrer_commande("dure", lasts).unwrap();
        bench.serveur.enregistrer_commande("rien", |_, (): ()| ()).unwrap();

        // The call that runs is taken up, but too small to be granted back already.
        let mut full = bench.raw();
        occupy(&mut full, &started);
        full.send(&commands_of(W - 64));
        release.send(()).unwrap();
        assert!(matches!(full.next(), Some(Seen::Answer { id: 1, .. })));
        // Those that were not empty fail; all of them are granted back but what is not due.
        let mut granted = 0;
        while granted < W as u64 / 2 {
            match full.next() {
                Some(Seen::Grant { class: 0, bytes }) => granted += bytes,
                Some(Seen::Failure { id: 0, code: 3, .. }) => {}
                other => panic!("{other:?}"),
            }
        }
        full.send(&call(2, "somme", &[2, 4]));
        while full.next() != Some(Seen::Answer { id: 2, body: vec![6] }) {}

        let mut beyond = bench.raw();
        occupy(&mut beyond, &started);
        beyond.send(&commands_of(W - 64 + 1));
        let what = "and the window had room for";
        assert_eq!(assert_last_word(&mut beyond, WINDOW, what), []);
        release.send(()).unwrap();
        bench.assert_cut(beyond.address(), RaisonFin::Protocole, what);
    });
}

#[test]
fn a_grant_of_what_was_used_and_of_one_byte_more() {
    // [grant.excess]
    with_watchdog("grants", LIMIT, || {
        let bench = Bench::usual();
        let rappelle = |client: &cconn::Client, ()| client.envoyer(cconn::nommee("note", ()));
        bench.serveur.enregistrer_commande("rappelle", rappelle).unwrap();
        let used = |raw: &mut Raw| {
            raw.send(&call(1, "rappelle", b""));
            assert!(matches!(raw.next(), Some(Seen::OneWay { .. })));
            assert!(matches!(raw.next(), Some(Seen::Answer { id: 1, .. })));
        };
        let mut raw = bench.raw();
        used(&mut raw);
        raw.send(&grant(0, 64));
        raw.send(&call(2, "somme", &[2, 4]));
        assert_eq!(raw.next(), Some(Seen::Answer { id: 2, body: vec![6] }));

        for (bytes, what) in [
            (65, "65 bytes of window were granted, and 64 were used"),
            (u64::MAX, "18446744073709551615 bytes of window were granted, and 64 were used"),
        ] {
            let mut raw = bench.raw();
            used(&mut raw);
            raw.send(&grant(0, bytes));
            assert_eq!(assert_last_word(&mut raw, WINDOW, what), []);
            bench.assert_cut(raw.address(), RaisonFin::Protocole, what);
        }
        let mut raw = bench.raw();
        raw.send(&grant(0, 1));
        let what = "1 byte of window was granted, and 0 were used";
        assert_eq!(assert_last_word(&mut raw, WINDOW, what), []);
        bench.assert_cut(raw.address(), RaisonFin::Protocole, what);
    });
}
