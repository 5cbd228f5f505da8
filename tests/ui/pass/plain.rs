use cconn::commande;

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {
    assert_eq!(somme(1, 2), 3);
}
