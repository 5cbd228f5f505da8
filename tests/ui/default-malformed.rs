//! A default is an expression of the argument's type, on an argument.

use cconn::{Client, commande};

#[commande]
fn vide(#[defaut()] a: u32) {
    let _ = a;
}

#[commande]
fn egal(#[defaut = 3] a: u32) {
    let _ = a;
}

#[commande]
fn deux(#[defaut(1)] #[defaut(2)] a: u32) {
    let _ = a;
}

#[commande]
fn anglais(#[default(1)] a: u32) {
    let _ = a;
}

#[commande]
fn recu(#[defaut(1)] client: &Client, a: u32) {
    let _ = (client, a);
}

fn main() {}
