//! Records and shapes as bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;
use crate::codec;

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
    ]);
    shapes.iter().for_each(there_and_back);
    let mut bytes = Vec::new();
    codec::encode(&Forme::Facultative(Box::new(Forme::I16)), &mut bytes).unwrap();
    assert_eq!(bytes, [32, 1, 2, 0, 0, 0, 0, 0]);
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
