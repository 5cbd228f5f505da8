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

#[test]
fn the_room_grows_with_reads_that_fill_it_and_shrinks_with_reads_that_bring_little() {
    let mut buffer = Buffer::new();
    let mut room = |n, offered| {
        assert_eq!(buffer.received(n, offered), n);
        buffer.room
    };
    for expected in [2048, 8192, 32_768, 131_072, 524_288, 524_288] {
        assert_eq!(room(1 << 20, 1 << 20), expected);
        assert_eq!(room(expected / 16, expected), expected, "it does not swing");
    }
    for expected in [262_144, 131_072, 65_536] {
        assert_eq!(room(expected / 8 - 1, 1 << 20), expected);
    }
    assert_eq!((0..20).map(|_| room(0, 1)).last(), Some(SMALL));
}

/// A buffer with so much capacity, in which a frame with a body of `body` bytes and then `rest`
/// bytes have come.
fn filled(capacity: usize, body: usize, rest: usize) -> Buffer {
    let mut bytes = Vec::with_capacity(capacity);
    assert_eq!(bytes.capacity(), capacity);
    bytes.extend(u32::try_from(body).unwrap().to_le_bytes());
    bytes.resize(LENGTH_PREFIX + body + rest, 0);
    let mut buffer = Buffer::new();
    buffer.preload(bytes);
    buffer
}

#[test]
fn a_buffer_goes_with_most_of_what_came_and_a_much_larger_one_only_with_a_body_alone() {
    for (capacity, body, rest, alone, goes) in [
        (SMALL, 0, 0, true, false),
        (SMALL, 1, 0, false, true),
        (SMALL + 1, 1, 0, false, false),
        (SMALL + 1, 1, 0, true, true),
        (800, 200, 0, false, true),
        (801, 200, 0, false, false),
        (SMALL, 10, 4, true, true),
        (SMALL, 9, 4, true, false),
        (SMALL, 1, 3, true, false),
    ] {
        let mut buffer = filled(capacity, body, rest);
        let range = buffer.next(u32::MAX).unwrap().unwrap();
        let judged = buffer.should_hand_over(&range, alone);
        assert_eq!(judged, goes, "{capacity} {body} {rest} {alone}");
    }
}

#[test]
fn a_large_buffer_is_one_that_a_quiet_connection_does_not_have() {
    assert!(!filled(SMALL, 1, 0).is_large() && filled(SMALL + 1, 1, 0).is_large());
    let mut buffer = filled(SMALL, 1, 0);
    buffer.apart.get_or_insert_default();
    assert!(buffer.is_large());
    buffer.next(u32::MAX).unwrap();
    buffer.shrink();
    assert!(!buffer.is_large());
}

#[test]
fn a_buffer_is_taken_back_only_if_it_is_larger_and_the_other_is_not_in_use() {
    let taken = |mut buffer: Buffer, capacity: usize| {
        let place = buffer.bytes.as_ptr();
        let unwanted = buffer.take_back(Vec::with_capacity(capacity));
        (unwanted.as_ptr() == place).then_some((buffer.start, buffer.bytes.len()))
    };
    let whole = |capacity| {
        let mut buffer = filled(capacity, 1, 0);
        buffer.next(u32::MAX).unwrap();
        buffer
    };
    assert_eq!((taken(whole(100), 100), taken(whole(100), 101)), (None, Some((0, 0))));
    assert_eq!(taken(filled(100, 1, 0), 101), None, "a frame has begun in it");
}

#[test]
fn of_long_byte_strings_the_two_places_given_back_last_are_kept() {
    let place = || Vec::<u8>::with_capacity(body::LONG);
    let mut buffer = Buffer::new();
    assert_eq!(buffer.reuse_long(place()).capacity(), body::LONG, "there are none");
    buffer.apart.get_or_insert_default();
    let short = buffer.reuse_long(Vec::with_capacity(body::LONG - 1));
    assert_eq!(short.capacity(), body::LONG - 1);
    let places = [place(), place(), place(), place()];
    let names = places.each_ref().map(Vec::as_ptr);
    let gone = places.map(|place| buffer.reuse_long(place));
    assert!(gone[0].capacity() == 0 && gone[1].capacity() == 0);
    assert_eq!([gone[2].as_ptr(), gone[3].as_ptr()], [names[0], names[1]]);
    let spares = buffer.apart.as_ref().unwrap().spares.each_ref();
    assert_eq!(spares.map(Vec::as_ptr), [names[3], names[2]], "the newer first");

    // The newer one is in use.
    let newer = std::mem::take(&mut buffer.apart.as_mut().unwrap().spares[0]);
    assert_eq!(buffer.reuse_long(newer).capacity(), 0);
    let spares = buffer.apart.as_ref().unwrap().spares.each_ref();
    assert_eq!(spares.map(Vec::as_ptr), [names[3], names[2]], "the older one stays");
}

#[test]
fn room_is_made_once_too_little_is_left_and_what_is_used_up_makes_way_first() {
    let mut buffer = Buffer::new();
    buffer.make_room();
    assert!(buffer.offered() >= SMALL);
    let place = buffer.bytes.as_ptr();
    buffer.make_room();
    assert_eq!(buffer.bytes.as_ptr(), place, "there is room");

    let half = SMALL / 2;
    for (came, moves) in [(half - LENGTH_PREFIX, false), (half - LENGTH_PREFIX + 1, true)] {
        let mut buffer = filled(SMALL, came, 0);
        buffer.bytes[..2].copy_from_slice(&300_u16.to_le_bytes());
        let place = buffer.bytes.as_ptr();
        buffer.make_room();
        assert_eq!(buffer.bytes.as_ptr() != place, moves, "{came}");
        assert!(buffer.offered() >= half);
    }
    // All that is missing of a frame, in one go.
    let mut buffer = filled(SMALL, 100, 0);
    buffer.bytes[..2].copy_from_slice(&5000_u16.to_le_bytes());
    buffer.make_room();
    assert!((4900..6000).contains(&buffer.offered()), "{}", buffer.offered());
    // A frame that is used up, and half of the next one.
    let mut buffer = filled(SMALL, 250, 100);
    buffer.bytes[254..256].copy_from_slice(&200_u16.to_le_bytes());
    buffer.next(u32::MAX).unwrap();
    let place = buffer.bytes.as_ptr();
    buffer.make_room();
    assert_eq!((buffer.bytes.as_ptr(), buffer.start, buffer.pending()), (place, 0, 100));
}

#[test]
fn what_follows_a_place_is_all_that_came_behind_it() {
    let mut buffer = buffer(&[1, 0, 0, 0, 7, 2, 0, 0]);
    let range = next(&mut buffer);
    assert_eq!(buffer.rest_from(range.start), [7, 2, 0, 0]);
    assert!(buffer.rest_from(8).is_empty() && buffer.rest_from(9).is_empty());
}

#[test]
fn the_room_does_not_grow_once_it_is_large() {
    let mut buffer = Buffer::new();
    buffer.room = LARGE - 1;
    buffer.received(LARGE, LARGE);
    assert_eq!(buffer.room, 4 * (LARGE - 1));
    buffer.room = LARGE;
    buffer.received(LARGE, LARGE);
    assert_eq!(buffer.room, LARGE);
}

#[test]
fn half_the_usual_room_is_enough_for_a_read() {
    for (capacity, grows) in [(SMALL, false), (SMALL - 1, true)] {
        let mut buffer = filled(capacity, 1, 0);
        buffer.next(u32::MAX).unwrap();
        buffer.room = 2 * SMALL;
        buffer.make_room();
        assert_eq!(buffer.bytes.capacity() > capacity, grows, "{capacity}");
    }
}

#[test]
fn little_room_is_made_while_a_few_bytes_more_decide_where_the_rest_goes() {
    for (capacity, grows) in [(LENGTH_PREFIX + SMALL / 2, false), (LENGTH_PREFIX + 255, true)] {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.extend(u32::try_from(body::LONG).unwrap().to_le_bytes());
        let mut buffer = Buffer::new();
        buffer.preload(bytes);
        buffer.make_room();
        assert_eq!(buffer.bytes.capacity() != capacity, grows, "{capacity}");
        assert!((SMALL / 2..=SMALL).contains(&buffer.offered()), "{}", buffer.offered());
    }
}

#[test]
fn after_a_long_byte_string_a_large_buffer_waits_until_a_burst_comes() {
    let waits = |capacity, room| {
        let mut buffer = filled(capacity, 1, 0);
        buffer.next(u32::MAX).unwrap();
        let place = buffer.bytes.as_ptr();
        buffer.apart.get_or_insert_default();
        buffer.room = room;
        buffer.make_room();
        let other = &buffer.apart.as_ref().unwrap().other;
        (other.as_ptr() == place).then_some(other.capacity())
    };
    assert_eq!(waits(2 * SMALL + 1, SMALL), Some(2 * SMALL + 1));
    assert_eq!(waits(2 * SMALL, SMALL), None, "the buffer is small");
    assert_eq!(waits(2 * SMALL + 1, SMALL + 1), None, "a burst came");
}

#[test]
fn room_is_kept_free_in_front_from_the_size_on_at_which_places_matter() {
    let capacity = |room| {
        let mut buffer = Buffer::new();
        buffer.grow(room);
        buffer.bytes.capacity()
    };
    assert_eq!(capacity(copy::LARGE - 1), copy::LARGE - 1);
    assert_eq!(capacity(copy::LARGE), copy::LARGE + copy::LEAD);
}

#[test]
fn a_quiet_connection_keeps_a_small_buffer_and_what_has_begun_in_a_large_one() {
    let kept = |capacity, is_cut: bool| {
        let mut buffer = filled(capacity, 1, 0);
        if is_cut {
            buffer.next(u32::MAX).unwrap();
        }
        let place = buffer.bytes.as_ptr();
        buffer.shrink();
        (buffer.kept(), buffer.bytes.as_ptr() == place)
    };
    assert_eq!(kept(SMALL, true), (SMALL, true));
    assert_eq!(kept(SMALL + 1, true), (SMALL, false));
    assert_eq!(kept(SMALL + 1, false), (SMALL + 1, true), "a frame has begun in it");
}

#[test]
fn what_nobody_wants_is_dropped() {
    let mut buffer = filled(SMALL, 20, 7);
    buffer.apart.get_or_insert_default();
    buffer.next(u32::MAX).unwrap();
    buffer.discard();
    assert_eq!((buffer.pending(), buffer.start, buffer.is_partial()), (0, 0, false));
    assert!(buffer.apart.is_none());
}
