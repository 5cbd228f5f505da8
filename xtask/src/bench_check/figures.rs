//! Counted and committed figures: their file and how they compare.

use std::fmt;

const HEAD: &str = "\
# Instructions of one unit of each piece of work. Written by `cargo xtask bench-check --bless`.
# `.client` and `.server` are the two processes of one run; `dispatch` is a part of
# `appel.server`. Behind each figure: how many per cent dearer it may get.
# On other tools than these the figures are only shown.
";

/// A figure for each piece of work, and what counted them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) tools: String,
    pub(super) all: Vec<Figure>,
}

/// What a unit of a piece of work costs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) instructions: f64,
    /// How much dearer it may get, per cent.
    pub(super) tolerance: f64,
}

/// What became of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Kept,
    /// By more than the tolerance.
    Cheaper,
    Dearer,
    /// There is no committed figure.
    New,
    /// There is only a committed figure.
    Gone,
}

/// One piece of work, compared.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) verdict: Verdict,
    counted: Option<f64>,
    committed: Option<f64>,
}

impl Figures {
    pub(super) fn parse(text: &str) -> Result<Figures, String> {
        let mut figures = Figures::default();
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        for line in lines {
            if let Some(tools) = line.strip_prefix("tools: ") {
                tools.clone_into(&mut figures.tools);
                continue;
            }
            let figure = Figure::parse(line).ok_or_else(|| format!("no figure: `{line}`"))?;
            figures.all.push(figure);
        }
        Ok(figures)
    }

    pub(super) fn write(&self) -> String {
        let mut lines = vec![format!("{HEAD}tools: {}", self.tools)];
        lines.extend(self.all.iter().map(|figure| {
            let Figure { name, instructions, tolerance } = figure;
            format!("{name:<16} {instructions:>8.0} {tolerance:>3}")
        }));
        lines.join("\n") + "\n"
    }

    fn of(&self, name: &str) -> Option<&Figure> {
        self.all.iter().find(|figure| figure.name == name)
    }

    /// These figures, as counted, against committed ones.
    pub(super) fn compare(&self, committed: &Figures) -> Vec<Row> {
        let gone = committed.all.iter().filter(|figure| self.of(&figure.name).is_none());
        self.all
            .iter()
            .chain(gone)
            .map(|figure| Row::new(self.of(&figure.name), committed.of(&figure.name)))
            .collect()
    }
}

impl Figure {
    fn parse(line: &str) -> Option<Figure> {
        let mut words = line.split_whitespace();
        let name = words.next()?.to_owned();
        let instructions = words.next()?.parse().ok()?;
        Some(Figure { name, instructions, tolerance: words.next()?.parse().ok()? })
    }
}

impl Row {
    fn new(counted: Option<&Figure>, committed: Option<&Figure>) -> Row {
        let verdict = match (counted, committed) {
            (_, None) => Verdict::New,
            (None, _) => Verdict::Gone,
            (Some(counted), Some(committed)) => {
                let change = (counted.instructions - committed.instructions) * 100.0;
                let most = committed.tolerance * committed.instructions;
                match change {
                    change if change > most => Verdict::Dearer,
                    change if change < -most => Verdict::Cheaper,
                    _ => Verdict::Kept,
                }
            }
        };
        let name = counted.or(committed).map(|figure| figure.name.clone()).unwrap_or_default();
        let instructions = |figure: Option<&Figure>| figure.map(|figure| figure.instructions);
        let (counted, committed) = (instructions(counted), instructions(committed));
        Row { name, verdict, counted, committed }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |figure: Option<f64>| figure.map_or("-".to_owned(), |n| format!("{n:.0}"));
        write!(f, "{:<16} {:>8}", self.name, show(self.counted))?;
        write!(f, "  committed {:>8}", show(self.committed))?;
        if let (Some(counted), Some(committed)) = (self.counted, self.committed) {
            write!(f, "  {:>+6.1} %", (counted / committed - 1.0) * 100.0)?;
        }
        match self.verdict {
            Verdict::Kept => Ok(()),
            Verdict::Cheaper => f.write_str("  cheaper: bless it, so that it stays so"),
            Verdict::Dearer => f.write_str("  DEARER"),
            Verdict::New => f.write_str("  NEW"),
            Verdict::Gone => f.write_str("  GONE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(all: &[(&str, f64)]) -> Figures {
        let figure = |(name, instructions): &(&str, f64)| Figure {
            name: (*name).to_owned(),
            instructions: *instructions,
            tolerance: 5.0,
        };
        Figures { tools: "rustc 1".to_owned(), all: all.iter().map(figure).collect() }
    }

    fn verdicts(counted: &[(&str, f64)], committed: &[(&str, f64)]) -> Vec<Verdict> {
        let rows = figures(counted).compare(&figures(committed));
        rows.iter().map(|row| row.verdict).collect()
    }

    #[test]
    fn written_figures_are_read_again() {
        let figures = figures(&[("appel.client", 3100.0), ("encode", 61.0)]);
        assert_eq!(Figures::parse(&figures.write()), Ok(figures));
        assert!(Figures::parse("encode many").is_err_and(|text| text.contains("encode many")));
    }

    #[test]
    fn the_tolerance_is_exact_in_both_directions() {
        let of = |counted| verdicts(&[("x", counted)], &[("x", 1000.0)])[0];
        assert_eq!(of(1050.0), Verdict::Kept);
        assert_eq!(of(1051.0), Verdict::Dearer);
        assert_eq!(of(950.0), Verdict::Kept);
        assert_eq!(of(949.0), Verdict::Cheaper);
    }

    #[test]
    fn figures_without_a_partner_are_told() {
        let found = verdicts(&[("new", 1.0)], &[("gone", 1.0)]);
        assert_eq!(found, [Verdict::New, Verdict::Gone]);
    }

    #[test]
    fn a_row_says_what_happened() {
        let rows = figures(&[("x", 110.0)]).compare(&figures(&[("x", 100.0)]));
        let text = rows[0].to_string();
        assert!(text.contains("+10.0 %") && text.contains("DEARER"), "{text}");
    }
}
