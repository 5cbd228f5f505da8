//! `charge`: calls from many connections, and how long they took.

mod bars;
mod drive;
mod live;
mod pace;
mod report;

use std::fs::OpenOptions;
use std::path::Path;

use super::picture;
use crate::arguments::{Common, Load};
use crate::dial;
use crate::failure::{Failure, Kind, Outcome};
use crate::interrupt::Looking;
use crate::output;
use crate::remote::{Prepared, Remote};

use drive::{Loaded, Shared};
use report::Report;

/// The percentiles that are shown.
pub const PERCENTILES: [f64; 6] = [50.0, 90.0, 99.0, 99.9, 99.99, 100.0];

pub fn run(load: &Load, common: &Common) -> Outcome<()> {
    let remote = Remote::open(&load.call.adresse, common)?;
    // Once, so that a wrong argument is told before anything is loaded.
    let prepared = remote.prepare(&load.call.commande, &load.call.valeurs)?;
    try_once(&remote, &prepared)?;
    let clients = (0..load.clients)
        .map(|_| dial::connect(&load.call.adresse, common))
        .collect::<Outcome<Vec<_>>>()?;
    let _stops_the_load = Looking::begin()?;
    if let Some(path) = &load.svg {
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        opened.map_err(|error| no_picture(path, &error.to_string()))?;
    }
    let shared = Shared::new(load);
    let calls: Vec<_> =
        clients.iter().map(|(client, _)| || remote.call(client, &prepared)).collect();
    drive::run(&calls, &shared, live::is_wanted(common), |loaded| end(loaded, load, common))
}

/// One call, which shows whether the command can be loaded at all.
fn try_once(remote: &Remote, prepared: &Prepared) -> Outcome<()> {
    let name = &prepared.command.nom;
    if prepared.streams() {
        let text = format!("`{name}` answers with a stream: a load is made of single answers");
        return Err(Failure::usage(text));
    }
    let refused = |own| Failure::new(Kind::Command, format!("`{name}` refuses: {own}"));
    remote.call(&remote.client, prepared)?.map(drop).map_err(refused)
}

/// Shows what was measured, and draws it. What was measured until a call failed is worth as much,
/// so the failure comes last.
fn end(loaded: Loaded, load: &Load, common: &Common) -> Outcome<()> {
    let report = Report::new(&loaded, load);
    report.print(common)?;
    let drawn = load.svg.as_ref().map_or(Ok(()), |path| {
        picture::write(&loaded.tally.latencies, load, path)
            .map_err(|error| no_picture(path, &error))
    });
    match (loaded.failed, drawn) {
        (Some(failure), drawn) => {
            drawn.unwrap_or_else(|failure| output::complain(&failure));
            Err(failure)
        }
        (None, Ok(())) if loaded.interrupted => Err(Failure::quiet(Kind::Interrupted)),
        (None, Err(failure)) if loaded.interrupted => {
            output::complain(&failure);
            Err(Failure::quiet(Kind::Interrupted))
        }
        (None, drawn) => drawn,
    }
}

fn no_picture(path: &Path, error: &str) -> Failure {
    Failure::usage(format!("the picture can't be written to {}: {error}", path.display()))
}
