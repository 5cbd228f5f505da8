//! Threads that were not run in time, as in a process that was stopped: a thread that waits for an
//! answer wakes before the thread at the helm, with the answer unread in the pipe.

use std::thread;

use super::*;

const DEADLINE: Duration = Duration::from_millis(30);

/// How much too late the waiting thread wakes. It waits as long again for the thread at the helm,
/// which on a busy machine may be late itself.
const LATE: Duration = Duration::from_millis(800);

/// Makes two calls on a client whose helm the test holds; `wait` waits for the first of them.
///
/// If the peer answers, it does so after `wait` has begun. Nothing of the connection moves until
/// the deadline has passed by `LATE`. The thread at the helm reads `reads_after` later, if ever.
fn overslept<T: Send>(
    answers: bool,
    reads_after: Option<Duration>,
    wait: impl Fn(&Link, [CallId; 2]) -> T + Sync,
) -> (T, Duration) {
    loop {
        if let Some(found) = overslept_once(answers, reads_after, &wait) {
            return found;
        }
    }
}

/// `None` if the machine was so busy that the wait was over before this thread saw it, or that this
/// thread read later than the wait lasts.
fn overslept_once<T: Send>(
    answers: bool,
    reads_after: Option<Duration>,
    wait: &(impl Fn(&Link, [CallId; 2]) -> T + Sync),
) -> Option<(T, Duration)> {
    let (left, right) = Memory::pair(20_000);
    let client = end(Arc::new(left), &Limits::default());
    let calls = [0, 1].map(|_| {
        let mut frame = frame(&client.link, ECHO, b"x", true).unwrap();
        client.link.defer(&mut frame, soon()).unwrap()
    });
    let mut reader = client.link.locked(|state| state.take_helm());
    let begun = Instant::now();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| wait(&client.link, calls));
        // Under the lock from the moment in which it is seen to sleep: it can't wake in between.
        let oversleep = || {
            client.link.locked(|state| {
                if state.inside().sleepers.is_empty() {
                    return false;
                }
                if answers {
                    let answer = answer_to(calls[0], b"y");
                    right.try_send(&[std::io::IoSlice::new(&answer)]).unwrap();
                }
                thread::sleep((begun + DEADLINE + LATE).saturating_duration_since(Instant::now()));
                true
            })
        };
        while !oversleep() {
            if waiting.is_finished() {
                return None;
            }
            thread::yield_now();
        }
        let woken = Instant::now();
        if let Some(after) = reads_after {
            thread::sleep(after);
            let reader = reader.take().unwrap();
            client.link.locked(|state| {
                state.read_pass(reader, &mut soon().into(), core::route::Router::Waits)
            });
        }
        let in_time = reads_after.is_none() || woken.elapsed() < LATE;
        let waited = waiting.join().unwrap();
        in_time.then(|| (waited, begun.elapsed()))
    })
}

fn moment() -> Option<Instant> {
    Some(Instant::now() + DEADLINE)
}

#[test]
fn an_answer_that_is_there_is_waited_for() {
    thread::scope(|scope| {
        for after in [0, 1, 20, 60].map(Duration::from_millis) {
            scope.spawn(move || {
                let (answer, _) =
                    overslept(true, Some(after), |link, [call, _]| link.wait_for(call, moment()));
                assert_eq!(value(answer), b"y", "read {after:?} later");
            });
            scope.spawn(move || {
                let (first, _) =
                    overslept(true, Some(after), |link, calls| link.wait_for_any(&calls, moment()));
                assert_eq!(first.unwrap(), Some(0), "read {after:?} later");
            });
        }
    });
}

#[test]
fn an_answer_that_never_comes_is_not_waited_for_longer() {
    // What else the machine does makes some tries longer, and not each of five.
    let waits_at_most = |answers, most: Duration| {
        (0..5).any(|_| {
            let (answer, took) =
                overslept(answers, None, |link, [call, _]| link.wait_for(call, moment()));
            let late = matches!(answer, Err(Failure::Late { phase: WaitedFor::Answer(_), .. }));
            assert!(late, "{answer:?}");
            took < most
        })
    };
    assert!(waits_at_most(false, DEADLINE + LATE + LATE), "nothing was there");
    // The thread at the helm never reads: the wait lasts as long again as it overslept, and no
    // longer.
    assert!(waits_at_most(true, DEADLINE + 4 * LATE), "it was not read");
}
