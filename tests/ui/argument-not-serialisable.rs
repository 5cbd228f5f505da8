use cconn::{commande, commandes};

struct Point {
    x: i64,
}

#[commande]
fn placer(a: i64, ici: Point) -> i64 {
    a + ici.x
}

#[commande]
fn loin(ici: Point);

fn main() {
    let _ = commandes![placer];
    let _ = placer { a: 1, ici: Point { x: 2 } };
    let _ = loin { ici: Point { x: 2 } };
}
