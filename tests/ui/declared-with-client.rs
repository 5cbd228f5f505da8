use cconn::commande;

#[commande]
fn pong(client: &cconn::Client, mot: &str);

fn main() {
    let _ = pong { mot: "x" };
}
