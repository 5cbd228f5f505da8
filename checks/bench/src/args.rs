//! The command line.

use std::path::PathBuf;

use crate::outcome::Outcome;
use crate::peer::{self, Peer};
use crate::work;

pub(crate) const USAGE: &str = "\
cargo run --release -- [options]
  --quick           under a minute: short measures, no cost, no cconn-active
  --only WORK,...   only these works: rtt, pipelined, clients, oneway, reverse, nested,
                    listening, first, echo, connect, idle, broadcast, stream, octets, cost
  --peers NAME,...  only these peers; ratios need raw and raw-batch
  --rounds N        how often each measure is taken, 5 unless set, 3 for a quick run
  --json            one line of JSON a measure instead of the tables
  --markdown        the tables as Markdown, with what they were measured on
  --svg DIR         draws speed.svg into that folder
  --pages DIR       puts tables and picture into the pages of the project, which is in DIR";

/// How figures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Json,
    Markdown,
}

/// What was asked for.
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) only: Vec<String>,
    pub(crate) peers: Vec<&'static dyn Peer>,
    pub(crate) rounds: usize,
    pub(crate) format: Format,
    pub(crate) svg: Option<PathBuf>,
    pub(crate) pages: Option<PathBuf>,
    pub(crate) help: bool,
}

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Outcome<Options> {
        let is_quick = words.contains(&"--quick");
        let mut options = Options {
            quick: is_quick,
            only: Vec::new(),
            peers: if is_quick { peer::quick() } else { peer::ALL.to_vec() },
            rounds: if is_quick { 3 } else { 5 },
            format: Format::Table,
            svg: None,
            pages: None,
            help: false,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
            match *word {
                "--quick" => {}
                "--json" => options.format = Format::Json,
                "--markdown" => options.format = Format::Markdown,
                "--help" | "-h" => options.help = true,
                "--rounds" => options.rounds = value()?.parse::<usize>()?.clamp(1, 99),
                "--svg" => options.svg = Some(PathBuf::from(value()?)),
                "--pages" => options.pages = Some(PathBuf::from(value()?)),
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
        let is_named = |group: &str| self.only.iter().any(|only| only == group);
        // These two are compared with the round trip.
        let needs_trip = group == "rtt" && (is_named("reverse") || is_named("nested"));
        self.only.is_empty() || is_named(group) || needs_trip
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
