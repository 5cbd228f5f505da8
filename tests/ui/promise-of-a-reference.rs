//! What a command borrows is gone when its promise is kept.

use cconn::{Promesse, commande};

#[commande]
fn nommer(reponse: Promesse<&str>) {
    drop(reponse);
}

fn main() {}
