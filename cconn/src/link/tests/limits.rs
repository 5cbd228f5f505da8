//! Deadlines, sizes, windows, and the limits of what is kept for a peer.

use super::*;

#[test]
fn a_deadline_ends_a_call_and_cancels_it() {
    let (client, server) = pair();
    let mut slow = frame(&client.link, SLOW, &[], true).unwrap();
    let deadline = Some(Instant::now() + Duration::from_millis(50));
    let failure = client.link.call(&mut slow, deadline).unwrap_err();
    assert!(
        matches!(failure, Failure::Late { phase: WaitedFor::Answer(_), may_have_run: true }),
        "{failure:?}"
    );
    // The handler ends because the cancel reaches it, and its late answer is dropped.
    assert_eq!(value(call(&client.link, ECHO, b"x")), b"x");
    assert_eq!(server.commands.ran.load(Ordering::SeqCst), 2);
    assert_eq!(client.link.locked(|state| state.inside().calls.late), 1);
}

#[test]
fn limits_of_size_hold_on_both_sides() {
    let (client, _server) = pair_with(&small(), None);
    let body = vec![0; 4096 - 22];
    assert_eq!(value(call(&client.link, ECHO, &body)).len(), body.len());
    let body = vec![0; 4096 - 21];
    let failure = call(&client.link, ECHO, &body).unwrap_err();
    assert!(matches!(failure, Failure::TooLarge { size: 4097, limit: 4096 }), "{failure:?}");
    let answer = call(&client.link, LARGE, &[]).unwrap();
    assert!(matches!(answer, Answer::Failure { code: FailureCode::AnswerTooLarge, .. }));
    assert_eq!(value(call(&client.link, ECHO, b"x")), b"x", "the connection lives");
}

#[test]
fn a_notice_keeps_a_bounded_part_of_a_long_text() {
    let (left, right) = Memory::pair(100_000);
    let client = end(Arc::new(left), &small());
    let mut bytes = Vec::new();
    wire::write_failure(&mut bytes, Features::OURS, None, NOTE, FailureCode::Handler, "");
    bytes.resize(bytes.len() + 4000, b'x');
    let length = (bytes.len() - wire::LENGTH_PREFIX) as u32;
    bytes.splice(..wire::LENGTH_PREFIX, length.to_le_bytes());
    right.try_send(&[std::io::IoSlice::new(&bytes)]).unwrap();
    let work = client.link.locked(|state| {
        state.inside().turn.notices.sent_one();
        while state.inside().turn.is_queue_empty() {
            let reader = state.take_helm().unwrap();
            state.read_pass(reader, &mut soon().into(), core::route::Router::Runs);
        }
        state.inside().turn.start(core::turn::RunnerKind::Executor)
    });
    let Some(core::turn::Work::Notice(notice)) = work else { panic!("no notice") };
    assert_eq!(notice.text.len(), wire::MAX_TEXT);
}

/// A thread that waits for window; it returns why it got none. The peer is written by hand.
fn wait_for_window() -> (End, Memory, std::thread::JoinHandle<Failure>) {
    let (left, right) = Memory::pair(20_000);
    let client = end(Arc::new(left), &small());
    let link = client.link.clone();
    let sending = std::thread::spawn(move || {
        loop {
            if let Err(failure) = send(&link, NOTE, &[0; 1000]) {
                return failure;
            }
        }
    });
    // The pipe has room for everything that the window allows, so a thread that reads waits for
    // window.
    while client.link.locked(|state| state.is_helm_free()) {
        std::thread::yield_now();
    }
    (client, right, sending)
}

#[test]
fn a_wait_for_window_ends_with_a_stop() {
    let (_client, right, sending) = wait_for_window();
    let mut bytes = Vec::new();
    wire::write_retrait(&mut bytes);
    right.try_send(&[std::io::IoSlice::new(&bytes)]).unwrap();
    let failure = sending.join().unwrap();
    assert!(matches!(failure, Failure::Stopping), "{failure:?}");
}

#[test]
fn two_full_windows_with_nobody_listening_get_on() {
    // [order.keep-reading] [window.keep-reading]
    let limits = small();
    let (left, right) = Memory::pair(20_000);
    let ends = [end(Arc::new(left), &limits), end(Arc::new(right), &limits)];
    let sent = [AtomicU64::new(0), AtomicU64::new(0)];
    // Several times as much as the window takes.
    let enough = 8 * limits.window / 1000;
    std::thread::scope(|scope| {
        for (end, sent) in ends.iter().zip(&sent) {
            scope.spawn(|| {
                while send(&end.link, ECHO, &[0; 1000]).is_ok() {
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let deadline = soon();
        while sent.iter().any(|sent| sent.load(Ordering::SeqCst) < enough) {
            assert!(!io::sleep::is_past(deadline), "both wait for the other: {sent:?}");
            std::thread::yield_now();
        }
        for end in &ends {
            end.link.close(EndReason::Closed, "");
        }
    });
}

#[test]
fn where_no_thread_can_be_had_any_number_of_commands_is_refused() {
    // No such stack exists, so no stand-in can be started.
    let limits = Limits { stack: Some(1 << 60), ..Limits::default() };
    let (client, _server) = pair_with(&limits, Some(1 << 20));
    let calls: Vec<_> = (0..10_000)
        .map(|_| {
            let mut frame = frame(&client.link, PARALLEL, b"x", true).unwrap();
            client.link.defer(&mut frame, soon()).unwrap()
        })
        .collect();
    for call in calls {
        let answer = client.link.wait_for(call, soon()).unwrap();
        let code = FailureCode::NoResources;
        assert!(matches!(answer, Answer::Failure { code: c, .. } if c == code), "{answer:?}");
    }
}

#[test]
fn a_peer_that_takes_nothing_is_cut_however_short_each_call_is() {
    let (left, _right) = Memory::pair(100);
    let limits = Limits { write_deadline: Duration::from_millis(50), ..small() };
    let client = watched_end(Arc::new(left), &limits, Vec::new(), None).link;
    let end = soon();
    while client.ending().is_none() && !io::sleep::is_past(end) {
        let mut frame = frame(&client, ECHO, &[0; 200], true).unwrap();
        let deadline = Some(Instant::now() + Duration::from_millis(10));
        client.call(&mut frame, deadline).unwrap_err();
    }
    let ending = client.ending();
    let slow = |ending: &Ending| matches!(ending, Ending::Here { reason: EndReason::SlowPeer, .. });
    assert!(ending.as_deref().is_some_and(slow), "{ending:?}");
}

#[test]
fn a_peer_that_does_not_read_is_cut_with_that_reason() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let left = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let _never_reads = listener.accept().unwrap();
    let limits = Limits { write_deadline: Duration::from_millis(300), ..Limits::default() };
    // With the socket options of a real connection, because the kernel has a deadline of its own.
    configure(&left, limits.write_deadline);
    let client = end(Arc::new(Socket::new(left)), &limits);
    let body = vec![0; 1 << 20];
    while client.link.ending().is_none() {
        let _ended = send(&client.link, NOTE, &body);
    }
    let ending = client.link.ending().unwrap();
    assert!(matches!(*ending, Ending::Here { reason: EndReason::SlowPeer, .. }), "{ending:?}");
}

/// Waits until `done`, which a quiet second brings about; at most two of them.
fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_quiet_second_after_a_burst_ends_the_buffers_of_both_sides() {
    let (client, server) = pair();
    client.link.leave_helm();
    let kept = |end: &End| end.link.locked(|state| state.inside().outbox.kept());
    let body = [7; 9000];
    let pending: Vec<_> = (0..50)
        .map(|_| {
            let mut frame = frame(&client.link, ECHO, &body, true).unwrap();
            client.link.defer(&mut frame, soon()).unwrap()
        })
        .collect();
    for call in pending {
        assert_eq!(value(client.link.wait_for(call, soon())), body);
    }
    assert!(kept(&client) > 1024, "what this test is about");
    for end in [&client, &server] {
        until("buffers are kept for ever", || kept(end) == 0);
    }
    let kept = |reader: &mut io::reader::Reader| reader.inbox.buffer.kept();
    let inbox = client.link.locked(|state| state.idle_reader().map(kept));
    assert!(inbox.is_some_and(|kept| kept <= 512), "{inbox:?}");
    assert_eq!(value(call(&client.link, ECHO, b"x")), b"x", "the connection lives");
}

#[test]
fn a_quiet_second_ends_what_this_thread_keeps_for_sending() {
    let (client, _server) = pair();
    let payload = [7; 4096];
    crate::copy::moved(&[std::io::IoSlice::new(&payload)], |bytes| assert_eq!(bytes, payload));
    assert!(crate::copy::keeps_spare(), "what this test is about");
    // A process that is held up may find the quiet second and the deadline over at once: then the
    // deadline counts, and the next call has its quiet second.
    let ends_it = (0..5).any(|_| {
        let mut slow = frame(&client.link, SLOW, &[], true).unwrap();
        let deadline = Some(Instant::now() + Duration::from_millis(1500));
        client.link.call(&mut slow, deadline).unwrap_err();
        !crate::copy::keeps_spare()
    });
    assert!(ends_it, "five quiet seconds change nothing");
}

/// A source without items.
pub(super) struct Nothing;

impl ItemSource for Nothing {
    fn pull(&mut self, _: &mut wire::Answering) -> Pulled {
        Pulled::Complete
    }

    fn channel(&mut self) -> Option<Arc<StreamChannel>> {
        None
    }
}

#[test]
fn a_call_whose_arguments_no_thread_can_pull_is_not_sent() {
    let limits = Limits { stack: Some(1 << 60), ..Limits::default() };
    let (client, server) = pair_with(&limits, Some(1 << 20));
    let arguments = || Arguments::new(vec![Box::new(Nothing)]);
    let frame = || frame(&client.link, ECHO, b"x", true).unwrap();
    let deadline: Deadline = soon().into();
    for waits in [false, true] {
        let refused = client.link.defer_fed(&mut frame(), deadline, arguments(), waits);
        assert!(matches!(refused, Err(Failure::NoThread)), "{refused:?}");
    }
    // The answer is a stream.
    let refused = client.link.call_fed(&mut frame(), deadline, arguments(), (true, None));
    assert!(matches!(refused, Err(Failure::NoThread)), "{refused:?}");
    assert_eq!(value(call(&client.link, ECHO, b"y")), b"y");
    assert_eq!(server.commands.ran.load(Ordering::SeqCst), 1, "nothing else was sent");
}

#[test]
fn a_call_that_would_be_refused_starts_no_thread_for_its_arguments() {
    // No thread could be started, which would be said first.
    let limits = Limits { stack: Some(1 << 60), max_calls: 1, ..small() };
    let (left, _right) = Memory::pair(1 << 20);
    let client = end(Arc::new(left), &limits);
    let defer = |body: &[u8], waits| {
        let arguments = Arguments::new(vec![Box::new(Nothing)]);
        let mut frame = frame(&client.link, ECHO, body, true).unwrap();
        client.link.defer_fed(&mut frame, soon().into(), arguments, waits).unwrap_err()
    };
    for waits in [false, true] {
        let refused = defer(&[0; 5000], waits);
        assert!(matches!(refused, Failure::TooLarge { .. }), "{refused:?}");
        assert!(matches!(defer(b"x", waits), Failure::NoThread));
    }
    client.link.defer(&mut frame(&client.link, ECHO, b"x", true).unwrap(), soon()).unwrap();
    let refused = defer(b"x", false);
    assert!(matches!(refused, Failure::TooManyCalls { limit: 1 }), "{refused:?}");
    let note = || frame(&client.link, NOTE, &[0; 1000], false).unwrap();
    while client.link.try_send(&mut note()).is_ok() {}
    let refused = defer(&[0; 2000], false);
    assert!(matches!(refused, Failure::NoRoom), "{refused:?}");
}
