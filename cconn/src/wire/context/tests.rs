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
        row(7, &[3]),
        row(200, &[9; 3]),
    ];
    rows.concat()
}

#[test]
fn every_known_tag_and_unknown_ones_pass() {
    // [context.tags] [context.unknown]
    let block = every_tag();
    assert_eq!(ContextBlock::parse(&block), Ok(ContextBlock(&block)));
    assert_eq!(ContextBlock::parse(&[]), Ok(ContextBlock(&[])));
    let unknown = [row(0, &[]), row(0, &[1]), row(8, &[0; 9]), row(8, &[]), row(255, &[1])];
    assert!(ContextBlock::parse(&unknown.concat()).is_ok(), "twice or not, of any length");
}

#[test]
fn a_block_takes_its_records_and_a_length() {
    // [context.block]
    let block = every_tag();
    assert_eq!(ContextBlock::size_of(None), 0);
    assert_eq!(ContextBlock::size_of(Some(ContextBlock(&[]))), 1);
    assert_eq!(ContextBlock::size_of(Some(ContextBlock(&block))), block.len() + 1);
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
        let parsed = ContextBlock::parse(&block[..n]);
        let whole = ends.contains(&n);
        let expected =
            if whole { Ok(ContextBlock(&block[..n])) } else { Err(WireError::ContextRoom) };
        assert_eq!(parsed, expected, "{n} bytes");
    }
}

#[test]
fn known_tags_have_one_length_and_come_once() {
    // [context.tags] [context.twice]
    for (tag, lengths) in
        [(1, 4..=4), (2, 25..=25), (3, 0..=128), (4, 4..=4), (5, 0..=0), (6, 4..=4), (7, 1..=1)]
    {
        for length in 0..=200 {
            let block = row(tag, &vec![1; length]);
            assert_eq!(
                ContextBlock::parse(&block).is_ok(),
                lengths.contains(&length),
                "{tag}: {length}"
            );
            if lengths.contains(&length) {
                let twice = [block.clone(), row(99, &[]), block].concat();
                assert_eq!(ContextBlock::parse(&twice), Err(WireError::ContextTwice(tag)));
            }
        }
    }
    assert_eq!(ContextBlock::parse(&row(4, &[0; 4])), Err(WireError::ContextValue(4)));
    assert_eq!(ContextBlock::parse(&row(7, &[0])), Err(WireError::ContextValue(7)));
}

fn everything() -> Context<'static> {
    Context {
        time_left: Some(250),
        trace: WireTrace::new([1; 16], [2; 8], 1),
        baggage: Some(b"bagage"),
        stream: NonZeroU32::new(1024),
        progress: true,
        prepaid: Some(0),
        lanes: NonZeroU8::new(2),
    }
}

const ALL: [Features; 3] = [Features::CONTEXT, Features::STREAMS, Features::PROGRESS];

fn features(some: &[Features]) -> Features {
    some.iter().copied().fold(Features::NONE, Features::with)
}

#[test]
fn what_is_written_is_read_and_a_peer_is_sent_only_what_it_declares() {
    // [features.used] [context.block]
    let context = everything();
    for declared in 0..8 {
        let some: Vec<_> = (0..3).filter(|n| declared & 1 << n != 0).map(|n| ALL[n]).collect();
        let peer = features(&some);
        let mut out = vec![9];
        let is_written = context.write(peer, &mut out);
        assert_eq!(is_written, peer.has(Features::CONTEXT), "{peer:?}");
        if !is_written {
            assert_eq!(out, [9]);
            continue;
        }
        assert_eq!(usize::from(out[1]), out.len() - 2);
        let has_streams = peer.has(Features::STREAMS);
        let expected = Context {
            stream: context.stream.filter(|_| has_streams),
            prepaid: context.prepaid.filter(|_| has_streams),
            lanes: context.lanes.filter(|_| has_streams),
            progress: peer.has(Features::PROGRESS),
            ..context
        };
        assert_eq!(ContextBlock::parse(&out[2..]).map(ContextBlock::read), Ok(expected));
    }
}

#[test]
fn a_context_of_nothing_is_no_block() {
    let mut out = Vec::new();
    assert!(!Context::default().write(features(&ALL), &mut out) && out.is_empty());
    let only = Context { progress: true, ..Context::default() };
    assert!(!only.write(Features::CONTEXT, &mut out) && out.is_empty());
    let empty = Context { baggage: Some(&[]), ..Context::default() };
    assert!(empty.write(Features::CONTEXT, &mut out));
    assert_eq!(out, [2, 3, 0], "empty baggage is baggage");
    let long = [0; MAX_BAGGAGE + 1];
    let long = Context { baggage: Some(&long), ..Context::default() };
    assert!(!long.write(Features::CONTEXT, &mut out) && out.len() == 3, "too long to be sent");
}

#[test]
fn the_time_left_is_filled_in_late_and_cut_to_its_room() {
    // [context.time]
    let mut out = Vec::new();
    assert!(everything().write(features(&ALL), &mut out));
    let day = Duration::from_secs(86_400);
    for (left, told) in [
        (Duration::ZERO, 0),
        (Duration::from_micros(1), 1),
        (day, 86_400_000),
        (day * 365, u32::MAX),
        (Duration::MAX, u32::MAX),
    ] {
        set_time_left(&mut out, left);
        assert_eq!(
            ContextBlock(&out[1..]).read(),
            Context { time_left: Some(told), ..everything() }
        );
    }
    for other in [&[][..], &[0], &[2, 5, 0], &[6, 4, 4, 1, 2, 3, 4], &[5, 1, 4, 0, 0, 0]] {
        let mut same = other.to_vec();
        set_time_left(&mut same, day);
        assert_eq!(same, other);
    }
}

#[test]
fn a_trace_of_zeros_is_none() {
    // [context.trace]
    let (id, span) = ([1; 16], [1; 8]);
    assert!(WireTrace::new(id, span, 0).is_some());
    assert!(WireTrace::new([0; 16], span, 1).is_none() && WireTrace::new(id, [0; 8], 1).is_none());
    for (id, span) in [([0; 16], span), (id, [0; 8])] {
        let block = row(2, &[&id[..], &span, &[1]].concat());
        assert_eq!(ContextBlock::parse(&block).map(|block| block.read().trace), Ok(None));
    }
}
