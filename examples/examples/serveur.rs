//! A server to play with, together with clients in other terminals.
//!
//!     cargo run --example serveur -- 12800 23
//!
//! It listens on port 12800 of this machine and takes at most 23 clients at a time. Each line
//! that is typed goes to all of them; `stop` or Ctrl-C stops the server in order.

use std::env;
use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use cconn::{Serveur, commandes};
use cconn_examples::{annonce, ping, retirer, somme};
use signal_hook::consts::{SIGINT, SIGTERM};

fn main() -> ExitCode {
    // Returned from `main` an error would be shown as Rust's programmers see it.
    if let Err(error) = run() {
        eprintln!("[serveur] {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let port: u16 = arguments.next().map_or(Ok(12800), |port| port.parse())?;
    let places: usize = arguments.next().map_or(Ok(1), |places| places.parse())?;

    // A bare port means this machine only; "0.0.0.0:12800" would let others in.
    let serveur = Serveur::options(port)
        .max_clients(places)
        .quand_connecte(|client| println!("[serveur] {client} has come"))
        .quand_deconnecte(|client, end| match end {
            Ok(()) => println!("[serveur] {client} has left in order"),
            Err(why) => println!("[serveur] {client} was lost: {why}"),
        })
        .ouvrir()?;
    serveur.enregistrer(commandes![ping, somme, retirer])?;

    println!("[serveur] listening on {} for at most {places} clients", serveur.adresse());
    println!("[serveur] a line goes to all clients; `stop` or Ctrl-C ends");
    // Handles are cheap to clone, and `eteindre` works from any thread.
    thread::spawn({
        let serveur = serveur.clone();
        move || read_lines(&serveur)
    });
    let told = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, told.clone())?;
    }
    thread::spawn({
        let serveur = serveur.clone();
        move || stop_when_told(&serveur, &told)
    });

    // Blocks until `eteindre`, and returns when every client has been said goodbye to.
    serveur.lancer()?;
    println!("[serveur] stopped");
    Ok(())
}

/// Without a keyboard (the end of the input) the server runs on, until a signal stops it.
fn read_lines(serveur: &Serveur) {
    for line in io::stdin().lines().map_while(Result::ok) {
        if line == "stop" {
            return stop(serveur);
        }
        match serveur.diffuser(annonce { texte: &line }) {
            Ok(diffusion) => println!("[serveur] told {} clients", diffusion.atteints),
            Err(error) => println!("[serveur] {error}"),
        }
    }
}

/// Windows has no signals to wait for, and what a signal interrupts may do next to nothing: so it
/// sets a flag, and this looks at it.
fn stop_when_told(serveur: &Serveur, told: &AtomicBool) {
    while !told.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(50));
    }
    stop(serveur);
}

fn stop(serveur: &Serveur) {
    if let Err(error) = serveur.eteindre() {
        println!("[serveur] {error}");
    }
}
