use cconn::commande;

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {
    let (_, client) = cconn_tests::local();
    let total: i64 = client.appeler(somme(1, 2)).unwrap();
    drop(total);
}
