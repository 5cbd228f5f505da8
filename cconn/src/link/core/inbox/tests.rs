//! Waiting for input, on a stream in memory.

use super::buffer::SMALL;
use super::*;
use crate::transport::Memory;

fn looking() -> Inbox {
    Inbox::new(16, Duration::from_secs(1), Duration::from_secs(10))
}

#[test]
fn a_read_that_was_looked_for_makes_room_like_any_other() {
    let (ours, hers) = Memory::pair(4 * SMALL);
    hers.try_send(&[io::IoSlice::new(&[0; 4 * SMALL])]).unwrap();
    let mut inbox = looking();
    assert!(matches!(inbox.fill(&ours, &mut Deadline::Never), Ok(SMALL)));
    inbox.discard();
    let more = inbox.fill(&ours, &mut Deadline::Never);
    assert!(matches!(more, Ok(n) if n > SMALL), "the next read is offered more: {more:?}");
}

#[test]
fn looking_for_input_outlasts_no_deadline() {
    let (ours, hers) = Memory::pair(4 * SMALL);
    hers.try_send(&[io::IoSlice::new(&[0; 10])]).unwrap();
    let result = looking().fill(&ours, &mut Deadline::At(now()));
    assert!(matches!(result, Err(Idle::Deadline)), "{result:?}");
    let start = now();
    let mut soon = Deadline::After(Duration::from_millis(20));
    assert!(looking().fill(&Memory::pair(1).0, &mut soon).is_err());
    assert!(start.elapsed() < Duration::from_secs(5), "it looked on");
}
