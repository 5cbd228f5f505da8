//! What a long stream of bytes holds in memory: no more than a short one.
//!
//! The counter is that of the whole process, so this binary holds one test only.

use std::alloc::System;
use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

use cconn::flux::Flux;
use cconn::{Client, Octets, Serveur, commande, commandes};
use cconn_tests::with_watchdog;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTER: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes of the stream.
const LENGTH: u64 = 64 << 20;

/// More than both sides of one stream hold: its credit, what the outbox takes of streams, and a few
/// chunks at work. A quarter of this is what was seen.
const MOST: usize = 4 << 20;

#[commande]
fn telecharger(taille: u64) -> Flux<Octets> {
    Flux::lire(io::repeat(7).take(taille))
}

/// Bytes that are allocated and not freed.
fn held() -> usize {
    let stats = COUNTER.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// A sink that looks at what is allocated, with each chunk.
struct Looking {
    bytes: u64,
    most: usize,
    /// Whether it takes its time, so that the sender gets as far ahead as it may.
    is_slow: bool,
}

impl Write for Looking {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_slow && self.bytes < LENGTH / 16 {
            thread::sleep(Duration::from_micros(200));
        }
        assert!(bytes.iter().step_by(1021).all(|byte| *byte == 7));
        self.bytes += bytes.len() as u64;
        self.most = self.most.max(held());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stream_of_64_mib_passes_in_the_memory_of_a_short_one() {
    with_watchdog("64 MiB", Duration::from_secs(60), || {
        let serveur = Serveur::options(0).max_clients(2).ouvrir().unwrap();
        serveur.enregistrer(commandes![telecharger]).unwrap();
        let running = serveur.clone();
        let serving = thread::spawn(move || running.lancer());
        for is_slow in [false, true] {
            let client = Client::new(serveur.adresse()).unwrap();
            client.appeler(telecharger { taille: 1 }).unwrap().vers(&mut io::sink()).unwrap();
            let before = held();
            let mut sink = Looking { bytes: 0, most: 0, is_slow };
            let flux = client.appeler(telecharger { taille: LENGTH }).unwrap();
            assert_eq!(flux.vers(&mut sink).unwrap(), LENGTH);
            let grown = sink.most.saturating_sub(before);
            println!("64 MiB passed; both sides together held {} KiB more at most", grown >> 10);
            assert_eq!(sink.bytes, LENGTH);
            assert!(grown < MOST, "{grown} bytes");
        }
        serveur.eteindre().unwrap();
        serving.join().unwrap().unwrap();
    });
}
