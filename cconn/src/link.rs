//! One connection, the same code on both sides: which thread reads, which writes, which runs
//! commands, and how the connection ends.
//!
//! At most one thread reads at a time: it has the *helm*. At most one thread writes: it is the
//! *flusher*. Commands run one at a time: the thread that runs one has the *turn*. Every decision
//! is made in `core`, which holds no socket and no thread; the other rooms move bytes and threads
//! as decided. `docs/ARCHITECTURE.md` explains the whole.
//!
//! `link` knows no value of the user's: bodies are opaque bytes, and commands are run through
//! `Dispatch`.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![allow(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of `Locked` belongs to one lifetime, and `locked` lends one of any lifetime"
)]

mod core;
#[cfg(model)]
#[path = "../../checks/model/src/inside.rs"]
pub(crate) mod inside;
mod io;
#[cfg(fuzzing)]
#[path = "../../checks/fuzz/src/pair.rs"]
pub(crate) mod pair;
#[cfg(test)]
mod tests;
mod threads;
mod verbs;

pub(crate) use core::alarm::{Alarm, Unwanted};
pub(crate) use core::bytes::{Bytes, put_scratch, take_scratch};
pub(crate) use core::calls::Answer;
pub(crate) use core::channel::{Capacity, Finish, Gone, WhenFull};
pub(crate) use core::failure::{Failure, WaitedFor};
pub(crate) use core::goodbye::{Ending, lost};
pub(crate) use core::identity::Identity;
pub(crate) use core::inlet::{Ended, Taken};
pub(crate) use core::latest::{Placed, SlotId};
pub(crate) use core::limits::{Limits, PeerLimits, smallest_window};
pub(crate) use core::notices::Notice;
pub(crate) use core::outbox::{ANSWER, Lane};
pub(crate) use core::report::Report;
pub(crate) use core::route::Kinds;
pub(crate) use core::rows::Row;
pub(crate) use core::served::MOST_PROMISES;
pub(crate) use core::whereabouts::{Behind, Stage, Whereabouts};
pub(crate) use io::telling::{is_telling, tell};
pub(crate) use threads::ambient::{Ambient, Asked, ambient, enter, new_span, works};
pub(crate) use threads::aside::Aside;
pub(crate) use threads::chained::{Chained, inside, is_inside};
pub(crate) use threads::channel::{Next, StreamChannel, Unsent};
pub(crate) use threads::circle::Place;
pub(crate) use threads::dispatch::{Incoming, ItemSink, Opening, Outcome, Put, Runner};
pub(crate) use threads::feed::{Arguments, ItemSource, Pulled};
pub(crate) use threads::left::note_maker;
pub(crate) use threads::link::{Dispatch, Link, Parts};
pub(crate) use threads::listen::NotListening;
pub(crate) use threads::promise::{NotKept, Promise};
pub(crate) use threads::watch::Watch;
pub(crate) use verbs::channels::{emit, finish, next_here};
pub(crate) use verbs::expel::Expelled;
pub(crate) use verbs::fed::Reporting;
pub(crate) use verbs::several::{Awaited, wait_for_first};
pub(crate) use verbs::stop::{CHAIN_TICK, Stopped};
pub(crate) use verbs::streams::NoArgument;
