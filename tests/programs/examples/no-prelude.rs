#![no_implicit_prelude]

use ::cconn::{Client, Resultat, Serveur, commande, commandes};

/// A word.
#[commande]
fn ping(client: &Client, mot: &str, octets: &[u8]) -> Resultat<()> {
    let _ = octets;
    client.envoyer(pong { mot })
}

#[commande]
fn pong(mot: &str);

#[commande]
fn tailles(serveur: &Serveur, tous: ::std::vec::Vec<::std::string::String>) -> u64 {
    let _ = (serveur, tous);
    0
}

#[commande]
mod calcul {
    #[::cconn::commande]
    pub fn somme(a: i64, b: i64) -> ::core::result::Result<i64, u8> {
        ::core::result::Result::Ok(a + b)
    }
}

fn main() {
    let (serveur, client) = ::cconn_tests::local();
    let _ = serveur.enregistrer(commandes![ping, tailles, calcul::somme]);
    let _ = client.appeler(calcul::somme { a: 1, b: 2 });
}
