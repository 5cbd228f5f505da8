use cconn::{commande, commandes};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Point {
    x: i64,
}

#[commande]
fn placer(ici: &Point) -> i64 {
    ici.x
}

fn main() {
    let _ = commandes![placer];
    let _ = placer { ici: &Point { x: 2 } };
}
