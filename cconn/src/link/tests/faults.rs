//! Transports that misbehave: short reads and writes, errors at any call, cuts at any byte.

use super::*;
use crate::transport::{Script, Scripted};

fn scripted_pair(limits: &Limits, script: Script) -> (End, End) {
    let (left, right) = Memory::pair(200);
    let client = end(Arc::new(Scripted::new(left, script)), limits);
    let server = end(Arc::new(right), limits);
    execute(&server);
    (client, server)
}

/// One thread's calls and one-way messages. Each of them ends, whatever happens.
fn session(client: &End, notes: u64) -> Vec<Result<Vec<u8>, Failure>> {
    let mut outcomes = Vec::new();
    for number in 0..notes {
        outcomes.push(send(&client.link, NOTE, &number.to_le_bytes()).map(|()| Vec::new()));
        let body = vec![7; number as usize * 13];
        outcomes.push(call(&client.link, ECHO, &body).map(|answer| value(Ok(answer))));
        outcomes.push(call(&client.link, NEST, &[2]).map(|answer| value(Ok(answer))));
    }
    outcomes
}

/// Checks that no one-way message ran twice, out of order, or without having been accepted.
fn check(server: &End, outcomes: &[Result<Vec<u8>, Failure>]) {
    let notes = server.commands.notes.lock().unwrap().clone();
    assert!(notes.is_sorted() && notes.windows(2).all(|pair| pair[0] != pair[1]), "{notes:?}");
    let certain = outcomes.iter().step_by(3).filter(|note| note.is_ok()).count();
    assert!(notes.len() <= certain, "{} ran of {certain} that were accepted", notes.len());
}

#[test]
fn short_reads_and_writes_change_nothing() {
    for seed in 1..=20 {
        let (client, server) = scripted_pair(&small(), Script { seed, ..Script::default() });
        let outcomes = session(&client, 6);
        assert!(outcomes.iter().all(Result::is_ok), "seed {seed}: {outcomes:?}");
        assert_eq!(client.link.stop(soon()), Stopped::Ended, "seed {seed}");
        assert_eq!(*server.commands.notes.lock().unwrap(), [0, 1, 2, 3, 4, 5], "seed {seed}");
    }
}

/// Calls `ECHO` with a body that is sent from where it is.
fn call_large(client: &End, body: &[u8], deadline: Duration) -> Result<Answer, Failure> {
    let mut frame = frame(&client.link, ECHO, &[], true)?;
    frame.tail = body;
    frame.finish();
    client.link.call(&mut frame, Some(Instant::now() + deadline))
}

#[test]
fn a_large_frame_is_the_same_behind_paddings() {
    let body: Vec<u8> = (0..=250).cycle().take(crate::copy::PADDED).collect();
    for (paddings, capacity) in [(0, 70_000), (1, 5_000), (3, 70_000), (3, 5_000)] {
        let (left, right) = Memory::pair(capacity);
        let script = Script { paddings, ..Script::default() };
        let client = end(Arc::new(Scripted::new(left, script)), &Limits::default());
        let server = end(Arc::new(right), &Limits::default());
        execute(&server);
        for _ in 0..2 {
            let answer = call_large(&client, &body, Duration::from_secs(20));
            assert!(value(answer) == body, "{paddings} paddings, {capacity} bytes at once");
        }
        assert_eq!(client.link.stop(soon()), Stopped::Ended);
    }
}

#[test]
fn a_large_call_of_which_nothing_left_is_withdrawn_behind_its_paddings() {
    let body = vec![7; crate::copy::PADDED];
    for paddings in [0, 1, 3] {
        let script = Script { paddings, stuck_at: Some(0), ..Script::default() };
        let (client, _server) = scripted_pair(&Limits::default(), script);
        let failure = call_large(&client, &body, Duration::from_millis(50)).unwrap_err();
        let unrun = matches!(failure, Failure::Late { may_have_run: false, .. });
        assert!(unrun, "{paddings}: {failure:?}");
    }
}

#[test]
fn an_error_at_any_call_ends_every_wait() {
    for fails_at in 1..=120 {
        let script = Script { fails_at, seed: fails_at as u64 % 3, ..Script::default() };
        let (client, server) = scripted_pair(&small(), script);
        let outcomes = session(&client, 4);
        client.link.close(EndReason::Closed, "");
        check(&server, &outcomes);
    }
}

#[test]
fn a_cut_at_any_byte_is_told_honestly() {
    for cut in 0..=250 {
        let script = Script { cut_at: Some(cut), ..Script::default() };
        let (client, server) = scripted_pair(&small(), script);
        let ran_before =
            |failure: &Failure| matches!(failure, Failure::Ended { may_have_run: true, .. });
        let first = call(&client.link, ECHO, b"0123456789");
        let whole = cut >= 26 + 10;
        assert_eq!(first.is_ok(), whole, "cut at {cut}: {first:?}");
        if let Err(failure) = &first {
            // Either no byte left, and this is known; or some bytes did, and the outcome claims
            // nothing more.
            assert_eq!(ran_before(failure), cut > 0, "cut at {cut}: {failure:?}");
        }
        let outcomes = session(&client, 2);
        check(&server, &outcomes);
    }
}

#[test]
fn a_peer_that_takes_nothing_is_cut_with_its_reason() {
    let limits = Limits { write_deadline: Duration::from_millis(100), ..small() };
    let (client, _server) =
        scripted_pair(&limits, Script { stuck_at: Some(5), ..Script::default() });
    let failure = call(&client.link, ECHO, b"x").unwrap_err();
    let Failure::Ended { ending, may_have_run: true } = failure else { panic!("{failure:?}") };
    assert!(matches!(*ending, Ending::Here { reason: EndReason::SlowPeer, .. }), "{ending:?}");
}
