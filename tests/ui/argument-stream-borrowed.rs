use cconn::commande;
use cconn::flux::Flux;

#[commande]
fn dire(mots: Flux<&str>);

#[commande]
fn compter<'a>(mots: Flux<Vec<&'a [u8]>>) -> u64 {
    mots.count() as u64
}

fn main() {}
