//! Texts for people to read, shortened to the length that the protocol allows.

use std::borrow::Cow;

/// Replaces the middle of a text that is too long.
const GAP: &str = " … ";

/// `text` in at most `most` bytes. Of a longer text the beginning and the end remain, because
/// either may hold what matters.
pub(crate) fn shorten(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let room = most.saturating_sub(GAP.len());
    let head = prefix(text, room.div_ceil(2));
    let tail = suffix(text, room.saturating_sub(head.len()));
    Cow::Owned([head, prefix(GAP, most), tail].concat())
}

/// The longest prefix of at most `most` bytes that ends between characters.
fn prefix(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    text.get(..end).unwrap_or("")
}

/// The longest suffix of at most `most` bytes that begins between characters.
fn suffix(text: &str, most: usize) -> &str {
    let start = text.len().saturating_sub(most);
    let start = (start..=text.len()).find(|&i| text.is_char_boundary(i)).unwrap_or(text.len());
    text.get(start..).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_both_its_ends() {
        assert_eq!(shorten("0123456789", 10), "0123456789");
        assert_eq!(shorten("0123456789A", 10), "012 … 9A");
        assert_eq!(shorten("0123456789ABCDEF", 11), "012 … DEF");
    }

    #[test]
    fn no_character_is_cut_and_no_limit_passed() {
        let text = "é€𝄞".repeat(40);
        for most in 0..text.len() {
            let short = shorten(&text, most);
            assert!(short.len() <= most, "{most}: {short}");
            assert!(short.len() + 8 > most || most < GAP.len(), "{most}: {short}");
        }
    }
}
