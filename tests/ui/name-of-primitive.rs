use cconn::commande;

#[commande]
fn u8(a: i64) -> i64 {
    a
}

fn main() {}
