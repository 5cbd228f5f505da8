use cconn::{Resultat, commande, commandes};

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
    let (serveur, client) = cconn_tests::local();
    let _ = serveur.enregistrer(commandes![ici, la]);
    let _ = client.appeler(ici {});
    let _ = client.appeler(la {});
}
