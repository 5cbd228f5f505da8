//! The greeting that each side sends first, without waiting for the other side's.

use super::codes::Refusal;
use super::error::WireError;
use super::features::Features;
use super::reader::Reader;
use super::text::shorten;

/// The first eight bytes of every connection, in both directions.
// [greeting.magic]
const MAGIC: [u8; 8] = *b"cconn\r\n\0";

/// The version of the protocol that this crate speaks.
// [greeting.version]
pub(crate) const VERSION: u16 = 1;

/// The number of the codec: bincode, variable-length integers, little endian.
// [greeting.codec]
const CODEC: u8 = 1;

/// The size of the part that no version may change: magic, version, length of the rest.
pub(crate) const GREETING_HEAD: usize = 12;

/// The largest rest of a greeting, bytes: together with the head it stays under 4 KiB.
// [greeting.length] [greeting.bound]
const MAX_REST: usize = 4096 - GREETING_HEAD;

/// The size of the rest of a greeting without a reason.
const FIXED_REST: usize = 18;

/// The largest reason in a greeting, bytes.
// [greeting.text]
const MAX_TEXT: usize = 512;

/// The size of a record without its data: number and length.
const RECORD_HEAD: usize = 4;

/// The numbers of the records behind the text.
// [record.numbers]
mod record {
    pub(super) const FEATURES: u16 = 1;
    // 2 is reserved for callables, 3 for file descriptors, 4 for compression.
    pub(super) const INSTANCE: u16 = 5;
}

/// Which side greets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client = 0,
    Server = 1,
}

/// The fixed head of a greeting whose magic is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GreetingHead {
    pub(crate) version: u16,
    /// Bytes that follow the head; at most 4084.
    pub(crate) rest: usize,
}

/// The rest of a greeting of version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) role: Role,
    /// The server's decision; a client always says `Accepted`.
    pub(crate) refusal: Refusal,
    /// The largest frame that the sender receives, bytes after the length prefix.
    pub(crate) max_frame: u32,
    /// The bytes of commands that the sender lets wait (see `COMMAND_OVERHEAD` in the protocol).
    pub(crate) window: u64,
    /// Why the newcomer was refused, for a person to read.
    pub(crate) text: String,
    /// What the sender understands beyond the first form of this version.
    pub(crate) features: Features,
    /// A number that a server has chosen at random when it was made; clients send none.
    // [instance.random]
    pub(crate) instance: Option<u64>,
}

impl GreetingHead {
    /// Whether these bytes, however few, may be the first bytes of a greeting.
    pub(crate) fn may_begin_with(bytes: &[u8]) -> bool {
        bytes.iter().zip(MAGIC).all(|(byte, magic)| *byte == magic)
    }

    /// Reads the head. `WireError::Magic` means that the other side does not speak cconn at all.
    pub(crate) fn parse(head: &[u8; GREETING_HEAD]) -> Result<Self, WireError> {
        let mut reader = Reader::new(head);
        if reader.bytes(MAGIC.len())? != MAGIC {
            return Err(WireError::Magic);
        }
        let version = reader.u16()?;
        let rest = usize::from(reader.u16()?);
        if rest > MAX_REST {
            return Err(WireError::GreetingSize);
        }
        Ok(GreetingHead { version, rest })
    }
}

impl Greeting {
    /// Writes head, rest and records.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let text = shorten(&self.text, MAX_TEXT);
        let (mut place, instance) = ([0; 8], self.instance.map(u64::to_le_bytes));
        let features = self.features.bits(&mut place);
        let instance = instance.as_ref().map_or(&[][..], |number| number);
        let records = room_of(features).saturating_add(room_of(instance));
        let rest = FIXED_REST.saturating_add(text.len()).saturating_add(records);
        out.reserve(GREETING_HEAD.saturating_add(rest));
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&length16(rest).to_le_bytes());
        out.extend_from_slice(&[self.role as u8, CODEC, self.refusal.number(), 0]);
        out.extend_from_slice(&self.max_frame.to_le_bytes());
        out.extend_from_slice(&self.window.to_le_bytes());
        out.extend_from_slice(&length16(text.len()).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
        write_record(out, record::FEATURES, features);
        write_record(out, record::INSTANCE, instance);
    }

    /// Reads the rest of a greeting, behind its head.
    pub(crate) fn parse(rest: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(rest);
        let role = match reader.u8()? {
            0 => Role::Client,
            1 => Role::Server,
            _ => return Err(WireError::GreetingField),
        };
        if reader.u8()? != CODEC {
            return Err(WireError::Codec);
        }
        let refusal = Refusal::from_number(reader.u8()?).ok_or(WireError::GreetingField)?;
        // [greeting.reserved]
        let _reserved = reader.u8()?;
        let max_frame = reader.u32()?;
        let window = reader.u64()?;
        let length = usize::from(reader.u16()?);
        // [greeting.text-of-others]
        let text = reader.bytes(length)?;
        let text = std::str::from_utf8(text).map_err(|_| WireError::Text)?.to_owned();
        let (features, instance) = parse_records(reader)?;
        Ok(Greeting { role, refusal, max_frame, window, text, features, instance })
    }
}

/// The bytes that a record with this data takes. What declares nothing has no record.
fn room_of(data: &[u8]) -> usize {
    if data.is_empty() { 0 } else { RECORD_HEAD.saturating_add(data.len()) }
}

fn write_record(out: &mut Vec<u8>, number: u16, data: &[u8]) {
    if !data.is_empty() {
        out.extend_from_slice(&number.to_le_bytes());
        out.extend_from_slice(&length16(data.len()).to_le_bytes());
        out.extend_from_slice(data);
    }
}

/// Reads the records behind the text, up to the end of the greeting.
fn parse_records(mut reader: Reader<'_>) -> Result<(Features, Option<u64>), WireError> {
    let (mut features, mut instance) = (None, None);
    while !reader.is_empty() {
        // [record.room]
        let (number, data) = parse_record(&mut reader).map_err(|_| WireError::RecordRoom)?;
        match number {
            // [record.twice]
            record::FEATURES if features.is_some() => return Err(WireError::RecordTwice(number)),
            record::INSTANCE if instance.is_some() => return Err(WireError::RecordTwice(number)),
            record::FEATURES => features = Some(Features::parse(data)),
            // [instance.length]
            record::INSTANCE => {
                let bytes = data.try_into().map_err(|_| WireError::RecordRoom)?;
                instance = Some(u64::from_le_bytes(bytes));
            }
            // [record.unknown]
            _ => {}
        }
    }
    // [record.none]
    Ok((features.unwrap_or_default(), instance))
}

// [record.row]
fn parse_record<'a>(reader: &mut Reader<'a>) -> Result<(u16, &'a [u8]), WireError> {
    let (number, length) = (reader.u16()?, reader.u16()?);
    Ok((number, reader.bytes(length.into())?))
}

/// A length in 16 bits; callers bound it far below 64 KiB.
fn length16(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Greeting {
        Greeting {
            role: Role::Server,
            refusal: Refusal::Full,
            max_frame: 8 << 20,
            window: 16 << 20,
            text: "plein".to_owned(),
            features: Features::OURS,
            instance: Some(0x0102_0304_0506_0708),
        }
    }

    fn split(bytes: &[u8]) -> (GreetingHead, &[u8]) {
        let (head, rest) = bytes.split_first_chunk().unwrap();
        (GreetingHead::parse(head).unwrap(), rest)
    }

    #[test]
    fn greeting_round_trip() {
        let mut bytes = Vec::new();
        sample().write(&mut bytes);
        let (head, rest) = split(&bytes);
        assert_eq!((head.version, head.rest), (VERSION, rest.len()));
        assert_eq!(Greeting::parse(rest).unwrap(), sample());
    }

    /// The result of reading a greeting that declares nothing and has `tail` behind it.
    fn with_tail(tail: &[u8]) -> Result<Features, WireError> {
        let mut bytes = Vec::new();
        Greeting { features: Features::NONE, instance: None, ..sample() }.write(&mut bytes);
        bytes.extend(tail);
        Greeting::parse(split(&bytes).1).map(|greeting| greeting.features)
    }

    #[test]
    fn the_reserved_byte_is_not_looked_at() {
        // [greeting.reserved]
        let mut bytes = Vec::new();
        sample().write(&mut bytes);
        let reserved = &mut bytes[GREETING_HEAD + 3];
        assert_eq!(std::mem::replace(reserved, 0xff), 0, "sent as 0");
        assert_eq!(Greeting::parse(split(&bytes).1), Ok(sample()));
    }

    #[test]
    fn records_of_unknown_numbers_are_skipped() {
        // [record.unknown] [record.numbers]
        assert_eq!(with_tail(&[]), Ok(Features::NONE));
        let unknown = [9, 0, 3, 0, 1, 2, 3, 9, 0, 0, 0, 0xff, 0xff, 1, 0, 7];
        assert_eq!(with_tail(&unknown), Ok(Features::NONE), "twice or not");
        let known = [&unknown[..], &[1, 0, 1, 0, 0xbf], &unknown].concat();
        assert_eq!(with_tail(&known), Ok(Features::OURS));
        let reserved = [2, 0, 1, 0, 9, 3, 0, 0, 0, 4, 0, 2, 0, 1, 1];
        assert_eq!(with_tail(&reserved), Ok(Features::NONE));
    }

    #[test]
    fn records_that_reach_too_far_or_come_twice_are_refused() {
        // [record.room] [record.twice]
        let good = [9, 0, 3, 0, 1, 2, 3, 1, 0, 1, 0, 7];
        for n in 0..good.len() {
            let expected =
                if [0, 7].contains(&n) { Ok(Features::NONE) } else { Err(WireError::RecordRoom) };
            assert_eq!(with_tail(&good[..n]), expected, "{n} bytes");
        }
        for length in [2, 3, 255, 256, 0x7fff, 0xffff_u16] {
            let mut bad = good;
            bad[9..11].copy_from_slice(&length.to_le_bytes());
            assert_eq!(with_tail(&bad), Err(WireError::RecordRoom), "{length}");
        }
        for second in [&[1, 0, 1, 0, 7][..], &[1, 0, 0, 0], &[1, 0, 1, 0, 0]] {
            let twice = [&good[..], second].concat();
            assert_eq!(with_tail(&twice), Err(WireError::RecordTwice(1)));
        }
    }

    #[test]
    fn a_server_s_number_has_eight_bytes_and_comes_once() {
        // [instance.length] [record.twice]
        let read = |tail: &[u8]| {
            let mut bytes = Vec::new();
            Greeting { instance: None, ..sample() }.write(&mut bytes);
            bytes.extend(tail);
            let length = u16::try_from(bytes.len() - GREETING_HEAD).unwrap();
            bytes[GREETING_HEAD - 2..GREETING_HEAD].copy_from_slice(&length.to_le_bytes());
            Greeting::parse(split(&bytes).1).map(|greeting| greeting.instance)
        };
        let good = [5, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 2];
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&good), Ok(Some(0x0200_0000_0000_0001)));
        assert_eq!(read(&[good, good].concat()), Err(WireError::RecordTwice(5)));
        for length in [0_usize, 7, 9] {
            let mut bad = vec![5, 0, u8::try_from(length).unwrap(), 0];
            bad.resize(4 + length, 1);
            assert_eq!(read(&bad), Err(WireError::RecordRoom), "{length} bytes");
        }
    }

    #[test]
    fn a_greeting_of_more_than_4_kib_is_refused_by_its_head() {
        // [greeting.bound]
        let head = |rest: u16| {
            let bytes = [&MAGIC[..], &1_u16.to_le_bytes(), &rest.to_le_bytes()].concat();
            GreetingHead::parse(bytes.first_chunk().unwrap()).map(|head| head.rest)
        };
        for rest in [0, 18, 4083, 4084] {
            assert_eq!(head(rest), Ok(usize::from(rest)));
        }
        for rest in [4085, 4096, 4108, u16::MAX] {
            assert_eq!(head(rest), Err(WireError::GreetingSize), "{rest}");
        }
    }

    #[test]
    fn another_protocol_is_told_by_its_magic() {
        // [greeting.magic]
        assert_eq!(GreetingHead::parse(b"GET / HTTP/1"), Err(WireError::Magic));
        assert!(!GreetingHead::may_begin_with(b"GET"));
        assert!(GreetingHead::may_begin_with(b"cco") && GreetingHead::may_begin_with(b""));
        assert!(GreetingHead::may_begin_with(b"cconn\r\n\0\x01"));
    }

    #[test]
    fn long_reasons_are_cut_between_characters() {
        // [greeting.text]
        let text = "é".repeat(400);
        let mut bytes = Vec::new();
        Greeting { text, ..sample() }.write(&mut bytes);
        assert_eq!(Greeting::parse(split(&bytes).1).unwrap().text.len(), 511);
    }

    #[test]
    fn every_truncation_is_an_error() {
        let mut bytes = Vec::new();
        sample().write(&mut bytes);
        let rest = split(&bytes).1;
        // Before each record the greeting is whole without it.
        let whole = [rest.len() - 17, rest.len() - 12];
        for n in (0..rest.len()).filter(|n| !whole.contains(n)) {
            assert!(Greeting::parse(&rest[..n]).is_err(), "{n}");
        }
        for n in whole {
            assert_eq!(Greeting::parse(&rest[..n]).unwrap().instance, None, "it declares less");
        }
    }
}
