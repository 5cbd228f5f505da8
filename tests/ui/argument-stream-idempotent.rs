use cconn::commande;
use cconn::flux::Flux;

#[commande(idempotente)]
fn somme(debut: u64, nombres: Flux<u64>) -> u64 {
    debut + nombres.map_while(Result::ok).sum::<u64>()
}

fn main() {}
