//! A promise is kept with one value.

use cconn::flux::Flux;
use cconn::{Promesse, commande};

#[commande]
fn suivre(reponse: Promesse<Flux<String>>) {
    drop(reponse);
}

fn main() {}
