use cconn::commande;

#[commande]
extern "C" fn somme(a: i64, _: ...) -> i64 {
    a
}

fn main() {}
