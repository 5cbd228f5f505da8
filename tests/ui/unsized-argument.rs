use cconn::commande;

#[commande]
fn echo(mot: str);

#[commande]
fn octets(octets: [u8]);

fn main() {}
