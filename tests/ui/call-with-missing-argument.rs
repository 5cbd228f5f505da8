use cconn::{Serveur, commande};

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {
    let (_, client) = Serveur::boucle();
    let _ = client.appeler(somme { a: 1 });
}
