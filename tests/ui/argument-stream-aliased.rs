use cconn::commande;
use cconn::flux::Flux;

type Nombres = Flux<u64>;

#[commande]
fn compter(nombres: Nombres) -> u64 {
    nombres.count() as u64
}

fn main() {}
