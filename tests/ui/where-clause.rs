use cconn::{commande, commandes};

#[commande]
fn double(a: i64) -> i64
where
    i64: Copy,
{
    a + a
}

fn main() {
    let _ = commandes![double];
    let _ = double { a: 1 };
}
