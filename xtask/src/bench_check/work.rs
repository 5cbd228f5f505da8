//! The pieces of work, and one counted run of each.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::callgrind::{self, Profile};
use super::figures::{Figure, Figures};

use Steadiness::{Bursts, Steady};

/// The long run does this many times the units of the short one.
const LONGER: u32 = 6;

/// A piece of work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    pub(super) name: &'static str,
    /// Units of the short run.
    units: u32,
    steadiness: Steadiness,
}

/// How much the instructions of a unit differ from run to run.
#[derive(Clone, Copy, Debug)]
enum Steadiness {
    /// Hardly.
    Steady,
    /// By some per cent: which messages share a write is a matter of time.
    Bursts,
}

/// Work without a connection.
const ALONE: &[Work] = &[Work::new("encode", 10_000, Steady), Work::new("decode", 10_000, Steady)];

/// Work over a connection, each side in a process of its own.
pub(super) const TOGETHER: &[Work] = &[
    Work::new("appel", 1_000, Steady),
    Work::new("envoi", 10_000, Bursts),
    Work::new("differe", 10 * 256, Bursts),
    Work::new("echo64k", 20, Steady),
];

/// The function that runs a command on a server, from the lookup to the encoded answer.
const DISPATCH: &str =
    "commande::runner::RegistryRunner as cconn::link::threads::dispatch::Runner>::run";

impl Work {
    const fn new(name: &'static str, units: u32, steadiness: Steadiness) -> Work {
        Work { name, units, steadiness }
    }

    /// Runs of which the cheapest counts.
    fn repeats(self) -> usize {
        match self.steadiness {
            Steady => 1,
            Bursts => 3,
        }
    }

    fn figure(self, name: impl Into<String>, instructions: f64) -> Figure {
        let tolerance = match self.steadiness {
            Steady => 5.0,
            Bursts => 30.0,
        };
        Figure { name: name.into(), instructions, tolerance }
    }

    fn difference(self) -> f64 {
        f64::from(self.units * (LONGER - 1))
    }
}

/// A short and a long run of one process.
pub(super) struct Pair {
    pub(super) short: Profile,
    pub(super) long: Profile,
    pub(super) units: f64,
}

impl Pair {
    fn slope(&self) -> f64 {
        self.long.slope(&self.short, self.units)
    }
}

/// Every figure. The tools are but the kind of `memcpy`.
pub(super) fn count_all(program: &Path, folder: &Path) -> Result<Figures, String> {
    let mut figures = Figures::default();
    for work in ALONE {
        let pair = alone(*work, program, folder)?;
        figures.all.push(work.figure(work.name, pair.slope()));
    }
    for work in TOGETHER {
        let mut least: [f64; 2] = [f64::MAX; 2];
        for _ in 0..work.repeats() {
            let [client, server] = together(*work, program, folder)?;
            least = [least[0].min(client.slope()), least[1].min(server.slope())];
            if work.name == "appel" {
                let within = server.long.within(DISPATCH) - server.short.within(DISPATCH);
                figures.all.push(work.figure("dispatch", within / server.units));
                client.long.memcpy().unwrap_or("no memcpy").clone_into(&mut figures.tools);
            }
        }
        figures.all.push(work.figure(format!("{}.client", work.name), least[0]));
        figures.all.push(work.figure(format!("{}.server", work.name), least[1]));
    }
    Ok(figures)
}

fn alone(work: Work, program: &Path, folder: &Path) -> Result<Pair, String> {
    let run = |units: u32| {
        let path = folder.join(format!("{}.{units}", work.name));
        let mut command = callgrind::command(program, &path);
        expect(command.args([work.name, &units.to_string()]))?;
        callgrind::read(&path)
    };
    let (short, long) = (run(work.units)?, run(work.units * LONGER)?);
    Ok(Pair { short, long, units: work.difference() })
}

/// Client and server of a piece of work.
pub(super) fn together(work: Work, program: &Path, folder: &Path) -> Result<[Pair; 2], String> {
    let [client, server] = once(work, work.units, program, folder)?;
    let [long_client, long_server] = once(work, work.units * LONGER, program, folder)?;
    let units = work.difference();
    Ok([
        Pair { short: client, long: long_client, units },
        Pair { short: server, long: long_server, units },
    ])
}

fn once(work: Work, units: u32, program: &Path, folder: &Path) -> Result<[Profile; 2], String> {
    let path = |side: &str| folder.join(format!("{}.{side}.{units}", work.name));
    let [client, server] = [path("client"), path("server")];
    let mut serving = Serving::start(callgrind::command(program, &server).arg("server"))?;
    let mut command = callgrind::command(program, &client);
    expect(command.args([work.name, &serving.address, &units.to_string()]))?;
    serving.end()?;
    Ok([callgrind::read(&client)?, callgrind::read(&server)?])
}

fn expect(command: &mut Command) -> Result<(), String> {
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// A server that runs until its input is closed, as it is if this program ends.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(command: &mut Command) -> Result<Serving, String> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let mut address = String::new();
        if let Some(output) = child.stdout.take() {
            let read = BufReader::new(output).read_line(&mut address);
            read.map_err(|error| format!("{command:?}: {error}"))?;
        }
        Ok(Serving { child, address: address.trim().to_owned() })
    }

    fn end(&mut self) -> Result<(), String> {
        drop(self.child.stdin.take());
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("the server: {status}")),
            Err(error) => Err(format!("the server: {error}")),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Both fail where it has ended, which is as it should be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
