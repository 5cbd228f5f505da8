//! A background process that is started when it is needed: each run of this program asks it for
//! something, and the first run starts it. It ends by itself after a minute without a client.
//!
//! `cargo run --example demon` counts, in the memory of the background process, and
//! `cargo run --example demon -- --arret` ends that process.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cconn::{Client, Resultat, Serveur, commande, commandes};

/// How often this was asked.
static COUNT: AtomicU64 = AtomicU64::new(0);

#[commande]
fn compte() -> u64 {
    COUNT.fetch_add(1, Ordering::Relaxed) + 1
}

/// Ends the background process, in order.
#[commande]
fn arrete(serveur: &Serveur) -> Resultat<()> {
    serveur.eteindre()
}

/// The socket of this user's background process, in the folder that the system keeps for this user
/// alone. Where there is none, the folder for temporary files is taken, which others may share: a
/// program that is used in earnest makes a folder of its own there, with mode 0700.
fn socket() -> PathBuf {
    let folder = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    folder.join("cconn-demon.sock")
}

/// The background process.
fn serve(adresse: PathBuf) -> Resultat<()> {
    let options = Serveur::options(adresse).unique().max_clients(200);
    let serveur = options.s_arreter_si_oisif(Duration::from_secs(60)).ouvrir()?;
    serveur.enregistrer(commandes![compte, arrete])?;
    serveur.lancer()
}

fn main() -> Resultat<()> {
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next();
    let adresse = arguments.next().map_or_else(socket, PathBuf::from);
    match first.as_ref().and_then(|first| first.to_str()) {
        Some("--serveur") => return serve(adresse),
        Some("--arret") => return Client::new(&adresse)?.appeler(arrete {}),
        _ => {}
    }
    let program = std::env::current_exe().map_err(cconn::Erreur::echec)?;
    let mut commande = Command::new(program);
    commande.arg("--serveur").arg(&adresse);
    let client = Client::ou_lancer(&adresse, commande)?;
    println!("asked {} times", client.appeler(compte {})?);
    client.eteindre()
}
