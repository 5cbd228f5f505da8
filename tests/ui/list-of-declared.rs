use cconn::{commande, commandes};

#[commande]
fn pong(mot: &str);

fn main() {
    let _ = commandes![pong];
}
