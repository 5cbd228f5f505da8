use cconn::{Serveur, commande};

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {
    let serveur = Serveur::new(0).unwrap();
    let _ = serveur.enregistrer(somme);
}
