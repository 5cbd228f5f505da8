//! What is printed: lines on the standard output, and one line on the standard error at the end.

use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use crate::failure::{Failure, Outcome};

pub const NAME: Style = Style::new().bold();
pub const TYPE: Style = AnsiColor::Cyan.on_default();
pub const DIM: Style = Style::new().dimmed();
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// Text in a style, for as long as the output is a terminal that has styles.
pub fn styled(text: &str, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// Prints a line; fails if nobody reads the output any more.
pub fn line(text: &str) -> Outcome<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints a value: on one line for programs, on several for people at a terminal.
pub fn value(value: &Value, one_line: bool) -> Outcome<()> {
    plain(&shown(value, one_line, io::IsTerminal::is_terminal(&io::stdout())))
}

/// Prints JSON on one line.
pub fn json(value: &Value) -> Outcome<()> {
    plain(&escaped(&value.to_string()))
}

/// Prints a line as it is, without looking for styles in it.
pub fn plain(text: &str) -> Outcome<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// The text of a value. A text goes to a program as it is, and to a terminal without what would
/// control it.
fn shown(value: &Value, one_line: bool, is_terminal: bool) -> String {
    match value {
        Value::String(text) if !one_line && is_terminal => {
            escape(text, |c| is_harmful(c) && c != '\n' && c != '\t', in_words)
        }
        Value::String(text) if !one_line => text.clone(),
        _ if !one_line && is_terminal => escaped(&format!("{value:#}")),
        _ => escaped(&value.to_string()),
    }
}

/// A text of the peer's as it may be shown: what would control the terminal, or turn the order of
/// the characters around, is escaped.
pub fn harmless(text: &str) -> String {
    escape(text, is_harmful, in_words)
}

/// JSON of the same value without harmful characters, which stand in its texts only.
fn escaped(json: &str) -> String {
    escape(
        json,
        |c| is_harmful(c) && c != '\n',
        |c, to| {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _infallible = write!(to, "\\u{unit:04x}");
            }
        },
    )
}

fn in_words(c: char, to: &mut String) {
    to.extend(c.escape_unicode());
}

fn escape(text: &str, wanted: impl Fn(char) -> bool, write: impl Fn(char, &mut String)) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if wanted(c) {
            write(c, &mut out);
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a character controls a terminal, ends a line, or marks a direction of writing.
fn is_harmful(c: char) -> bool {
    let marks = ['\u{61c}', '\u{200e}', '\u{200f}'];
    let is_mark = |c| matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || is_mark(c) || marks.contains(&c)
}

/// Whether whoever reads the standard output has closed it. Where the system does not tell, the
/// next line does.
pub fn is_closed() -> bool {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let (out, now) = (io::stdout(), Timespec::default());
        let mut polled = [PollFd::new(&out, PollFlags::empty())];
        poll(&mut polled, Some(&now)).is_ok() && polled[0].revents().contains(PollFlags::ERR)
    }
    #[cfg(not(unix))]
    false
}

/// Prints a failure as one line on the standard error, unless its exit code says all. Nothing is
/// left to be done if that fails.
pub fn complain(failure: &Failure) {
    if failure.text.is_empty() {
        return;
    }
    let _closed = writeln!(anstream::stderr(), "{} {failure}", styled("cconn:", BAD));
}

/// Prints a line on the standard error that is no failure.
pub fn note(text: &str) {
    let _closed = writeln!(anstream::stderr(), "{}", styled(&harmless(text), DIM));
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "a\x1b[31m\u{9b}2J\x07\u{202e}b\u{2066}\u{7f}\tc\nd\re";

    #[test]
    fn what_controls_a_terminal_is_escaped() {
        let text = harmless(EVIL);
        assert!(!text.contains(is_harmful), "{text:?}");
        assert!(
            text.starts_with(r"a\u{1b}[31m\u{9b}2J\u{7}\u{202e}b\u{2066}\u{7f}\u{9}c"),
            "{text}"
        );
        assert_eq!(
            harmless("é 漢字 \u{1f469}\u{200d}\u{1f4bb} \\"),
            "é 漢字 \u{1f469}\u{200d}\u{1f4bb} \\"
        );
    }

    #[test]
    fn a_text_goes_to_a_program_as_it_is_and_to_a_terminal_escaped() {
        let value = Value::from(EVIL);
        assert_eq!(shown(&value, false, false), EVIL);
        let text = shown(&value, false, true);
        assert!(text.ends_with("\tc\nd\\u{d}e"), "{text}");
        assert!(!text.contains(|c| is_harmful(c) && c != '\n' && c != '\t'), "{text:?}");
    }

    #[test]
    fn json_is_escaped_as_json() {
        let value = serde_json::json!({ EVIL: [EVIL, "\u{10ffff}"] });
        for (one_line, is_terminal) in [(true, true), (true, false), (false, true), (false, false)]
        {
            let text = shown(&value, one_line, is_terminal);
            assert!(!text.contains(|c| is_harmful(c) && c != '\n'), "{text:?}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
