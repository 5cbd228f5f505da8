//! A default has the type of its argument.

use cconn::commande;

#[commande]
fn chercher(#[defaut("dix")] nombre: u32) -> u32 {
    nombre
}

fn main() {}
