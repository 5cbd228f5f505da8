//! What is known of one test, as a line for people or for programs.

use std::fmt::Write as _;
use std::time::Duration;

use crate::catalogue::Test;
use crate::run::{FAULT, FIGURE, SKIP};

/// Faults that are shown: the first tell the story.
const MOST_FAULTS: usize = 20;

/// How a child ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Ended,
    Broken(String),
    /// It did not end in time, and what its threads were doing.
    Hung {
        limit: Duration,
        evidence: String,
    },
}

#[derive(Debug)]
struct Figure {
    name: String,
    value: String,
    unit: String,
}

#[derive(Debug)]
pub(crate) struct Report {
    test: &'static Test,
    pub(crate) time: Duration,
    pub(crate) outcome: Outcome,
    figures: Vec<Figure>,
    faults: Vec<String>,
    /// Why it could not be run here, where that is so.
    skipped: Option<String>,
    pub(crate) stderr: String,
}

impl Report {
    pub(crate) fn new(test: &'static Test) -> Self {
        Report {
            test,
            time: Duration::ZERO,
            outcome: Outcome::Ended,
            figures: Vec::new(),
            faults: Vec::new(),
            skipped: None,
            stderr: String::new(),
        }
    }

    /// Takes in a line that the child wrote.
    pub(crate) fn take_line(&mut self, line: &str) {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields.as_slice() {
            [word, name, value, unit] if *word == FIGURE => {
                let [name, value, unit] = [*name, *value, *unit].map(str::to_owned);
                self.figures.push(Figure { name, value, unit });
            }
            [word, text] if *word == FAULT => self.faults.push((*text).to_owned()),
            [word, reason] if *word == SKIP => self.skipped = Some((*reason).to_owned()),
            _ => self.stderr.extend([line, "\n"]),
        }
    }

    pub(crate) fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Ended) && self.faults.is_empty()
    }

    /// Whether there was nothing to fail, for it could not be run here.
    pub(crate) fn is_skipped(&self) -> bool {
        self.skipped.is_some() && self.is_ok()
    }

    fn word(&self) -> &'static str {
        match (self.is_ok(), self.is_skipped()) {
            (_, true) => "SKIPPED",
            (true, false) => "ok",
            (false, false) => "FAILED",
        }
    }

    /// Everything that went wrong, a text each.
    fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<String> = self.faults.iter().take(MOST_FAULTS).cloned().collect();
        if self.faults.len() > MOST_FAULTS {
            reasons.push(format!("and {} more faults", self.faults.len() - MOST_FAULTS));
        }
        match &self.outcome {
            Outcome::Broken(text) if reasons.is_empty() => reasons.push(text.clone()),
            // A child with faults fails; its status says no more.
            Outcome::Ended | Outcome::Broken(_) => {}
            Outcome::Hung { limit, evidence } => {
                reasons.push(format!("has not ended within {limit:?}\n{evidence}"));
            }
        }
        if !self.is_ok() && !self.stderr.is_empty() {
            reasons.push(format!("standard error:\n{}", self.stderr));
        }
        reasons
    }

    pub(crate) fn text(&self) -> String {
        let Test { id, name, .. } = self.test;
        let word = self.word();
        let time = self.time.as_secs_f64();
        let mut line = format!("{id:<4} {name:<40} {word:<7} {time:6.1} s ");
        for Figure { name, value, unit } in &self.figures {
            let space = if unit.is_empty() { "" } else { " " };
            let _infallible = write!(line, " {name} {value}{space}{unit};");
        }
        if let Some(reason) = &self.skipped {
            let _infallible = write!(line, " {reason};");
        }
        for reason in self.reasons() {
            let _infallible = write!(line, "\n     ! {}", reason.replace('\n', "\n       "));
        }
        line
    }

    pub(crate) fn json(&self) -> String {
        let figures: Vec<String> = self.figures.iter().map(Figure::json).collect();
        let faults: Vec<String> = self.reasons().iter().map(|text| quoted(text)).collect();
        format!(
            "{{\"id\":{},\"name\":{},\"ok\":{},\"skipped\":{},\"seconds\":{:.3},\"figures\":[{}],\"faults\":[{}]}}",
            quoted(self.test.id),
            quoted(self.test.name),
            self.is_ok(),
            self.skipped.as_deref().map_or_else(|| "null".to_owned(), quoted),
            self.time.as_secs_f64(),
            figures.join(","),
            faults.join(",")
        )
    }
}

impl Figure {
    fn json(&self) -> String {
        let is_number = self.value.parse::<f64>().is_ok_and(f64::is_finite);
        let value = if is_number { self.value.clone() } else { quoted(&self.value) };
        let (name, unit) = (quoted(&self.name), quoted(&self.unit));
        format!("{{\"name\":{name},\"value\":{value},\"unit\":{unit}}}")
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _infallible = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::TESTS;

    #[test]
    fn a_fault_fails_the_test_and_figures_are_shown() {
        let mut report = Report::new(&TESTS[0]);
        report.take_line("figure\tcells\t54\t");
        report.take_line("figure\tslowest\t1.5\tms");
        assert!(report.is_ok() && report.text().contains(" cells 54; slowest 1.5 ms;"));
        report.take_line("fault\tone \"hung\"");
        assert!(!report.is_ok() && report.text().contains("FAILED"));
        let json = report.json();
        assert!(json.contains(r#""name":"slowest","value":1.5,"unit":"ms""#), "{json}");
        assert!(json.contains(r#""faults":["one \"hung\""]"#), "{json}");
    }

    #[test]
    fn a_test_that_can_not_be_run_is_skipped_aloud_and_one_that_fails_is_not() {
        let mut report = Report::new(&TESTS[0]);
        report.take_line("skip\tno strace");
        assert!(report.is_skipped() && report.text().contains("SKIPPED"), "{}", report.text());
        assert!(report.text().contains("no strace"));
        assert!(report.json().contains(r#""ok":true,"skipped":"no strace""#), "{}", report.json());
        report.take_line("fault\tbroken");
        assert!(!report.is_skipped() && report.text().contains("FAILED"));
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(quoted("a\n\\"), r#""a\u000a\\""#);
    }
}
