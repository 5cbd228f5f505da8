use cconn::{commande, commandes};

#[commande]
fn placer(ici: Point) {
    let _ = ici;
}

fn main() {
    let _ = commandes![placer];
}
