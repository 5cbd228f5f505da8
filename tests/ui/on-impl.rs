use cconn::commande;

struct Calcul;

#[commande]
impl Calcul {
    fn somme(a: i64) -> i64 {
        a
    }
}

fn main() {
    let _ = (Calcul, Calcul::somme(1));
}
