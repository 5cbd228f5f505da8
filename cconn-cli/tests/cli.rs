//! The program against real servers: what it prints, and with which code it ends.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use captures::captured;
use cconn::essais::contrat::Contrat;
use cconn::{Client, Erreur, Octets, Resultat, Serveur, commande, commandes, nommee};
use serde::{Deserialize, Serialize};

mod captures;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Debug, Deserialize, Serialize)]
enum Figure {
    Vide,
    Cercle(Point, f64),
    Carre { coin: Point, cote: f64 },
    Poids(u32),
}

#[derive(Debug, Deserialize, Serialize)]
enum Refus {
    DivisionParZero,
}

/// Adds two numbers.
#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande]
fn quotient(a: i64, b: i64) -> Result<i64, Refus> {
    a.checked_div(b).ok_or(Refus::DivisionParZero)
}

#[commande(alias = "centre")]
fn milieu(a: Point, b: Point) -> Point {
    Point { x: a.x.midpoint(b.x), y: a.y.midpoint(b.y) }
}

#[commande]
fn figure(f: Figure) -> Figure {
    f
}

#[commande]
#[expect(
    clippy::type_complexity,
    clippy::too_many_arguments,
    clippy::many_single_char_names,
    clippy::option_option,
    reason = "every kind of type at once"
)]
fn tout(
    t: String,
    c: char,
    o: Option<Option<u8>>,
    l: Vec<i32>,
    m: BTreeMap<String, u8>,
    n: BTreeMap<u16, bool>,
    p: (u8, String),
    g: u128,
) -> (
    String,
    char,
    Option<Option<u8>>,
    Vec<i32>,
    BTreeMap<String, u8>,
    BTreeMap<u16, bool>,
    (u8, String),
    u128,
) {
    (t, c, o, l, m, n, p, g)
}

#[commande]
fn octets(o: Octets) -> Octets {
    o
}

#[commande]
fn echoue() -> Resultat<()> {
    Err(Erreur::echec("on\npurpose"))
}

/// Sends something to the caller.
#[commande]
fn envoie(client: &Client) -> Resultat<()> {
    client.envoyer(nommee("coucou", ()))
}

#[commande]
fn dort(ms: u64) {
    thread::sleep(Duration::from_millis(ms));
}

/// A tree, whose type holds itself.
#[derive(Debug, Deserialize, Serialize)]
struct Arbre(Vec<Arbre>);

#[commande]
fn arbre(a: Arbre) -> Arbre {
    a
}

/// Clears \u{1b}[2J the screen.
#[commande]
fn texte() -> String {
    "\x1b[31mrouge\u{202e}\r\n".to_owned()
}

/// Answers a few times, and then no more.
#[commande]
fn se_lasse() -> Resultat<u32> {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    match CALLS.fetch_add(1, Ordering::Relaxed) {
        call @ 0..20 => Ok(call),
        _ => Err(Erreur::echec("tired")),
    }
}

/// The numbers from here on.
#[commande]
fn compte(de: u64) -> impl Iterator<Item = u64> {
    de..
}

#[commande]
fn liste_points(n: u8) -> impl Iterator<Item = Result<Point, Refus>> {
    let points = (0..n).map(|x| Ok(Point { x: x.into(), y: 0.5 }));
    points.chain((n > 2).then_some(Err(Refus::DivisionParZero)))
}

/// How many iterators of `un_puis_rien` have ended.
static ENDED: AtomicU32 = AtomicU32::new(0);

/// One item, and then nothing until its taker has let go.
#[commande]
fn un_puis_rien(client: &Client) -> impl Iterator<Item = String> + '_ {
    struct Ended;
    impl Drop for Ended {
        fn drop(&mut self) {
            ENDED.fetch_add(1, Ordering::SeqCst);
        }
    }
    let ended = Ended;
    let mut is_first = true;
    std::iter::from_fn(move || {
        let _ended = &ended;
        if std::mem::replace(&mut is_first, false) {
            return Some("un".to_owned());
        }
        while !client.est_annule() {
            thread::sleep(Duration::from_millis(5));
        }
        None
    })
}

#[commande]
fn cherche(n: i8) -> Result<impl Iterator<Item = Resultat<i8>>, Refus> {
    if n == 0 {
        return Err(Refus::DivisionParZero);
    }
    Ok((0..n).map(Ok).chain([Err(Erreur::echec("torn"))]))
}

struct Server(Serveur, Option<thread::JoinHandle<Resultat<()>>>);

impl Server {
    fn new() -> Server {
        let serveur = Serveur::options(0).max_clients(20).ouvrir().unwrap();
        let list = commandes![somme, quotient, milieu, figure, tout, octets, echoue, envoie, dort];
        serveur.enregistrer(list).unwrap();
        let list = commandes![arbre, texte, se_lasse, compte, liste_points, un_puis_rien, cherche];
        serveur.enregistrer(list).unwrap();
        serveur.enregistrer_commande("cloture", |_, (a,): (u8,)| a).unwrap();

        let running = serveur.clone();
        Server(serveur, Some(thread::spawn(move || running.lancer())))
    }

    fn address(&self) -> String {
        self.0.adresse().to_string()
    }

    fn run(&self, verb: &str, words: &[&str]) -> Output {
        run(&[&[verb, &self.address()], words].concat())
    }

    /// What a call prints.
    #[track_caller]
    fn call(&self, words: &[&str]) -> String {
        printed(&self.run("appeler", &[&["--json"], words].concat()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.eteindre().unwrap();
        self.1.take().unwrap().join().unwrap().unwrap();
    }
}

fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cconn"));
    command.args(words).stdin(Stdio::null());
    command
}

fn run(words: &[&str]) -> Output {
    program(words).output().unwrap()
}

#[track_caller]
fn printed(output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    String::from_utf8(output.stdout.clone()).unwrap().trim_end().to_owned()
}

/// The one line on the standard error, of a run that ended with this code.
#[track_caller]
fn complaint(output: &Output, code: i32) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

#[test]
fn scalars_and_structs_need_no_json() {
    let server = Server::new();
    assert_eq!(server.call(&["somme", "12", "34"]), "46");
    assert_eq!(server.call(&["somme", "b=-2", "a=1"]), "-1");
    assert_eq!(server.call(&["somme", "-12", "b=-30"]), "-42");
    assert_eq!(server.call(&["milieu", "x=0,y=2", r#"{"x": 4, "y": 0}"#]), r#"{"x":2,"y":1}"#);
    assert_eq!(server.call(&["quotient", "7", "2"]), "3");
    assert_eq!(server.call(&["figure", "Vide"]), r#""Vide""#);
    assert_eq!(server.call(&["figure", r#"{"Poids": 7}"#]), r#"{"Poids":7}"#);
    let square = r#"{"Carre":{"coin":{"x":1,"y":2},"cote":0.5}}"#;
    assert_eq!(server.call(&["figure", square]), square);
    let circle = r#"{"Cercle":[{"x":1,"y":2},0.5]}"#;
    assert_eq!(server.call(&["figure", circle]), circle);
}

#[test]
fn every_kind_of_type_goes_there_and_back() {
    let server = Server::new();
    let big = u128::MAX.to_string();
    let all = ["tout", "é=1", "€", "null", "1,-2", r#"{"a":1}"#, r#"{"7":true}"#, "5,a,b", &big];
    let all = server.call(&all);
    let wanted = format!(r#"["é=1","€",null,[1,-2],{{"a":1}},{{"7":true}},[5,"a,b"],{big}]"#);
    assert_eq!(all, wanted);
    let some = |o: &str| server.call(&["tout", "t", "c", o, "", "{}", "{}", "5,x", "0"]);
    assert!(some(r#"{"Some": null}"#).contains(r#"{"Some":null}"#));
    assert!(some("3").contains(r#"{"Some":3}"#));
}

#[test]
fn bytes_are_texts_or_base_64_and_come_from_files_too() {
    let server = Server::new();
    assert_eq!(server.call(&["octets", "abc"]), r#""abc""#);
    assert_eq!(server.call(&["octets", "hex:00ff"]), r#""base64:AP8=""#);
    assert_eq!(server.call(&["octets", "base64:AP8="]), r#""base64:AP8=""#);
    assert_eq!(server.call(&["octets", "[104, 105]"]), r#""hi""#);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "from a file\n").unwrap();
    let named = format!("o=@{}", path.display());
    assert_eq!(server.call(&["octets", &named]), r#""from a file\n""#);
    let mut child = program(&["appeler", &server.address(), "somme", "a=1", "b=-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"41\n").unwrap();
    assert_eq!(printed(&child.wait_with_output().unwrap()), "42");
}

#[test]
fn wrong_values_are_told_before_anything_is_sent() {
    let server = Server::new();
    let cases: &[(&[&str], &str)] = &[
        (&["somme", "12"], "`b` is missing: somme a b"),
        (&["somme", "1", "2", "3"], "`3` is one argument too many: somme a b"),
        (&["somme", "1", "a=2"], "`a` is given twice"),
        (&["somme", "1", "x"], "`b` of `somme`: i64 is wanted"),
        (&["somme", "1", "9223372036854775808"], "out of the range of i64"),
        (&["milieu", "x=1,z=2", "x=1,y=2"], "Point has no field `z`"),
        (&["milieu", "x=1", "x=1,y=2"], "the field `y` is missing; write `x=..,y=..`"),
        (&["milieu", "1", "x=1,y=2"], "Point is wanted, \"1\" is none; write `x=..,y=..`"),
        (&["milieu", "x=a,y=2", "x=1,y=2"], "at `x`: f64 is wanted, \"a\" is none\n"),
        (&["figure", "12"], "write `Vide` or `{\"Cercle\": ..}`"),
        (&["figure", "Cercl"], "did you mean `Cercle`?"),
        (&["octets", "@/no/such"], "/no/such can't be read"),
        (&["cloture", "1"], "it is a closure"),
    ];
    for (words, what) in cases {
        let text = complaint(&server.run("appeler", words), 2);
        assert!(text.contains(what), "{words:?}: {text}");
    }
    let text = complaint(&server.run("appeler", &["some", "1"]), 5);
    assert!(text.contains("did you mean `somme`?"), "{text}");
}

#[test]
fn each_failure_has_a_code_of_its_own() {
    let server = Server::new();
    let refused = complaint(&server.run("appeler", &["quotient", "1", "0"]), 1);
    assert!(refused.contains("`quotient` refuses: \"DivisionParZero\""), "{refused}");
    let failed = complaint(&server.run("appeler", &["echoue"]), 1);
    assert!(failed.contains("purpose"), "{failed}");
    let late = complaint(&server.run("appeler", &["--delai", "200ms", "dort", "700"]), 7);
    assert!(late.contains("dort"), "{late}");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let gone = complaint(&run(&["appeler", &nobody, "somme", "1", "2"]), 3);
    assert!(gone.contains(&nobody), "{gone}");
    complaint(&run(&["liste", "not an address"]), 2);
}

#[test]
fn peers_of_other_protocols_are_told_apart_from_cconn() {
    // The last one is what encrypted peers send to those who do not encrypt.
    let greetings: [(&[u8], &str); 3] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is not a peer to talk to"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "is not a peer to talk to"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "no encrypted connection"),
    ];
    for (greeting, why) in greetings {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let other = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(greeting).unwrap();
            let _end = stream.read_to_end(&mut Vec::new());
        });
        let text = complaint(&run(&["liste", &address]), 4);
        assert!(text.contains(why), "{text}");
        other.join().unwrap();
    }
}

#[test]
fn a_closed_output_is_one_line_and_its_own_code() {
    let server = Server::new();
    let mut child = program(&["liste", &server.address()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    complaint(&child.wait_with_output().unwrap(), 9);
}

#[test]
fn the_list_shows_names_types_and_docs() {
    let server = Server::new();
    let all = printed(&server.run("liste", &[]));
    assert!(all.contains("somme(a: i64, b: i64) -> i64"), "{all}");
    assert!(all.contains("Adds two numbers."), "{all}");
    assert!(all.contains("quotient(a: i64, b: i64) -> Result<i64, Refus>"), "{all}");
    assert!(all.contains("struct Point { x: f64, y: f64 }"), "{all}");
    assert!(all.contains("compte(de: u64) -> Flux<u64>"), "{all}");
    assert!(all.contains("liste_points(n: u8) -> Flux<Point, Refus>"), "{all}");
    assert!(all.contains("cherche(n: i8) -> Result<Flux<i8>, Refus>"), "{all}");
    assert!(all.contains("centre(a: Point, b: Point) -> Point  deprecated: milieu is"), "{all}");
    assert!(!all.contains('\x1b'), "no colours where there is no terminal");
    let one = printed(&server.run("liste", &["--json", "somme"]));
    let one: serde_json::Value = serde_json::from_str(&one).unwrap();
    assert_eq!(one["arguments"][1]["type"], "i64");
    assert_eq!(one["empreintes"].as_array().unwrap().len(), 1);
    assert_eq!(one["flux"], false);
    let one = printed(&server.run("liste", &["--json", "liste_points"]));
    let one: serde_json::Value = serde_json::from_str(&one).unwrap();
    assert_eq!((&one["flux"], &one["reponse"]), (&true.into(), &"Flux<Point, Refus>".into()));
    assert_eq!(one["types"]["Point"], "{ x: f64, y: f64 }", "{one}");
    let one = printed(&server.run("liste", &["--json", "centre"]));
    assert!(one.contains(r#""ancien_nom_de":"milieu""#), "{one}");
}

#[test]
fn a_message_sent_without_an_answer_arrives() {
    let server = Server::new();
    printed(&server.run("envoyer", &["somme", "1", "2"]));
    let ping = printed(&server.run("ping", &[]));
    assert!(ping.contains("answered in"), "{ping}");
}

#[test]
fn a_message_that_fails_at_the_peer_is_a_failure_of_its_own() {
    let server = Server::new();
    let text = complaint(&server.run("envoyer", &["echoue"]), 1);
    assert!(text.starts_with("cconn: ") && text.contains("`echoue`"), "{text}");
    assert!(text.contains("purpose") && !text.contains("quand_echec"), "{text}");
    // The prompt tells it too, even where it ends at once.
    let mut child = program(&["console", &server.address()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("HOME", "/nonexistent")
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"somme 1 2\n!echoue\nquitter\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "a message of the script has failed: {output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains('3'));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("`echoue`") && !text.contains("quand_echec"), "{text}");
}

#[test]
fn a_mere_port_is_an_address_of_every_verb() {
    let server = Server::new();
    let port = &*server.0.adresse().port().unwrap().to_string();
    assert_eq!(printed(&run(&["appeler", port, "somme", "1", "2"])), "3");
    printed(&run(&["envoyer", port, "somme", "1", "2"]));
    assert!(printed(&run(&["liste", port])).contains("somme(a: i64, b: i64)"));
    assert!(printed(&run(&["ping", port])).contains("answered in"));
    assert_eq!(printed(&run(&["contrat", port, port])), "the same");
    printed(&run(&["charge", "--duree", "50ms", port, "somme", "1", "2"]));
    let console = run(&["console", port]);
    assert!(printed(&console).contains("commands at"), "{console:?}");
    complaint(&run(&["veille", port]), 10);
}

#[test]
fn a_load_is_counted_and_drawn() {
    let server = Server::new();
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("load.svg");
    let words = [
        "charge",
        "--json",
        "--clients",
        "3",
        "--duree",
        "300ms",
        "--svg",
        picture.to_str().unwrap(),
        &server.address(),
        "somme",
        "12",
        "34",
    ];
    let figures: serde_json::Value = serde_json::from_str(&printed(&run(&words))).unwrap();
    assert!(figures["appels"].as_u64().unwrap() > 100, "{figures}");
    assert!(std::fs::read_to_string(picture).unwrap().contains("</svg>"));
    let words =
        ["charge", "--debit", "100", "--duree", "500ms", &server.address(), "somme", "1", "2"];
    let text = printed(&run(&words));
    assert!(text.contains("100 calls/s wanted"), "{text}");
    let calls: u64 = text.split(' ').next().unwrap().parse().unwrap();
    assert!((40..=51).contains(&calls), "{text}");
}

#[test]
fn a_stalled_peer_counts_from_when_calls_were_due() {
    let server = Server::new();
    let words =
        ["charge", "--json", "--debit", "50", "--duree", "400ms", &server.address(), "dort", "60"];
    let figures: serde_json::Value = serde_json::from_str(&printed(&run(&words))).unwrap();
    // One call a 20 ms, each of which takes 60: the last ones are late by far more than that.
    assert!(figures["latences"]["p100"].as_f64().unwrap() > 0.15, "{figures}");
}

#[test]
fn the_console_reads_lines_and_goes_on_after_mistakes() {
    let server = Server::new();
    let mut child = program(&["console", &server.address()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("HOME", "/nonexistent")
        .spawn()
        .unwrap();
    let lines = "envoie\nsomme 12 34\nsome 1\nquotient 1 0\n!dort 1\n!compte 1\nliste_points 3\nliste milieu\nsomme 1 \"2\nquitter\n";
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5), "the first line that failed names no command");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("46") && text.contains("milieu(a: Point, b: Point) -> Point"), "{text}");
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("{\"x\":2,\"y\":0.5}"), "{text}");
    let found = [
        "did you mean `somme`?",
        "`quotient` refuses: \"DivisionParZero\"",
        "a quote is open",
        "the peer sent `",
        "not sent: `compte` answers with a stream",
        "`liste_points` ends with its error: \"DivisionParZero\"",
    ];
    assert!(found.iter().all(|what| complaints.contains(what)), "{complaints}");
}

#[test]
fn a_type_that_holds_itself_is_no_end_of_the_program() {
    let server = Server::new();
    assert_eq!(server.call(&["arbre", "[[],[[]]]"]), "[[],[[]]]");
    complaint(&server.run("appeler", &["arbre", "x"]), 2);
    complaint(&server.run("appeler", &["arbre", "1,2"]), 2);
    for deep in [60, 120] {
        let tree = "[".repeat(deep) + &"]".repeat(deep);
        let output = server.run("appeler", &["--json", "arbre", &tree]);
        if deep == 60 {
            assert_eq!(printed(&output), tree);
        } else {
            complaint(&output, 2);
        }
    }
}

#[test]
fn what_a_peer_says_of_itself_can_not_control_the_terminal() {
    cconn::description::presenter("evil\x1b]0;title\x07\nsecond line", "\u{9b}2J\u{202e}");
    let server = Server::new();
    let controls = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    let ping = printed(&server.run("ping", &[]));
    assert_eq!(ping.lines().count(), 1, "{ping:?}");
    let list = printed(&server.run("liste", &[]));
    assert!(list.contains("Clears"), "{list}");
    assert!(!ping.contains(controls) && !list.contains(controls), "{ping:?} {list:?}");
}

#[test]
fn a_stream_is_an_item_a_line_until_its_end() {
    let server = Server::new();
    let output = server.run("appeler", &["liste_points", "2"]);
    assert_eq!(printed(&output), "{\"x\":0,\"y\":0.5}\n{\"x\":1,\"y\":0.5}");
    let output = server.run("appeler", &["liste_points", "3"]);
    let text = complaint(&output, 1);
    assert!(text.contains("ends with its error: \"DivisionParZero\""), "{text}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 3);
    let output = server.run("appeler", &["cherche", "2"]);
    let text = complaint(&output, 1);
    assert!(text.contains("torn"), "{text}");
    assert_eq!(output.stdout, b"0\n1\n");
    let text = complaint(&server.run("appeler", &["cherche", "0"]), 1);
    assert!(text.contains("`cherche` refuses: \"DivisionParZero\""), "{text}");
    assert_eq!(printed(&server.run("appeler", &["liste_points", "0"])), "");
}

#[test]
fn as_many_items_are_taken_as_were_asked_for() {
    let server = Server::new();
    assert_eq!(printed(&server.run("appeler", &["--max", "3", "compte", "5"])), "5\n6\n7");
    assert_eq!(printed(&server.run("appeler", &["--max", "9", "liste_points", "1"])).len(), 15);
    // Its next item never comes, so nothing waits for it.
    assert_eq!(printed(&server.run("appeler", &["--max", "1", "un_puis_rien"])), "\"un\"");
    let text = complaint(&server.run("appeler", &["--max", "1", "somme", "1", "2"]), 2);
    assert!(text.contains("answers with one value"), "{text}");
    assert_eq!(printed(&server.run("appeler", &["compte", "5", "--max", "3"])), "5\n6\n7");
    let text = complaint(&server.run("appeler", &["compte", "5", "--most", "3"]), 2);
    assert!(text.contains("`--most` is one argument too many, and no option"), "{text}");
    complaint_of_clap(&server.run("appeler", &["--max", "0", "compte", "5"]));
}

/// Mistakes that the reader of the command line finds are told in several lines.
#[track_caller]
fn complaint_of_clap(output: &Output) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("--max"), "{text}");
}

/// Starts a call of a stream, and reads its first line.
fn begun(server: &Server, words: &[&str]) -> (std::process::Child, String) {
    let address = server.address();
    let mut child = program(&[&["appeler", &address], words].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = child.stdout.as_mut().unwrap();
    while !line.ends_with('\n') {
        // Byte by byte, for what is behind the line is still to be read or not.
        let mut byte = [0];
        out.read_exact(&mut byte).unwrap();
        line.push(byte[0].into());
    }
    (child, line)
}

/// Waits until a silent stream's iterator has been dropped at the server.
fn wait_for_end(before: u32) {
    for _ in 0..1_000 {
        if ENDED.load(Ordering::SeqCst) > before {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("the server still makes items");
}

#[test]
fn a_stream_whose_reader_has_left_ends_at_once_and_says_nothing() {
    let server = Server::new();
    let (mut child, line) = begun(&server, &["compte", "5"]);
    assert_eq!(line, "5\n");
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(9), &b""[..]));
    // Where the system tells, the end of the reader is noticed before the next item.
    if cfg!(unix) {
        let (mut child, line) = begun(&server, &["--delai", "1m", "un_puis_rien"]);
        assert_eq!(line, "\"un\"\n");
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(9), &b""[..]));
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_stream_at_both_ends() {
    let server = Server::new();
    for (words, first) in [(&["compte", "5"][..], "5\n"), (&["un_puis_rien"], "\"un\"\n")] {
        let before = ENDED.load(Ordering::SeqCst);
        let (mut child, line) = begun(&server, &[&["--delai", "1m"], words].concat());
        assert_eq!(line, first);
        let mut out = child.stdout.take().unwrap();
        // An endless stream needs its reader until it ends.
        let reader = thread::spawn(move || out.read_to_end(&mut Vec::new()).unwrap());
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(130), &b""[..]), "{words:?}");
        reader.join().unwrap();
        if words == ["un_puis_rien"] {
            wait_for_end(before);
        }
    }
}

#[test]
fn a_stream_that_is_silent_for_too_long_is_late() {
    let server = Server::new();
    let output = server.run("appeler", &["--delai", "300ms", "un_puis_rien"]);
    complaint(&output, 7);
    assert_eq!(output.stdout, b"\"un\"\n");
}

#[test]
fn what_wants_one_answer_or_none_takes_no_stream() {
    let server = Server::new();
    for words in [["compte", "1"], ["liste_points", "2"]] {
        let text = complaint(&server.run("envoyer", &words), 2);
        assert!(text.contains("not sent") && text.contains("answers with a stream"), "{text}");
        let address = server.address();
        let load = [&["charge", "--duree", "100ms", &address][..], &words].concat();
        let text = complaint(&run(&load), 2);
        assert!(text.contains("answers with a stream"), "{text}");
    }
}

#[test]
fn a_text_goes_into_a_pipe_as_it_is() {
    let server = Server::new();
    let output = server.run("appeler", &["texte"]);
    assert_eq!(output.stdout, "\x1b[31mrouge\u{202e}\r\n\n".as_bytes());
    let json = server.call(&["texte"]);
    assert_eq!(json, r#""\u001b[31mrouge\u202e\r\n""#);
}

#[test]
fn a_load_that_fails_on_its_way_shows_what_was_measured() {
    let server = Server::new();
    let output = run(&["charge", "--json", "--duree", "1m", &server.address(), "se_lasse"]);
    let text = complaint(&output, 1);
    assert!(text.contains("tired"), "{text}");
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(figures["appels"], 19, "the first of 20 answers is no part of the load: {figures}");
}

#[cfg(unix)]
#[test]
fn a_program_that_does_not_greet_is_waited_for_as_long_as_was_said() {
    let start = std::time::Instant::now();
    // Its end is the end of its standard input, so nothing is left of it.
    let child = "exec:sh -c 'cat >/dev/null'";
    let text = complaint(&run(&["appeler", "--delai", "200ms", child, "double", "1"]), 7);
    assert!(text.contains("200ms"), "{text}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn an_orderly_end_is_waited_for_as_long_as_was_said() {
    let server = Server::new();
    // What else the machine does makes some tries longer, and not each of five.
    let in_time = (0..5).any(|_| {
        let start = std::time::Instant::now();
        let output = server.run("envoyer", &["--delai", "300ms", "dort", "1800"]);
        let took = start.elapsed();
        complaint(&output, 7);
        took < Duration::from_millis(1700)
    });
    assert!(in_time, "the command was waited for");
}

#[test]
fn completions_and_manual_pages_are_written() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(printed(&run(&["completions", shell])).contains("appeler"));
    }
    let folder = tempfile::tempdir().unwrap();
    printed(&run(&["manuel", folder.path().to_str().unwrap()]));
    for verb in ["appeler", "contrat", "trame"] {
        assert!(folder.path().join(format!("cconn-{verb}.1")).exists(), "{verb}");
    }
}

#[cfg(unix)]
#[test]
fn a_program_is_started_asked_and_ended() {
    let built = std::path::Path::new(env!("CARGO_BIN_EXE_cconn")).with_file_name("examples");
    let child = format!("exec:{}", built.join("enfant").display());
    let output = run(&["appeler", &child, "double", "21"]);
    assert_eq!(printed(&output), "42");
    let beside = String::from_utf8(output.stderr).unwrap();
    assert!(beside.contains("what a child prints is no answer"), "{beside}");
    assert!(printed(&run(&["liste", &child])).contains("double(n: u64) -> u64"));
    complaint(&run(&["liste", "exec:/no/such/program"]), 3);
    complaint(&run(&["liste", "exec:"]), 2);
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}/s.sock", folder.path().display());
    let serveur = Serveur::new(address.as_str()).unwrap();
    serveur.enregistrer(commandes![somme]).unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    assert_eq!(printed(&run(&["appeler", &address, "somme", "1", "2"])), "3");
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
    complaint(&run(&["appeler", &address, "somme", "1", "2"]), 3);
}

/// What `trame` shows of these bytes, a line a frame.
#[track_caller]
fn frames(bytes: &[u8], words: &[&str]) -> Vec<serde_json::Value> {
    let output = shown(bytes, &[&["--json"], words].concat());
    printed(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn shown(bytes: &[u8], words: &[&str]) -> Output {
    let mut child = program(&[&["trame", "-"], words].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap()
}

/// A talk with every kind of outcome, and what is then shown of it.
fn talk(client: &Client) {
    assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
    client.envoyer(dort { ms: 0 }).unwrap();
    client.appeler(quotient { a: 1, b: 0 }).unwrap_err();
    client.appeler::<(), _>(nommee("inconnue", ())).unwrap_err();
    let items: Vec<_> = client.appeler(liste_points { n: 2 }).unwrap().collect();
    assert_eq!(items.len(), 2);
    client.appeler(cherche { n: 1 }).unwrap().for_each(drop);
}

#[test]
fn captured_bytes_are_shown_frame_by_frame() {
    let server = Server::new();
    let [there, back] = captured(&server.address(), talk);
    let address = server.address();
    let all = frames(&there, &["--noms", &address]);
    let of = |all: &[serde_json::Value], kind: &str| -> Vec<serde_json::Value> {
        all.iter().filter(|one| one["genre"] == kind).cloned().collect()
    };
    assert_eq!(
        (&all[0]["genre"], &all[0]["champs"]["cote"]),
        (&"greeting".into(), &"client".into())
    );
    let calls = of(&all, "call");
    let names: Vec<_> = calls.iter().map(|call| call["commande"].as_str().unwrap()).collect();
    let unknown = names[2].to_owned();
    assert_eq!(names, ["somme", "quotient", &unknown, "liste_points", "cherche"]);
    assert!(unknown.starts_with('#') && unknown.len() == 17, "{unknown}");
    assert_eq!((&calls[0]["octets"], &calls[0]["taille"]), (&2.into(), &28.into()));
    assert_eq!(calls[2]["champs"]["empreinte"], "00000000");
    let context = calls[3]["champs"]["contexte"].as_str().unwrap();
    assert!(context.contains("a stream is expected, credit "), "{context}");
    assert_eq!(of(&all, "one-way")[0]["commande"], "dort");
    assert!(all.iter().all(|one| one["faute"].is_null()), "{all:?}");
    // The frames follow each other without a gap.
    let ends =
        all.iter().map(|one| one["position"].as_u64().unwrap() + one["taille"].as_u64().unwrap());
    let begins = all.iter().skip(1).map(|one| one["position"].as_u64().unwrap());
    assert!(ends.eq(begins.chain([there.len() as u64])));

    let all = frames(&back, &[]);
    assert_eq!(all[0]["champs"]["cote"], "serveur");
    assert_eq!((of(&all, "answer").len(), of(&all, "user error").len()), (1, 1));
    assert_eq!(of(&all, "failure")[0]["champs"]["code"], "0x0001 (UnknownCommand)");
    let items: u64 = of(&all, "items")
        .iter()
        .map(|one| one["champs"]["elements"].as_str().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(items, 3);
    let ends: Vec<_> = of(&all, "end").iter().map(|one| one["champs"]["fin"].clone()).collect();
    assert_eq!(ends, ["complete", "0x0105 (Handler)"]);

    let text = printed(&shown(&back, &[]));
    assert_eq!(text.lines().count(), all.len());
    assert!(text.contains("failure    id=") && text.contains("texte=torn"), "{text}");
}

#[test]
fn captures_come_from_files_in_hexadecimal_and_from_the_middle() {
    let server = Server::new();
    let [there, _] = captured(&server.address(), talk);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let hex: Vec<String> = there.iter().map(|byte| format!("{byte:02x}")).collect();
    let wanted = printed(&shown(&there, &[]));
    assert_eq!(printed(&shown(hex.join(" ").as_bytes(), &[])), wanted);
    std::fs::write(path("raw"), &there).unwrap();
    assert_eq!(printed(&run(&["trame", &path("raw")])), wanted);
    std::fs::write(path("contract"), Contrat::des(commandes![somme]).to_string()).unwrap();
    let named = printed(&run(&["trame", &path("raw"), "--noms", &path("contract")]));
    assert!(named.contains("commande=somme"), "{named}");
    // Without its greeting, from the first frame on.
    let greeting = frames(&there, &[])[0]["taille"].as_u64().unwrap();
    let rest = &there[usize::try_from(greeting).unwrap()..];
    assert_eq!(frames(rest, &[])[0]["genre"], "call");
    complaint(&run(&["trame", &path("none")]), 2);
    complaint(&shown(b"", &[]), 2);
    let text = complaint(&run(&["trame", &path("raw"), "--noms", "no-such.txt"]), 2);
    assert!(text.contains("there is no such file, and `no-such.txt` is no address"), "{text}");
}

#[test]
fn hostile_bytes_are_told_with_their_place() {
    let server = Server::new();
    let [there, back] = captured(&server.address(), talk);
    let cases: [(&[u8], &str); 5] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH"),
        (b"\x16\x03\x01\x02\x00\x01", "TLS"),
        (b"\x01\x00\x00\x00\x63", "frame kind 99 is unknown"),
        (b"\x09\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00", "the id 0"),
    ];
    for (bytes, why) in cases {
        let output = shown(bytes, &[]);
        complaint(&output, 4);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("!!") && text.contains(why), "{text}");
    }
    let text = complaint(&shown(&there[..there.len() - 1], &[]), 4);
    assert!(text.contains("1 place breaks the protocol, the first at byte "), "{text}");
    // Whatever byte is changed: an end with a code, and no terminal is controlled.
    for at in (0..back.len()).step_by(7) {
        let mut bytes = back.clone();
        bytes[at] ^= 0x9b;
        let output = shown(&bytes, &[]);
        assert!(matches!(output.status.code(), Some(0 | 4)), "{at}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{at}: {text:?}");
    }
}

mod after {
    #[cconn::commande]
    pub(super) fn somme(a: i64, b: i64, #[defaut(0)] c: i64) -> i64 {
        a + b + c
    }
}

#[test]
fn contracts_are_compared_with_each_other_and_with_a_peer() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let write = |name: &str, contract: &Contrat| std::fs::write(path(name), contract.to_string());
    write("before", &Contrat::des(commandes![somme, dort])).unwrap();
    write("longer", &Contrat::des(commandes![after::somme, dort])).unwrap();
    write("fewer", &Contrat::des(commandes![somme])).unwrap();
    let contrat = |before: &str, now: &str| run(&["contrat", before, now]);
    assert_eq!(printed(&contrat(&path("before"), &path("before"))), "the same");
    let safe = printed(&contrat(&path("before"), &path("longer")));
    let wanted = "somme: argument 3 `c`: `i64` is new\n    old callers: safe\n    \
                  old receivers: safe as long as `c` has its default, else refused";
    assert_eq!(safe, wanted);
    let output = contrat(&path("before"), &path("fewer"));
    let text = complaint(&output, 1);
    assert!(text.contains("1 of 1 changes break older programs"), "{text}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("old callers: BREAKING: the command is unknown"), "{text}");

    let server = Server::new();
    assert_eq!(printed(&contrat(&server.address(), &server.address())), "the same");
    let lines = printed(&run(&["contrat", "--json", &path("longer"), &server.address()]));
    let somme = lines.lines().find(|line| line.contains(r#""commande":"somme""#)).unwrap();
    let somme: serde_json::Value = serde_json::from_str(somme).unwrap();
    assert_eq!(somme["anciens_appelants"]["effet"], "conditionnel", "{somme}");
    assert_eq!(somme["anciens_receveurs"]["effet"], "aucun", "{somme}");
    assert!(lines.lines().count() > 10, "{lines}");

    std::fs::write(
        path("edited"),
        std::fs::read_to_string(path("before")).unwrap().replace("i64", "u64"),
    )
    .unwrap();
    let text = complaint(&contrat(&path("before"), &path("edited")), 2);
    assert!(text.contains("edited by hand"), "{text}");
    let text = complaint(&contrat(&path("none"), &path("before")), 2);
    assert!(text.contains("there is no such file, and `"), "{text}");
    let text = complaint(&contrat("no-such.txt", &path("before")), 2);
    assert!(text.contains("there is no such file, and `no-such.txt` is no address"), "{text}");
}

#[test]
fn a_black_box_is_shown_with_when_and_which_way() {
    // An answer that is larger than the box: of its bytes the first ones are there.
    let text = "cconn black box 1\n127.0.0.1:4 (#1), ended after 1.5s\n\
                0.001000 < 28 18000000020001000000000000000807060504030201ddccbbaa0c22\n\
                0.002500 > 1013 f1030000030100000000000000\n\
                0.003000 < 7 0300000063aabb\n";
    let output = shown(text.as_bytes(), &["--json"]);
    let lines: Vec<serde_json::Value> = String::from_utf8(output.stdout.clone())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let genres: Vec<_> = lines.iter().map(|one| one["genre"].as_str().unwrap()).collect();
    assert_eq!(genres[..2], ["call", "answer"]);
    assert_eq!((&lines[0]["envoyee"], &lines[0]["apres"]), (&false.into(), &0.001.into()));
    assert_eq!((&lines[1]["envoyee"], &lines[1]["octets"]), (&true.into(), &1000.into()));
    assert!(lines[2]["faute"].is_string(), "{:?}", lines[2]);
    let plain = String::from_utf8(shown(text.as_bytes(), &[]).stdout).unwrap();
    assert!(plain.lines().next().unwrap().contains("0.001000 <-"), "{plain}");
    assert!(plain.lines().nth(1).unwrap().contains("0.002500 ->"), "{plain}");
    let wrong = shown(b"cconn black box 1\nlink\n0.1 = 3 00\n", &[]);
    complaint(&wrong, 2);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("line 3 of the black box"), "{said}");
}
