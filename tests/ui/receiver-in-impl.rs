use cconn::commande;

struct Calcul;

impl Calcul {
    #[commande]
    fn somme(&self, a: i64) -> i64 {
        a
    }
}

fn main() {
    let _ = Calcul;
}
