#[cconn::commande(nom = "x")]
mod calcul {
    #[cconn::commande]
    pub fn somme(a: i64, b: i64) -> i64 {
        a + b
    }
}

fn main() {
    let _ = calcul::commandes();
}
