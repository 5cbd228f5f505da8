//! How a connection ends, and what still runs then.

use super::*;

#[test]
fn the_end_of_the_peer_ends_every_wait() {
    let (left, right) = tcp_pair();
    let client = end(left, &Limits::default());
    let waiting = {
        let link = client.link.clone();
        std::thread::spawn(move || call(&link, ECHO, b"x"))
    };
    let mut buf = Vec::with_capacity(100);
    right.recv(&mut buf, &mut Deadline::Never).unwrap();
    drop(right);
    let failure = waiting.join().unwrap().unwrap_err();
    assert!(matches!(failure, Failure::Ended { may_have_run: true, .. }), "{failure:?}");
    let failure = call(&client.link, ECHO, b"x").unwrap_err();
    assert!(matches!(failure, Failure::Ended { may_have_run: false, .. }), "{failure:?}");
}

#[test]
fn stop_and_close_work_from_inside_a_command() {
    let (client, server) = pair();
    assert_eq!(value(call(&client.link, STOP, &[])), b"");
    assert_eq!(client.link.stop(soon()), Stopped::Ended);
    assert!(server.link.ending().unwrap().is_orderly());

    let (client, _server) = pair();
    let failure = call(&client.link, CLOSE, &[]).unwrap_err();
    let Failure::Ended { ending, may_have_run: true } = failure else { panic!("{failure:?}") };
    assert!(matches!(*ending, Ending::Peer { reason: EndReason::Closed, .. }));
}

#[test]
fn bytes_that_make_no_sense_end_the_connection_with_a_reason_on_both_sides() {
    // [error.last-word]
    let (left, right) = tcp_pair();
    let client = end(left, &Limits::default());
    execute(&client);
    right.try_send(&[std::io::IoSlice::new(&[1, 0, 0, 0, 99])]).unwrap();
    let mut buf = Vec::with_capacity(1000);
    right.recv(&mut buf, &mut Deadline::Never).unwrap();
    let said = wire::parse(&buf[4..], Features::OURS).unwrap();
    assert!(matches!(said, Frame::Adieu { reason: EndReason::Protocol, .. }), "{said:?}");
    let ending = client.link.ending().unwrap();
    assert!(matches!(*ending, Ending::Here { reason: EndReason::Protocol, .. }));
}

/// Sends `retrait`, one note, `adieu` and the end of the stream, as a peer written by hand.
fn leave_with_a_note(peer: &Memory) {
    let mut bytes = Vec::new();
    wire::write_retrait(&mut bytes);
    bytes.extend(note(7));
    wire::write_adieu(&mut bytes, EndReason::Finished, "");
    peer.try_send(&[std::io::IoSlice::new(&bytes)]).unwrap();
    peer.shutdown_write();
}

#[test]
fn messages_before_adieu_and_the_end_of_the_stream_still_run() {
    // [cut.after-adieu]
    let (left, right) = Memory::pair(1000);
    let client = end(Arc::new(left), &small());
    // The peer sends `adieu` once it has received our `retrait`.
    client.link.begin_stop();
    leave_with_a_note(&right);
    client.link.execute();
    assert_eq!(*client.commands.notes.lock().unwrap(), [7]);
    assert!(matches!(*client.link.ending().unwrap(), Ending::Finished { .. }));
}

#[test]
fn the_last_reader_of_an_ended_connection_is_woken_by_the_reader_before_it() {
    let (left, _right) = tcp_pair();
    let client = end(left, &Limits::default());
    // A reader that is in the middle of a read when the connection ends.
    let reader = client.link.locked(|state| state.take_helm_anyway()).unwrap();
    client.link.close(EndReason::Closed, "");
    let deadline = soon();
    let drain = {
        let link = client.link.clone();
        std::thread::spawn(move || link.drain(deadline))
    };
    let end = core::sleepers::Sleep::End;
    while !client.link.locked(|state| state.inside().sleepers.any(|sleep| sleep == end)) {
        std::thread::yield_now();
    }
    client.link.locked(|state| {
        state.end_input(Ending::vanished());
        state.put_helm(reader);
    });
    drain.join().unwrap();
    assert!(deadline > Some(Instant::now()), "it slept until its deadline");
}

#[test]
fn a_close_ends_a_call_that_reads_from_a_silent_peer() {
    let (left, _silent) = tcp_pair();
    let forever = Duration::from_secs(1_000_000);
    let client = end(left, &Limits { linger: forever, ..Limits::default() });
    let deadline = soon();
    let caller = {
        let link = client.link.clone();
        let mut frame = frame(&client.link, ECHO, b"x", true).unwrap();
        std::thread::spawn(move || link.call(&mut frame, deadline))
    };
    while client.link.locked(|state| state.is_helm_free()) {
        std::thread::yield_now();
    }
    client.link.close(EndReason::Closed, "");
    let failure = caller.join().unwrap().unwrap_err();
    assert!(matches!(failure, Failure::Ended { may_have_run: true, .. }), "{failure:?}");
    assert!(deadline > Some(Instant::now()), "it read until its deadline");
}

#[test]
fn a_call_that_goes_out_with_the_goodbye_may_have_run() {
    let (client, server) = pair();
    // Another thread is in the middle of a write, and leaves the last words to be said after it.
    client.link.locked(|state| state.inside().writer.begin());
    let mut frame = frame(&client.link, ECHO, b"x", true).unwrap();
    let call = client.link.defer(&mut frame, soon()).unwrap();
    client.link.close(EndReason::Closed, "");
    let failure = client.link.wait_for(call, soon()).unwrap_err();
    client.link.locked(|state| state.inside().writer.end());
    client.link.say_goodbye();
    while server.link.ending().is_none() {
        std::thread::yield_now();
    }
    let ran = server.commands.ran.load(Ordering::SeqCst);
    assert!(matches!(failure, Failure::Ended { may_have_run: true, .. }), "{failure:?}, ran {ran}");
}

#[test]
fn messages_before_adieu_run_even_if_nothing_can_be_written() {
    let (left, right) = Memory::pair(1000);
    let client = watched_end(Arc::new(left), &small(), Vec::new(), None);
    client.link.begin_stop();
    let mut bytes = Vec::new();
    wire::write_retrait(&mut bytes);
    for number in 0..3_u64 {
        bytes.extend(note(number));
    }
    wire::write_adieu(&mut bytes, EndReason::Finished, "");
    right.try_send(&[std::io::IoSlice::new(&bytes)]).unwrap();
    drop(right);
    client.link.execute();
    assert_eq!(*client.commands.notes.lock().unwrap(), [0, 1, 2]);
    assert!(matches!(*client.link.ending().unwrap(), Ending::Finished { .. }));
}
