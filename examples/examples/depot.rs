//! A store of files: a client puts a file there and fetches it again, with a progress bar.
//!
//!     cargo run --example depot
//!     cargo run --example depot -- FILE COPY

use std::fs::{self, File};
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
    let partie = dossier.place(&format!("{nom}.partie"))?;
    let taille = contenu.vers(&mut File::create(&partie).map_err(Erreur::echec)?);
    if taille.is_err() {
        fs::remove_file(&partie).map_err(Erreur::echec)?;
    } else {
        fs::rename(&partie, dossier.place(nom)?).map_err(Erreur::echec)?;
    }
    taille
}

/// A file that was kept.
#[commande]
fn reprendre(dossier: &Etat<Dossier>, nom: &str) -> Resultat<Flux<Octets>> {
    Ok(Flux::lire(File::open(dossier.place(nom)?).map_err(Erreur::echec)?))
}

fn serve(dossier: Dossier) -> Resultat<Serveur> {
    let serveur = Serveur::options(0).fournir(dossier).ouvrir()?;
    serveur.enregistrer(commandes![deposer, reprendre])?;
    Ok(serveur)
}

// The client's side.

/// Puts a file into the store, and fetches it into a copy: how many bytes went each way.
fn there_and_back(client: &Client, original: &Path, copie: &Path) -> Resultat<[u64; 2]> {
    let fichier = File::open(original).map_err(Erreur::echec)?;
    let taille = fichier.metadata().map_err(Erreur::echec)?.len();
    let barre = ProgressBar::new(2 * taille);
    let contenu = Flux::lire(barre.wrap_read(fichier));
    let there = client.appeler(deposer { nom: "original", contenu })?;
    let copie = File::create(copie).map_err(Erreur::echec)?;
    let back = client.appeler(reprendre { nom: "original" })?.vers(&mut barre.wrap_write(copie))?;
    Ok([there, back])
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

fn main() -> Resultat<()> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = std::env::temp_dir().join(format!("cconn-depot-{}", std::process::id()));
    fs::create_dir(&folder).map_err(Erreur::echec)?;
    let moved = if let (Some(original), Some(copie)) = (paths.next(), paths.next()) {
        transfer(&folder, &original, &copie)
    } else {
        // Without arguments: a file of 20 MiB, which is not kept.
        let original = folder.join("made");
        let made = fs::write(&original, vec![7; 20 << 20]).map_err(Erreur::echec);
        made.and_then(|()| transfer(&folder, &original, &folder.join("copy")))
    };
    fs::remove_dir_all(folder).map_err(Erreur::echec)?;
    moved
}
