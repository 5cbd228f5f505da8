//! Shows texts from a peer so that they can't pass for something else.
//!
//! A text that came over the wire may hold line breaks that forge lines of a log, codes that
//! control a terminal, and characters that reverse the order of others. Each of these is shown as
//! its escape. Everything else, accents and other scripts too, is shown as it is.

use std::fmt::{self, Write};

/// A text from a peer, or of unknown origin.
#[derive(Debug)]
pub(crate) struct Harmless<'t>(pub(crate) &'t str);

impl fmt::Display for Harmless<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaping(f).write_str(self.0)
    }
}

/// Shows a value that came from a peer, with the `Display` of its type, which is the program's.
pub(crate) fn display(value: &dyn fmt::Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if f.alternate() { write!(Escaping(f), "{value:#}") } else { write!(Escaping(f), "{value}") }
}

/// Shows a value that came from a peer with the `Debug` of its type, in one line.
pub(crate) fn debug(value: &dyn fmt::Debug, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(Escaping(f), "{value:?}")
}

/// A writer that escapes harmful characters.
struct Escaping<'f, 'b>(&'f mut fmt::Formatter<'b>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(place) = rest.find(is_harmful) {
            let (before, behind) = rest.split_at(place);
            self.0.write_str(before)?;
            let mut chars = behind.chars();
            if let Some(harmful) = chars.next() {
                write!(self.0, "{}", harmful.escape_default())?;
            }
            rest = chars.as_str();
        }
        self.0.write_str(rest)
    }
}

/// Whether a character is shown as it is.
pub(crate) fn is_harmless(c: char) -> bool {
    !is_harmful(c)
}

/// Whether a character is a control code, a separator of lines or paragraphs, a direction mark, or
/// invisible.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{180b}'..='\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_could_forge_a_line_are_escaped() {
        let shown = |text| Harmless(text).to_string();
        assert_eq!(shown("a\nb\r\tc"), r"a\nb\r\tc");
        assert_eq!(shown("\u{1b}[2J\u{7}\u{9b}31m\0\u{7f}"), r"\u{1b}[2J\u{7}\u{9b}31m\u{0}\u{7f}");
        assert_eq!(shown("x\u{202e}txt.exe\u{2066}"), r"x\u{202e}txt.exe\u{2066}");
        assert_eq!(shown("a\u{2028}b\u{85}c\u{feff}"), r"a\u{2028}b\u{85}c\u{feff}");
    }

    #[test]
    fn all_else_stays_as_it_is_and_nothing_is_escaped_twice() {
        for text in ["", "élève à l'école", "日本語 \\n \"'", "🦀 e\u{301}", "עברית"]
        {
            assert_eq!(Harmless(text).to_string(), text);
        }
        let once = Harmless("a\n\u{1b}b").to_string();
        assert_eq!(Harmless(&once).to_string(), once);
    }
}
