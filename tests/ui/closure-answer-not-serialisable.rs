use cconn::Serveur;

struct Point;

fn main() {
    let (serveur, _) = Serveur::boucle();
    let _ = serveur.enregistrer_commande("ici", |_, ()| Point);
}
