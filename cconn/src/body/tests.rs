//! Tests that a body in parts is read like the same body in one piece.

#![allow(clippy::arithmetic_side_effects, reason = "small numbers")]

use super::*;

fn numbered(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

/// A body with a long byte string in it: `before` bytes before its length, `long` bytes of its own,
/// and `behind` bytes behind it.
fn body(before: usize, long: usize, behind: usize) -> Vec<u8> {
    let mut body = vec![1; before];
    write_length(long as u64, &mut body);
    body.extend(numbered(long));
    body.extend(vec![2; behind]);
    body
}

#[test]
fn a_long_byte_string_is_found_by_its_length() {
    for (before, long, behind) in
        [(0, LONG, 0), (1, LONG, 0), (9, 65_535, 3), (100, 65_536, 512), (127, 5 << 20, 1)]
    {
        let body = body(before, long, behind);
        let from = body.len() - long - behind;
        let found = find_long(&body[..from + 10], body.len());
        assert_eq!(found, Some(from..from + long), "{before} {long} {behind}");
        assert!(find_long(&body[..from - 1], body.len()).is_none(), "its length is not all there");
    }
}

#[test]
fn short_or_misplaced_parts_are_not_found() {
    for (before, long, behind) in
        [(0, LONG - 1, 0), (128, LONG, 0), (0, LONG, 513), (0, 0, LONG), (3, 250, 0)]
    {
        let body = body(before, long, behind);
        assert_eq!(find_long(&body, body.len()), None, "{before} {long} {behind}");
    }
    for claimed in [u32::MAX, 1 << 30, 40_001] {
        let mut body = vec![252];
        body.extend(claimed.to_le_bytes());
        assert_eq!(find_long(&body, 40_005), None, "{claimed} bytes are claimed");
    }
}

#[test]
fn every_way_to_read_finds_the_same_bytes() {
    let (head, long, behind) = (numbered(7), numbered(50), numbered(5));
    let whole = [&*head, &*long, &*behind].concat();
    for step in 1..=whole.len() + 1 {
        for owned in [false, true] {
            let mut apart = Apart::new(long.clone(), behind.clone());
            let mut body = Body::new(&head, Some(&mut apart));
            let mut read = Vec::new();
            while body.len() > 0 {
                let (left, next) = (body.len(), step.min(body.len()));
                assert!(body.take(left + 1).is_none(), "more than there is");
                let piece =
                    if owned { body.take_vec(next) } else { body.take(next).map(<[u8]>::to_vec) };
                read.extend(piece.expect("they are there"));
                assert_eq!(body.len(), left - next);
            }
            assert_eq!(read, whole, "{step} at a time");
        }
    }
}

#[test]
fn a_part_that_stands_apart_is_taken_or_borrowed() {
    let (head, long) = (numbered(3), numbered(LONG));
    let place = long.as_ptr();
    let mut apart = Apart::new(long, vec![9]);
    let mut body = Body::new(&head, Some(&mut apart));
    assert_eq!(body.take(3), Some(&*head));
    assert_eq!(body.take_vec(LONG).map(|taken| taken.as_ptr()), Some(place));
    assert_eq!((body.take_vec(1), body.len()), (Some(vec![9]), 0));

    let long = numbered(LONG);
    let place = long.as_ptr();
    let mut apart = Apart::new(long, Vec::new());
    let mut body = Body::new(&head, Some(&mut apart));
    assert_eq!(body.take(3).map(<[u8]>::len), Some(3));
    assert_eq!(body.take(LONG).map(<[u8]>::as_ptr), Some(place));
    assert_eq!(apart.long.as_ptr(), place, "what was borrowed is still there");
}

#[test]
fn the_rest_is_had_in_one_place_from_everywhere() {
    let (head, long, behind) = (numbered(7), numbered(50), numbered(5));
    let whole = [&*head, &*long, &*behind].concat();
    for read in [0, 1, 7, 8, 57, 60, whole.len()] {
        let mut apart = Apart::new(long.clone(), behind.clone());
        let mut body = Body::new(&head, Some(&mut apart));
        assert!(body.take(read).is_some());
        assert_eq!(body.into_slice(), &whole[read..], "behind {read}");
    }
}
