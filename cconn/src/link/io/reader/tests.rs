//! Tests of waiting for input, on a stream in memory.

use super::*;
use crate::link::core::inbox::SMALL;
use crate::sync::now;
use crate::transport::Memory;

fn looking() -> Reader {
    let active_wait = Duration::from_secs(10);
    *Reader::new(&Limits { active_wait, ..Limits::default() }, Vec::new(), &Memory::pair(1).0)
}

#[test]
fn a_read_that_was_looked_for_makes_room_like_any_other() {
    let (ours, hers) = Memory::pair(4 * SMALL);
    hers.try_send(&[io::IoSlice::new(&[0; 4 * SMALL])]).unwrap();
    let mut reader = looking();
    assert!(matches!(reader.fill(&ours, &mut Deadline::Never), Ok(SMALL)));
    reader.inbox.discard();
    let more = reader.fill(&ours, &mut Deadline::Never);
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
