use cconn::commande;

#[commande]
struct Somme {
    a: i64,
}

fn main() {
    let _ = Somme { a: 1 }.a;
}
