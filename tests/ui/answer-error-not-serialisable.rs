use cconn::{commande, commandes};

#[commande]
fn lire(chemin: &str) -> Result<String, std::io::Error> {
    std::fs::read_to_string(chemin)
}

fn main() {
    let _ = commandes![lire];
    let _ = lire { chemin: "x" };
}
