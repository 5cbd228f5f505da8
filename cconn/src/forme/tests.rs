//! Records and shapes as bytes.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;
use crate::codec;
use crate::octets::{Octets, OctetsRef};

fn there_and_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let mut bytes = Vec::new();
    codec::encode(value, &mut bytes).unwrap();
    assert_eq!(codec::decode::<T>(&bytes).unwrap(), *value);
}

fn field(nom: &str, forme: Forme) -> Champ {
    Champ { nom: nom.to_owned(), defaut: false, forme }
}

#[test]
fn every_shape_comes_back() {
    // [description.shapes]
    let simple = |kind: u8| codec::decode::<Forme>(&[kind, 0, 0, 0]).unwrap();
    let mut shapes: Vec<Forme> = (0..=15).map(simple).collect();
    assert!(!shapes.iter().any(|shape| matches!(shape, Forme::Autre(_))));
    shapes.extend([
        Forme::Facultative(Box::new(Forme::Type(7))),
        Forme::suite(Forme::Texte),
        Forme::Table(Box::new(Forme::U8), Box::new(Forme::Tuple(vec![Forme::F64; 3]))),
        Forme::Tuple(Vec::new()),
        Forme::Opaque("Severe".to_owned()),
        Forme::Flux(Box::new(Forme::Type(1)), None),
        Forme::Flux(Box::new(Forme::U8), Some(Box::new(Forme::Texte))),
    ]);
    shapes.iter().for_each(there_and_back);
    let mut bytes = Vec::new();
    codec::encode(&Forme::Facultative(Box::new(Forme::I16)), &mut bytes).unwrap();
    assert_eq!(bytes, [32, 1, 2, 0, 0, 0, 0, 0]);
    bytes.clear();
    let stream = Forme::Flux(Box::new(Forme::I16), Some(Box::new(Forme::U8)));
    codec::encode(&stream, &mut bytes).unwrap();
    assert_eq!(bytes, [38, 2, 2, 0, 0, 0, 6, 0, 0, 0, 0, 0]);
    // A stream of nothing is none, and no panic.
    let none = Forme::Flux(Box::new(Forme::Autre(255)), None);
    assert_eq!(codec::decode::<Forme>(&[38, 0, 0, 0]).unwrap(), none);
}

#[test]
fn kinds_that_are_not_known_are_kept() {
    // [description.shapes] [description.types]
    let later = [99, 1, 6, 0, 0, 0, 3, 1, b'x'];
    assert_eq!(codec::decode::<Forme>(&later).unwrap(), Forme::Autre(99));
    there_and_back(&Forme::Autre(99));
    let named = TypeNomme { nom: "T".to_owned(), ouvert: true, genre: Genre::Autre(9) };
    there_and_back(&named);
    // A map whose parts are missing is no map, and no panic.
    assert_eq!(
        codec::decode::<Forme>(&[34, 0, 0, 0]).unwrap(),
        Forme::Table(Box::new(Forme::Autre(255)), Box::new(Forme::Autre(255)))
    );
}

#[test]
fn types_come_back() {
    // [description.types]
    let variant = |ajoutee| Variante {
        nom: "V".to_owned(),
        ajoutee,
        champs: vec![field("0", Forme::U8), field("a", Forme::Type(0))],
    };
    let genre = Genre::Enumeration(vec![variant(false), variant(true)]);
    there_and_back(&TypeNomme { nom: "E".to_owned(), ouvert: true, genre });
    let fields = vec![Champ { defaut: true, ..field("x", Forme::Octets) }];
    there_and_back(&TypeNomme {
        nom: "S".to_owned(),
        ouvert: false,
        genre: Genre::Structure(fields),
    });
}

#[test]
fn records_may_be_longer_and_shorter_than_known() {
    // [description.records]
    let argument = Argument { nom: "n".to_owned(), doc: "d".to_owned(), ..Argument::default() };
    let mut bytes = Vec::new();
    codec::encode(&argument, &mut bytes).unwrap();
    // Text "n", text "d", the shape (37 without parts, number or name), and no default.
    assert_eq!(bytes, [9, 1, b'n', 1, b'd', 37, 0, 0, 0, 0]);
    let longer = [&[12], &bytes[1..], &[1, 2, 3]].concat();
    assert_eq!(codec::decode::<Argument>(&longer).unwrap(), argument);
    let shorter = [2, 1, b'n'];
    let known = codec::decode::<Argument>(&shorter).unwrap();
    assert_eq!(known, Argument { doc: String::new(), ..argument });
    assert_eq!(codec::decode::<Programme>(&[0]).unwrap(), Programme::default());
    for cut in 1..bytes.len() {
        assert!(codec::decode::<Argument>(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    // A field that is begun must be whole.
    assert!(codec::decode::<Argument>(&[2, 5, b'n']).is_err());
}

fn figures() -> Chiffres {
    let charge = Charge { recues: 1, en_file: 300, sortie: u64::MAX, ..Charge::default() };
    let durees = Durees {
        nombres: vec![0, 5, u64::MAX],
        somme: Duration::new(7, 999_999_999),
        maximum: Duration::MAX,
    };
    let commande = CommandeChiffree {
        nom: "ancien".to_owned(),
        ancien_nom_de: Some("nouveau".to_owned()),
        echecs: vec![EchecsComptes { code: 0x0104, nombre: 3 }],
        durees,
        ..CommandeChiffree::default()
    };
    Chiffres {
        format: 1,
        comptees: true,
        clients: 2,
        charge,
        commandes: vec![commande],
        executions: vec![EnCours { client: 9, ..EnCours::default() }],
        connexions: vec![ConnexionChiffree { client: 9, charge, ..ConnexionChiffree::default() }],
        ..Chiffres::default()
    }
}

#[test]
// [figures.records]
fn figures_come_back() {
    there_and_back(&Chiffres::default());
    there_and_back(&figures());
}

#[test]
// [figures.records] [description.records]
fn figures_of_older_and_newer_programs_are_read() {
    let (all, known) = (figures(), codec_fields(&(1_u16, true, Duration::ZERO, 2_u64)));
    let shorter: Chiffres = codec::decode(&record_of(&known)).unwrap();
    assert_eq!((shorter.clients, shorter.comptees, shorter.commandes.len()), (2, true, 0));
    let none: Chiffres = codec::decode(&record_of(&[])).unwrap();
    assert_eq!(none, Chiffres::default());
    let mut bytes = Vec::new();
    codec::encode(&all, &mut bytes).unwrap();
    let Octets(mut fields) = codec::decode(&bytes).unwrap();
    fields.extend_from_slice(&codec_fields(&("more", vec![1_u8, 2])));
    let longer: Chiffres = codec::decode(&record_of(&fields)).unwrap();
    assert_eq!(longer, all);
}

fn codec_fields<T: Serialize>(fields: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec::encode_fields(fields, &mut bytes).unwrap();
    bytes
}

fn record_of(fields: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec::encode(&OctetsRef(fields), &mut bytes).unwrap();
    bytes
}
