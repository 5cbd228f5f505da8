//! A peer in Python, written from the protocol page alone, against a real server.

use std::process::{Command, Output};
use std::sync::mpsc;
use std::time::Duration;

use cconn::{Client, OptionsServeur, Resultat, Serveur, nommee};
use cconn_tests::with_watchdog;

const LIMIT: Duration = Duration::from_secs(20);

/// Runs a program of `tests/python`; `None`, said aloud, where there is no Python.
fn python(program: &str, arguments: &[String]) -> Option<Output> {
    let path = format!("{}/python/{program}", env!("CARGO_MANIFEST_DIR"));
    // `-B`: nothing is left behind in the sources.
    let output = Command::new("python3").arg("-B").arg(path).args(arguments).output();
    match output {
        Err(error) => {
            eprintln!("SKIPPED: {program} needs python3, which can't be run: {error}");
            None
        }
        Ok(output) => Some(output),
    }
}

/// The program ended well; what it wrote is shown where it did not.
fn assert_success(output: &Output) {
    let (out, err) = (&output.stdout, &output.stderr);
    let text = format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err));
    assert!(output.status.success(), "{}\n{text}", output.status);
    print!("{text}");
}

#[test]
fn the_values_of_the_page_are_those_of_another_implementation() {
    with_watchdog("valeurs.py", LIMIT, || {
        python("valeurs.py", &[]).iter().for_each(assert_success);
    });
}

/// What the server saw of its client.
enum Seen {
    Note(String),
    End(Resultat<()>),
}

#[test]
fn a_peer_of_another_implementation_is_served_and_serves() {
    with_watchdog("pair.py", LIMIT, || {
        session(Serveur::options(0));
        // As little as a server may offer, so that the peer has to wait for grants too.
        session(Serveur::options(0).taille_max(1024));
    });
}

fn session(options: OptionsServeur) {
    let (tell, seen) = mpsc::channel();
    let ends = tell.clone();
    let options = options.quand_deconnecte(move |_, end| ends.send(Seen::End(end)).unwrap());
    let serveur = options.ouvrir().unwrap();
    serveur.enregistrer_commande("somme", |_, (a, b): (i64, i64)| a + b).unwrap();
    serveur.enregistrer_commande("rappelle", call_back).unwrap();
    let note = move |_: &Client, (text,): (String,)| tell.send(Seen::Note(text)).unwrap();
    serveur.enregistrer_commande("note", note).unwrap();
    let running = serveur.clone();
    let thread = std::thread::spawn(move || running.lancer());

    let port = serveur.adresse().port().unwrap().to_string();
    if let Some(output) = python("pair.py", &["127.0.0.1".to_owned(), port]) {
        assert_success(&output);
        assert!(matches!(seen.recv().unwrap(), Seen::Note(text) if text == "à bientôt"));
        assert!(matches!(seen.recv().unwrap(), Seen::End(Ok(()))), "an orderly end");
    }
    serveur.eteindre().unwrap();
    thread.join().unwrap().unwrap();
}

/// Asks the client for the answer.
fn call_back(client: &Client, (n,): (i64,)) -> Resultat<i64> {
    client.appeler(nommee("double", (n,)))
}
