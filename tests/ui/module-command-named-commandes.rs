#[cconn::commande]
mod calcul {
    #[cconn::commande]
    pub fn commandes() {}
}

fn main() {
    calcul::commandes();
}
