use cconn::{commande, commandes};

struct Client;

#[commande]
fn servir(client: &Client) {
    let _ = client;
}

fn main() {
    let _ = (commandes![servir], Client);
}
