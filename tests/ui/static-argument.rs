use std::borrow::Cow;

use cconn::{commande, commandes};

#[commande]
fn echo(mot: &'static str) {
    let _ = mot;
}

#[commande]
fn vache(mot: Cow<'static, str>) {
    let _ = mot;
}

fn main() {
    let _ = commandes![echo, vache];
}
