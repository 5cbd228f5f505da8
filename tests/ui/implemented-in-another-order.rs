//! Arguments are sent in the declared order.

use cconn::commande;

mod api {
    #[cconn::commande]
    pub fn ecart(a: i64, b: i64) -> i64;
}

#[commande(de = api::ecart)]
fn ecart(b: i64, a: i64) -> i64 {
    a - b
}

fn main() {}
