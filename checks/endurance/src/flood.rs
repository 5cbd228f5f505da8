//! D01: both sides call and answer as fast as they can, over every mixture of sizes.
//!
//! A peer that writes without reading, or waits for room without granting any, stops here. The
//! payload called the limit is the largest that a connection takes whose frames are at most 256
//! KiB: what matters is its ratio to the window, which is always that of two frames.

use std::time::{Duration, Instant};

use cconn::{Attente, Client, Serveur, commandes};

use crate::commands::{echo, sleep};
use crate::host::{Host, only_client, spawn};
use crate::run::Run;
use crate::sockets;
use crate::ways::Way;

/// The longest that one cell may take.
const MOST: Duration = Duration::from_secs(20);

/// Frames of the cells whose payload is the limit.
const SMALL_FRAME: u32 = 256 << 10;

/// Bytes of a call's frame besides its payload: the header behind the prefix, and the length.
const OVERHEAD: usize = 22 + 5;

/// Answers that a connection keeps for calls whose caller has not come for them yet are at most
/// 64 MiB; beyond, calls end with "ran, answer not kept", as promised.
const MOST_DEFERRED: usize = 48 << 20;

#[derive(Clone, Copy, Debug)]
struct Cell {
    way: Way,
    payload: usize,
    max_frame: Option<u32>,
    flight: usize,
    buffers: Option<usize>,
    /// Calls in flight are those of one thread, deferred, instead of one thread each.
    deferred: bool,
    /// The client has a thread in `lancer`, or lets callers read.
    listening: bool,
}

pub(crate) fn both_ways(run: &Run) {
    let cells = cells(run);
    let (mut slowest, mut answered) = (Duration::ZERO, 0);
    for cell in &cells {
        let start = Instant::now();
        match flood(*cell, run) {
            Ok(done) => answered += done,
            Err(fault) => run.fault(&format!("{cell:?}: {fault}")),
        }
        slowest = slowest.max(start.elapsed());
        eprintln!("{:.2?} for {cell:?}", start.elapsed());
        run.require(start.elapsed() <= MOST, || format!("{cell:?}: {:.1?}", start.elapsed()));
    }
    run.figure("cells", cells.len(), "");
    run.figure("calls", answered, "");
    run.time("slowest cell", slowest);
}

fn cells(run: &Run) -> Vec<Cell> {
    let limit = SMALL_FRAME as usize - OVERHEAD;
    let payloads = [0, 1 << 10, 16 << 10, 64 << 10, 1 << 20, limit];
    let mut cells = Vec::new();
    for buffers in [Some(4 << 10), Some(64 << 10), None] {
        for flight in [1, 16, 128] {
            for payload in payloads {
                let max_frame = (payload == limit).then_some(SMALL_FRAME);
                let add = |(way, deferred, listening): (Way, bool, bool)| {
                    let deferred = deferred && payload * flight <= MOST_DEFERRED;
                    Cell { way, payload, max_frame, flight, buffers, deferred, listening }
                };
                cells.extend(sorts(run, cells.len()).into_iter().map(add));
            }
        }
    }
    cells
}

/// Over what the cell at that place runs, and whether calls are deferred, and whether the client
/// listens. The short run takes one sort, in turn; the whole run takes every mode over TCP, and one
/// in turn over each other way.
fn sorts(run: &Run, place: usize) -> Vec<(Way, bool, bool)> {
    let modes = [(false, true), (true, false), (false, false), (true, true)];
    let (deferred, listening) = modes[place % modes.len()];
    if run.is_short() {
        // A step of five meets every way with every mode.
        return vec![(Way::ALL[place * 5 / 4 % Way::ALL.len()], deferred, listening)];
    }
    let over_tcp = modes.map(|(deferred, listening)| (Way::Tcp, deferred, listening));
    let others = Way::ALL[1..].iter().map(|way| (*way, deferred, listening));
    over_tcp.into_iter().chain(others).collect()
}

impl Cell {
    /// Calls of each side: so many bytes in all, but at least one or two for each in flight.
    fn calls(self, run: &Run) -> usize {
        let bytes = match self.buffers {
            Some(..=4096) => run.pick(256 << 10, 1 << 20),
            _ => run.pick(8 << 20, 64 << 20),
        };
        let calls = bytes / self.payload.max(1);
        let most = run.pick(2000, 10_000);
        calls.clamp(self.flight * run.pick(1, 2), most.max(self.flight))
    }
}

/// Runs one cell; returns the calls that were answered.
fn flood(cell: Cell, run: &Run) -> Result<usize, String> {
    let options = Serveur::options(cell.way.address()).delai_reponse(MOST).delai_ecriture(MOST);
    let mut options = cell.way.secured_server(options);
    if let Some(bytes) = cell.max_frame {
        options = options.taille_max(bytes);
    }
    let host =
        Host::start(options, |serveur| serveur.enregistrer(commandes![echo, sleep]).unwrap());
    if let Some(bytes) = cell.buffers {
        sockets::set_buffers(bytes);
    }
    let options = Client::options(host.serveur.adresse().to_string());
    let options = options.delai_reponse(MOST).delai_ecriture(MOST);
    let mut options = cell.way.secured_client(options);
    if let Some(bytes) = cell.max_frame {
        options = options.taille_max(bytes);
    }
    let client = options.connecter().map_err(|error| error.to_string())?;
    client.enregistrer(commandes![echo]).unwrap();
    let theirs = only_client(&host.serveur);
    if let Some(bytes) = cell.buffers {
        sockets::set_buffers(bytes);
    }
    let listener = cell.listening.then(|| {
        let client = client.clone();
        spawn("listener", move || client.lancer())
    });
    let calls = cell.calls(run);
    let done = call_both_ways(&client, &theirs, cell, calls);
    drop(theirs);
    done?;
    let ended = client.eteindre().and(host.stop());
    let ran = listener.map_or(Ok(()), |thread| thread.join().unwrap());
    ended.and(ran).map_err(|error| format!("in the end: {error}"))?;
    Ok(2 * calls)
}

fn call_both_ways(
    client: &Client,
    theirs: &Client,
    cell: Cell,
    calls: usize,
) -> Result<(), String> {
    std::thread::scope(|scope| {
        let there = scope.spawn(|| call_many(theirs, cell, calls));
        let done = call_many(client, cell, calls);
        // Without `lancer` commands are run only while somebody waits here.
        while !cell.listening && !there.is_finished() {
            client.appeler(sleep { millis: 1 }).map_err(|error| error.to_string())?;
        }
        done.and(there.join().unwrap())
    })
}

fn call_many(client: &Client, cell: Cell, calls: usize) -> Result<(), String> {
    if cell.deferred {
        return defer_many(client, cell, calls);
    }
    let each = calls.div_ceil(cell.flight);
    std::thread::scope(|scope| {
        let one = |thread: usize| move || call_in_turn(client, cell.payload, each, thread);
        let threads: Vec<_> = (0..cell.flight).map(|thread| scope.spawn(one(thread))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap())
    })
}

fn call_in_turn(
    client: &Client,
    payload: usize,
    calls: usize,
    thread: usize,
) -> Result<(), String> {
    for call in 0..calls {
        let bytes = bytes(payload, thread + call);
        let answer = client.appeler(echo { octets: &bytes }).map_err(|error| error.to_string())?;
        check(&bytes, &answer)?;
    }
    Ok(())
}

fn defer_many(client: &Client, cell: Cell, calls: usize) -> Result<(), String> {
    let mut under_way = std::collections::VecDeque::new();
    let claim = |(bytes, answer): (Vec<u8>, Attente<Vec<u8>>)| {
        let answer = answer.attendre().map_err(|error| error.to_string())?;
        check(&bytes, &answer)
    };
    for call in 0..calls {
        if under_way.len() == cell.flight {
            under_way.pop_front().map_or(Ok(()), claim)?;
        }
        let bytes = bytes(cell.payload, call);
        let answer = client.differer(echo { octets: &bytes }).map_err(|error| error.to_string())?;
        under_way.push_back((bytes, answer));
    }
    under_way.into_iter().try_for_each(claim)
}

/// A payload of its own for each call.
fn bytes(size: usize, call: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    let number = call.to_le_bytes();
    bytes.chunks_mut(512).for_each(|chunk| {
        chunk.iter_mut().zip(number).for_each(|(to, from)| *to = from);
    });
    bytes
}

fn check(sent: &[u8], answer: &[u8]) -> Result<(), String> {
    if sent == answer { Ok(()) } else { Err("an answer is not that of its call".to_owned()) }
}
