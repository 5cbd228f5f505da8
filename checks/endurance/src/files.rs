//! S04: a large file each way at once.

use std::io::{self, Read};
use std::sync::Barrier;
use std::time::Instant;

use cconn::flux::Flux;
use cconn::{Client, Octets, Serveur, commande, commandes};

use crate::count::peak;
use crate::host::{Host, only_client, spawn};
use crate::run::Run;

/// A file that is made while it is read: its bytes tell where they belong.
struct Made {
    at: u64,
    length: u64,
}

fn byte_at(at: u64) -> u8 {
    (at.wrapping_mul(31) ^ (at >> 11)).to_le_bytes()[0]
}

impl Read for Made {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length - self.at).unwrap_or(usize::MAX);
        let count = buf.len().min(left);
        for (at, byte) in (self.at..).zip(&mut buf[..count]) {
            *byte = byte_at(at);
        }
        self.at += count as u64;
        Ok(count)
    }
}

#[commande]
fn file(length: u64) -> Flux<Octets> {
    Flux::lire(Made { at: 0, length })
}

/// Growth of the whole process, both sides in it, that both files together may cause.
const GROWTH: u64 = 32 << 10;

pub(crate) fn both_ways(run: &Run) {
    let length: u64 = run.pick(128 << 20, 2 << 30);
    let host = Host::start(Serveur::options(0), |serveur| {
        serveur.enregistrer(commandes![file]).unwrap();
    });
    let client = Client::new(host.address()).unwrap();
    client.enregistrer(commandes![file]).unwrap();
    let listening = client.clone();
    let listener = spawn("listener", move || listening.lancer());
    let theirs = only_client(&host.serveur);
    let (before, both) = (peak("self"), Barrier::new(2));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for side in [&client, &theirs] {
            let both = &both;
            scope.spawn(move || {
                both.wait();
                check_file(run, side, length);
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    run.figure("bytes each way", length, "");
    run.figure("seconds", format!("{seconds:.1}"), "");
    let grown = peak("self").saturating_sub(before);
    run.figure("memory at most", grown, "KiB more");
    run.require(grown <= GROWTH, || format!("{grown} KiB more, at most {GROWTH}"));
    drop(theirs);
    let ended = client.eteindre().and(listener.join().unwrap()).and(host.stop());
    run.require(ended.is_ok(), || format!("in the end: {ended:?}"));
}

fn check_file(run: &Run, client: &Client, length: u64) {
    let mut at = 0;
    for piece in client.appeler(file { length }).unwrap() {
        let piece = piece.unwrap();
        let right = (at..).zip(piece.0.iter()).all(|(at, byte)| *byte == byte_at(at));
        run.require(right, || format!("a wrong byte behind {at}"));
        at += piece.0.len() as u64;
    }
    run.require(at == length, || format!("{at} bytes of {length}, and no error"));
}
