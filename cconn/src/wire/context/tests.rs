//! Context blocks, good and bad.

use super::*;

fn row(tag: u8, data: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(data.len()).unwrap()], data].concat()
}

fn every_tag() -> Vec<u8> {
    let rows = [
        row(1, &250_u32.to_le_bytes()),
        row(2, &[7; 25]),
        row(3, &[1; 128]),
        row(4, &1024_u32.to_le_bytes()),
        row(5, &[]),
        row(6, &[0; 4]),
        row(200, &[9; 3]),
    ];
    rows.concat()
}

#[test]
fn every_known_tag_and_unknown_ones_pass() {
    // [context.tags] [context.unknown]
    let block = every_tag();
    assert_eq!(Context::parse(&block), Ok(Context(&block)));
    assert_eq!(Context::parse(&[]), Ok(Context(&[])));
    let unknown = [row(0, &[]), row(0, &[1]), row(7, &[0; 9]), row(7, &[]), row(255, &[1])];
    assert!(Context::parse(&unknown.concat()).is_ok(), "twice or not, of any length");
}

#[test]
fn a_block_cut_anywhere_is_refused_unless_a_record_ends_there() {
    // [context.room]
    let block = every_tag();
    let mut ends = vec![0];
    while let Some(&at) = ends.last().filter(|at| **at < block.len()) {
        ends.push(at + 2 + usize::from(block[at + 1]));
    }
    for n in 0..=block.len() {
        let parsed = Context::parse(&block[..n]);
        let whole = ends.contains(&n);
        let expected = if whole { Ok(Context(&block[..n])) } else { Err(WireError::ContextRoom) };
        assert_eq!(parsed, expected, "{n} bytes");
    }
}

#[test]
fn known_tags_have_one_length_and_come_once() {
    // [context.tags] [context.twice]
    for (tag, lengths) in
        [(1, 4..=4), (2, 25..=25), (3, 0..=128), (4, 4..=4), (5, 0..=0), (6, 4..=4)]
    {
        for length in 0..=200 {
            let block = row(tag, &vec![1; length]);
            assert_eq!(
                Context::parse(&block).is_ok(),
                lengths.contains(&length),
                "{tag}: {length}"
            );
            if lengths.contains(&length) {
                let twice = [block.clone(), row(99, &[]), block].concat();
                assert_eq!(Context::parse(&twice), Err(WireError::ContextTwice(tag)));
            }
        }
    }
    assert_eq!(Context::parse(&row(4, &[0; 4])), Err(WireError::ContextValue(4)));
}
