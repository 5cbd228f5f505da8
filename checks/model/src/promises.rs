//! Promises in the models: commands that leave their answer to one, and the threads that keep or
//! drop it.

use std::sync::Arc;

use crate::lanes::{self, Taking};
use crate::link::{Link, Outcome, Promise};
use crate::op::Op;
use crate::speaker::Speaker;
use crate::world::random;

/// Who keeps or drops the promise of a command.
#[derive(Clone, Copy)]
enum Fate {
    KeptElsewhere,
    KeptInside,
    DroppedElsewhere,
    DroppedInside,
}

impl Fate {
    fn of(count: u8) -> Self {
        match count {
            0 => Fate::KeptElsewhere,
            1 => Fate::KeptInside,
            2 => Fate::DroppedElsewhere,
            _ => Fate::DroppedInside,
        }
    }
}

/// Answers as an echo does, later.
fn keep(promise: Promise, body: &[u8]) {
    // Nobody may want it any more.
    let _unwanted = promise.keep(|out| {
        out.bytes.extend(body);
        Outcome::Answer
    });
}

/// Leaves the answer of the command that runs to a promise.
pub(crate) fn promise(link: &Arc<Link>, op: Op, body: &[u8]) -> Outcome {
    let promise = link.promise(op as u64).expect("there is room for it");
    let fate = Fate::of(body[0]);
    match fate {
        Fate::KeptInside => keep(promise, body),
        Fate::DroppedInside => drop(promise),
        Fate::KeptElsewhere | Fate::DroppedElsewhere => start(promise, fate, body.to_vec()),
    }
    Outcome::Later
}

/// Leaves the argument of the command that runs, and its answer, to a thread.
pub(crate) fn collect(speaker: Speaker, op: Op, body: &[u8]) -> Outcome {
    let promise = speaker.link.promise(op as u64).expect("there is room for it");
    let (lane, body) = (lanes::open(&speaker.link), body.to_vec());
    run("collector", move || {
        let mut taking = Taking::new(&speaker, lane);
        while taking.next(body[0]).is_some() {}
        keep(promise, &body);
    });
    Outcome::Later
}

/// Starts a thread of the program that keeps or drops the promise after a while.
fn start(promise: Promise, fate: Fate, body: Vec<u8>) {
    run("keeper", move || {
        (0..random(40)).for_each(|_| shuttle::thread::yield_now());
        match fate {
            Fate::KeptElsewhere => keep(promise, &body),
            _ => drop(promise),
        }
    });
}

fn run(name: &str, act: impl FnOnce() + Send + 'static) {
    let thread = shuttle::thread::Builder::new().name(name.to_owned()).spawn(act);
    crate::sync::keep(thread.expect("a thread"));
}
