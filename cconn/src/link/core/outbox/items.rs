//! Items of streams in the outbox: small ones share a frame for as long as that frame is whole here.

use super::growing::{Growing, Item, Lane};
use super::{LARGE, Outbox, Segment};
use crate::wire;

impl Outbox {
    /// Appends the first frame of a lane, without items. Items that follow are added to the frame.
    pub(crate) fn open_lane(&mut self, lane: Lane, flags: u8) {
        self.begin_items(lane, Some(flags));
    }

    /// Appends an item: to the last frame of the outbox if that is the lane's, not yet claimed by a
    /// write, and at most `most` bytes long with the item; else in a frame of its own.
    // [items.fields] [items.row]
    pub(crate) fn append_item(&mut self, lane: Lane, item: Item<'_>, most: usize) {
        if !self.can_grow(lane, item.len(), most) {
            self.begin_items(lane, None);
        }
        let Some(Growing { start, .. }) = self.growing else { return };
        let Some(segment) = self.segments.back_mut() else { return };
        let before = segment.bytes.len();
        wire::put_item_length(&mut segment.bytes, item.len());
        segment.bytes.extend_from_slice(item.head);
        let behind = item.long.len();
        wire::set_length(&mut segment.bytes, start, behind);
        let gained = segment.bytes.len().saturating_sub(before).saturating_add(behind);
        self.appended = self.appended.saturating_add(gained as u64);
        if behind > 0 {
            // The long bytes are a segment of their own, so the frame can't grow any more.
            self.growing = None;
            self.push(Segment { bytes: item.long, written: 0 });
        } else if let Some(growing) = &mut self.growing {
            growing.end = self.appended;
        }
    }

    /// Begins a frame of items at the end of the outbox.
    fn begin_items(&mut self, lane: Lane, flags: Option<u8>) {
        let tail = self.tail();
        let start = tail.len();
        wire::begin_items(tail, lane.call, lane.lane, flags);
        wire::set_length(tail, start, 0);
        let gained = tail.len().saturating_sub(start);
        self.appended = self.appended.saturating_add(gained as u64);
        self.growing = Some(Growing { lane, start, end: self.appended });
    }

    /// Whether the last frame of the outbox takes an item of `length` bytes more.
    fn can_grow(&self, lane: Lane, length: usize, most: usize) -> bool {
        let Some(growing) = self.growing else { return false };
        let (Some(segment), true) = (self.segments.back(), growing.end == self.appended) else {
            return false;
        };
        let frame = segment.bytes.len().saturating_sub(growing.start);
        // A frame that holds no item yet takes one of any size.
        let is_empty = frame <= wire::ITEM_HEAD.saturating_sub(wire::ITEM_LENGTH);
        let grown = frame.saturating_add(length).saturating_add(wire::ITEM_LENGTH);
        growing.lane == lane && (is_empty || grown <= most.min(LARGE))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

    use super::*;
    use crate::wire::{CallId, Features, Frame, LENGTH_PREFIX, next_item, parse};

    const LANE: Lane = Lane { call: CallId(7), lane: 0 };
    const OTHER: Lane = Lane { call: CallId(8), lane: 0 };

    fn put(outbox: &mut Outbox, lane: Lane, item: &[u8]) {
        outbox.append_item(lane, Item { head: item, long: Vec::new() }, usize::MAX);
    }

    /// The frames in these bytes: id, flags if the frame is the first of its lane, items.
    fn frames(mut bytes: &[u8], mut first: bool) -> Vec<(u64, Vec<Vec<u8>>)> {
        let mut frames = Vec::new();
        while let Some(prefix) = bytes.first_chunk() {
            let end = u32::from_le_bytes(*prefix) as usize + LENGTH_PREFIX;
            let parsed = parse(&bytes[LENGTH_PREFIX..end], Features::STREAMS);
            let Ok(Frame::Items { id, rest, .. }) = parsed else { panic!("{parsed:?}") };
            let mut rest = if first { &rest[1..] } else { rest };
            first = false;
            let mut items = Vec::new();
            while let Some(item) = next_item(&mut rest).unwrap() {
                items.push(item.to_vec());
            }
            frames.push((id.0, items));
            bytes = &bytes[end..];
        }
        frames
    }

    fn contents(outbox: &Outbox) -> Vec<u8> {
        outbox.segments.iter().flat_map(|s| s.bytes[s.written..].to_vec()).collect()
    }

    #[test]
    fn items_share_a_frame_until_another_frame_or_a_write_comes_between() {
        let mut outbox = Outbox::default();
        outbox.open_lane(LANE, 0);
        put(&mut outbox, LANE, b"a");
        put(&mut outbox, LANE, b"bb");
        put(&mut outbox, OTHER, b"c");
        put(&mut outbox, LANE, b"d");
        assert_eq!(outbox.bytes(), contents(&outbox).len() as u64);
        let seen = frames(&contents(&outbox), true);
        let of = |items: &[&[u8]]| items.iter().map(|item| item.to_vec()).collect::<Vec<_>>();
        assert_eq!(seen, [(7, of(&[b"a", b"bb"])), (8, of(&[b"c"])), (7, of(&[b"d"]))]);
        let batch = outbox.take();
        put(&mut outbox, LANE, b"e");
        put(&mut outbox, LANE, b"f");
        assert_eq!(frames(&contents(&outbox), false), [(7, of(&[b"e", b"f"]))]);
        let all = outbox.bytes();
        outbox.give_back(batch, 3);
        put(&mut outbox, LANE, b"g");
        assert_eq!(outbox.bytes(), all - 3 + 2, "it grows behind a rest of the batch");
    }

    #[test]
    fn a_frame_grows_to_its_limit_and_a_large_item_is_not_cut() {
        let mut outbox = Outbox::default();
        outbox.open_lane(LANE, 0);
        let large = vec![7; LARGE * 3];
        put(&mut outbox, LANE, &large);
        put(&mut outbox, LANE, b"x");
        let seen = frames(&contents(&outbox), true);
        assert_eq!(seen.iter().map(|(_, items)| items.len()).collect::<Vec<_>>(), [1, 1]);
        for _ in 0..LARGE {
            put(&mut outbox, LANE, b"y");
        }
        let lengths: Vec<usize> = frames(&contents(&outbox), true)
            .iter()
            .map(|(_, items)| items.iter().map(|item| item.len() + 1).sum())
            .collect();
        assert!(lengths[1..].iter().all(|length| *length <= LARGE), "{lengths:?}");
        assert!(lengths.len() <= 5, "{lengths:?}");
    }

    #[test]
    fn long_bytes_are_not_copied() {
        let mut outbox = Outbox::default();
        outbox.open_lane(LANE, 0);
        let long = vec![9; 70_000];
        let place = long.as_ptr();
        outbox.append_item(LANE, Item { head: &[1, 2], long }, usize::MAX);
        assert_eq!(outbox.segments.back().unwrap().bytes.as_ptr(), place);
        put(&mut outbox, LANE, b"z");
        let seen = frames(&contents(&outbox), true);
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].1[0].len(), 70_002);
        assert_eq!(outbox.bytes(), contents(&outbox).len() as u64);
    }
}
