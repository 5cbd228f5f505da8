//! Frames with long byte strings come out as they were sent, however the stream cuts them.

#![allow(clippy::arithmetic_side_effects, reason = "small numbers")]

use super::*;
use crate::body::{LONG, write_length};
use crate::link::core::bytes::Bytes;
use crate::wire::{self, CallId, Frame};

/// Numbers that look random and are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn pick<const N: usize>(&mut self, of: [usize; N]) -> usize {
        of[self.below(N)]
    }
}

/// A body with a long byte string in it.
fn body(before: usize, long: usize, behind: usize) -> Vec<u8> {
    let mut body: Vec<u8> = (0..250).cycle().take(before).collect();
    write_length(long as u64, &mut body);
    body.extend((0..=250).cycle().skip(long % 13).take(long));
    body.extend((0..99).cycle().take(behind));
    body
}

fn frame(kind: usize, body: &[u8]) -> Vec<u8> {
    let (depth, command, fingerprint, context) = (0, 7, 0, None);
    let mut bytes = Vec::new();
    let frame = match kind % 4 {
        0 => Frame::OneWay { depth, command, fingerprint, context, body },
        1 => Frame::Call { depth, id: CallId(8), command, fingerprint, context, body },
        2 => Frame::Answer { id: CallId(9), body },
        _ => Frame::UserError { id: CallId(9), body },
    };
    frame.write(&mut bytes, wire::Features::NONE);
    bytes
}

/// The body of the frame that `next` returned, kept as routing keeps it; and whether a part was
/// apart.
fn kept(buffer: &mut Buffer, range: Range<usize>) -> (Bytes, bool) {
    let frame = wire::parse(buffer.slice(range.clone()), wire::Features::OURS).unwrap();
    let (Frame::OneWay { body, .. }
    | Frame::Call { body, .. }
    | Frame::Answer { body, .. }
    | Frame::UserError { body, .. }) = frame
    else {
        panic!("{frame:?}")
    };
    let here = range.end - body.len()..range.end;
    let before = here.start - range.start + LENGTH_PREFIX;
    let is_apart = buffer.apart() > 0;
    if is_apart {
        let (at, long) = buffer.take_apart();
        return (Bytes::parted(buffer.slice(here), at - before, long), true);
    }
    (Bytes::copy(buffer.slice(here)), false)
}

/// Reads a stream of frames in pieces of the sizes that `piece` gives, and returns how many bodies
/// had a part apart.
fn check(bodies: &[Vec<u8>], mut piece: impl FnMut() -> usize, give_back: bool) -> usize {
    let stream: Vec<u8> =
        bodies.iter().enumerate().flat_map(|(kind, body)| frame(kind, body)).collect();
    let (mut buffer, mut rest, mut at, mut apart) = (Buffer::new(), stream.as_slice(), 0, 0);
    while at < bodies.len() {
        buffer.make_room();
        let read = buffer.receive(|bytes| {
            let n = (bytes.capacity() - bytes.len()).min(rest.len()).min(piece().max(1));
            bytes.extend_from_slice(&rest[..n]);
            rest = &rest[n..];
            Ok::<_, ()>(n)
        });
        assert!(read.is_ok_and(|n| n > 0), "there was no room at body {at}");
        while let Some(range) = buffer.next(u32::MAX).unwrap() {
            let (mut bytes, is_apart) = kept(&mut buffer, range);
            assert_eq!(bytes.len(), bodies[at].len(), "body {at}");
            assert!(bytes.body().into_slice() == bodies[at], "body {at}");
            if give_back && let (_, Some(apart)) = bytes.parts() {
                drop(buffer.reuse_long(std::mem::take(&mut apart.long)));
            }
            apart += usize::from(is_apart);
            at += 1;
        }
    }
    assert!(rest.is_empty() && !buffer.is_partial());
    apart
}

#[test]
fn any_bodies_in_any_pieces_come_out_as_they_were_sent() {
    let mut random = Random(1);
    let mut apart = 0;
    for round in 0..20 {
        let bodies: Vec<Vec<u8>> = (0..12)
            .map(|_| {
                let long =
                    random.pick([0, 1, 100, 3000, LONG - 1, LONG, LONG + 1, 70_000, 300_000]);
                body(
                    random.pick([0, 1, 8, 127, 128, 4000]),
                    long,
                    random.pick([0, 0, 1, 512, 513, 9000]),
                )
            })
            .collect();
        let most = random.pick([700, 5000, 40_000, 1 << 30]);
        apart += check(&bodies, || 1 + random.below(most), round % 2 == 0);
    }
    assert!(apart > 20, "{apart} byte strings stood apart");
}

#[test]
fn a_frame_may_be_cut_at_any_byte_of_its_head_and_its_end() {
    let bodies = [body(5, LONG, 3), body(0, 2, 0), body(0, LONG + 7, 0)];
    let first = frame(0, &bodies[0]).len();
    for cut in (1..250).chain(first - 20..first + 60) {
        let mut pieces = [cut].into_iter();
        let apart = check(&bodies, || pieces.next().unwrap_or(1 << 30), true);
        assert!((1..=2).contains(&apart), "{apart} stood apart, cut at {cut}");
    }
}

#[test]
fn byte_by_byte_is_as_good_as_at_once() {
    for (before, long, behind) in
        [(0, LONG, 0), (127, LONG, 512), (128, LONG, 0), (0, LONG, 513), (3, LONG + 1, 1)]
    {
        let bodies = [body(before, long, behind)];
        check(&bodies, || 1, false);
        check(&bodies, || 1 << 30, true);
    }
}

#[test]
fn many_small_frames_before_and_behind_a_long_one() {
    for (before, behind) in [(0, 1000), (1, 1), (200, 200), (900, 0), (7, 2000)] {
        let mut bodies = vec![body(0, 3, 0); before];
        bodies.push(body(0, 400_000, 2));
        bodies.extend(vec![body(0, 9, 0); behind]);
        bodies.push(body(0, 400_000, 0));
        for piece in [600, 70_000, 1 << 30] {
            check(&bodies, || piece, true);
        }
    }
}

#[test]
fn of_a_row_of_long_byte_strings_little_is_copied_and_one_place_serves_all() {
    let bodies = vec![body(0, 1 << 20, 0); 4];
    let stream: Vec<u8> = bodies.iter().flat_map(|body| frame(1, body)).collect();
    let (mut buffer, mut rest, mut places) = (Buffer::new(), stream.as_slice(), Vec::new());
    for body in &bodies {
        let mut reads = 0;
        let range = loop {
            buffer.make_room();
            // A peer that sends one frame and waits for its answer.
            let most = rest.len() - (bodies.len() - 1 - places.len()) * frame(1, body).len();
            buffer
                .receive(|bytes| {
                    let n = (bytes.capacity() - bytes.len()).min(most);
                    bytes.extend_from_slice(&rest[..n]);
                    rest = &rest[n..];
                    Ok::<_, ()>(n)
                })
                .unwrap();
            reads += 1;
            assert!(buffer.bytes.len() < 2 * SMALL, "more than the head came to be copied");
            if let Some(range) = buffer.next(u32::MAX).unwrap() {
                break range;
            }
        };
        assert!(reads <= 3, "{reads} reads");
        let (_, mut long) = buffer.take_apart();
        assert_eq!(long.len(), 1 << 20);
        places.push(long.as_ptr());
        assert_eq!(range.len(), 22 + 5);
        long = buffer.reuse_long(long);
        assert_eq!(long.capacity(), 0, "it was kept");
    }
    assert!(places[1..].iter().all(|place| *place == places[1]), "{places:?}");
}

#[test]
fn announcing_a_long_byte_string_reserves_no_more_than_a_step() {
    for (before, came) in [(0, 0), (10, 1), (100, 300), (1, 60_000), (0, 3 << 20)] {
        let long = 100 << 20;
        let mut head: Vec<u8> = vec![1; before];
        write_length(long, &mut head);
        let mut bytes = frame(1, &head);
        bytes.extend(vec![0; came]);
        let length = u32::try_from(22 + head.len()).unwrap() + u32::try_from(long).unwrap();
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        let (mut buffer, received) = (Buffer::new(), bytes.len());
        buffer.preload(bytes);
        assert_eq!(buffer.next(u32::MAX), Ok(None));
        buffer.make_room();
        assert_eq!(buffer.pending(), received, "what stands apart counts too");
        let apart = buffer.apart.as_ref().expect("it stands apart");
        assert!(apart.is_begun());
        assert!(apart.there.capacity() <= came + STEP.max(came), "{came} bytes came");
    }
}

#[test]
fn bytes_that_look_like_a_length_do_no_harm() {
    // Each of these numbers, at this place, could be the length of everything that follows.
    for at in [0, 1, 7, 50, 120] {
        let mut plain: Vec<u8> = vec![3; 90_000];
        plain[at] = 252;
        let claimed = u32::try_from(90_000 - at - 5).unwrap();
        plain[at + 1..at + 5].copy_from_slice(&claimed.to_le_bytes());
        let bodies = vec![plain; 3];
        assert_eq!(check(&bodies, || 600, true), 3, "at {at}");
    }
}

#[test]
fn a_byte_string_longer_than_a_step_gets_its_room_as_it_comes() {
    for piece in [70_000, 1 << 30] {
        assert_eq!(check(&[body(3, 5 * STEP / 2, 1)], || piece, true), 1);
    }
}

/// What is decided of the first `came` bytes of this frame.
fn decided(frame: &[u8], came: usize) -> Room {
    let mut buffer = Buffer::new();
    buffer.preload(frame[..came].to_vec());
    buffer.begin_apart()
}

#[test]
fn a_long_byte_string_goes_apart_if_most_of_its_frame_is_still_to_come() {
    let whole = frame(2, &body(0, 2 * LONG, 0));
    let length = whole.len() - LENGTH_PREFIX;
    assert!(matches!(decided(&whole, length / 2), Room::Made));
    assert!(matches!(decided(&whole, length / 2 + 1), Room::NotApart));
    // The first bytes of a frame that is long enough do not tell yet; of a shorter one they do.
    let start = |length: usize| {
        let mut start = u32::try_from(length).unwrap().to_le_bytes().to_vec();
        start.push(whole[LENGTH_PREFIX]);
        start
    };
    assert!(matches!(decided(&start(LONG), LENGTH_PREFIX + 1), Room::Undecided));
    assert!(matches!(decided(&start(LONG - 1), LENGTH_PREFIX + 1), Room::NotApart));
}
