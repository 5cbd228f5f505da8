//! Peers that keep the rules and send, as fast as they can, what costs them nothing.

use std::io::IoSlice;

use super::*;

/// Batches of 200 frames that change nothing, of each kind and of all kinds mixed.
fn floods() -> [Vec<u8>; 5] {
    let mut floods = [const { Vec::new() }; 5];
    for n in 0..200_u64 {
        wire::write_grant(&mut floods[0], 0, 0);
        wire::write_grant(&mut floods[1], 9, u64::MAX);
        wire::write_cancel(&mut floods[2], CallId(1000 + n));
        wire::write_failure(&mut floods[3], Features::OURS, None, NOTE, FailureCode::Handler, "");
        match n % 3 {
            0 => wire::write_grant(&mut floods[4], 0, 0),
            1 => wire::write_cancel(&mut floods[4], CallId(n + 1)),
            _ => wire::write_grant(&mut floods[4], 1, n),
        }
    }
    floods
}

#[test]
fn frames_that_change_nothing_are_read_slowly() {
    for flood in floods() {
        let (ours, peer) = Memory::pair(64 << 10);
        let server = end(Arc::new(ours), &Limits::default());
        let link = server.link.clone();
        let executor = std::thread::spawn(move || link.execute());
        let (start, mut taken) = (Instant::now(), 0_usize);
        while start.elapsed() < Duration::from_millis(100) {
            match peer.try_send(&[IoSlice::new(&flood)]) {
                Ok(n) if n == flood.len() => taken += 200,
                Ok(_) => break,
                Err(_) => std::thread::yield_now(),
            }
        }
        assert!(taken < 40_000, "{taken} frames in a tenth of a second");
        // The thread that ends the connection does not wait for that.
        let start = Instant::now();
        server.link.close(EndReason::Closed, "");
        executor.join().unwrap();
        assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    }
}

/// Every frame that costs a peer nothing and changes nothing here, once it has come `before` times.
fn idle_frames() -> Vec<(&'static str, Frame<'static>, usize)> {
    let (id, lane) = (CallId(77), 0);
    let standing = wire::Standing::Running;
    vec![
        ("a cancel of an unknown call", Frame::Cancel { id }, 0),
        ("a grant of nothing", Frame::Grant { class: 0, bytes: 0 }, 0),
        ("a grant of another class", Frame::Grant { class: 3, bytes: 9 }, 0),
        ("credit for an unknown stream", Frame::Credit { id, lane, bytes: 9 }, 0),
        ("credit for an unknown lane", Frame::Credit { id, lane: 2, bytes: 9 }, 0),
        ("a stop of an unknown stream", Frame::Credit { id, lane, bytes: 0 }, 0),
        ("items of an unknown stream", Frame::Items { id, lane, rest: &[0] }, 0),
        ("items of an unknown lane", Frame::Items { id, lane: 2, rest: &[0] }, 0),
        (
            "the end of an unknown stream",
            Frame::End { id, lane, how: wire::StreamEnd::Complete },
            0,
        ),
        ("a question for an unknown call", Frame::Question { id }, 0),
        ("an unasked standing", Frame::Standing { id, standing }, 0),
        ("a report of an unknown call", Frame::Progress { id, done: 1, total: 2, text: "" }, 0),
        ("a second retrait", Frame::Retrait, 1),
    ]
}

#[test]
fn frames_that_change_nothing_count_as_a_flood() {
    for (name, frame, before) in idle_frames() {
        let (ours, peer) = Memory::pair(4 << 20);
        let client = end(Arc::new(ours), &Limits::default());
        let mut bytes = Vec::new();
        for _ in 0..before + 4096 {
            frame.write(&mut bytes, Features::OURS);
        }
        assert_eq!(peer.try_send(&[IoSlice::new(&bytes)]).unwrap(), bytes.len());
        let flooded = |client: &End| {
            client.link.locked(|state| {
                state.look();
                state.is_flooded()
            })
        };
        assert!(!flooded(&client), "{name}: as many as cost nothing");
        bytes.clear();
        frame.write(&mut bytes, Features::OURS);
        assert_eq!(peer.try_send(&[IoSlice::new(&bytes)]).unwrap(), bytes.len());
        assert!(flooded(&client), "{name}: {:?}", client.link.ending());
    }
}

#[test]
fn a_thread_that_looks_all_the_time_reads_a_flood_no_faster() {
    for flood in floods() {
        let (ours, peer) = Memory::pair(4 << 20);
        let client = end(Arc::new(ours), &Limits::default());
        let mut question = frame(&client.link, ECHO, &[7], true).unwrap();
        let call = client.link.defer(&mut question, soon()).unwrap();
        let mut taken = [0; 2];
        for taken in &mut taken {
            while let Ok(n @ 1..) = peer.try_send(&[IoSlice::new(&flood)]) {
                *taken += n;
            }
            // As `est_prete` in a loop does. The flood takes a second, so the first look reads it
            // and the further ones do not.
            for _ in 0..10 {
                let answer = client.link.wait_for(call, Deadline::After(Duration::ZERO));
                assert!(matches!(answer, Err(Failure::Late { .. })), "{answer:?}");
            }
        }
        assert!(taken[1] > 0, "the looks read nothing");
        assert!(taken[1] <= 512 << 10, "{} bytes were read", taken[1]);
    }
}

#[test]
fn the_answers_of_calls_that_were_given_up_are_no_flood() {
    const CALLS: usize = 6000;
    let (ours, peer) = Memory::pair(8 << 20);
    let client = end(Arc::new(ours), &Limits::default());
    let calls: Vec<CallId> = (0..CALLS)
        .map(|_| {
            let mut echo = frame(&client.link, ECHO, &[7], true).unwrap();
            let call = client.link.defer(&mut echo, soon()).unwrap();
            client.link.give_up(call);
            call
        })
        .collect();
    let answer_all = || {
        let mut bytes = Vec::new();
        for id in &calls {
            Frame::Answer { id: *id, body: &[7] }.write(&mut bytes, Features::OURS);
        }
        assert_eq!(peer.try_send(&[IoSlice::new(&bytes)]).unwrap(), bytes.len());
        client.link.locked(|state| {
            state.look();
            state.is_flooded()
        })
    };
    assert!(!answer_all(), "each was asked for");
    assert!(answer_all(), "each came a second time");
}
