use cconn::commande;

#[commande]
fn somme(&self, a: i64) -> i64 {
    a
}

fn main() {}
