use cconn::{Resultat, Serveur, commande, commandes};

struct Point;

#[commande]
fn ici() -> Point {
    Point
}

#[commande]
fn la() -> Resultat<Point> {
    Ok(Point)
}

fn main() {
    let (serveur, client) = Serveur::boucle();
    let _ = serveur.enregistrer(commandes![ici, la]);
    let _ = client.appeler(ici {});
    let _ = client.appeler(la {});
}
