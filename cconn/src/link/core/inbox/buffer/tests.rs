//! Tests of cutting frames and making room for them, without a stream.

#![allow(clippy::arithmetic_side_effects, reason = "small numbers")]

use std::io::Write as _;

use super::*;

fn buffer(bytes: &[u8]) -> Buffer {
    let mut buffer = Buffer::new();
    buffer.preload(bytes.to_vec());
    buffer
}

fn next(buffer: &mut Buffer) -> Range<usize> {
    buffer.next(16).unwrap().unwrap()
}

#[test]
fn frames_are_cut_in_order_and_the_tail_stays() {
    let mut buffer = buffer(&[1, 0, 0, 0, 7, 2, 0, 0, 0, 8, 9, 3, 0]);
    let first = next(&mut buffer);
    assert_eq!(buffer.slice(first), [7]);
    let second = next(&mut buffer);
    assert_eq!(buffer.slice(second), [8, 9]);
    assert_eq!(buffer.next(16), Ok(None));
    assert!(buffer.is_partial());
}

#[test]
fn the_limit_is_exact_and_needs_no_body() {
    assert_eq!(buffer(&[16, 0, 0, 0]).next(16), Ok(None));
    assert_eq!(buffer(&[17, 0, 0, 0]).next(16), Err(TooLong { announced: 17, limit: 16 }));
}

#[test]
fn a_handed_over_buffer_leaves_the_tail_behind() {
    let mut buffer = buffer(&[1, 0, 0, 0, 7, 2, 0, 0]);
    let range = next(&mut buffer);
    let body = buffer.hand_over();
    assert_eq!(body[range], [7]);
    assert_eq!((buffer.start, buffer.bytes.as_slice()), (0, &[2, 0, 0][..]));
}

#[test]
fn a_large_buffer_goes_with_a_small_body_only_if_that_is_alone() {
    let mut buffer = buffer(&[1, 0, 0, 0, 7]);
    let range = next(&mut buffer);
    assert!(buffer.should_hand_over(&range, false));
    buffer.bytes.reserve_exact(2 * SMALL);
    assert!(!buffer.should_hand_over(&range, false));
    assert!(buffer.should_hand_over(&range, true));
}

#[test]
fn announcing_a_frame_reserves_no_more_than_a_step() {
    // [frame.check-first]
    let mut buffer = buffer(&[0, 0, 0, 0x7F, 1]);
    buffer.make_room();
    assert!(buffer.bytes.capacity() <= STEP + 5 + copy::LEAD);
}

/// A buffer so large that glibc gives it pages of its own, and begins it 16 bytes behind the first.
fn in_a_bad_place() -> Vec<u8> {
    Vec::with_capacity(64 << 20)
}

#[test]
fn a_large_buffer_is_kept_out_of_a_bad_place() {
    copy::assume_slow_places(true);
    let mut buffer = Buffer::new();
    drop(buffer.take_back(in_a_bad_place()));
    for _ in 0..2 {
        buffer.make_room();
        let first = buffer.bytes.as_ptr().addr() + buffer.bytes.len();
        assert!(!(1..32).contains(&(first % 4096)), "{}", first % 4096);
        buffer.receive(|bytes| Ok::<_, ()>(bytes.write(&[1, 0, 0, 0, 7]).unwrap_or(0))).unwrap();
        assert!(buffer.next(16).unwrap().is_some());
    }
}

#[test]
fn frames_of_all_sizes_come_out_whole_wherever_they_are_put() {
    let sizes = [1, 100, 600, 3000, 70_000, 5, 300_000, 70_000, 0, 2_500_000, 1, 4000];
    let body = |at: usize, size: usize| (0..=250_u8).cycle().skip(at).take(size);
    let mut stream = Vec::new();
    for (at, size) in sizes.iter().enumerate() {
        stream.extend(u32::try_from(*size).unwrap().to_le_bytes());
        stream.extend(body(at, *size));
    }
    // A stream that brings at most `piece` bytes at a time, and a reader that keeps no frame or
    // every frame.
    for (piece, hands_over) in [(7777, false), (7777, true), (usize::MAX, false), (1 << 16, true)] {
        let (mut buffer, mut rest, mut at) = (Buffer::new(), stream.as_slice(), 0);
        if piece < usize::MAX {
            drop(buffer.take_back(in_a_bad_place()));
        }
        while at < sizes.len() {
            buffer.make_room();
            let read = buffer.receive(|bytes| {
                let n = (bytes.capacity() - bytes.len()).min(rest.len()).min(piece);
                bytes.extend_from_slice(&rest[..n]);
                rest = &rest[n..];
                Ok::<_, ()>(n)
            });
            assert!(read.is_ok_and(|n| n > 0), "there was no room at frame {at}");
            while let Some(range) = buffer.next(u32::MAX).unwrap() {
                assert!(buffer.slice(range.clone()).iter().copied().eq(body(at, sizes[at])));
                if hands_over && buffer.should_hand_over(&range, true) {
                    let mine = buffer.hand_over();
                    assert!(mine[range].iter().copied().eq(body(at, sizes[at])), "frame {at}");
                    drop(buffer.take_back(mine));
                }
                at += 1;
            }
        }
        assert!(rest.is_empty() && !buffer.is_partial());
    }
}
