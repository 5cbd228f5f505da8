use cconn::{commande, commandes};

#[commande]
fn premier<T: Clone>(tous: Vec<T>) -> i64 {
    tous.len() as i64
}

fn main() {
    let _ = commandes![premier];
}
