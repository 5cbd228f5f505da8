#![no_implicit_prelude]
#![deny(warnings)]
#![allow(dead_code, unused_macros, non_camel_case_types, non_upper_case_globals, non_snake_case)]
// Whatever a program may have in scope, generated code does not meet it: traits for all types with
// the methods and constants that it uses, constants and statics with the names of its variables,
// functions, macros, modules and types with the names of what it calls, and no prelude.

mod donnees {
    use ::core::prelude::rust_2024::*;

    #[derive(::serde::Serialize, ::serde::Deserialize, Debug)]
    pub struct Point {
        pub x: i64,
    }

    #[derive(::serde::Serialize, ::serde::Deserialize, Debug)]
    pub struct Faute;
}
use donnees::{Faute, Point};

mod tout {
    pub trait Tout: ::core::marker::Sized {
        const KIND: u8 = 9;
        const VALUE: u8 = 9;
        const NEW: u8 = 9;
        const DESCRIPTION: u8 = 9;
        const FINGERPRINT: u8 = 9;
        type Value;
        type Error;
        type Erreur;
        type Portee;
        fn write(self, _: u8) -> u8 { 9 }
        fn read(self, _: u8) -> u8 { 9 }
        fn show(self) -> u8 { 9 }
        fn end(self) -> u8 { 9 }
        fn get(self) -> u8 { 9 }
        fn with(self) -> u8 { 9 }
        fn make(self) -> u8 { 9 }
        fn new(self) -> u8 { 9 }
        fn fixed(self) -> u8 { 9 }
        fn entete(self) -> u8 { 9 }
        fn reply(self) -> u8 { 9 }
        fn et(self) -> u8 { 9 }
        fn list(self) -> u8 { 9 }
        fn finish(self) -> u8 { 9 }
        fn fmt(self) -> u8 { 9 }
        fn clone(self) -> u8 { 9 }
        fn deref(self) -> u8 { 9 }
        fn into(self) -> u8 { 9 }
        fn from(self) -> u8 { 9 }
        fn branch(self) -> u8 { 9 }
        fn as_str(self) -> u8 { 9 }
        fn len(self) -> u8 { 9 }
        fn collects(self) -> u8 { 9 }
        fn listed(self) -> u8 { 9 }
        fn serialize(self) -> u8 { 9 }
        fn deserialize(self) -> u8 { 9 }
    }
    impl<T> Tout for T {
        type Value = u8;
        type Error = u8;
        type Erreur = u8;
        type Portee = u8;
    }
    pub trait ParReference {
        fn write(&self, _: u8) -> u8 { 9 }
        fn read(&self, _: u8) -> u8 { 9 }
        fn show(&self) -> u8 { 9 }
        fn end(&self) -> u8 { 9 }
        fn get(&self) -> u8 { 9 }
        fn with(&self) -> u8 { 9 }
    }
    impl<T: ?::core::marker::Sized> ParReference for T {}
}
#[allow(unused_imports)]
use tout::{ParReference, Tout};

const context: u8 = 1;
const input: u8 = 1;
const _out: u8 = 1;
const a0: u8 = 1;
const a1: u8 = 1;
const list: u8 = 1;
const f: u8 = 1;
const bytes: u8 = 1;
const built: u8 = 1;
const probe: u8 = 1;
const entries: u8 = 1;
static out: u8 = 1;
static slot: u8 = 1;
static name: u8 = 1;
struct i;
struct x;
fn client() {}
fn serveur() {}
fn answer() {}
fn print() {}
fn fingerprint() {}
fn answer_kind() {}
fn check_received() {}
fn check_sent() {}
fn check_answer() {}
fn Ok() {}
fn Err() {}
fn Some() {}
fn Arg() {}
macro_rules! concat { () => { compile_error!() } }
macro_rules! commande { () => { compile_error!() } }
macro_rules! stringify { () => { compile_error!() } }
macro_rules! module_path { () => { compile_error!() } }
macro_rules! assert { () => { compile_error!() } }
macro_rules! panic { () => { compile_error!() } }
mod core {}
mod std {}
mod cconn {}
mod serde {}
mod alloc {}
mod fmt {}
struct Result;
struct Option;
struct Vec;
struct String;
struct Description;
struct Entete;
struct Slot;
struct Client;
trait Message {}
trait Commande {}
trait Appel {}
trait Sealed {}
trait Debug {}
trait Fn {}
trait FnOnce {}
struct str;
struct u32;
struct u64;
struct bool;
struct usize;

/// Adds.
#[::cconn::commande]
pub(crate) fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[::cconn::commande]
fn melange(
    mot: &::core::primitive::str,
    octets: &[u8],
    tous: ::std::vec::Vec<u8>,
    peut: ::core::option::Option<::std::string::String>,
    point: Point,
) -> ::core::result::Result<Point, Faute> {
    let _ = (octets, tous, peut);
    if mot == "x" { ::core::result::Result::Ok(point) } else { ::core::result::Result::Err(Faute) }
}

#[::cconn::commande]
fn recu(c: &::cconn::Client, s: &::cconn::Serveur, n: u8) -> ::cconn::Resultat<u8> {
    let _ = (c, s);
    ::core::result::Result::Ok(n)
}

#[::cconn::commande]
fn loin(mot: &::core::primitive::str, p: &Point);

#[::cconn::commande]
mod calcul {
    #[allow(unused_imports)]
    use super::*;

    #[::cconn::commande(nom = "fois")]
    pub fn produit(a: i64, b: i64) -> i64 {
        a * b
    }

    #[::cconn::commande]
    pub fn dans(s: &::cconn::Serveur) -> u8 {
        let _ = s;
        3
    }
}

fn main() {
    let (s, c) = ::cconn_tests::local();
    const TOUTES: ::cconn::Commandes<::cconn::traits::ServeurSeul> =
        ::cconn::commandes![somme, self::melange, recu];
    ::cconn::Serveur::enregistrer(&s, TOUTES).unwrap();
    ::cconn::Serveur::enregistrer(&s, calcul::commandes()).unwrap();
    ::core::assert_eq!(c.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
    ::core::assert_eq!(c.appeler(recu { n: 2 }).unwrap(), 2);
    ::core::assert_eq!(c.appeler(calcul::produit { a: 2, b: 2 }).unwrap(), 4);
    let m = melange {
        mot: "x",
        octets: b"y",
        tous: ::std::vec![1],
        peut: ::core::option::Option::None,
        point: Point { x: 7 },
    };
    ::core::assert_eq!(c.appeler(&m).unwrap().x, 7);
    let _ = ::std::format!("{m:?} {:?}", loin { mot: "x", p: &Point { x: 1 } });
}
