//! Attacks on the window's credit, lazy deadlines, direct writes, and a system without resources.

use super::super::core::bytes::Bytes;
use super::super::core::command::Command;
use super::*;

/// A call that is refused because the table is full gives back all the credit it spent, including
/// the credit for bytes outside its frame.
#[test]
fn a_refused_call_with_a_long_tail_gives_its_window_back() {
    let limits = Limits { max_calls: 0, ..Limits::default() };
    let (client, _server) = pair_with(&limits, None);
    let tail = vec![7; 1 << 20];
    for n in 0..40 {
        let mut frame = Outgoing::in_buffer(Vec::new());
        frame.begin_call(Start::plain(0, ECHO, 0));
        frame.tail = &tail;
        frame.finish().unwrap();
        let deadline = Deadline::After(Duration::from_millis(200));
        let failure = client.link.call(&mut frame, deadline).unwrap_err();
        assert!(matches!(failure, Failure::TooManyCalls { limit: 0 }), "call {n}: {failure:?}");
    }
}

/// A call's deadline passes even if other frames keep coming, each of which ends a read in time.
#[test]
fn a_deadline_passes_while_other_frames_come() {
    for tcp in [true, false] {
        let (left, right) = if tcp {
            tcp_pair()
        } else {
            let (left, right) = Memory::pair(100_000);
            (Arc::new(left) as Arc<dyn Transport>, Arc::new(right) as Arc<dyn Transport>)
        };
        let client = end(left, &Limits::default());
        // Fifty times as many as come before the deadline. A process that is held up sends none
        // meanwhile, so that their number is what counts, and no time.
        let most = 200;
        let peer = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            wire::write_grant(&mut bytes, 1, 1);
            (0..most)
                .take_while(|_| {
                    std::thread::sleep(Duration::from_millis(50));
                    right.try_send(&[std::io::IoSlice::new(&bytes)]).is_ok()
                })
                .count()
        });
        let mut frame = frame(&client.link, ECHO, &[], true).unwrap();
        let deadline = Deadline::After(Duration::from_millis(200));
        let result = client.link.call(&mut frame, deadline);
        client.link.close(EndReason::Closed, "");
        drop(client);
        let came = peer.join().unwrap();
        assert!(matches!(result, Err(Failure::Late { .. })), "tcp {tcp}: {came} {result:?}");
        assert!(came < most, "tcp {tcp}: {came} frames, and the deadline did not pass");
    }
}

/// A direct write of which the socket takes nothing, before the peer is lost.
#[test]
fn a_call_of_which_nothing_left_has_not_run() {
    let script = crate::transport::Script { stuck_at: Some(0), ..Default::default() };
    let (left, right) = tcp_pair_raw();
    let client = end(Arc::new(crate::transport::Scripted::new(left, script)), &Limits::default());
    let link = client.link.clone();
    let calling = std::thread::spawn(move || call(&link, ECHO, b"x"));
    while !client.link.locked(|state| state.inside().writer.is_blocked()) {
        std::thread::yield_now();
    }
    drop(right);
    let failure = calling.join().unwrap().unwrap_err();
    assert!(matches!(failure, Failure::Ended { may_have_run: false, .. }), "{failure:?}");
}

fn tcp_pair_raw() -> (Socket, Socket) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let left = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let right = listener.accept().unwrap().0;
    (Socket::new(left), Socket::new(right))
}

#[test]
fn a_notice_that_finds_no_thread_is_kept_and_costs_no_command() {
    let (left, _right) = tcp_pair();
    let end = end(left, &Limits::default());
    let (code, text) = (FailureCode::Panic, "".into());
    let (here, lost) = (false, 0);
    let notice = Notice { command: NOTE, code, text, here, lost };
    let body = Bytes::copy(b"x");
    let (depth, call, name, fingerprint, parallel, charge) = (0, None, ECHO, 0, false, 64);
    let (number, carried) = (0, None);
    let command =
        Command { depth, call, name, fingerprint, body, parallel, charge, number, carried };
    end.link.locked(|state| {
        state.inside().turn.notices.push(notice);
        state.inside().turn.push(command);
        // As if a thread had been asked for in vain.
        state.inside().turn.stand_ins = 1;
    });
    assert!(!end.link.refuse_front(), "there is nothing to be refused");
    end.link.locked(|state| {
        assert!(
            state.inside().turn.refuse().is_some(),
            "the command waits for somebody who listens"
        );
        assert!(!state.inside().turn.is_queue_empty(), "the notice waits for a thread");
        state.inside().turn.clear();
    });
}

#[test]
fn bytes_that_nobody_can_write_any_more_are_not_called_written() {
    let (left, _right) = tcp_pair();
    let end = end(left, &Limits::default());
    let mut message = frame(&end.link, NOTE, b"x", false).unwrap();
    let reader = end.link.locked(|state| {
        // Another thread reads, and reaches the end of the stream later.
        let reader = state.take_helm_anyway().unwrap();
        state.append(&mut message);
        state.inside().writer.break_off(|| "writing failed".into());
        state.inside().outbox.clear();
        reader
    });
    assert!(!end.link.write_out(Deadline::After(Duration::from_millis(20))));
    end.link.locked(|state| state.put_helm(reader));
}

#[test]
fn a_deadline_in_the_middle_of_an_answer_leaves_the_connection_whole() {
    let (ours, hers) = Memory::pair(1000);
    let client = end(Arc::new(ours), &Limits::default());
    // The ids of the first two calls, which use one place of the table twice.
    let [first, second] = [1 << 32, 2 << 32].map(|id| answer_to(CallId(id), b"0123456789"));
    let (half, rest) = first.split_at(first.len() / 2);
    let say = |bytes: &[u8]| hers.try_send(&[std::io::IoSlice::new(bytes)]).unwrap();
    say(half);
    let mut message = frame(&client.link, ECHO, b"x", true).unwrap();
    let deadline = Deadline::After(Duration::from_millis(50));
    let failure = client.link.call(&mut message, deadline).unwrap_err();
    assert!(matches!(failure, Failure::Late { may_have_run: true, .. }), "{failure:?}");
    say(rest);
    say(&second);
    assert_eq!(value(call(&client.link, ECHO, b"y")), b"0123456789");
    assert_eq!(client.link.locked(|state| state.inside().calls.late), 1);
}
