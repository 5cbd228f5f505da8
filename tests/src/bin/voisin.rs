//! A program that another one starts on the same machine: a child, or a server that is started when
//! it is needed. `voisin <how> [<address>]`.
#![cfg_attr(not(unix), allow(unused))]

use std::process;
use std::thread;
use std::time::Duration;

use cconn::{Client, Resultat, Serveur, nommee};

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(20);

fn with_commands(serveur: &Serveur) -> Resultat<()> {
    serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
    serveur.enregistrer_commande("pid", |_, (): ()| process::id())?;
    serveur.enregistrer_commande("rappel", |client: &Client, (n,): (u64,)| {
        client.appeler::<u64, _>(nommee("plus", (n,)))
    })?;
    serveur.enregistrer_commande("dit", |_, (text,): (String,)| println!("{text}"))?;
    serveur.enregistrer_commande("finit", |_, (code,): (i32,)| -> () { process::exit(code) })?;
    serveur.enregistrer_commande("tombe", |_, (): ()| -> () { process::abort() })?;
    serveur.enregistrer_commande("lit", |_, (): ()| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(cconn::Erreur::echec)?;
        Ok::<_, cconn::Erreur>(line)
    })?;
    serveur.enregistrer_commande("dort", |_, (): ()| thread::sleep(LONG))
}

fn child() -> Resultat<()> {
    let serveur = Serveur::depuis_parent()?;
    with_commands(&serveur)?;
    serveur.lancer()
}

fn run(how: &str) -> Resultat<()> {
    match how {
        "enfant" => child(),
        "bavard" => {
            child()?;
            println!("the connection has ended");
            Ok(())
        }
        "deux" => {
            let serveur = Serveur::depuis_parent()?;
            let second = Serveur::depuis_parent().expect_err("it is taken");
            serveur.enregistrer_commande("second", move |_, (): ()| second.to_string())?;
            serveur.lancer()
        }
        "muet" => {
            thread::sleep(LONG);
            Ok(())
        }
        "rien" => Ok(()),
        "faute" => process::exit(3),
        other => panic!("there is no way `{other}`"),
    }
}

fn main() {
    let how = std::env::args().nth(1).expect("how to run");
    if let Err(error) = run(&how) {
        eprintln!("{error}");
        process::exit(1);
    }
}
