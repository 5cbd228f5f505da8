//! Each argument is compared with the declaration, and the answer.

use cconn::commande;

mod api {
    use cconn::commande;

    #[commande]
    pub fn somme(a: i64, b: i64) -> i64;

    #[commande]
    pub fn dire(mot: &str, fois: u32);
}

#[commande(de = api::somme)]
fn somme(a: i64, b: i32) -> i64 {
    a + i64::from(b)
}

#[commande(de = api::dire)]
fn dire(mot: String, fois: u32) {
    println!("{}", mot.repeat(fois as usize));
}

mod reponse {
    #[cconn::commande(de = super::api::somme)]
    fn somme(a: i64, b: i64) -> u64 {
        (a + b) as u64
    }
}

fn main() {}
