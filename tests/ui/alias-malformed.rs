//! An alias is another name of a command that runs here.

use cconn::commande;

#[commande(alias = "")]
fn vide() {}

#[commande(alias = "meme")]
fn meme() {}

#[commande(alias = "a", alias = "a")]
fn deux() {}

#[commande(alias = "ancien")]
fn declare();

fn main() {}
