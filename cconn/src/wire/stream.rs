//! Streams: how they end, their items inside frames, and frames of items that are built in place.
//!
//! An item is its length, an integer of the encoding, and its bytes.

use super::codes::FailureCode;
use super::error::WireError;
use super::features::Features;
use super::frame::{CallId, MAX_TEXT};
use super::layout::{self, LENGTH_PREFIX, kind};
use super::reader::Reader;
use super::text::shorten;

/// How a stream ends.
// [end.how]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamEnd<'a> {
    /// Every item was sent.
    Complete,
    /// With an error of the command's own type, encoded.
    UserError(&'a [u8]),
    Failure {
        code: FailureCode,
        text: &'a str,
    },
}

impl<'a> StreamEnd<'a> {
    const COMPLETE: u8 = 0;
    const USER_ERROR: u8 = 1;
    const FAILURE: u8 = 2;

    // [end.how] [end.unknown]
    pub(super) fn parse(how: u8, mut reader: Reader<'a>) -> Result<Self, WireError> {
        match how {
            Self::COMPLETE => reader.end().map(|()| StreamEnd::Complete),
            Self::USER_ERROR => Ok(StreamEnd::UserError(reader.rest())),
            Self::FAILURE => {
                let code = FailureCode::parse(reader.u16()?);
                Ok(StreamEnd::Failure { code, text: reader.text()? })
            }
            unknown => Err(WireError::StreamEnd(unknown)),
        }
    }

    fn number(self) -> u8 {
        match self {
            StreamEnd::Complete => Self::COMPLETE,
            StreamEnd::UserError(_) => Self::USER_ERROR,
            StreamEnd::Failure { .. } => Self::FAILURE,
        }
    }

    /// Appends a frame that ends a stream, without its length.
    pub(super) fn write(self, id: CallId, lane: u8, features: Features, out: &mut Vec<u8>) {
        out.extend(layout::End::head(kind::END, id.0, lane, self.number()));
        match self {
            StreamEnd::Complete => {}
            StreamEnd::UserError(value) => out.extend(value),
            StreamEnd::Failure { code, text } => {
                out.extend(code.number_for(features).to_le_bytes());
                out.extend(shorten(text, MAX_TEXT).as_bytes());
            }
        }
    }
}

/// What an item costs besides its bytes.
const ITEM_OVERHEAD: u64 = 16;

/// The most credit that a stream may have.
pub(crate) const MAX_CREDIT: i64 = 1 << 31;

/// The flag of a lane's first frame which says that the lane may be silent for long.
// [items.flags]
pub(crate) const MAY_BE_SILENT: u8 = 1;

/// The most bytes of an item's length.
pub(crate) const ITEM_LENGTH: usize = 9;

/// The most bytes of a frame before its first item's bytes: the fields, the flags, the length.
pub(crate) const ITEM_HEAD: usize = layout::Items::SIZE + 1 + ITEM_LENGTH;

/// What an item of `length` bytes costs.
// [credit.cost]
#[inline]
pub(crate) fn item_cost(length: usize) -> u64 {
    (length as u64).saturating_add(ITEM_OVERHEAD)
}

/// Begins a frame of items, whose length `set_length` fills in. `flags`: of a lane's first frame.
pub(crate) fn begin_items(out: &mut Vec<u8>, id: CallId, lane: u8, flags: Option<u8>) {
    out.extend_from_slice(&layout::Items::head(kind::ITEMS, id.0, lane));
    out.extend(flags);
}

/// Fills in the length of the frame that starts at `start` and reaches to the end of `out`, with
/// `behind` bytes more elsewhere. False if the length does not fit its prefix.
#[inline]
pub(crate) fn set_length(out: &mut [u8], start: usize, behind: usize) -> bool {
    let Some(frame) = out.get_mut(start..) else { return false };
    let length = frame.len().checked_sub(LENGTH_PREFIX).and_then(|n| n.checked_add(behind));
    let length = length.and_then(|n| u32::try_from(n).ok());
    match (length, frame.first_chunk_mut()) {
        (Some(length), Some(place)) => {
            *place = length.to_le_bytes();
            true
        }
        _ => false,
    }
}

/// Appends the length of an item.
#[inline]
pub(crate) fn put_item_length(out: &mut Vec<u8>, length: usize) {
    match (u8::try_from(length), u16::try_from(length), u32::try_from(length)) {
        (Ok(byte @ 0..=250), ..) => out.push(byte),
        (_, Ok(two), _) => {
            out.push(251);
            out.extend_from_slice(&two.to_le_bytes());
        }
        (_, _, Ok(four)) => {
            out.push(252);
            out.extend_from_slice(&four.to_le_bytes());
        }
        _ => {
            out.push(253);
            out.extend_from_slice(&(length as u64).to_le_bytes());
        }
    }
}

/// Takes the next item off the front of `items`; `None` behind the last one.
// [items.row] [items.room]
#[inline]
pub(crate) fn next_item<'a>(items: &mut &'a [u8]) -> Result<Option<&'a [u8]>, WireError> {
    let Some((first, rest)) = items.split_first() else { return Ok(None) };
    let (length, rest) = match *first {
        byte @ 0..=250 => (usize::from(byte), rest),
        wide => long_length(wide, rest)?,
    };
    let (item, rest) = rest.split_at_checked(length).ok_or(WireError::Truncated)?;
    *items = rest;
    Ok(Some(item))
}

/// Reads a length that takes more than one byte.
fn long_length(first: u8, rest: &[u8]) -> Result<(usize, &[u8]), WireError> {
    fn number<const N: usize>(rest: &[u8]) -> Option<([u8; N], &[u8])> {
        rest.split_first_chunk().map(|(bytes, rest)| (*bytes, rest))
    }
    let read = match first {
        251 => number(rest).map(|(bytes, rest)| (u64::from(u16::from_le_bytes(bytes)), rest)),
        252 => number(rest).map(|(bytes, rest)| (u64::from(u32::from_le_bytes(bytes)), rest)),
        253 => number(rest).map(|(bytes, rest)| (u64::from_le_bytes(bytes), rest)),
        _ => None,
    };
    let (length, rest) = read.ok_or(WireError::Truncated)?;
    Ok((usize::try_from(length).map_err(|_| WireError::Truncated)?, rest))
}

#[cfg(test)]
mod tests {
    use super::super::{Features, Frame, parse};
    use super::*;

    #[test]
    fn items_of_any_length_are_read_as_they_are_written() {
        // [items.row]
        let lengths = [0, 1, 250, 251, 252, 65_535, 65_536, 70_000];
        let mut row = Vec::new();
        for length in lengths {
            put_item_length(&mut row, length);
            row.extend(vec![7; length]);
        }
        let mut items = &row[..];
        for length in lengths {
            assert_eq!(next_item(&mut items).unwrap().map(<[u8]>::len), Some(length));
        }
        assert_eq!(next_item(&mut items), Ok(None));
        assert_eq!(next_item(&mut items), Ok(None));
    }

    #[test]
    fn the_length_of_an_item_takes_the_shortest_form() {
        // [items.row]
        let forms: [(u64, &[u8]); 7] = [
            (0, &[0]),
            (250, &[250]),
            (251, &[251, 251, 0]),
            (0xffff, &[251, 0xff, 0xff]),
            (0x1_0000, &[252, 0, 0, 1, 0]),
            (0xffff_ffff, &[252, 0xff, 0xff, 0xff, 0xff]),
            (0x1_0000_0000, &[253, 0, 0, 0, 0, 1, 0, 0, 0]),
        ];
        for (length, form) in forms {
            // On a system of 32 bits no value is that long.
            let Ok(length) = usize::try_from(length) else { continue };
            let mut row = Vec::new();
            put_item_length(&mut row, length);
            assert_eq!(row, form, "{length}");
        }
    }

    #[test]
    fn items_cost_their_bytes_and_sixteen_more() {
        // [credit.cost]
        assert_eq!((item_cost(0), item_cost(1), item_cost(1000)), (16, 17, 1016));
        assert_eq!(MAX_CREDIT, 0x8000_0000);
        let mut longest = Vec::new();
        begin_items(&mut longest, CallId(1), 0, Some(MAY_BE_SILENT));
        put_item_length(&mut longest, usize::MAX);
        assert_eq!(longest.len(), ITEM_HEAD);
    }

    #[test]
    fn an_item_beyond_its_frame_is_refused() {
        // [items.room]
        for row in [
            &[1][..],
            &[251],
            &[251, 1],
            &[251, 1, 0],
            &[252, 0, 0, 0, 0x80],
            &[253, 255, 255, 255, 255, 255, 255, 255, 255],
            &[254],
            &[255, 0],
        ] {
            assert_eq!(next_item(&mut { row }), Err(WireError::Truncated), "{row:?}");
        }
        for row in [&[251, 1, 0, 7][..], &[252, 1, 0, 0, 0, 7], &[253, 1, 0, 0, 0, 0, 0, 0, 0, 7]] {
            assert_eq!(next_item(&mut { row }), Ok(Some(&[7][..])), "a longer form");
        }
    }

    #[test]
    fn a_frame_of_items_is_built_in_place() {
        // [items.fields] [items.flags]
        let mut out = vec![9; 3];
        begin_items(&mut out, CallId(7), 2, Some(MAY_BE_SILENT));
        put_item_length(&mut out, 1);
        out.push(5);
        assert!(set_length(&mut out, 3, 0));
        assert!(!set_length(&mut out, 100, 0));
        let frame = parse(out.get(3 + LENGTH_PREFIX..).unwrap(), Features::STREAMS);
        assert_eq!(frame, Ok(Frame::Items { id: CallId(7), lane: 2, rest: &[1, 1, 5] }));
    }
}
