//! The tables as Markdown, with what they were measured on, printed or put into the project's
//! pages: all of it on the page of performance, a few lines below the picture in the READMEs.

use std::path::Path;

use super::goals::verdicts;
use super::results::Results;
use super::svg;
use super::table::{LEGEND, figures, goals};
use crate::outcome::Outcome;
use crate::{cost, machine};

/// Between these two a page has what the last run printed.
const BEGIN: &str = "<!-- what `--pages` wrote begins here -->\n";
const END: &str = "<!-- what `--pages` wrote ends here -->\n";

pub(super) fn print(results: &Results) -> Outcome<()> {
    print!("{}", everything(results)?);
    Ok(())
}

/// Puts tables and the picture into the pages of the project in that folder.
pub(super) fn write_pages(results: &Results, root: &Path) -> Outcome<()> {
    svg::draw(results, &root.join("docs"))?;
    replace(&root.join("docs/PERFORMANCE.md"), &everything(results)?)?;
    replace(&root.join("README.md"), &extract(results, &ENGLISH)?)?;
    replace(&root.join("README.fr.md"), &extract(results, &FRENCH)?)
}

fn replace(page: &Path, text: &str) -> Outcome<()> {
    let old = std::fs::read_to_string(page)?;
    let parts = old.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.ok_or_else(|| format!("{} has no mark", page.display()))?;
    Ok(std::fs::write(page, format!("{before}{BEGIN}\n{text}\n{END}{after}"))?)
}

/// The words of a page.
struct Words {
    measured: [&'static str; 2],
    machine: &'static str,
    goals: [&'static str; 2],
}

const ENGLISH: Words = Words {
    measured: ["Measured on", "with"],
    machine: "The machine:",
    goals: ["Goals met:", "missed:"],
};

const FRENCH: Words = Words {
    measured: ["Mesuré le", "avec"],
    machine: "La machine :",
    goals: ["Objectifs atteints :", "manqués :"],
};

fn origin(words: &Words) -> Outcome<String> {
    let Words { measured: [on, with], machine, .. } = words;
    let (date, about, rustc) = (machine::today()?, machine::description(), cost::compiler()?);
    Ok(format!("{on} {date} {with} `{}`.\n{machine} {about}, {rustc}.\n", command()))
}

fn everything(results: &Results) -> Outcome<String> {
    let (figures, goals) = (table(&figures(results)), table(&goals(results)));
    Ok(format!("{}\n{figures}\n{}\n\n{goals}", origin(&ENGLISH)?, LEGEND.join("\n")))
}

/// What stands below the picture, which shows the figures: what was measured on, and the goals as
/// a sum.
fn extract(results: &Results, words: &Words) -> Outcome<String> {
    let verdicts = verdicts(results);
    let met = verdicts.iter().filter(|verdict| verdict.is_met).count();
    let (missed, [goals, then]) = (verdicts.len() - met, words.goals);
    Ok(format!("{}{goals} {met}, {then} {missed}.\n", origin(words)?))
}

/// How this was started, from the folder of the benchmark.
fn command() -> String {
    let words = std::env::args().skip(1).map(|word| format!(" {word}"));
    format!("cargo run --release --{}", words.collect::<String>())
}

fn table(lines: &[Vec<String>]) -> String {
    let mut lines: Vec<String> =
        lines.iter().map(|line| format!("| {} |\n", line.join(" | "))).collect();
    let columns = lines[0].matches('|').count() - 1;
    lines.insert(1, format!("|{}\n", "---|".repeat(columns)));
    lines.concat()
}
