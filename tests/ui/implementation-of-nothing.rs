//! Only a declaration can be implemented elsewhere, by a function with a body, under its name.

use cconn::commande;

mod api {
    #[cconn::commande]
    pub fn faite(a: i64) -> i64 {
        a
    }

    #[cconn::commande]
    pub fn autre(a: i64) -> i64;
}

#[commande(de = api::faite)]
fn faite(a: i64) -> i64 {
    a
}

#[commande(de = api::autre)]
fn sans_corps(a: i64) -> i64;

#[commande(de = api::autre, nom = "nom")]
fn nommee(a: i64) -> i64 {
    a
}

fn main() {}
