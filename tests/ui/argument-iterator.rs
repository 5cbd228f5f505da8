use cconn::commande;

#[commande]
fn somme(nombres: impl Iterator<Item = u64>) -> u64 {
    nombres.sum()
}

fn main() {}
