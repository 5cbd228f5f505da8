//! Peers that break the rules, or keep them and harm us. They are written by hand.

use std::io::IoSlice;

use super::*;

/// An end with little room in its outbox, and the peer's side of its stream.
fn narrow() -> (End, Memory) {
    let (ours, hers) = Memory::pair(100);
    let limits = Limits { high_water: 1000, ..Limits::default() };
    (end(Arc::new(ours), &limits), hers)
}

fn say(peer: &Memory, bytes: &[u8]) {
    assert_eq!(peer.try_send(&[IoSlice::new(bytes)]).unwrap(), bytes.len());
}

/// Takes in what the stream holds.
fn read_once(client: &End) {
    client.link.locked(|state| {
        let reader = state.take_helm().unwrap();
        state.read_ready(reader, 1);
    });
}

fn soon_over() -> Deadline {
    Deadline::After(Duration::from_millis(20))
}

#[test]
fn a_goodbye_that_crosses_our_own_loses_nothing_in_silence() {
    let (client, peer) = narrow();
    let mut message = frame(&client.link, NOTE, &[7; 500], false).unwrap();
    client.link.send(&mut message, soon_over()).unwrap();
    assert!(
        !client.link.locked(|state| state.inside().outbox.is_empty()),
        "the stream has no room for it"
    );
    // The peer has received neither our message nor our `retrait`.
    let mut goodbye = Vec::new();
    wire::write_retrait(&mut goodbye);
    wire::write_adieu(&mut goodbye, EndReason::Finished, "");
    say(&peer, &goodbye);
    peer.shutdown_write();
    client.link.stop(soon());
    let ending = client.link.ending().unwrap();
    assert!(matches!(*ending, Ending::Here { reason: EndReason::Protocol, .. }), "{ending:?}");
}

#[test]
fn calls_wait_for_room_like_any_message() {
    let (client, _peer) = narrow();
    let mut refused = 0;
    for n in 0..20 {
        let mut message = frame(&client.link, ECHO, &[7; 300], true).unwrap();
        let failure = if n % 2 == 0 {
            client.link.defer(&mut message, soon_over()).err()
        } else {
            client.link.call(&mut message, soon_over()).err()
        };
        let room = matches!(failure, Some(Failure::Late { phase: WaitedFor::Window, .. }));
        refused += u32::from(room);
        let waits = client.link.locked(|state| state.inside().outbox.bytes());
        assert!(waits <= 1000 + 400, "{waits} bytes wait after {n}");
    }
    assert!(refused > 10, "{refused} of 20 found no room");
}

#[test]
fn a_long_farewell_is_cut_short() {
    let (ours, hers) = Memory::pair(1 << 20);
    let client = end(Arc::new(ours), &Limits::default());
    let mut goodbye = Vec::new();
    wire::write_adieu(&mut goodbye, EndReason::Closed, &"x".repeat(500_000));
    say(&hers, &goodbye);
    let Failure::Ended { ending, .. } = call(&client.link, ECHO, b"x").unwrap_err() else {
        panic!("the peer has left")
    };
    let Ending::Peer { text, .. } = &*ending else { panic!("{ending:?}") };
    assert!(!text.is_empty() && text.len() <= wire::MAX_TEXT, "{} bytes", text.len());
}

#[test]
fn a_stop_that_the_peer_began_and_does_not_end_is_cut() {
    let (ours, hers) = Memory::pair(1000);
    let client = end(Arc::new(ours), &Limits::default());
    let mut bytes = Vec::new();
    wire::write_retrait(&mut bytes);
    say(&hers, &bytes);
    read_once(&client);
    let now = Instant::now();
    // Another thread reads. If the helm is left free later, the watchman must look at it soon.
    let reader = client.link.locked(|state| state.take_helm().unwrap());
    for _ in 0..3 {
        let next = client.link.tend(now).unwrap();
        assert!(next <= Duration::from_millis(100), "the watchman comes again in {next:?}");
    }
    client.link.locked(|state| state.put_helm(reader));
    assert!(client.link.ending().is_none(), "it has its time");
    client.link.tend(now + Limits::default().grace + Duration::from_secs(1));
    let ending = client.link.ending().unwrap();
    assert!(matches!(*ending, Ending::Here { reason: EndReason::GraceOver, .. }), "{ending:?}");
}

#[test]
fn a_peer_that_spends_unsent_grants_is_cut() {
    // [window.unwritten]
    let (client, peer) = narrow();
    let half = client.link.limits.window / 2;
    let mut read = Vec::with_capacity(100);
    for _ in 0..10 {
        // A peer that reads its grants may get any number of them.
        client.link.locked(|state| {
            state.take_up(half);
            state.flush_ready();
        });
        assert!(peer.try_recv(&mut read).unwrap() > 0);
        read.clear();
    }
    client.link.locked(|state| {
        state.take_up(half);
        state.take_up(half);
        assert!(!state.is_closed(), "as many as its window");
        state.take_up(half);
    });
    let ending = client.link.ending().unwrap();
    assert!(matches!(*ending, Ending::Here { reason: EndReason::Window, .. }), "{ending:?}");
}

#[test]
fn a_full_socket_is_looked_at_ever_less_often() {
    let (client, _peer) = narrow();
    let mut message = frame(&client.link, NOTE, &[7; 500], false).unwrap();
    client.link.send(&mut message, soon_over()).unwrap();
    let (start, mut now, mut looks) = (Instant::now(), Instant::now(), 0);
    while now < start + Duration::from_secs(9) {
        now += client.link.tend(now).unwrap();
        looks += 1;
    }
    assert!(looks < 150, "{looks} looks in nine seconds");
    assert!(client.link.ending().is_none());
    client.link.tend(now + Duration::from_secs(3));
    let ending = client.link.ending().unwrap();
    assert!(matches!(*ending, Ending::Here { reason: EndReason::SlowPeer, .. }), "{ending:?}");
}

/// An end that has read the first half of a note when the note's time is over, as after a stop of
/// the whole process. The other half is in the pipe, or it is not.
fn overdue(rest_came: bool) -> (End, Arc<dyn Transport>) {
    let (ours, hers) = tcp_pair();
    let limits = Limits { read_deadline: Duration::from_millis(1), ..Limits::default() };
    let client = end(ours, &limits);
    let bytes = note(7);
    let (first, second) = bytes.split_at(10);
    let say = |bytes: &[u8]| hers.try_send(&[IoSlice::new(bytes)]).unwrap();
    assert_eq!(say(first), first.len());
    read_once(&client);
    // The frame's time counts from the first look at it.
    let mut reader = client.link.locked(|state| state.take_helm().unwrap());
    assert!(!reader.inbox.is_overdue(Instant::now()));
    std::thread::sleep(Duration::from_millis(2));
    client.link.locked(|state| state.put_helm(reader));
    if rest_came {
        assert_eq!(say(second), second.len());
    }
    (client, hers)
}

#[test]
fn a_frame_whose_rest_is_there_is_not_slow() {
    // [limit.frame-time]
    for rest_came in [true, false] {
        // The watchman looks at the connection.
        let (client, _hers) = overdue(rest_came);
        let now = Instant::now();
        client.link.tend(now);
        client.link.tend(now + Duration::from_secs(2));
        assert_eq!(client.link.ending().is_none(), rest_came, "{:?}", client.link.ending());

        // Another thread reads.
        let (client, _hers) = overdue(rest_came);
        client.link.locked(|state| {
            let reader = state.take_helm().unwrap();
            state.read_pass(reader, &mut soon().into(), core::route::Router::Waits);
        });
        assert_eq!(client.link.ending().is_none(), rest_came, "{:?}", client.link.ending());
    }
}

#[test]
fn a_stop_whose_goodbye_is_there_is_not_overdue() {
    let (ours, hers) = Memory::pair(1000);
    let client = end(Arc::new(ours), &Limits::default());
    client.link.begin_stop();
    let mut bytes = Vec::new();
    wire::write_retrait(&mut bytes);
    wire::write_adieu(&mut bytes, EndReason::Finished, "");
    say(&hers, &bytes);
    client.link.tend(Instant::now() + Limits::default().grace + Duration::from_secs(1));
    let ending = client.link.ending().unwrap();
    assert!(matches!(*ending, Ending::Finished { .. }), "{ending:?}");
}
