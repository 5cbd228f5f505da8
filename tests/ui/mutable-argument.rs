use cconn::{Client, commande, commandes};

#[commande]
fn remplir(octets: &mut Vec<u8>) {
    octets.clear();
}

#[commande]
fn voir(client: &mut Client) {
    let _ = client;
}

fn main() {
    let _ = commandes![remplir, voir];
}
