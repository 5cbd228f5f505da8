use cconn::{commande, commandes};

#[commande]
fn somme() {}

fn main() {
    let _ = commandes![self::Self, crate::somme::<u8>, crate, somme::super::autre];
}
