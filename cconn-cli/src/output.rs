//! What is printed: lines on the standard output, and one line on the standard error at the end.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use crate::failure::{Failure, Outcome};

pub const NAME: Style = Style::new().bold();
pub const TYPE: Style = AnsiColor::Cyan.on_default();
pub const DIM: Style = Style::new().dimmed();
const BAD: Style = AnsiColor::Red.on_default().bold();

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
    let pretty = !one_line && io::IsTerminal::is_terminal(&io::stdout());
    match value {
        Value::String(text) if !one_line => line(text),
        _ if pretty => line(&format!("{value:#}")),
        _ => line(&value.to_string()),
    }
}

/// Prints a failure as one line on the standard error. Nothing is left to be done if that fails.
pub fn complain(failure: &Failure) {
    let _closed = writeln!(anstream::stderr(), "{} {failure}", styled("cconn:", BAD));
}

/// Prints a line on the standard error that is no failure.
pub fn note(text: &str) {
    let _closed = writeln!(anstream::stderr(), "{}", styled(text, DIM));
}
