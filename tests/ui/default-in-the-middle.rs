//! Only arguments at the end can be left out.

use cconn::commande;

#[commande]
fn chercher(mot: String, #[defaut(10)] nombre: u32, langue: String) -> u32 {
    let _ = (mot, langue);
    nombre
}

fn main() {
    let _ = chercher { mot: String::new(), nombre: 1, langue: String::new() };
}
