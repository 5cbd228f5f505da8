//! The one who leads: every case, in rounds of one measure a peer, and the report.

use std::process::{Command, Stdio};

use super::client_process;
use crate::args::{Options, USAGE};
use crate::cost;
use crate::machine;
use crate::outcome::Outcome;
use crate::peer::{Budget, Figure, Peer, Unit};
use crate::plan;
use crate::report::{self, Label, Results};
use crate::work::{self, Case};

pub(crate) fn lead(words: &[&str]) -> Outcome<()> {
    let options = Options::parse(words)?;
    if options.help {
        println!("{USAGE}");
        return Ok(());
    }
    if cfg!(debug_assertions) {
        eprintln!("bench: this is a debug build, its figures mean nothing: use --release");
    }
    let mut results = Results::new(&options.peers);
    for mut block in work::blocks() {
        block.retain(|case| options.wants(case.work.group()));
        let Some(first) = block.first() else { continue };
        if machine::cpus(first.pinning)?.is_none() {
            eprintln!("skipped: {} {} needs two CPUs", first.work, first.pinning);
            continue;
        }
        run_block(&block, &options, &mut results);
    }
    if options.wants(work::COST) && (!options.quick || !options.only.is_empty()) {
        add_cost(&options, &mut results);
    }
    report::print(&results, &options)
}

/// All rounds of some cases.
fn run_block(block: &[Case], options: &Options, results: &mut Results) {
    let names: Vec<String> = block.iter().map(|case| case.work.to_string()).collect();
    eprintln!("{} {}", names.join(", "), block[0].pinning);
    for round in 0..options.rounds {
        for case in block {
            run_round(*case, round, options, results);
        }
    }
}

/// One measure of each peer. One that fails is missing in the table, and said here.
fn run_round(case: Case, round: usize, options: &Options, results: &mut Results) {
    let budget = plan::budget(options);
    for peer in options.peers.iter().filter(|peer| peer.has(case.work)) {
        match run_measure(*peer, case, budget) {
            Ok(figures) => results.add(&Label::of_case(case), round, peer.name(), &figures),
            Err(error) => eprintln!("FAILED: {} {}: {error}", case.work, peer.name()),
        }
    }
}

/// Builds take long and vary little: once is enough.
fn add_cost(options: &Options, results: &mut Results) {
    let label = Label::of_cost();
    for peer in options.peers.iter().map(|peer| peer.name()).filter(|peer| cost::has(peer)) {
        eprintln!("cost {peer}");
        match cost::measure(peer) {
            Ok(figures) => results.add(&label, 0, peer, &figures),
            Err(error) => eprintln!("FAILED: cost {peer}: {error}"),
        }
    }
}

/// One measure: a fresh client process, which starts a fresh server.
fn run_measure(peer: &dyn Peer, case: Case, budget: Budget) -> Outcome<Vec<Figure>> {
    let mut command: Command = client_process(peer.name(), case, budget)?;
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("its client ended with {}", output.status).into());
    }
    String::from_utf8(output.stdout)?.lines().map(|line| read_figure(case, line)).collect()
}

fn read_figure(case: Case, line: &str) -> Outcome<Figure> {
    let words: Vec<&str> = line.split('\t').collect();
    let [name, value, unit] = words[..] else {
        return Err(format!("{} printed {line:?}", case.work).into());
    };
    let unit = Unit::of_symbol(unit).ok_or("a unit that nobody knows")?;
    Ok(Figure { name: name.to_owned().into(), value: value.parse()?, unit })
}
