//! Two versions of a program that understand each other.
//!
//!     cargo run --example versions
//!
//! The newer version has one more argument, which has a default, and a new name for the command.
//! Each version calls both; one call needs what the older version does not have, and is refused in
//! words.

use cconn::{Client, Commandes, Resultat, Serveur, commandes, description};

/// The program of last year.
mod ancienne {
    use cconn::commande;

    /// Looks words up.
    #[commande]
    pub(super) fn chercher(mot: &str) -> String {
        format!("{mot} in all languages")
    }
}

/// The program of today.
mod nouvelle {
    use cconn::commande;

    /// Looks words up, in one language or in all.
    #[commande(alias = "trouver")]
    pub(super) fn chercher(mot: &str, #[defaut("all languages")] langue: &str) -> String {
        format!("{mot} in {langue}")
    }
}

fn main() -> Resultat<()> {
    let ancien = serveur(commandes![ancienne::chercher])?;
    let nouveau = serveur(commandes![nouvelle::chercher])?;
    let (ancien, nouveau) = (ancien.client_local()?, nouveau.client_local()?);

    // An older caller knows nothing of the new argument, and the newer receiver fills it in.
    let old = |client: &Client| client.appeler(ancienne::chercher { mot: "chat" });
    println!("old calls old: {}", old(&ancien)?);
    println!("old calls new: {}", old(&nouveau)?);

    // A newer caller leaves out what has its default, so an older receiver understands it.
    let new = |client: &Client, langue| client.appeler(nouvelle::chercher { mot: "chat", langue });
    println!("new calls old: {}", new(&ancien, "all languages")?);
    println!("new calls new: {}", new(&nouveau, "French")?);

    // What the older version does not have is refused, and the error names it.
    if let Err(cconn::Erreur::Distante(why)) = new(&ancien, "French") {
        println!("new calls old: no argument {:?} there", why.argument_inconnu);
    }

    // What a program has can be asked for.
    for commande in description::commandes(&nouveau)?.commandes {
        match commande.ancien_nom_de {
            Some(nom) => println!("{} is an earlier name of {nom}", commande.nom),
            None => println!("{}", commande.signature),
        }
    }
    Ok(())
}

fn serveur(commandes: Commandes) -> Resultat<Serveur> {
    let serveur = Serveur::new(0)?;
    serveur.enregistrer(commandes)?;
    Ok(serveur)
}
