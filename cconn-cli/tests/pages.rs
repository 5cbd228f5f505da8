//! The samples of output on the pages of the guide are what is printed. `CCONN_PAGES=ecrire cargo
//! test --test pages` takes over what is printed now.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use captures::captured;
use cconn::essais::contrat::{self, Contrat};
use cconn::{Serveur, commande, commandes};
use serde::{Deserialize, Serialize};

mod captures;

/// Adds two numbers.
#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

/// Counts up without an end.
#[commande]
fn compter(depuis: u64) -> impl Iterator<Item = u64> {
    depuis..
}

mod before {
    use super::{Deserialize, Serialize};

    #[derive(Clone, Copy, Deserialize, Serialize)]
    pub(super) struct Point {
        pub(super) x: f64,
        pub(super) y: f64,
    }

    /// Finds what holds the text.
    #[cconn::commande]
    pub(super) fn chercher(texte: &str) -> Vec<String> {
        vec![texte.to_owned()]
    }

    #[cconn::commande]
    pub(super) fn nuit() {}

    #[cconn::commande]
    pub(super) fn distance(a: Point, b: Point) -> f64 {
        (a.x - b.x).hypot(a.y - b.y)
    }
}

mod after {
    use super::before::Point;

    #[cconn::commande]
    pub(super) fn chercher(texte: &str, #[defaut(10)] nombre: u32) -> Vec<String> {
        vec![texte.to_owned(); nombre as usize]
    }

    #[cconn::commande]
    pub(super) fn somme(a: i64, b: u64) -> i64 {
        a.saturating_add_unsigned(b)
    }

    #[cconn::commande]
    pub(super) fn distance(a: Point, b: Point) -> f64 {
        (a.x - b.x).abs() + (a.y - b.y).abs()
    }
}

/// The address that the pages name.
const SHOWN: &str = "12800";

fn page(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src").join(name)
}

/// Puts the sample that begins like this on a page against what is printed now, or in its place.
#[track_caller]
fn hold(name: &str, begins: &str, printed: &str) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _one_by_one = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let text = fs::read_to_string(page(name)).unwrap();
    let start = text.find(&format!("```text\n{begins}")).expect("the page has such a sample") + 8;
    let end = start + text[start..].find("```").expect("a sample has an end");
    if std::env::var_os("CCONN_PAGES").is_some_and(|value| value == "ecrire") {
        fs::write(page(name), [&text[..start], printed, &text[end..]].concat()).unwrap();
    } else {
        assert_eq!(&text[start..end], printed, "{name}; CCONN_PAGES=ecrire takes it over");
    }
}

/// Runs the commands of a sample in `folder`, where 12800 is a server: the sample as it should be.
fn run(commands: &str, address: &str, folder: &Path) -> String {
    let port = address.rsplit(':').next().unwrap();
    let mut printed = String::new();
    for line in commands.lines().filter(|line| line.starts_with("$ ")) {
        let words = shlex::split(&line[2..]).unwrap();
        assert_eq!(words[0], "cconn", "{line}");
        let words = words[1..].iter().map(|word| if word == SHOWN { port } else { word });
        let output = Command::new(env!("CARGO_BIN_EXE_cconn"))
            .args(words)
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        for bytes in [line.as_bytes(), b"\n", &output.stdout, &output.stderr] {
            printed += std::str::from_utf8(bytes).unwrap();
        }
    }
    printed.replace(address, "127.0.0.1:12800")
}

#[test]
fn the_samples_of_the_tool_are_what_it_prints() {
    let serveur = Serveur::new(0).unwrap();
    serveur.enregistrer(commandes![somme, compter]).unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    let address = serveur.adresse().to_string();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let contract = |contract: Contrat| contract.to_string().into_bytes();
    write("old.txt", &contract(Contrat::des(commandes![before::chercher, before::nuit])));
    write("new.txt", &contract(Contrat::des(commandes![after::chercher])));
    fs::create_dir(folder.path().join("tests")).unwrap();
    write("tests/contrat.txt", &contract(Contrat::des(commandes![somme])));
    let [there, _] = captured(&address, |client| {
        assert_eq!(client.appeler(somme { a: 12, b: 34 }).unwrap(), 46);
    });
    write("capture.bin", &there);

    let text = fs::read_to_string(page("tool.md")).unwrap();
    let samples: Vec<&str> = text
        .split("```text\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .filter(|sample| sample.starts_with("$ cconn "))
        .collect();
    assert!(samples.len() >= 4, "{samples:?}");
    for sample in samples {
        let first = sample.lines().next().unwrap();
        hold("tool.md", first, &run(sample, &address, folder.path()));
    }
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
}

#[test]
fn the_contract_on_its_page_is_one() {
    let now = Contrat::des(commandes![somme, before::distance]).to_string();
    hold("evolution.md", "# The contract of this program", &now);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contrat.txt");
    fs::write(&path, now).unwrap();
    let shown = path.display().to_string();
    let failed = catch_unwind(|| {
        contrat::verifier(&path, commandes![after::somme, after::distance]);
    });
    let said = failed.expect_err("the commands have changed");
    let said = said.downcast_ref::<String>().expect("a panic with a text");
    let said = format!("{}\n", said.replace(&shown, "tests/contrat.txt"));
    hold("evolution.md", "the commands are not those", &said);
}
