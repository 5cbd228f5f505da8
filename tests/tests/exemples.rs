//! The examples run as users run them, and say what they should.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use cconn_tests::programs;
use cconn_tests::with_watchdog;

/// On a fresh clone the examples may have to be built first.
const BUILD: Duration = Duration::from_secs(500);
const RUN: Duration = Duration::from_secs(30);

/// Builds under one limit, so that the run has a short one of its own.
fn watched<T>(name: &str, body: impl FnOnce() -> T) -> T {
    with_watchdog("building the examples", BUILD, || programs::example("minimal"));
    with_watchdog(name, RUN, body)
}

/// What an example prints; it has to end well.
fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it can be started");
    let text = String::from_utf8(output.stdout).expect("it prints text");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{text}\n{errors}", output.status);
    text
}

fn run(name: &str) -> String {
    watched(name, || output(&mut Command::new(programs::example(name))))
}

/// These lines, in this order, with others between them.
fn assert_lines(text: &str, lines: &[&str]) {
    let mut all = text.lines();
    for line in lines {
        assert!(all.any(|found| found == *line), "`{line}` is missing, or out of order:\n{text}");
    }
}

#[test]
fn complet_goes_through_everything_and_ends_well() {
    let text = watched("complet", || {
        let mut command = programs::cargo();
        command.args(["run", "--example", "complet"]);
        if !cfg!(debug_assertions) {
            command.arg("--release");
        }
        output(&mut command)
    });
    assert_lines(
        &text,
        &[
            "[serveur] client 1 has come",
            "[client 1] pong: bonjour",
            "[client 1] the server says that 20 + 3 = 23",
            "[client 1] took out 30, 70 are left",
            "[client 1] can't take out 500: 430 missing",
            "[client 2] can't take out 500: 430 missing",
            "[serveur] client 1 says that 12 + 34 = 46",
            "[serveur] asked both at once: 1 + 2 = 3, 3 + 4 = 7",
            "[serveur] stopped, and all three clients ended well",
        ],
    );
    for client in ["[client 1]", "[client 2]"] {
        let said = format!("{client} the server says: we are closing");
        assert_lines(&text, &[&said, &format!("{client} the connection was stopped in order")]);
    }
    let refused = text.lines().find(|line| line.starts_with("[client 3] not let in: "));
    assert!(refused.is_some_and(|line| line.ends_with("it takes 2 clients at a time")), "{text}");
    assert!(!text.contains("was lost"), "{text}");
}

#[test]
fn a_client_of_complet_that_meets_nobody_fails() {
    let nobody = ["127.0.0.1:1", "1"];
    let mut client = Command::new(watched("building", || programs::example("complet")));
    let client = with_watchdog("client", RUN, || client.args(nobody).output().unwrap());
    assert!(!client.status.success());
    let text = String::from_utf8_lossy(&client.stdout);
    assert!(text.starts_with("[client 1] failed: can't connect to 127.0.0.1:1: "), "{text}");
}

#[test]
fn minimal_is_the_example_of_the_readmes() {
    assert_lines(&run("minimal"), &["12 + 34 = 46", "pong: bonjour"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let example = fs::read_to_string(root.join("examples/examples/minimal.rs")).unwrap();
    let (_, program) = example.split_once("\n\n").unwrap();
    for page in ["README.md", "README.fr.md"] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        assert!(text.contains(&format!("```rust\n{program}```\n")), "{page} shows another one");
    }
}

#[test]
fn par_nom_needs_no_macro() {
    let text = run("par_nom");
    assert_lines(&text, &["12 + 34 = 46", "visits: 2"]);
    assert_lines(&text, &["pong: bonjour"]);
}

#[test]
fn versions_understand_each_other() {
    assert_lines(
        &run("versions"),
        &[
            "old calls old: chat in all languages",
            "old calls new: chat in all languages",
            "new calls old: chat in all languages",
            "new calls new: chat in French",
            "new calls old: no argument Some(\"langue\") there",
            "chercher(mot: &str, langue: &str) -> String",
            "trouver is an earlier name of chercher",
        ],
    );
}

#[test]
fn differer_waits_later() {
    let squares = "squares: [1, 4, 9, 16, 25, 36, 49, 64, 81, 100]";
    assert_lines(&run("differer"), &[squares, "answered at once: false", "answered in the end"]);
}

#[test]
fn erreurs_shows_each_sort() {
    let ended = "  connection over: true, may have run: false";
    assert_lines(
        &run("erreurs"),
        &[
            "refused, 30 missing",
            "failed there: command `racine` on local (#1): it failed at the peer: -1 has no square \
             root",
            "not there: absente",
            "too late: command `lente` on local (#1): no answer after 20ms (it may have run)",
            "  connection over: false, may have run: true",
            "still connected: true",
            ended,
            ended,
        ],
    );
}

#[test]
fn capteurs_reach_their_subscribers() {
    assert_lines(
        &run("capteurs"),
        &[
            "100 subscribers of 2 sensors",
            "one leaves after Some(Mesure { numero: 0, degres: 20.0 })",
            "99 are left",
            "50 have seen 10 readings, the last 14.25 degrees",
            "49 have seen 10 readings, the last 22.25 degrees",
            "the display shows Some([14.25, 22.25])",
        ],
    );
}

#[test]
fn diffusion_reaches_everyone() {
    let text = run("diffusion");
    assert_lines(&text, &["reached: 3, missed: 0", "reached: 0"]);
    for number in 1..=3 {
        assert_lines(&text, &[&format!("client {number}: bonjour")]);
    }
}

#[test]
fn the_server_and_the_client_are_driven_by_keyboard() {
    watched("keyboard", || {
        let mut server = programs::start("serveur", &["0", "1"]);
        let address = server.expect("listening on ");
        let (address, _) = address.split_once(' ').unwrap();

        let mut client = programs::start("client", &[address]);
        client.say("ping bonjour");
        client.expect("[client] pong: bonjour");
        client.say("somme 12 34");
        client.expect("[client] 12 + 34 = 46");
        client.say("retirer 100 130");
        client.expect("[client] 30 is missing in the account");
        client.say("somme 12 x");
        client.expect("[client] x is not a number that fits here");

        server.say("à tous");
        server.expect("[serveur] told 1 clients");
        client.expect("[client] the server says: à tous");

        client.hang_up();
        client.expect("[client] the connection was stopped in order");
        client.expect_success();
        server.expect("has left in order");
        server.say("stop");
        server.expect("[serveur] stopped");
        server.expect_success();
    });
}

#[test]
fn ctrl_c_stops_the_server_in_order_and_its_client_hears_of_it() {
    watched("ctrl-c", || {
        let mut server = programs::start("serveur", &["0", "1"]);
        let address = server.expect("listening on ");
        let (address, _) = address.split_once(' ').unwrap();
        // Without a keyboard it runs on.
        server.hang_up();
        let client = programs::start("client", &[address]);
        server.expect("has come");

        let id = server.id().to_string();
        let kill = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(kill.success());
        client.expect("[client] the connection was stopped in order");
        client.expect_success();
        server.expect("[serveur] stopped");
        server.expect_success();
    });
}

#[test]
fn magasin_shares_its_values_and_counts_for_each_client() {
    assert_lines(
        &run("magasin"),
        &[
            "fruit.2 is Some(\"poire\")",
            "fruits: [\"fruit.1\", \"fruit.2\"]",
            "ecrire of client 2: Reponse",
            "fruit.1 was Some(\"pomme\"), and is Some(\"prune\")",
            "ada has read and written (1, 3)",
            "bea has read and written (1, 1)",
        ],
    );
}

#[test]
fn fichiers_moves_a_file_and_says_what_can_t_be_moved() {
    let text = run("fichiers");
    assert_lines(&text, &["fetched 20971520 bytes"]);
    assert!(text.contains("not fetched: command `telecharger` on local (#1): "), "{text}");
}

#[test]
fn travaux_does_a_job_gives_another_up_and_fetches_results_later() {
    assert_lines(
        &run("travaux"),
        &[
            "25997 primes below 300000",
            "the search for perfect numbers was given up, and the worker has stopped",
            "job 1: 1229 primes below 10000",
            "job 2: 25 primes below 100",
        ],
    );
}

#[test]
fn depot_keeps_a_file_and_not_half_of_one() {
    let text = run("depot");
    assert_lines(&text, &["kept 20971520 bytes, fetched 20971520 bytes"]);
    assert!(text.contains("not kept: command `deposer` on local (#1): "), "{text}");
    assert!(text.contains("argument `contenu`: the disk is gone"), "{text}");
}

#[test]
fn people_in_a_room_of_the_chat_hear_each_other() {
    watched("chat", || {
        let mut server = programs::start("chat_serveur", &["0"]);
        let address = server.expect("listening on ");
        let mut ada = programs::start("chat_client", &[&address, "Ada", "cuisine"]);
        ada.expect("* in cuisine, with []");
        let mut bea = programs::start("chat_client", &[&address, "Bea", "cuisine"]);
        bea.expect("* in cuisine, with [\"Ada\"]");
        ada.expect("* Bea has come");
        ada.say("bonjour");
        bea.expect("Ada: bonjour");
        ada.expect("* heard by 1");
        let mut other = programs::start("chat_client", &[&address, "Ada", "cuisine"]);
        other.expect("* not let in: Ada is in that room already");
        other.say("anyone?");
        other.expect("* enter a room first");
        bea.say("/salon jardin");
        bea.expect("* in jardin, with []");
        ada.expect("* Bea has left");
        ada.say("personne");
        ada.expect("* heard by 0");
        bea.hang_up();
        bea.expect_success();
        server.expect("[jardin] Bea has left");
        server.say("stop");
        server.expect("stopped");
        server.expect_success();
    });
}

#[test]
#[cfg(unix)]
fn demon_is_started_by_its_first_run_and_counts_over_all_runs() {
    let demon = watched("demon", || programs::example("demon"));
    with_watchdog("demon", RUN, || {
        let socket = std::env::temp_dir().join(format!("cconn-demon-{}", std::process::id()));
        let run = |how: &str| output(Command::new(&demon).arg(how).arg(&socket));
        for n in 1..=3 {
            assert_eq!(run("--compte"), format!("asked {n} times\n"));
        }
        assert_eq!(run("--arret"), "");
        while socket.exists() {
            std::thread::sleep(Duration::from_millis(2));
        }
    });
}

#[test]
#[cfg(unix)]
fn greffons_call_back_and_one_that_crashes_costs_only_itself() {
    assert_lines(
        &run("greffons"),
        &[
            "fragile: ends badly",
            "cadre: bonjour -> * bonjour *",
            "renverse: * bonjour * -> * ruojnob *",
            "[fragile] I can't bear * ruojnob *",
            "fragile is lost: exit status: 3",
            "cadre has ended: exit status: 0",
            "renverse has ended: exit status: 0",
        ],
    );
    // Whoever starts a plug-in by hand is told what it is.
    let plugin = programs::example("greffons");
    let mut plugin = Command::new(plugin);
    let output = with_watchdog("by hand", RUN, || {
        plugin.args(["--greffon", "cadre"]).stdin(Stdio::null()).output().unwrap()
    });
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("Client::enfant"), "{text}");
}
