//! How far a command has come, as a line on the standard error that is taken away at the end.

use cconn::contexte::Avancement;
use indicatif::{ProgressBar, ProgressStyle};
use ratatui::text::Span;

use crate::output;

/// How long a bar is at most, and below what it shows nothing any more.
const LONGEST: usize = 30;
const SHORTEST: usize = 5;

/// A bar, or a count where the command does not know the whole. Nothing is shown before the first
/// report, or where the standard error is no terminal.
#[derive(Default)]
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shows a report.
    pub fn show(&mut self, report: &Avancement) {
        let bar = self.bar.get_or_insert_with(|| {
            // A message of this kind is cut to the terminal, whatever its width is by then.
            let style = ProgressStyle::with_template("{wide_msg}");
            ProgressBar::no_length()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_message(line(&report.texte, (report.fait, report.total), width()));
        bar.set_position(report.fait);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The columns of the terminal that shows the standard error, without the last one: some terminals
/// begin a new line behind it.
pub fn width() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map_or(80, |(width, _)| usize::from(width.0)).saturating_sub(1)
}

/// How many columns a text takes.
pub fn columns(text: &str) -> usize {
    Span::raw(text).width()
}

/// The beginning of a text, as much as so many columns hold.
pub fn cut(text: &str, most: usize) -> &str {
    let mut taken = 0;
    let is_over = |(at, c): (usize, char)| {
        taken += columns(text.get(at..at + c.len_utf8()).unwrap_or_default());
        (taken > most).then_some(at)
    };
    let end = text.char_indices().find_map(is_over);
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

/// A report in so many columns: the bar gives way first, then the end of the text, and the figures
/// last.
fn line(text: &str, (done, total): (u64, Option<u64>), width: usize) -> String {
    let text = output::harmless(text);
    let figures = match total {
        Some(total) => format!("{done}/{total}"),
        None => done.to_string(),
    };
    let text = cut(&text, width.saturating_sub(figures.len() + 1)).trim_end();
    let beside = columns(text) + figures.len() + " [] ".len();
    let length = width.saturating_sub(beside).min(LONGEST);
    let shown = match total {
        Some(total) if length >= SHORTEST => {
            format!("{text} [{}] {figures}", bar(done, total, length))
        }
        _ => format!("{text} {figures}"),
    };
    cut(shown.trim_start(), width).to_owned()
}

fn bar(done: u64, total: u64, length: usize) -> String {
    let filled = u128::from(done.min(total)) * length as u128 / u128::from(total.max(1));
    (0..length as u128).map(|at| if at < filled { '█' } else { '░' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_gives_way_before_the_text_and_the_text_before_the_figures() {
        let full = format!("reading all [{}{}] 3/10", "█".repeat(9), "░".repeat(21));
        for (width, wanted) in [
            (79, full.as_str()),
            (25, "reading all [█░░░░░] 3/10"),
            (23, "reading all 3/10"),
            (10, "readi 3/10"),
            (4, "3/10"),
            (2, "3/"),
            (0, ""),
        ] {
            assert_eq!(line("reading all", (3, Some(10)), width), wanted, "{width}");
        }
    }

    #[test]
    fn no_report_is_wider_than_the_terminal() {
        let texts = [
            "",
            "a",
            "漢字漢字漢字",
            "\u{1f469}\u{200d}\u{1f4bb} é\u{301}",
            "\x1b[2J",
            "long ".repeat(40).as_str(),
        ]
        .map(str::to_owned);
        for text in &texts {
            for total in [None, Some(0), Some(7), Some(u64::MAX)] {
                for width in 0..130 {
                    let line = line(text, (u64::MAX, total), width);
                    assert!(columns(&line) <= width, "{width}: {line}");
                }
            }
        }
    }
}
