#![allow(dead_code, non_camel_case_types)]

use cconn::{commande, commandes};

struct Result;
struct Option;
struct Vec;
struct String;
struct Ok;
struct Err;
struct Some;
struct Message;
struct Debug;
struct Entete;
struct Description;
trait Serialize {}
mod core {}
mod std {}
mod serde {}
struct u8;
struct u32;
struct bool;

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande]
fn mot(mot: &str) -> ::std::string::String {
    mot.to_owned()
}

fn main() {
    let (serveur, client) = cconn_tests::local();
    serveur.enregistrer(commandes![somme, mot]).unwrap();
    assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
    assert_eq!(client.appeler(mot { mot: "x" }).unwrap(), "x");
}
