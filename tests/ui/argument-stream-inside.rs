use cconn::commande;
use cconn::flux::Flux;

#[commande]
fn plusieurs(nombres: Vec<Flux<u64>>) {
    drop(nombres);
}

#[commande]
fn peut_etre(nombres: Option<Flux<u64>>, mot: String) {
    drop((nombres, mot));
}

#[commande]
fn prete(nombres: &Flux<u64>) {
    let _ = nombres;
}

fn main() {}
