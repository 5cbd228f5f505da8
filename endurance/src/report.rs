//! What is known of one test, as a line for people or for programs.

use std::fmt::Write as _;
use std::time::Duration;

use crate::catalogue::Test;
use crate::run::{FAULT, FIGURE};

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
            _ => self.stderr.push_str(line),
        }
    }

    pub(crate) fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Ended) && self.faults.is_empty()
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
        let word = if self.is_ok() { "ok" } else { "FAILED" };
        let time = self.time.as_secs_f64();
        let mut line = format!("{id:<4} {name:<40} {word:<6} {time:6.1} s ");
        for Figure { name, value, unit } in &self.figures {
            let space = if unit.is_empty() { "" } else { " " };
            let _infallible = write!(line, " {name} {value}{space}{unit};");
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
            "{{\"id\":{},\"name\":{},\"ok\":{},\"seconds\":{:.3},\"figures\":[{}],\"faults\":[{}]}}",
            quoted(self.test.id),
            quoted(self.test.name),
            self.is_ok(),
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
    fn control_characters_are_escaped() {
        assert_eq!(quoted("a\n\\"), r#""a\u000a\\""#);
    }
}
