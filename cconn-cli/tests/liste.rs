//! `liste` as text: signatures with fingerprints, and types nearly as Rust writes them.

use std::process::{Command, Stdio};
use std::thread;

use cconn::{Resultat, Serveur, commande, commandes};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize, Serialize)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Deserialize, Serialize)]
struct Paire(u8, Option<Point>);

#[derive(Deserialize, Serialize)]
struct Seul(Vec<Seul>);

#[derive(Deserialize, Serialize)]
struct Rien;

#[derive(Deserialize, Serialize)]
enum Figure {
    Vide,
    Cercle(Point, f64),
    Poids(u32),
    Nomme { a: u8 },
    Mixte { coin: Point, cote: (u8, u8) },
}

#[derive(Deserialize, Serialize)]
enum Seule {
    Une,
}

/// Shows a figure.
#[commande]
fn figure(f: Figure) -> Figure {
    f
}

#[commande]
fn paire(p: Paire, s: Seul) -> (Paire, Seul) {
    (p, s)
}

#[commande]
fn rien() -> Rien {
    Rien
}

#[commande]
fn seule(s: Seule, n: u8) -> Result<Seule, Figure> {
    if n > 0 { Ok(s) } else { Err(Figure::Vide) }
}

#[commande(alias = "ancienne")]
fn defaut(a: u8, #[defaut(7)] b: u8) -> u8 {
    a + b
}

/// What `liste` prints with these words behind the address.
fn listed(words: &[&str]) -> String {
    let serveur = Serveur::options(0).ouvrir().unwrap();
    serveur.enregistrer(commandes![figure, paire, rien, seule, defaut]).unwrap();
    serveur.enregistrer_commande("cloture", |_, (a,): (u8,)| a).unwrap();
    let running = serveur.clone();
    let runs: thread::JoinHandle<Resultat<()>> = thread::spawn(move || running.lancer());
    let mut command = Command::new(env!("CARGO_BIN_EXE_cconn"));
    command.arg("liste").arg(serveur.adresse().to_string()).args(words);
    let output = command.stdin(Stdio::null()).output().unwrap();
    serveur.eteindre().unwrap();
    runs.join().unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn types_are_shown_nearly_as_rust_writes_them() {
    let text = listed(&[]);
    for wanted in [
        "struct Point { x: f64, y: f64 }",
        "struct Paire(u8, Option<Point>)",
        "struct Seul(Vec<Seul>)",
        "struct Rien",
        "enum Figure: Vide | Cercle(Point, f64) | Poids(u32) | Nomme { a: u8 } | Mixte { coin: Point, cote: [u8; 2] }",
        "enum Seule: Une",
    ] {
        assert!(text.lines().any(|line| line == wanted), "{wanted} is missing:\n{text}");
    }
}

#[test]
fn each_signature_ends_with_its_fingerprint() {
    let (text, json) = (listed(&[]), listed(&["--json"]));
    for line in json.lines() {
        let command: Value = serde_json::from_str(line).unwrap();
        let name = command["nom"].as_str().unwrap();
        let begin = format!("{name}(");
        let shown = text.lines().find(|line| line.starts_with(&begin)).unwrap();
        if name == "cloture" {
            assert!(shown.ends_with("no types are known"), "{shown}");
            continue;
        }
        let print = command["empreintes"][0].as_str().unwrap();
        assert!(print.len() == 8 && shown.ends_with(&format!("  {print}")), "{shown}: {command}");
    }
    let old = text.lines().find(|line| line.starts_with("ancienne(")).unwrap();
    assert!(old.contains("  deprecated: defaut is its name now  "), "{old}");
}
