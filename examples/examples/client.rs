//! A client to play with, for the server of the example beside it.
//!
//!     cargo run --example client -- 127.0.0.1:12800
//!
//! It reads what to ask from the keyboard, and shows what the server sends on its own.

use std::env;
use std::io;
use std::process::ExitCode;
use std::thread;

use cconn::{Client, Erreur, Resultat, commande, commandes};
use cconn_examples::{Compte, ping, retirer, somme};

const HELP: &str = "ping WORD | somme A B | retirer BALANCE AMOUNT | stop";

// `cconn_examples` declares these two, so that the server can send them; here are the bodies.
// Were they to take other arguments than declared, the server would get an error that shows both.

#[commande]
fn pong(mot: &str) {
    println!("[client] pong: {mot}");
}

#[commande]
fn annonce(texte: &str) {
    println!("[client] the server says: {texte}");
}

fn main() -> ExitCode {
    // Returned from `main` an error would be shown as Rust's programmers see it.
    if let Err(error) = run() {
        eprintln!("[client] {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run() -> Resultat<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:12800".to_owned());
    let client = Client::new(address)?;
    client.enregistrer(commandes![pong, annonce, somme])?;
    println!("[client] connected to {client}");
    println!("[client] {HELP}");

    // This thread runs what the server asks for; another one asks the server.
    thread::spawn({
        let client = client.clone();
        move || read_lines(&client)
    });
    client.lancer()?;
    println!("[client] the connection was stopped in order");
    Ok(())
}

/// Ends the connection at `stop`, at the end of the input, or when nothing more can be sent.
fn read_lines(client: &Client) {
    for line in io::stdin().lines().map_while(Result::ok) {
        if line == "stop" {
            break;
        }
        match ask(client, &line) {
            Ok(answer) => println!("[client] {answer}"),
            Err(error) => {
                println!("[client] {error}");
                // After any other error the connection lives on.
                if error.est_fatale() {
                    break;
                }
            }
        }
    }
    // It also makes `lancer` return, which reports how the connection ended.
    let _ = client.eteindre();
}

fn ask(client: &Client, line: &str) -> Resultat<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["ping", mot] => {
            client.appeler(ping { mot })?;
            Ok("the server has had its ping".to_owned())
        }
        ["somme", a, b] => {
            let (a, b) = (number(a)?, number(b)?);
            Ok(format!("{a} + {b} = {}", client.appeler(somme { a, b })?))
        }
        ["retirer", solde, montant] => {
            let (solde, montant) = (number(solde)?, number(montant)?);
            let compte = Compte { titulaire: "keyboard".to_owned(), solde };
            // `?` turns the command's own error into its text; `match` would keep its type.
            let compte = client.appeler(retirer { compte, montant })?;
            Ok(format!("{} are left", compte.solde))
        }
        _ => Ok(HELP.to_owned()),
    }
}

fn number<N: std::str::FromStr>(word: &str) -> Resultat<N> {
    word.parse().map_err(|_| Erreur::echec(format!("{word} is not a number that fits here")))
}
