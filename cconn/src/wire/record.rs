//! Records that are added to a greeting which is written already, and found in one whose other
//! parts are good.

use super::error::WireError;
use super::greeting::GREETING_HEAD;
use super::reader::Reader;

/// Where the length of a greeting's rest stands in its head.
const LENGTH: std::ops::Range<usize> = 10..GREETING_HEAD;

/// Bytes of a greeting's rest before the length of its text.
const BEFORE_TEXT: usize = 16;

/// Appends a record to a whole greeting, which must have room for it.
pub(super) fn append(greeting: &mut Vec<u8>, number: u16, data: &[u8]) {
    greeting.extend(number.to_le_bytes());
    greeting.extend(length16(data.len()));
    greeting.extend(data);
    let rest = greeting.len().saturating_sub(GREETING_HEAD);
    if let Some(length) = greeting.get_mut(LENGTH) {
        length.copy_from_slice(&length16(rest));
    }
}

/// The data of the record with that number; `rest` is what follows the greeting's head.
// [record.twice]
pub(super) fn find(rest: &[u8], number: u16) -> Result<Option<&[u8]>, WireError> {
    let mut reader = Reader::new(rest);
    reader.bytes(BEFORE_TEXT)?;
    let text = usize::from(reader.u16()?);
    reader.bytes(text)?;
    let mut found = None;
    while !reader.is_empty() {
        let (other, length) = (reader.u16()?, reader.u16()?);
        let data = reader.bytes(length.into())?;
        if other == number && found.replace(data).is_some() {
            return Err(WireError::RecordTwice(number));
        }
    }
    Ok(found)
}

/// A length as greetings hold it; they are far shorter than the largest.
fn length16(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes()
}
