//! The three roles of this program: the one who leads, the client of a case, its server.

mod lead;

use std::io::{BufRead, Write};
use std::time::Duration;

use crate::machine;
use crate::outcome::{Failure, Outcome};
use crate::peer::{self, Budget, Server};
use crate::session::Session;
use crate::work::Case;

pub(crate) use lead::lead;

/// The first argument of a server process.
pub(crate) const SERVER: &str = "__server";

/// The first argument of a client process.
pub(crate) const CLIENT: &str = "__client";

/// What a case may take beyond its time: connecting thousands of clients, and waiting for the
/// last answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serves one peer's side of one case until its standard input ends.
pub(crate) fn server(words: &[&str]) -> Outcome<()> {
    let [peer, case, cpu] = words else { return Err("wrong arguments".into()) };
    let case: Case = case.parse()?;
    machine::pin(cpu.parse().ok())?;
    machine::raise_descriptors();
    machine::end_after(2 * PATIENCE);
    let mut server = peer::find(peer)?.serve(case.work)?;
    say(&Ok(server.port().to_string()))?;
    for line in std::io::stdin().lock().lines() {
        say(&answer(&mut *server, &line?))?;
    }
    // Threads and tasks that still wait end with the process.
    std::process::exit(0);
}

fn say(answer: &Outcome<String>) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    match answer {
        Ok(answer) => writeln!(out, "ok {answer}")?,
        Err(error) => writeln!(out, "error {}", error.to_string().replace('\n', " "))?,
    }
    Ok(out.flush()?)
}

fn answer(server: &mut dyn Server, request: &str) -> Outcome<String> {
    Ok(match request.split(' ').collect::<Vec<_>>().as_slice() {
        ["cpu"] => machine::cpu_time().as_nanos().to_string(),
        ["descriptors"] => machine::descriptors()?.to_string(),
        ["ahead"] => server.ahead_kib().to_string(),
        ["rss"] => machine::resident_kib()?.to_string(),
        ["reverse", millis] => server.reverse(Duration::from_millis(millis.parse()?))?.to_string(),
        ["broadcast"] => server.broadcast()?.to_string(),
        _ => return Err(format!("there is no request `{request}`").into()),
    })
}

/// Does one peer's work of one case, and prints a line for each figure.
pub(crate) fn client(words: &[&str]) -> Outcome<()> {
    let [peer, case, numbers @ ..] = words else { return Err("wrong arguments".into()) };
    let case: Case = case.parse()?;
    let numbers = numbers.iter().map(|number| number.parse()).collect::<Result<Vec<_>, _>>()?;
    let [millis, idle, audience] = numbers[..] else { return Err("wrong arguments".into()) };
    let time = Duration::from_millis(millis as u64);
    let budget = Budget { time, idle, audience };
    machine::raise_descriptors();
    machine::end_after(PATIENCE);
    let [server_cpu, client_cpu] = machine::cpus(case.pinning)?.ok_or("this needs two CPUs")?;
    let mut session = Session::start(peer, case, server_cpu)?;
    machine::pin(client_cpu)?;
    let figures = peer::find(peer)?.measure(case.work, &mut session, budget);
    crate::drive::finish();
    drop(session);
    for figure in figures? {
        println!("{}\t{}\t{}", figure.name, figure.value, figure.unit.symbol());
    }
    // As above: nobody waits for listeners.
    std::process::exit(0);
}

/// The client process of a case, to be started.
pub(crate) fn client_process(
    peer: &str,
    case: Case,
    budget: Budget,
) -> Result<std::process::Command, Failure> {
    let mut command = std::process::Command::new(std::env::current_exe()?);
    let millis = budget.time.as_millis().to_string();
    command.args([CLIENT, peer, &case.number().to_string(), &millis]);
    command.args([budget.idle.to_string(), budget.audience.to_string()]);
    Ok(command)
}
