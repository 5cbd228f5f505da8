use cconn::{Resultat, Serveur, nommee};

fn main() -> Resultat<()> {
    let (_, client) = Serveur::boucle();
    client.appeler(nommee("somme", (1, 2)))?;
    Ok(())
}
