//! A terminal's screen, as `tmux capture-pane -e` writes it, made into an SVG.
//!
//! It knows the styles that the terminal program uses: bold, dim, reverse and the eight colours.

use std::fmt::Write as _;

/// The size of a cell, in the units of the picture.
const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 12.0;

/// The eight colours as the picture shows them, on dark ground.
const COLOURS: [&str; 8] =
    ["#484f58", "#ff7b72", "#7ee787", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#c9d1d9"];
const GROUND: &str = "#0d1117";
const INK: &str = "#c9d1d9";

/// How a row of characters is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Style {
    bold: bool,
    dim: bool,
    reverse: bool,
    colour: Option<usize>,
}

/// Characters of one style, from a column on.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    column: usize,
    text: String,
    style: Style,
}

impl Style {
    /// Takes over what a sequence between `ESC [` and `m` says.
    fn apply(&mut self, codes: &str) {
        let mut codes = codes.split(';').map(|code| code.parse().unwrap_or(0_usize));
        while let Some(code) = codes.next() {
            match code {
                0 => *self = Style::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                7 => self.reverse = true,
                22 => (self.bold, self.dim) = (false, false),
                27 => self.reverse = false,
                code @ 30..=37 => self.colour = Some(code - 30),
                code @ 90..=97 => self.colour = Some(code - 90),
                // One of 256 colours, of which the first sixteen are the eight, and these brighter.
                38 if codes.next() == Some(5) => {
                    self.colour =
                        codes.next().filter(|colour| *colour < 16).map(|colour| colour % 8);
                }
                39 => self.colour = None,
                _ => {}
            }
        }
    }

    fn ink(self) -> &'static str {
        if self.reverse { GROUND } else { self.bright() }
    }

    fn bright(self) -> &'static str {
        self.colour.and_then(|colour| COLOURS.get(colour)).unwrap_or(&INK)
    }
}

/// The runs of one line. `style` is that of the line before, as terminals have it.
fn runs(line: &str, style: &mut Style) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let (mut rest, mut column) = (line, 0);
    while let Some(first) = rest.chars().next() {
        if let Some(sequence) = rest.strip_prefix("\u{1b}[") {
            let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(sequence.len());
            if sequence[end..].starts_with('m') {
                style.apply(&sequence[..end]);
            }
            rest = sequence.get(end + 1..).unwrap_or("");
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.style == *style => run.text.push(first),
            _ => runs.push(Run { column, text: first.to_string(), style: *style }),
        }
        column += 1;
        rest = &rest[first.len_utf8()..];
    }
    runs
}

/// The screen as a picture whose description is `title`.
pub(super) fn svg(screen: &str, title: &str, columns: usize) -> String {
    let lines: Vec<&str> = screen.trim_end().lines().collect();
    let width = CELL.0 * number(columns) + 2.0 * MARGIN;
    let height = CELL.1 * number(lines.len()) + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         role=\"img\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" \
         font-size=\"14\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{GROUND}\"/>\n",
        escaped(title)
    );
    let mut style = Style::default();
    for (row, line) in lines.iter().enumerate() {
        for run in runs(line, &mut style) {
            write_run(&mut svg, &run, row);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn write_run(svg: &mut String, run: &Run, row: usize) {
    let style = run.style;
    if run.text.trim().is_empty() && !style.reverse {
        return;
    }
    let x = MARGIN + CELL.0 * number(run.column);
    let y = MARGIN + CELL.1 * number(row);
    let width = CELL.0 * number(run.text.chars().count());
    // Writing to a text never fails.
    if style.reverse {
        let (height, fill) = (CELL.1, style.bright());
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{fill}\"/>"
        );
    }
    let bold = if style.bold { " font-weight=\"bold\"" } else { "" };
    let dim = if style.dim { " opacity=\"0.6\"" } else { "" };
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\" fill=\"{}\"{bold}{dim}>{}</text>",
        y + 13.5,
        style.ink(),
        escaped(&run.text)
    );
}

#[expect(clippy::cast_precision_loss, reason = "a place on a screen")]
fn number(count: usize) -> f64 {
    count as f64
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_divide_a_line_into_runs() {
        let mut style = Style::default();
        let line = "a\u{1b}[1;36mbc\u{1b}[0m d\u{1b}[2K\u{1b}[7m!";
        let runs = runs(line, &mut style);
        let texts: Vec<_> = runs.iter().map(|run| (run.column, run.text.as_str())).collect();
        assert_eq!(texts, [(0, "a"), (1, "bc"), (3, " d"), (5, "!")]);
        assert!(runs[1].style.bold && runs[1].style.colour == Some(6));
        assert!(runs[2].style == Style::default() && runs[3].style.reverse);
        assert!(style.reverse, "the next line goes on with it");
    }

    #[test]
    fn the_first_of_256_colours_are_the_eight() {
        let mut style = Style::default();
        style.apply("1;38;5;14");
        assert_eq!((style.bold, style.colour), (true, Some(6)));
        style.apply("38;5;200");
        assert_eq!(style.colour, None);
        style.apply("38;2;1;2;3");
        assert_eq!(
            style,
            Style { bold: true, dim: true, ..Style::default() },
            "what it does not know"
        );
    }

    #[test]
    fn a_picture_holds_what_the_screen_showed() {
        let picture = svg("1 < 2 & 3\n\n\u{1b}[31mred\u{1b}[0m\n\n", "a \"screen\"", 20);
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
        assert!(picture.contains(">1 &lt; 2 &amp; 3</text>"), "{picture}");
        assert!(picture.contains("fill=\"#ff7b72\">red</text>"), "{picture}");
        assert!(picture.contains("viewBox=\"0 0 192 78\""), "{picture}");
        assert!(!picture.contains('\u{1b}'));
    }
}
