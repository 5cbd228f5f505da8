use cconn::commande;

#[commande]
pub enum Somme {
    A,
}

fn main() {
    let _ = Somme::A;
}
