mod dedans {
    pub mod reseau {
        pub use ::cconn::*;
    }
}

// Nothing of this name may be reached by generated code.
#[allow(unused)]
mod cconn {}

use dedans::reseau::{commande, commandes};

#[commande(crate = dedans::reseau)]
fn somme(a: i64, mot: &str) -> i64 {
    let _ = mot;
    a
}

#[commande(crate = crate::dedans::reseau)]
mod calcul {
    use crate::dedans::reseau;

    #[reseau::commande(crate = reseau, nom = "fois")]
    pub fn produit(a: i64, b: i64) -> i64 {
        a * b
    }
}

fn main() {
    let (serveur, client) = cconn_tests::local();
    serveur.enregistrer(commandes![somme]).unwrap();
    serveur.enregistrer(calcul::commandes()).unwrap();
    assert_eq!(client.appeler(somme { a: 1, mot: "x" }).unwrap(), 1);
    assert_eq!(client.appeler(calcul::produit { a: 2, b: 3 }).unwrap(), 6);
}
