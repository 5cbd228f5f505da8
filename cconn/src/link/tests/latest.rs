//! Messages in slots: what is kept, and what their tickets do to senders.

use std::io::IoSlice;
use std::sync::Weak;

use super::*;
use crate::link::core::window::charge;

const SLOT: SlotId = SlotId { membership: 1, command: NOTE };

/// Sends a note of which only the latest counts.
fn place(link: &Link, slot: SlotId, number: u64) -> Placed {
    let frame = frame(link, NOTE, &number.to_le_bytes(), false).unwrap();
    link.send_latest(slot, &frame, || frame.parts().concat().into()).unwrap()
}

/// Fills the window; says how many notes that took.
fn fill(link: &Link) -> u64 {
    let mut count = 0;
    while link.send_at_once(&frame(link, NOTE, &0_u64.to_le_bytes(), false).unwrap()).is_ok() {
        count += 1;
    }
    count
}

fn waiting(link: &Link) -> usize {
    link.locked(|state| state.waiting_latest())
}

/// Grants what that many notes count, as a peer written by hand does.
fn grant(peer: &Memory, notes: u64) {
    let mut bytes = Vec::new();
    wire::write_grant(&mut bytes, 0, charge(8) * notes);
    peer.try_send(&[IoSlice::new(&bytes)]).unwrap();
}

/// An end whose peer is written by hand and takes that many bytes.
fn alone(capacity: usize) -> (End, Memory) {
    let (left, right) = Memory::pair(capacity);
    (end(Arc::new(left), &small()), right)
}

fn notes(end: &End) -> Vec<u64> {
    end.commands.notes.lock().unwrap().clone()
}

/// A hundred thousand messages leave one behind, and all earlier ones are freed.
fn only_one_is_kept(end: &End) {
    let mut last: Option<Weak<[u8]>> = None;
    let mut placed = Vec::new();
    for number in 0..100_000_u64 {
        let frame = frame(&end.link, NOTE, &number.to_le_bytes(), false).unwrap();
        let mut kept = None;
        let shared = || kept.insert(Arc::<[u8]>::from(frame.parts().concat())).clone();
        placed.push(end.link.send_latest(SLOT, &frame, shared).unwrap());
        if let Some(kept) = kept {
            let earlier = last.replace(Arc::downgrade(&kept));
            let earlier = earlier.map_or(0, |earlier| earlier.strong_count());
            assert_eq!(earlier, 0, "one is kept that was replaced");
        }
        assert!(waiting(&end.link) <= 1);
    }
    assert_eq!(last.unwrap().strong_count(), 1);
    let first = placed.iter().position(|placed| *placed != Placed::Sent).unwrap();
    assert_eq!(placed[first], Placed::Waits);
    assert!(placed[first + 1..].iter().all(|placed| *placed == Placed::Replaces));
    let bytes = end.link.locked(|state| state.inside().outbox.bytes());
    assert!(bytes <= 2048 + 100, "{bytes} bytes wait to be written");
}

#[test]
fn a_peer_without_window_is_owed_one_message_a_slot() {
    only_one_is_kept(&alone(100_000).0);
}

#[test]
fn a_peer_that_reads_nothing_is_owed_one_message_a_slot() {
    let (left, _right) = Memory::pair(100);
    let limits = Limits { window: 100_000_000, ..small() };
    let end = end(Arc::new(left), &limits);
    only_one_is_kept(&end);
    // The first of these waits for room in the outbox, as do two that belong elsewhere.
    for slot in [SlotId { command: ECHO, ..SLOT }, SlotId { membership: 2, ..SLOT }] {
        assert_eq!(place(&end.link, slot, 1), Placed::Waits);
    }
    assert_eq!(waiting(&end.link), 3);
    end.link.forget_latest(1);
    assert_eq!(waiting(&end.link), 1);
    end.link.close(EndReason::Closed, "");
    assert_eq!(waiting(&end.link), 0);
}

/// Waits until nothing is left in slots and all is written: the watchman reads what the peer grants.
fn until_sent(end: &End) {
    let deadline = soon();
    let unwritten = || end.link.locked(|state| state.inside().outbox.bytes());
    while waiting(&end.link) > 0 || unwritten() > 0 {
        assert!(!io::sleep::is_past(deadline), "it waits for ever");
        std::thread::yield_now();
    }
}

/// A thread that waits for window with a note.
fn sender(end: &End) -> std::thread::JoinHandle<Result<(), Failure>> {
    let link = end.link.clone();
    let sending = std::thread::spawn(move || send(&link, NOTE, &0_u64.to_le_bytes()));
    while end.link.locked(|state| state.is_helm_free()) {
        std::thread::yield_now();
    }
    sending
}

#[test]
fn the_latest_leaves_with_the_grant_and_no_thread_of_the_program_is_there() {
    let (client, peer) = alone(100_000);
    fill(&client.link);
    let before = client.link.locked(|state| state.inside().outbox.sent());
    (1..=5).for_each(|number| assert_ne!(place(&client.link, SLOT, number), Placed::Sent));
    grant(&peer, 1);
    until_sent(&client);
    let sent = client.link.locked(|state| state.inside().outbox.sent());
    assert_eq!(sent - before, note(5).len() as u64, "one message");
    assert_eq!(place(&client.link, SLOT, 6), Placed::Waits, "the credit is spent");
}

#[test]
fn a_slot_goes_behind_the_sender_that_waited_before_it() {
    let (client, peer) = alone(100_000);
    fill(&client.link);
    let sending = sender(&client);
    assert_eq!(place(&client.link, SLOT, 1), Placed::Waits);
    grant(&peer, 1);
    sending.join().unwrap().unwrap();
    assert_eq!(waiting(&client.link), 1, "the sender came first");
    grant(&peer, 1);
    until_sent(&client);
}

#[test]
fn a_sender_goes_behind_the_slot_that_waited_before_it_and_reads_meanwhile() {
    let (client, peer) = alone(100_000);
    fill(&client.link);
    assert_eq!(place(&client.link, SLOT, 1), Placed::Waits);
    // It has the helm: no other thread reads what the slot waits for.
    let sending = sender(&client);
    assert_eq!(place(&client.link, SLOT, 2), Placed::Replaces, "the ticket stays");
    grant(&peer, 1);
    until_sent(&client);
    assert!(!sending.is_finished());
    grant(&peer, 1);
    sending.join().unwrap().unwrap();
}

#[test]
fn a_slot_that_was_emptied_holds_up_nobody_beyond_the_next_grant() {
    let (client, peer) = alone(100_000);
    fill(&client.link);
    assert_eq!(place(&client.link, SLOT, 1), Placed::Waits);
    let sending = sender(&client);
    client.link.forget_latest(SLOT.membership);
    assert_eq!(waiting(&client.link), 0);
    grant(&peer, 1);
    sending.join().unwrap().unwrap();
    // Nothing is left in the line: what comes next is sent at once.
    grant(&peer, 1);
    client.link.take_in(true);
    assert_eq!(place(&client.link, SLOT, 2), Placed::Sent);
}

#[test]
fn a_stop_sends_what_waits_and_a_message_that_comes_later_is_refused() {
    let (left, right) = Memory::pair(100_000);
    let (client, server) = (end(Arc::new(left), &small()), end(Arc::new(right), &small()));
    let filled = fill(&client.link);
    for number in 1..=3 {
        assert_ne!(place(&client.link, SLOT, number), Placed::Sent);
    }
    execute(&server);
    assert_eq!(client.link.stop(soon()), Stopped::Ended);
    assert!(matches!(*client.link.ending().unwrap(), Ending::Finished { .. }));
    let heard = notes(&server);
    assert_eq!((heard.len() as u64, heard.last()), (filled + 1, Some(&3)), "{heard:?}");
    let late = frame(&client.link, NOTE, &[], false).unwrap();
    let late = client.link.send_latest(SLOT, &late, || Arc::from(*b""));
    assert!(matches!(late, Err(Failure::Ended { .. })), "{late:?}");
}
