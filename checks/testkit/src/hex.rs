//! Bytes as hexadecimal text, as golden files and protocol examples write them.

use std::error::Error;
use std::fmt;

/// Bytes shown on one line.
const PER_LINE: usize = 16;

/// Why a text is not hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HexError {
    /// This is no hexadecimal digit.
    Digit(char),
    /// The last byte has one digit only.
    Half,
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HexError::Digit(c) => write!(f, "{c:?} is no hexadecimal digit"),
            HexError::Half => f.write_str("the last byte has one digit only"),
        }
    }
}

impl Error for HexError {}

/// The bytes that `text` spells, pairs of digits in any case.
///
/// White space may stand anywhere, and `#` starts a comment that ends with its line.
///
/// # Errors
/// - `Digit`: something else stands in the text.
/// - `Half`: the number of digits is odd.
///
/// # Examples
/// ```
/// let bytes = testkit::hex::parse("0a 0B # a length\n ff")?;
/// assert_eq!(bytes, [10, 11, 255]);
/// # Ok::<(), testkit::hex::HexError>(())
/// ```
pub fn parse(text: &str) -> Result<Vec<u8>, HexError> {
    let prose = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let digits = prose
        .flat_map(str::chars)
        .filter(|c| !c.is_whitespace())
        .map(digit)
        .collect::<Result<Vec<u8>, HexError>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(HexError::Half);
    }
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn digit(c: char) -> Result<u8, HexError> {
    let value = c.to_digit(16).and_then(|value| u8::try_from(value).ok());
    value.ok_or(HexError::Digit(c))
}

/// The bytes as lower-case pairs, 16 on a line, without a line end after the last.
///
/// # Examples
/// ```
/// assert_eq!(testkit::hex::print(&[10, 11, 255]), "0a 0b ff");
/// ```
#[must_use]
pub fn print(bytes: &[u8]) -> String {
    let line = |bytes: &[u8]| {
        let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        pairs.join(" ")
    };
    let lines: Vec<String> = bytes.chunks(PER_LINE).map(line).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_makes_the_round_trip() {
        let all: Vec<u8> = (0..=255).collect();
        let text = print(&all);
        assert_eq!(text.lines().count(), 16);
        assert_eq!(parse(&text), Ok(all));
    }

    #[test]
    fn comments_space_and_case_do_not_matter() {
        assert_eq!(parse("# head\n 0A\tb c # ff\r\n\nD0"), Ok(vec![0x0a, 0xbc, 0xd0]));
        assert_eq!(parse(""), Ok(vec![]));
        assert_eq!(print(&[]), "");
    }

    #[test]
    fn faults_are_named() {
        assert_eq!(parse("0g"), Err(HexError::Digit('g')));
        assert_eq!(parse("é"), Err(HexError::Digit('é')));
        assert_eq!(parse("00 1"), Err(HexError::Half));
    }
}
