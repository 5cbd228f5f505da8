struct Point;

fn main() {
    let (serveur, _) = cconn_tests::local();
    let _ = serveur.enregistrer_commande("ici", |_, ()| Point);
}
