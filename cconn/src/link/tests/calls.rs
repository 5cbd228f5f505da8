//! Calls and messages: answers, order, nesting, threads.

use super::*;

#[test]
fn a_call_is_answered() {
    let (client, server) = pair();
    assert_eq!(value(call(&client.link, ECHO, b"bonjour")), b"bonjour");
    assert_eq!(client.link.stop(soon()), Stopped::Ended);
    assert!(matches!(*server.link.ending().unwrap(), Ending::Finished { .. }));
    assert!(matches!(*client.link.ending().unwrap(), Ending::Finished { .. }));
}

#[test]
fn one_ways_run_in_order_before_an_orderly_end() {
    // [goodbye.finish]
    for memory in [None, Some(64)] {
        let (client, server) = pair_with(&small(), memory);
        for number in 0..2000_u64 {
            send(&client.link, NOTE, &number.to_le_bytes()).unwrap();
        }
        assert_eq!(client.link.stop(soon()), Stopped::Ended);
        assert_eq!(*server.commands.notes.lock().unwrap(), (0..2000).collect::<Vec<_>>());
    }
}

#[test]
fn handlers_call_back_to_the_depth_limit_and_not_beyond() {
    // [depth.outside] [depth.inside]
    for listening in [true, false] {
        let (client, _server) = pair();
        if listening {
            execute(&client);
        }
        assert_eq!(value(call(&client.link, NEST, &[31])).len(), 31);
        let answer = call(&client.link, NEST, &[40]).unwrap();
        assert!(
            matches!(&answer, Answer::Failure { code: FailureCode::Handler, .. }),
            "{answer:?}"
        );
        assert_eq!(value(call(&client.link, ECHO, b"x")), b"x", "the connection lives");
    }
}

#[test]
fn many_threads_on_one_connection_both_ways() {
    // [outcome.one] [outcome.order]
    for memory in [None, Some(100)] {
        let (client, server) = pair_with(&small(), memory);
        execute(&client);
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let link = if thread % 2 == 0 { &client.link } else { &server.link };
                scope.spawn(move || {
                    for n in 0..100_u64 {
                        let body = vec![thread as u8; (n as usize * 37) % 3000];
                        assert_eq!(value(call(link, ECHO, &body)), body);
                        send(link, NOTE, &n.to_le_bytes()).unwrap();
                    }
                });
            }
        });
        assert_eq!(client.link.stop(soon()), Stopped::Ended);
        assert_eq!(server.commands.notes.lock().unwrap().len(), 4 * 100);
        assert_eq!(client.commands.notes.lock().unwrap().len(), 4 * 100);
    }
}

#[test]
fn failures_of_one_ways_come_back_as_notices() {
    // [one-way.no-answer] [one-way.failure]
    let (client, _server) = pair();
    send(&client.link, 999, &[]).unwrap();
    assert_eq!(value(call(&client.link, ECHO, b"x")), b"x");
    client.link.stop(soon());
    assert_eq!(*client.commands.notices.lock().unwrap(), [FailureCode::UnknownCommand]);
}

#[test]
fn parallel_commands_do_not_hold_up_others() {
    let (client, _server) = pair();
    let mut slow = frame(&client.link, PARALLEL, &[], true).unwrap();
    let pending = client.link.defer(&mut slow, soon()).unwrap();
    assert_eq!(value(call(&client.link, ECHO, b"x")), b"x");
    assert!(!client.link.is_ready(pending));
    client.link.give_up(pending);
    assert_eq!(client.link.stop(soon()), Stopped::Ended);
}

#[test]
fn deferred_calls_are_answered_in_any_order_of_waiting() {
    let (client, _server) = pair();
    let calls: Vec<_> = (0..100_u8)
        .map(|n| {
            let mut frame = frame(&client.link, ECHO, &[n], true).unwrap();
            client.link.defer(&mut frame, soon()).unwrap()
        })
        .collect();
    for (n, pending) in calls.into_iter().enumerate().rev() {
        assert_eq!(value(client.link.wait_for(pending, soon())), [n as u8]);
    }
}

#[test]
fn commands_that_came_with_the_greeting_are_run() {
    let (left, right) = tcp_pair();
    let client = end(left, &Limits::default());
    let call = {
        let mut frame = frame(&client.link, ECHO, b"early", true).unwrap();
        let call = client.link.defer(&mut frame, soon()).unwrap();
        let mut rest = Vec::with_capacity(1000);
        right.recv(&mut rest, &mut Deadline::Never).unwrap();
        let server = end_with(right, &Limits::default(), rest);
        execute(&server);
        call
    };
    assert_eq!(value(client.link.wait_for(call, soon())), b"early");
}

#[test]
fn a_flush_handed_over_to_a_thread_whose_answer_comes_is_not_lost() {
    let (left, _right) = tcp_pair();
    let client = end(left, &Limits::default());
    let _reader_elsewhere = client.link.locked(|state| state.take_helm_anyway()).unwrap();
    let mut frame = frame(&client.link, ECHO, b"x", true).unwrap();
    let call = client.link.defer(&mut frame, soon()).unwrap();
    let caller = {
        let link = client.link.clone();
        std::thread::spawn(move || link.wait_for(call, soon()))
    };
    let answer = core::sleepers::Sleep::Answer(call);
    while !client.link.locked(|state| state.inside().sleepers.any(|sleep| sleep == answer)) {
        std::thread::yield_now();
    }
    client.link.locked(|state| {
        // What a flusher does when it hands over, and what a reader does before the woken thread runs.
        let parker = state.inside().sleepers.take(&|_| true).unwrap();
        state.inside().due.wake(parker);
        state.append_with(|out| wire::write_cancel(out, CallId(7)));
        state.inside().calls.answer(call, Answer::Value(Bytes::copy(b"x")), 100);
    });
    assert_eq!(value(caller.join().unwrap()), b"x");
    assert!(
        !client.link.locked(|state| state.is_unflushed()),
        "nobody writes what was handed over"
    );
}

#[test]
fn a_payload_that_is_moved_to_be_sent_arrives_whole_and_in_order() {
    let limits = Limits { max_frame: 8 << 20, window: smallest_window(8 << 20), ..small() };
    let (client, _server) = pair_with(&limits, None);
    for size in [2048, 16 << 10, 64 << 10, 69_632, 70_000, 3 << 20] {
        let all: Vec<u8> = (0..=250).cycle().take(size + 4096).collect();
        // From a good place, from a bad place, and from places beside the bad one.
        let page = 4096 - all.as_ptr().addr() % 4096;
        for from in [page % 4096, (page + 10) % 4096, (page + 25) % 4096, (page + 64) % 4096] {
            let tail = &all[from..from + size];
            let mut frame = Outgoing::in_buffer(Vec::new());
            frame.begin_call(Start::plain(0, ECHO, 0));
            frame.tail = tail;
            frame.finish();
            assert!(value(client.link.call(&mut frame, soon())) == tail, "{size} from {from}");
        }
    }
}
