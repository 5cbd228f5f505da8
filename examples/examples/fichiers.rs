//! A file over a connection, with a progress bar.
//!
//!     cargo run --example fichiers
//!     cargo run --example fichiers -- FILE COPY

use std::fs;
use std::path::{Path, PathBuf};

use cconn::flux::Flux;
use cconn::{Client, Erreur, Octets, Resultat, Serveur, commande, commandes};
use indicatif::ProgressBar;

/// The size of a file of the server's, in bytes.
#[commande]
fn taille(chemin: &Path) -> Resultat<u64> {
    Ok(fs::metadata(chemin)?.len())
}

/// A file of the server's. A file that can't be opened is the call's error, one that can't be read
/// to its end is the stream's last item.
#[commande]
fn telecharger(chemin: PathBuf) -> Resultat<Flux<Octets>> {
    Ok(Flux::fichier(chemin)?)
}

/// Fetches a file: how many bytes that were.
fn chercher(client: &Client, chemin: &Path, copie: &Path) -> Resultat<u64> {
    let barre = ProgressBar::new(client.appeler(taille { chemin })?);
    let contenu = client.appeler(telecharger { chemin: chemin.into() })?;
    contenu.suivre(move |octets| barre.set_position(octets)).vers_fichier(copie)
}

fn main() -> Resultat<()> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    if let (Some(chemin), Some(copie)) = (paths.next(), paths.next()) {
        return transfer(&chemin, &copie);
    }
    // Without arguments: a file of 20 MiB, which is not kept.
    let folder = std::env::temp_dir().join(format!("cconn-fichiers-{}", std::process::id()));
    let chemin = folder.join("original");
    let made = fs::create_dir(&folder).and_then(|()| fs::write(&chemin, vec![7; 20 << 20]));
    let moved = made.map_err(Erreur::echec).and_then(|()| transfer(&chemin, &folder.join("copie")));
    fs::remove_dir_all(folder)?;
    moved
}

fn transfer(chemin: &Path, copie: &Path) -> Resultat<()> {
    let serveur = Serveur::new(0)?;
    serveur.enregistrer(commandes![taille, telecharger])?;
    let client = serveur.client_local()?;
    println!("fetched {} bytes", chercher(&client, chemin, copie)?);
    let absent = client.appeler(telecharger { chemin: "absent".into() }).map(|_| ());
    println!("not fetched: {}", absent.unwrap_err());
    client.eteindre()
}
