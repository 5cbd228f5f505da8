//! `charge` against a server: how long it takes, what it counts, and what it shows meanwhile.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cconn::{Client, Resultat, Serveur, commande, commandes};
use serde_json::Value;

#[cfg(target_os = "linux")]
mod terminal;

const LIMIT: Duration = Duration::from_secs(30);

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande]
fn dort(ms: u64) {
    thread::sleep(Duration::from_millis(ms));
}

/// How often `hoquet` was called.
static HICCUPS: AtomicU64 = AtomicU64::new(0);

/// Stalls now and then.
#[commande]
fn hoquet() {
    if HICCUPS.fetch_add(1, Ordering::Relaxed) % 20 == 19 {
        thread::sleep(Duration::from_millis(100));
    }
}

/// Refuses each second call.
#[commande]
fn refuse(n: i64) -> Result<i64, String> {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    if CALLS.fetch_add(1, Ordering::Relaxed) % 2 == 1 { Err("odd".to_owned()) } else { Ok(n) }
}

/// How often each test has called `s_endort`.
static CALLS: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];

/// Answers the calls before the given one, and keeps those from there on until their caller goes.
#[commande(parallele)]
fn s_endort(client: &Client, test: usize, avant: u64) {
    let call = CALLS[test].fetch_add(1, Ordering::Relaxed);
    let until = Instant::now() + LIMIT;
    while call >= avant && !client.est_annule() && Instant::now() < until {
        thread::sleep(Duration::from_millis(5));
    }
}

struct Server(Serveur, Option<thread::JoinHandle<Resultat<()>>>);

impl Server {
    fn new() -> Server {
        let serveur = Serveur::options(0).max_clients(20).ouvrir().unwrap();
        serveur.enregistrer(commandes![somme, dort, hoquet, refuse, s_endort]).unwrap();
        let running = serveur.clone();
        Server(serveur, Some(thread::spawn(move || running.lancer())))
    }

    /// The program that loads this server: options, then the call.
    fn load(&self, options: &[&str], call: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cconn"));
        command.arg("charge").args(options).arg(self.0.adresse().to_string()).args(call);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What such a load prints as JSON.
    #[track_caller]
    fn figures(&self, options: &[&str], call: &[&str]) -> Value {
        let output = self.load(&[&["--json"], options].concat(), call).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        figures(&output)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.eteindre().unwrap();
        self.1.take().unwrap().join().unwrap().unwrap();
    }
}

#[track_caller]
fn figures(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn number(figures: &Value, name: &str) -> f64 {
    figures[name].as_f64().unwrap_or_else(|| panic!("{name}: {figures}"))
}

/// The calls in the buckets.
fn in_buckets(figures: &Value) -> u64 {
    let buckets = figures["histogramme"].as_array().unwrap();
    buckets.iter().map(|bucket| bucket["appels"].as_u64().unwrap()).sum()
}

#[test]
fn a_rate_that_a_peer_can_not_keep_ends_in_time_and_is_told_as_it_is() {
    let server = Server::new();
    for (rate, clients, sleep, due) in [
        ("100", "1", "100", 50),
        ("50", "3", "120", 25),
        ("400", "2", "30", 200),
        ("3", "1", "700", 2),
    ] {
        let options = ["--duree", "500ms", "--debit", rate, "--clients", clients];
        let figures = server.figures(&options, &["dort", sleep]);
        let (calls, time) = (number(&figures, "appels"), number(&figures, "duree"));
        // The peer answers one call of a connection after the other, so it can't take them all.
        let most = clients.parse::<f64>().unwrap() * (500.0 / sleep.parse::<f64>().unwrap()).ceil();
        assert!(calls >= 1.0 && calls <= most, "{figures}");
        assert!((0.5..5.0).contains(&time), "{figures}");
        assert!((number(&figures, "par_seconde") - calls / time).abs() < 1e-6, "{figures}");
        assert_eq!(figures["dus"], due, "{figures}");
        assert!(
            (number(&figures, "non_faits") - (f64::from(due) - calls)).abs() < 0.5,
            "{figures}"
        );
        assert!((0.0..0.5).contains(&number(&figures, "attente")), "{figures}");
        assert_eq!(in_buckets(&figures), figures["appels"].as_u64().unwrap());
    }
}

#[test]
fn calls_that_were_never_made_are_told_with_what_they_mean() {
    let server = Server::new();
    let output = server.load(&["--duree", "300ms", "--debit", "100"], &["dort", "100"]).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(text.contains("not made in time: 2") && text.contains("of 30 calls"), "{text}");
    assert!(text.contains("they are in no percentile"), "{text}");
}

#[test]
fn a_call_that_outlasts_the_load_counts_with_the_time_that_it_took() {
    let server = Server::new();
    for options in [&["--duree", "50ms"][..], &["--duree", "50ms", "--debit", "5"]] {
        let figures = server.figures(options, &["dort", "600"]);
        assert_eq!((&figures["appels"], &figures["non_faits"]), (&1.into(), &0.into()));
        assert!(number(&figures, "duree") >= 0.6 && number(&figures, "par_seconde") < 1.7);
        assert!(figures["latences"]["p50"].as_f64() >= Some(0.59), "{figures}");
    }
}

#[test]
fn a_rate_above_all_means_ends_in_time_too() {
    let server = Server::new();
    let rate = u32::MAX.to_string();
    let figures = server.figures(&["--duree", "200ms", "--debit", &rate], &["somme", "1", "2"]);
    assert!(number(&figures, "duree") < 5.0, "{figures}");
    assert!(number(&figures, "non_faits") > 800_000_000.0, "{figures}");
}

#[test]
fn few_calls_over_many_connections_are_made_in_turn() {
    let server = Server::new();
    let options = ["--duree", "600ms", "--debit", "5", "--clients", "8"];
    let figures = server.figures(&options, &["somme", "1", "2"]);
    assert_eq!(figures["dus"], 3, "{figures}");
    let count = |name: &str| figures[name].as_u64().unwrap();
    assert_eq!(count("appels") + count("non_faits"), 3, "{figures}");
    assert!(number(&figures, "duree") < 5.0, "{figures}");
}

#[test]
fn a_loop_of_calls_shows_what_it_kept_back() {
    let server = Server::new();
    let figures = server.figures(&["--duree", "700ms"], &["hoquet"]);
    let plain = |name: &str| figures["latences"][name].as_f64().unwrap();
    let corrected = |name: &str| figures["latences_corrigees"][name].as_f64().unwrap();
    assert_eq!(figures["intervalle"], figures["latences"]["p50"]);
    assert!(corrected("p90") > 0.05 && corrected("p90") > plain("p90"), "{figures}");
    assert!(corrected("p50") > plain("p50"), "{figures}");
    let output = server.load(&["--duree", "200ms"], &["hoquet"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("(the median)") && text.contains("plain   corrected"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("  < ") && line.contains('#')), "{text}");
    assert!(!text.contains(['\x1b', '█']), "{text}");
    // With a rate nothing is kept back.
    let figures = server.figures(&["--duree", "200ms", "--debit", "50"], &["hoquet"]);
    assert!(figures["latences_corrigees"].is_null() && figures["intervalle"].is_null());
}

#[test]
fn answers_with_the_own_error_are_in_the_buckets_too() {
    let server = Server::new();
    let figures = server.figures(&["--duree", "100ms"], &["refuse", "1"]);
    assert!(number(&figures, "refus") > 0.0, "{figures}");
    assert_eq!(in_buckets(&figures), figures["appels"].as_u64().unwrap());
}

#[test]
fn a_picture_that_can_not_be_written_is_told_before_the_load() {
    let server = Server::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let long = folder.path().join("x".repeat(300));
    let paths =
        [folder.path().join("no/x.svg"), folder.path().to_owned(), file.join("x.svg"), long];
    for path in &paths {
        let start = Instant::now();
        let options = ["--duree", "1m", "--svg", path.to_str().unwrap()];
        let output = server.load(&options, &["somme", "1", "2"]).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(
            text.contains("the picture can't be written") && output.stdout.is_empty(),
            "{text}"
        );
        assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn results_are_printed_whatever_happens_to_the_picture() {
    let server = Server::new();
    for json in [&[][..], &["--json"]] {
        let options = [&["--duree", "100ms", "--svg", "/dev/full"], json].concat();
        let output = server.load(&options, &["somme", "1", "2"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("p99.9"), "{text}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("the picture can't be written"));
    }
}

#[test]
fn a_picture_of_before_stands_until_there_is_a_new_one() {
    let server = Server::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.svg");
    std::fs::write(&path, "before").unwrap();
    let options = ["--duree", "100ms", "--svg", path.to_str().unwrap()];
    let output = server.load(&options, &["somme", "1", "no number"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
    assert!(server.load(&options, &["somme", "1", "2"]).status().unwrap().success());
    assert!(std::fs::read_to_string(&path).unwrap().ends_with("</svg>\n"));
}

/// Interrupts a load, once its test has called `s_endort` so often.
#[cfg(unix)]
fn interrupted(child: Child, test: usize, calls_before: u64) -> Output {
    let until = Instant::now() + LIMIT;
    while CALLS[test].load(Ordering::Relaxed) < calls_before {
        assert!(Instant::now() < until, "it does not begin");
        thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    child.wait_with_output().unwrap()
}

#[cfg(unix)]
#[test]
fn an_interrupt_shows_what_was_measured() {
    let server = Server::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.svg");
    let options = ["--duree", "1m", "--clients", "2", "--svg", path.to_str().unwrap()];
    let child = server.load(&options, &["s_endort", "0", "1000000000"]).spawn().unwrap();
    let output = interrupted(child, 0, 20);
    assert_eq!((output.status.code(), &*output.stderr), (Some(130), &b""[..]));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("interrupted: ") && text.contains("  p99 "), "{text}");
    assert!(std::fs::read_to_string(path).unwrap().contains("</svg>"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_does_not_wait_for_the_calls_that_are_due_or_under_way() {
    let server = Server::new();
    // One call a 10 s and connection, all but the first later than anybody waits.
    let options = ["--json", "--duree", "1m", "--clients", "4", "--debit", "1"];
    let child = server.load(&options, &["s_endort", "1", "1000000000"]).spawn().unwrap();
    let output = interrupted(child, 1, 2);
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let told = figures(&output);
    assert_eq!((&told["interrompue"], &told["abandonnes"]), (&true.into(), &0.into()), "{told}");
    assert!(number(&told, "duree") < 20.0 && number(&told, "appels") >= 1.0, "{told}");
    // The call before the load, five of it, and from then on none is answered.
    let options = ["--json", "--duree", "1m", "--delai", "1m"];
    let child = server.load(&options, &["s_endort", "2", "6"]).spawn().unwrap();
    let output = interrupted(child, 2, 7);
    assert_eq!((output.status.code(), &*output.stderr), (Some(130), &b""[..]));
    let told = figures(&output);
    assert_eq!((&told["appels"], &told["abandonnes"]), (&5.into(), &1.into()), "{told}");
    assert!(number(&told, "duree") < 20.0, "{told}");
}

#[test]
fn a_load_that_was_not_interrupted_says_so() {
    let server = Server::new();
    let figures = server.figures(&["--duree", "50ms"], &["somme", "1", "2"]);
    assert_eq!((&figures["interrompue"], &figures["abandonnes"]), (&false.into(), &0.into()));
}

/// What a load shows on a terminal that is so wide: beside its results, or with them.
#[cfg(target_os = "linux")]
fn shown(server: &Server, columns: u16, with_results: bool) -> String {
    use std::io::Read;

    let (mut master, end) = terminal::open(columns);
    let mut command = server.load(&["--duree", "300ms"], &["dort", "3"]);
    command.env("LC_ALL", "C.UTF-8").env("TERM", "xterm");
    if with_results {
        command.stdout(end.try_clone().unwrap());
    }
    let mut child = command.stderr(end).spawn().unwrap();
    // The terminal is the child's alone now, so the reads below end with the child.
    drop(command);
    let (mut seen, mut buffer) = (Vec::new(), [0; 1000]);
    while let Ok(read @ 1..) = master.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..read]);
    }
    assert!(child.wait().unwrap().success());
    String::from_utf8_lossy(&seen).into_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn the_live_line_shows_what_the_width_holds() {
    let server = Server::new();
    for (columns, wanted) in [
        (80, &["/s", "p50 ", "p99 ", " calls"][..]),
        (40, &["/s", "p50 "]),
        (20, &["/s", " s"]),
        (8, &["/s"]),
        (3, &[]),
    ] {
        let seen = shown(&server, columns, false);
        let drawn = terminal::drawn(&seen);
        assert!(!drawn.is_empty(), "{seen:?}");
        for line in &drawn {
            assert!(line.chars().count() <= columns.into(), "{columns}: {seen:?}");
        }
        let last = drawn.last().unwrap();
        assert!(wanted.iter().all(|wanted| last.contains(wanted)), "{columns}: {last}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn bars_are_made_of_blocks_where_the_terminal_has_them_and_fit_it() {
    let server = Server::new();
    for columns in [100, 60, 30, 20] {
        let seen = shown(&server, columns, true);
        let drawn = terminal::drawn(&seen);
        let bars: Vec<_> = drawn.iter().filter(|line| line.starts_with("  < ")).collect();
        assert!(bars.iter().any(|line| line.contains('█')), "{columns}: {seen}");
        let is_fitting = |line: &&String| line.chars().count() <= columns.into();
        assert!(bars.iter().all(is_fitting), "{columns}: {seen}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_that_ends_the_started_program_too_is_an_interrupt() {
    use std::os::unix::process::CommandExt;

    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("x.svg");
    let program = PathBuf::from(env!("CARGO_BIN_EXE_cconn"));
    let child = format!("exec:{}", program.with_file_name("examples").join("enfant").display());
    let mut command = Command::new(program);
    command.args(["charge", "--json", "--duree", "1m", "--clients", "2", "--svg"]);
    command.arg(&picture).args([&child, "double", "2"]);
    // A group of its own, as at a terminal, which interrupts the whole group.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = command.spawn().unwrap();
    // The picture's file is made right before the load, when interrupts are watched already.
    let until = Instant::now() + LIMIT;
    while !picture.exists() {
        assert!(Instant::now() < until, "it does not begin");
        thread::sleep(Duration::from_millis(5));
    }
    let group = format!("-{}", running.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert_eq!(figures(&output)["interrompue"], true);
}
