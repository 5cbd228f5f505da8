//! Tests of waiting for newcomers.

use super::*;

#[test]
fn a_waker_that_has_woken_wakes_no_more() {
    let (source, _) = open(&Adresse::from(0), Duration::from_secs(10)).unwrap();
    let listener = Listener::new(source).unwrap();
    listener.wake();
    listener.wait(None, std::iter::empty(), None);
    let begin = Instant::now();
    listener.wait(None, std::iter::empty(), Some(Duration::from_millis(5)));
    assert!(begin.elapsed() >= Duration::from_millis(5), "it wakes again");
}
