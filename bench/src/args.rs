//! The command line.

use std::path::PathBuf;

use crate::outcome::Outcome;
use crate::peer::{self, Peer};
use crate::work;

pub(crate) const USAGE: &str = "\
cargo run --release -- [options]
  --quick           under a minute: short measures, no cost
  --only WORK,...   only these works: rtt, pipelined, clients, oneway, reverse, nested,
                    listening, echo, connect, idle, broadcast, cost
  --peers NAME,...  only these peers; ratios need raw and raw-batch
  --rounds N        how often each measure is taken, 3 unless set
  --json            one line of JSON a measure instead of the table
  --svg DIR         draws a picture for each work into that folder";

/// What was asked for.
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) only: Vec<String>,
    pub(crate) peers: Vec<&'static dyn Peer>,
    pub(crate) rounds: usize,
    pub(crate) json: bool,
    pub(crate) svg: Option<PathBuf>,
    pub(crate) help: bool,
}

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Outcome<Options> {
        let mut options = Options {
            quick: false,
            only: Vec::new(),
            peers: peer::ALL.to_vec(),
            rounds: 3,
            json: false,
            svg: None,
            help: false,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
            match *word {
                "--quick" => options.quick = true,
                "--json" => options.json = true,
                "--help" | "-h" => options.help = true,
                "--rounds" => options.rounds = value()?.parse::<usize>()?.clamp(1, 99),
                "--svg" => options.svg = Some(PathBuf::from(value()?)),
                "--only" => options.only = groups(value()?)?,
                "--peers" => {
                    options.peers = value()?.split(',').map(peer::find).collect::<Outcome<_>>()?;
                }
                _ => return Err(format!("there is no option `{word}`\n{USAGE}").into()),
            }
        }
        Ok(options)
    }

    /// Whether works of that name are to be done.
    pub(crate) fn wants(&self, group: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == group)
    }
}

fn groups(text: &str) -> Outcome<Vec<String>> {
    let known = |name: &str| {
        let found = work::GROUPS.iter().find(|group| **group == name);
        found.ok_or(format!("there is no work `{name}`\n{USAGE}"))?;
        Ok(name.to_owned())
    };
    text.split(',').map(known).collect()
}
