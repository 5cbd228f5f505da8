use cconn::{Client, commande, commandes};

#[commande]
fn relier(client: &Client, autre: &Client) {
    let _ = (client, autre);
}

fn main() {
    let _ = commandes![relier];
}
