//! The outbox: positions, room, and what leaves together.

use super::*;

fn contents(outbox: &Outbox) -> Vec<u8> {
    outbox.segments.iter().flat_map(|s| s.bytes[s.written..].to_vec()).collect()
}

#[test]
fn small_frames_share_a_segment_and_large_ones_move() {
    let mut outbox = Outbox::default();
    outbox.append(&mut vec![1; 10]);
    outbox.append(&mut vec![2; 10]);
    assert_eq!(outbox.segments.len(), 1);
    let mut large = vec![3; LARGE];
    outbox.append(&mut large);
    assert!(large.is_empty());
    outbox.append(&mut vec![4; 10]);
    assert_eq!(outbox.segments.len(), 3);
    assert_eq!(outbox.bytes(), 30 + LARGE as u64);
}

#[test]
fn unwritten_bytes_stay_in_front() {
    for written in 0..=6 {
        let mut outbox = Outbox::default();
        outbox.append(&mut vec![1, 2, 3]);
        let batch = outbox.take();
        outbox.append(&mut vec![4, 5, 6]);
        outbox.give_back(batch, written.min(3));
        let left = contents(&outbox);
        assert_eq!(left, [1, 2, 3, 4, 5, 6][written.min(3)..]);
        assert_eq!(outbox.bytes(), left.len() as u64);
    }
}

#[test]
fn the_rest_of_a_frame_that_was_written_at_once_stays_in_front() {
    for written in 0..=3 {
        let mut outbox = Outbox::default();
        outbox.begin_write(3);
        assert!(outbox.may_have_left(0) && outbox.bytes() == 3);
        outbox.append(&mut vec![4, 5, 6]);
        outbox.wrote(written);
        outbox.rest_stays(written as u64);
        assert_eq!(outbox.may_have_left(0), written > 0);
        outbox.put_first([&[1, 2, 3][written..], &[]]);
        assert_eq!(contents(&outbox), [1, 2, 3, 4, 5, 6][written..]);
        assert_eq!(outbox.bytes(), 6 - written as u64);
    }
}

#[test]
fn one_buffer_is_filled_while_the_other_is_written() {
    let mut outbox = Outbox::default();
    let place = |outbox: &Outbox| outbox.segments[0].bytes.as_ptr();
    outbox.append(&mut vec![0; 100]);
    let first = place(&outbox);
    let batch = outbox.take();
    outbox.append(&mut vec![0; 100]);
    let second = place(&outbox);
    outbox.give_back(batch, 100);
    for buffer in [first, second, first] {
        let batch = outbox.take();
        outbox.append(&mut vec![0; 100]);
        assert_eq!(place(&outbox), buffer);
        outbox.give_back(batch, 100);
    }
}

#[test]
fn a_frame_has_left_only_once_bytes_of_it_may_have() {
    let mut outbox = Outbox::default();
    outbox.append(&mut vec![0; 4]);
    let at = outbox.end();
    outbox.append(&mut vec![0; 4]);
    assert!(!outbox.may_have_left(at));
    let batch = outbox.take();
    assert!(outbox.may_have_left(at), "in the flusher's hands");
    outbox.give_back(batch, 4);
    assert!(!outbox.may_have_left(at), "only what stood before it was written");
    let batch = outbox.take();
    outbox.give_back(batch, 1);
    assert!(outbox.may_have_left(at));
    let behind = outbox.end();
    outbox.append(&mut vec![0; 4]);
    outbox.leave();
    assert!(outbox.may_have_left(behind), "it goes with the last words");
}
