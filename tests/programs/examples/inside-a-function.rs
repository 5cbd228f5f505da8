use cconn::{Commandes, commande, commandes};

fn liste() -> Commandes {
    type Nombre = i64;

    #[commande]
    fn locale(a: Nombre, mot: &str) -> Nombre {
        let _ = mot;
        a
    }

    let _ = locale { a: 1, mot: "x" };
    commandes![locale]
}

fn generique<T: Default>() -> Commandes {
    #[commande]
    fn vide() {}

    let _ = T::default();
    commandes![vide]
}

fn main() {
    const AUCUNE: Commandes = commandes![];
    let (serveur, _) = cconn_tests::local();
    serveur.enregistrer(liste()).unwrap();
    serveur.enregistrer(generique::<i64>()).unwrap();
    serveur.enregistrer(AUCUNE).unwrap();
}
