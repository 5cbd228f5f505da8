//! The watchman without a thread, and what is dropped with a connection.

use std::io::IoSlice;
use std::sync::mpsc;
use std::thread::{self, ThreadId};

use super::*;
use crate::link::threads::gone::let_go;
use crate::link::{
    Dispatch, Incoming, Kinds, Limits, Link, Notice, Outcome, Parts, PeerLimits, Runner,
};
use crate::transport::{Memory, Transport as _};
use crate::wire::{self, Features, Outgoing, Start};

/// Tells the test which thread drops it, and may panic then.
struct Captured(mpsc::Sender<ThreadId>, Option<&'static str>);

impl Drop for Captured {
    fn drop(&mut self) {
        let _nobody_asks = self.0.send(thread::current().id());
        if let Some(text) = self.1 {
            panic!("{text}");
        }
    }
}

impl Dispatch for Captured {
    fn runner<'a>(&'a self, _: &'a Arc<Link>) -> Box<dyn Runner + 'a> {
        Box::new(|_: &Incoming<'_>, _: &mut Vec<u8>| Outcome::Answer)
    }

    fn notice(&self, _: &Arc<Link>, _: &Notice) {}
}

impl Kinds for Captured {
    fn is_parallel(&self, _: u64) -> bool {
        false
    }
}

fn link(commands: Arc<dyn Dispatch>, io: Memory, watch: Option<Arc<Watch>>) -> Arc<Link> {
    let limits = Limits::default();
    let (max_frame, window) = (limits.max_frame, limits.window);
    let peer = PeerLimits { max_frame, window, features: Features::OURS };
    Link::new(Parts {
        io: Arc::new(io),
        commands,
        limits: Arc::new(limits),
        peer,
        watch,
        identity: crate::link::Identity::of_client(1, None),
        ends_with_handles: false,
        rest: Vec::new(),
    })
}

/// A watchman whose thread can't be started: no stack is that large.
fn without_thread() -> Arc<Watch> {
    let watch = Arc::new(Watch::default());
    watch.list.lock().stack = Some(1 << 60);
    watch
}

#[test]
fn a_watchman_without_a_thread_is_asked_again() {
    let watch = without_thread();
    let (left, right) = Memory::pair(1000);
    let link = link(Arc::new(Captured(mpsc::channel().0, None)), left, Some(watch.clone()));
    link.leave_helm();
    assert!(!watch.is_there(), "there can be no such thread");
    watch.list.lock().stack = None;
    let mut bytes = Vec::new();
    wire::write_adieu(&mut bytes, wire::EndReason::Closed, "");
    right.try_send(&[IoSlice::new(&bytes)]).unwrap();
    // Only the watchman reads this connection. Locking it counts as use and asks for the watchman
    // again.
    let deadline = Instant::now() + Duration::from_secs(10);
    while link.ending().is_none() {
        link.locked(|_| {});
        assert!(Instant::now() < deadline, "nobody came");
        thread::yield_now();
    }
}

#[test]
fn nothing_is_left_to_a_watchman_without_a_thread() {
    let (left, right) = Memory::pair(1000);
    let link = link(Arc::new(Captured(mpsc::channel().0, None)), left, Some(without_thread()));
    let mut message = Outgoing::in_buffer(Vec::new());
    message.begin_one_way(Start::plain(0, 1, 0));
    message.finish();
    // So that the messages are a burst, however slow this thread is.
    let soon = Instant::now() + Duration::from_secs(10);
    link.locked(|state| state.note_message(soon));
    let mut received = Vec::with_capacity(1000);
    for count in 1..=3 {
        link.send(&mut message, None).unwrap();
        right.try_recv(&mut received).unwrap();
        assert_eq!(received.len(), count * message.len());
    }
}

#[test]
fn a_value_that_panics_when_it_is_dropped_ends_no_watchman() {
    let commands = Arc::new(Captured(mpsc::channel().0, Some("a panic on purpose")));
    let link = link(commands, Memory::pair(1).0, None);
    // There is no such stack, so the value is dropped on this thread.
    let_go(link, Some(1 << 60));
}

#[test]
fn values_of_the_program_are_dropped_on_another_thread() {
    let (sender, dropped) = mpsc::channel();
    let link = link(Arc::new(Captured(sender, None)), Memory::pair(1).0, None);
    let_go(link.clone(), None);
    assert!(dropped.try_recv().is_err(), "it is still held");
    let_go(link, None);
    assert_ne!(dropped.recv().unwrap(), thread::current().id());
}

#[test]
fn waiting_bytes_are_written_before_whatever_can_wait() {
    let (start, tick) = (Instant::now(), WRITE_TICK);
    let entry = |next, urgent| Listed { link: Weak::<Link>::new(), next, urgent };
    let mut entries: HashMap<_, _> = (0..500)
        .map(|n| (n, entry(start + tick / 500 * u32::try_from(n).unwrap(), false)))
        .collect();
    entries.insert(700, entry(start + tick, true));
    entries.insert(800, entry(start + 2 * tick, true));
    let mut due = Vec::new();
    list_due(&entries, start + tick, &mut due);
    let places: Vec<_> = due.iter().map(|(_, _, place)| *place).collect();
    assert_eq!((places.len(), places[0], places[1]), (501, 700, 0));
    assert!(places.windows(2).skip(1).all(|pair| pair[0] < pair[1]), "the longest wait first");
}
