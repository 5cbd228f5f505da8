//! What only a function under `#[commande]` can take or answer with.

use cconn::flux::Flux;
use cconn::{Client, Promesse, Resultat, Serveur, nommee};

fn main() {
    let serveur = Serveur::new(0).unwrap();
    let sum = |_: &Client, (nombres,): (Flux<u64>,)| -> Resultat<u64> { nombres.sum() };
    let _ = serveur.enregistrer_commande("somme", sum);
    let later = |_: &Client, (reponse,): (Promesse<u64>,)| drop(reponse);
    let _ = serveur.enregistrer_commande("plus_tard", later);
    let count = |_: &Client, (): ()| Flux::<u64>::de(0..3);
    let _ = serveur.enregistrer_commande("compter", count);
    let client = serveur.client_local().unwrap();
    let _: Resultat<u64> = client.appeler(nommee("somme", (Flux::<u64>::de(0..3),)));
}
