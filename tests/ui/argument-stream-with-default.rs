use cconn::commande;
use cconn::flux::Flux;

#[commande]
fn somme(#[defaut(Flux::de([]))] nombres: Flux<u64>) -> u64 {
    nombres.map_while(Result::ok).sum()
}

fn main() {}
