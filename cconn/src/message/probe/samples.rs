//! The values that made-up values consist of. A type that refuses one gets the next.
//!
//! More samples may be added: a type that no sample pleased before counts by its name alone, and
//! peers without the new samples go by the name.

/// How many samples there are.
pub(super) const SAMPLES: usize = 16;

/// Texts, beginning with those that most types accept.
const TEXTS: [&str; SAMPLES] = [
    "",
    "1",
    "a",
    "2000-01-01T00:00:00Z",
    "127.0.0.1",
    "a@example.org",
    "https://example.org/",
    "00000000-0000-4000-8000-000000000000",
    "1.0.0",
    "2000-01-01",
    "00:00:00",
    "#000000",
    "127.0.0.1:80",
    "/a",
    "EUR",
    "en-GB",
];

/// Numbers: most types accept 1.
const NUMBERS: [u16; SAMPLES] = [1, 0, 2, 10, 100, 20, 3, 5, 1000, 2000, 4, 8, 16, 32, 64, 128];

/// Lengths of byte strings: types of fixed size often take 16.
const LENGTHS: [usize; SAMPLES] = [0, 16, 1, 32, 4, 8, 20, 12, 64, 24, 2, 28, 48, 33, 65, 3];

const BYTES: [u8; 65] = [1; 65];

pub(super) fn text(sample: usize) -> &'static str {
    TEXTS.get(sample).copied().unwrap_or_default()
}

pub(super) fn number(sample: usize) -> u16 {
    NUMBERS.get(sample).copied().unwrap_or_default()
}

pub(super) fn bytes(sample: usize) -> &'static [u8] {
    BYTES.get(..LENGTHS.get(sample).copied().unwrap_or_default()).unwrap_or_default()
}

pub(super) fn char(sample: usize) -> char {
    text(sample).chars().next().unwrap_or('a')
}
