//! The page of the examples: every example is on it, and prints what it shows.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use cconn_tests::programs::{self, Running};
use cconn_tests::with_watchdog;

use super::{page, root};

/// On a fresh clone the examples may have to be built first.
const BUILD: Duration = Duration::from_secs(500);
const RUN: Duration = Duration::from_secs(60);

const PAGE: &str = "examples/README.md";

/// The commands on the page that have what they print below them, with that.
fn runs(page: &str) -> Vec<(Vec<&str>, Vec<&str>)> {
    let commands = page.split("```sh\ncargo ").skip(1);
    let parts = commands.filter_map(|rest| rest.split_once("\n```\n"));
    let shown = parts.filter_map(|(command, rest)| {
        let (text, _) = rest.trim_start().strip_prefix("```text\n")?.split_once("\n```")?;
        // A block of several commands is for several terminals.
        let is_one = !command.contains('\n');
        is_one.then(|| (command.split(' ').collect(), text.lines().collect()))
    });
    shown.collect()
}

/// Without the number of a port, which is another each time.
fn without_port(line: &str) -> String {
    let Some((before, rest)) = line.split_once("127.0.0.1:") else { return line.to_owned() };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}127.0.0.1:{rest}")
}

/// The lines, in one order whatever theirs is.
fn sorted<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut lines: Vec<String> = lines.map(without_port).collect();
    lines.sort();
    lines
}

#[test]
fn each_example_prints_what_its_page_shows() {
    with_watchdog("building the examples", BUILD, || drop(programs::example("minimal")));
    let page = page(PAGE);
    let runs = runs(&page);
    assert_eq!(runs.len(), 13, "{runs:?}");
    for (arguments, shown) in runs {
        let name = arguments.join(" ");
        let output = with_watchdog(&name, RUN, || {
            let mut cargo = programs::cargo();
            cargo.args(&arguments).stdin(Stdio::null());
            if !cfg!(debug_assertions) {
                cargo.arg("--release");
            }
            cargo.output().unwrap()
        });
        assert!(output.status.success(), "{name}: {output:?}");
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(sorted(printed.lines()), sorted(shown.into_iter()), "{name}");
    }
}

/// An example started by cargo, as its page has it, with other arguments.
fn started(name: &str, arguments: &[&str]) -> Running {
    let mut cargo = programs::cargo();
    cargo.args(["run", "--quiet", "--example", name]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    Running::of(cargo.arg("--").args(arguments))
}

/// What the server and its client show, with what is typed at each, is what their page shows.
#[test]
fn the_server_and_its_client_show_what_their_page_shows() {
    with_watchdog("building the examples", BUILD, || drop(programs::example("minimal")));
    let page = page(PAGE);
    let sessions: Vec<&str> = page.split("```console\n").skip(1).collect();
    let shown = |at: usize| sessions[at].split("```").next().unwrap().lines();
    let (client_shows, server_shows) = (shown(0), shown(1));
    with_watchdog("server and client", RUN, || {
        let mut server = started("serveur", &["0", "23"]);
        let address = server.expect("listening on ");
        let (address, _) = address.split_once(' ').unwrap();
        let mut client = started("client", &[address]);
        // What stands behind the last port of a line, and a line without one as a whole.
        let rest = |line: &str| {
            let behind = line.rsplit_once("127.0.0.1:").map_or(line, |(_, behind)| behind);
            behind.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned()
        };
        let mut typed = ["ping bonjour", "somme 12 34", "retirer 100 130"].into_iter();
        for line in client_shows {
            if line.contains("ping WORD") {
                typed.by_ref().for_each(|line| client.say(line));
            }
            if line.contains("the server says") {
                server.say("we close soon");
            }
            if line.contains("was stopped in order") {
                server.say("stop");
            }
            client.expect(&rest(line));
        }
        client.expect_success();
        // Its first line was read above.
        server_shows.skip(1).for_each(|line| drop(server.expect(&rest(line))));
        server.expect_success();
    });
}

/// Lines of an example that the page of deployment shows, which are no program by themselves.
#[test]
fn the_lines_about_signals_are_those_of_the_example() {
    let shown = page("docs/guide/src/deployment.md");
    let (_, shown) = shown.split_once("```rust,ignore\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let example = page("examples/examples/serveur.rs");
    let unindented: String = example
        .lines()
        .flat_map(|line| [line.strip_prefix("    ").unwrap_or(line), "\n"])
        .collect();
    assert!(unindented.contains(shown), "{shown}");
}

#[test]
fn every_example_is_on_the_page_with_its_command() {
    let page = page(PAGE);
    for entry in fs::read_dir(root().join("examples/examples")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let name = file.strip_suffix(".rs").unwrap();
        assert!(page.contains(&format!("(examples/{file})")), "{file} is not in the table");
        let command = format!("cargo run --example {name}");
        assert!(page.contains(&command), "`{command}` is not shown");
    }
}
