//! A host and its plug-ins: each plug-in is a process of its own, which calls the host back while
//! it works, and whose crash costs nothing but itself.
//!
//!     cargo run --example greffons
//!
//! The host starts this very program again for each plug-in. In earnest plug-ins are programs that
//! others write, and `cconn_examples::greffons`, which declares the commands of both sides, is the
//! crate that they are given.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::process::Command;
use std::time::Duration;

use cconn::local::Enfant;
use cconn::{Client, Commandes, Etat, Serveur, Session, commande, commandes};
use cconn_examples::greffons::{self, decrire, traiter};

/// How long a plug-in may take for an answer, and for its end.
const PATIENCE: Duration = Duration::from_secs(10);

/// The settings, of which a plug-in may read each.
struct Reglages(BTreeMap<&'static str, &'static str>);

/// The plug-in at the other end of a connection.
struct Nom(&'static str);

#[commande(de = greffons::reglage)]
fn reglage(reglages: &Etat<Reglages>, cle: &str) -> Option<String> {
    reglages.0.get(cle).map(|&valeur| valeur.to_owned())
}

#[commande(de = greffons::montrer)]
fn montrer(nom: &Session<Nom>, ligne: &str) {
    println!("[{}] {ligne}", nom.0);
}

/// Starts a plug-in, which may call the host from its first moment on.
fn start(nom: &'static str) -> Result<Enfant, Box<dyn Error>> {
    let mut program = Command::new(env::current_exe()?);
    program.args(["--greffon", nom]);
    let reglages = Reglages(BTreeMap::from([("signe", "*")]));
    let enfant = Client::options_enfant(program)
        .fournir(reglages)
        .session_plus_tard::<Nom>()
        .delai_reponse(PATIENCE)
        .lancer()?;
    enfant.ouvrir_session(Nom(nom))?;
    enfant.enregistrer(commandes![reglage, montrer])?;
    enfant.ecouter()?;
    Ok(enfant)
}

fn host() -> Result<(), Box<dyn Error>> {
    let noms = ["cadre", "renverse", "fragile"];
    let plugins = noms.map(|nom| Ok((nom, start(nom)?)));
    let plugins = plugins.into_iter().collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    for (nom, plugin) in &plugins {
        println!("{nom}: {}", plugin.appeler(decrire {})?);
    }
    let mut texte = "bonjour".to_owned();
    for (nom, plugin) in &plugins {
        match plugin.appeler(traiter { texte: &texte }) {
            Ok(done) => {
                println!("{nom}: {texte} -> {done}");
                texte = done;
            }
            // The connection is over, as the process is, and the host goes on without them.
            Err(error) if error.est_fatale() => {
                println!("{nom} is lost: {}", plugin.attendre_fin(PATIENCE)?);
            }
            Err(error) => println!("{nom} can't: {error}"),
        }
    }
    for (nom, plugin) in plugins.into_iter().filter(|(_, plugin)| plugin.est_connecte()) {
        // Its `lancer` returns when the connection ends, and then its `main`.
        plugin.eteindre()?;
        println!("{nom} has ended: {}", plugin.attendre_fin(PATIENCE)?);
    }
    Ok(())
}

/// Puts a text into a frame. It asks the host while the host waits for it.
#[commande]
mod cadre {
    use super::{Client, commande, greffons};

    #[commande(de = greffons::decrire)]
    fn decrire() -> String {
        "puts a text into a frame".to_owned()
    }

    #[commande(de = greffons::traiter)]
    fn traiter(client: &Client, texte: &str) -> Result<String, String> {
        let signe = client.appeler(greffons::reglage { cle: "signe" });
        let signe = signe.map_err(|error| error.to_string())?.ok_or("no sign is set")?;
        Ok(format!("{signe} {texte} {signe}"))
    }
}

/// Turns a text round, unless it is too long for it.
#[commande]
mod renverse {
    use super::{commande, greffons};

    #[commande(de = greffons::decrire)]
    fn decrire() -> String {
        "turns a text round".to_owned()
    }

    #[commande(de = greffons::traiter)]
    fn traiter(texte: &str) -> Result<String, String> {
        if texte.len() > 1000 {
            return Err(format!("{} bytes are too many", texte.len()));
        }
        Ok(texte.chars().rev().collect())
    }
}

/// Has a fault that ends its process.
#[commande]
mod fragile {
    use super::{Client, commande, greffons};

    #[commande(de = greffons::decrire)]
    fn decrire() -> String {
        "ends badly".to_owned()
    }

    #[commande(de = greffons::traiter)]
    fn traiter(client: &Client, texte: &str) -> Result<String, String> {
        let ligne = format!("I can't bear {texte}");
        client.appeler(greffons::montrer { ligne: &ligne }).map_err(|error| error.to_string())?;
        std::process::exit(3)
    }
}

/// A plug-in: it serves its parent until the connection ends.
fn plugin(commandes: Commandes) -> Result<(), Box<dyn Error>> {
    let serveur = Serveur::depuis_parent()?;
    serveur.enregistrer(commandes)?;
    Ok(serveur.lancer()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => host(),
        ["--greffon", "cadre"] => plugin(cadre::commandes()),
        ["--greffon", "renverse"] => plugin(renverse::commandes()),
        ["--greffon", "fragile"] => plugin(fragile::commandes()),
        _ => Err("greffons takes no arguments: it starts its plug-ins itself".into()),
    }
}
