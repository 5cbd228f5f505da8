//! A store of files: a client puts a file there and fetches it again, with a progress bar.
//!
//!     cargo run --example depot
//!     cargo run --example depot -- FILE COPY

use std::fs;
use std::path::{Path, PathBuf};

use cconn::flux::Flux;
use cconn::{Client, Erreur, Etat, Octets, Resultat, Serveur, commande, commandes};
use indicatif::ProgressBar;

/// The folder in which the server keeps its files.
struct Dossier(PathBuf);

impl Dossier {
    /// The place of a file, whose name leads nowhere else.
    fn place(&self, nom: &str) -> Resultat<PathBuf> {
        let is_plain = !nom.is_empty() && !nom.starts_with('.') && !nom.contains(['/', '\\', ':']);
        if is_plain { Ok(self.0.join(nom)) } else { Err(Erreur::echec(format!("no name: {nom}"))) }
    }
}

// The server's side.

/// Keeps a file under that name: how many bytes it has. One that does not come whole is not kept.
#[commande]
fn deposer(dossier: &Etat<Dossier>, nom: &str, contenu: Flux<Octets>) -> Resultat<u64> {
    contenu.vers_fichier(dossier.place(nom)?)
}

/// A file that was kept.
#[commande]
fn reprendre(dossier: &Etat<Dossier>, nom: &str) -> Resultat<Flux<Octets>> {
    Ok(Flux::fichier(dossier.place(nom)?)?)
}

fn serve(dossier: Dossier) -> Resultat<Serveur> {
    let serveur = Serveur::options(0).fournir(dossier).ouvrir()?;
    serveur.enregistrer(commandes![deposer, reprendre])?;
    Ok(serveur)
}

// The client's side.

/// Puts a file into the store, and fetches it into a copy: how many bytes went each way.
fn there_and_back(client: &Client, original: &Path, copie: &Path) -> Resultat<[u64; 2]> {
    let barre = ProgressBar::new(2 * fs::metadata(original)?.len());
    let (sending, fetching) = (barre.clone(), barre);
    let contenu = Flux::fichier(original)?.suivre(move |octets| sending.set_position(octets));
    let there = client.appeler(deposer { nom: "original", contenu })?;
    let contenu = client.appeler(reprendre { nom: "original" })?;
    let contenu = contenu.suivre(move |octets| fetching.set_position(there + octets));
    Ok([there, contenu.vers_fichier(copie)?])
}

fn transfer(folder: &Path, original: &Path, copie: &Path) -> Resultat<()> {
    let serveur = serve(Dossier(folder.to_owned()))?;
    let client = serveur.client_local()?;
    let [there, back] = there_and_back(&client, original, copie)?;
    println!("kept {there} bytes, fetched {back} bytes");
    let torn = Flux::essais([Ok(Octets(vec![7; 10])), Err(Erreur::echec("the disk is gone"))]);
    let refused = client.appeler(deposer { nom: "torn", contenu: torn }).unwrap_err();
    println!("not kept: {refused}");
    client.eteindre()
}

/// Moves the files that the command line names; without arguments, one of 20 MiB that is made here.
fn run(folder: &Path) -> Resultat<()> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    if let (Some(original), Some(copie)) = (paths.next(), paths.next()) {
        return transfer(folder, &original, &copie);
    }
    let original = folder.join("made");
    fs::write(&original, vec![7; 20 << 20])?;
    transfer(folder, &original, &folder.join("copy"))
}

fn main() -> Resultat<()> {
    let folder = std::env::temp_dir().join(format!("cconn-depot-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let moved = run(&folder);
    fs::remove_dir_all(folder)?;
    moved
}
