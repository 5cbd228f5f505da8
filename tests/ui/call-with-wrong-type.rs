use cconn::commande;

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {
    let (_, client) = cconn_tests::local();
    let _ = client.appeler(somme { a: 1, b: "2" });
}
