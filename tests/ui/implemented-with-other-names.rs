//! An argument that is missing, and one that was not declared.

use cconn::commande;

mod api {
    #[cconn::commande]
    pub fn ecart(a: i64, b: i64) -> i64;
}

#[commande(de = api::ecart)]
fn ecart(a: i64) -> i64 {
    a
}

mod autre {
    #[cconn::commande(de = super::api::ecart)]
    fn ecart(a: i64, b: i64, c: i64) -> i64 {
        a - b + c
    }
}

fn main() {}
