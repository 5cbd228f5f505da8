//! What is told of two shapes that differ.

use super::*;
use crate::forme::Argument;

fn command(forme: Forme) -> CommandeDecrite {
    let argument = Argument { nom: "a".to_owned(), forme, ..Argument::default() };
    CommandeDecrite { arguments: Some(vec![argument]), ..CommandeDecrite::default() }
}

fn holding(nom: &str, fields: Vec<(String, Forme)>) -> TypeNomme {
    let field = |(nom, forme)| Champ { nom, defaut: false, forme };
    let genre = Genre::Structure(fields.into_iter().map(field).collect());
    TypeNomme { nom: nom.to_owned(), ouvert: false, genre }
}

fn compared(here: &[TypeNomme], there: &[TypeNomme]) -> Vec<Ecart> {
    let one = command(Forme::Type(0));
    differences(Described { command: &one, types: here }, Described { command: &one, types: there })
}

/// A peer's types may be as many and as deep as it likes.
#[test]
fn a_long_chain_of_types_is_compared_as_far_as_is_useful() {
    let next = |at: u32| Forme::Facultative(Box::new(Forme::Type(at)));
    let link = |at: u32| holding("Maillon", vec![("suite".to_owned(), next(at))]);
    let here = [link(0)];
    let mut there: Vec<TypeNomme> = (0..200_000).map(|at| link(at + 1)).collect();
    assert_eq!(compared(&here, &there), []);
    there[100] = holding("Maillon", vec![("suite".to_owned(), Forme::U8)]);
    let found = compared(&here, &there);
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        ["argument 1 `a`, field `suite` of `Maillon`: `Option<Maillon>` here, `u8` there"]
    );
}

#[test]
fn what_is_told_is_bounded() {
    let fields = |forme: Forme| -> Vec<(String, Forme)> {
        (0..1_000).map(|at| (format!("f{at}"), forme.clone())).collect()
    };
    let long =
        Forme::Tuple((0..1_000).map(|at| if at == 0 { Forme::I8 } else { Forme::U8 }).collect());
    let found = compared(&[holding("T", fields(Forme::U8))], &[holding("T", fields(long))]);
    assert_eq!(found.len(), MOST);
    assert!(joined(&found).len() < MOST * 600, "{}", joined(&found).len());
    // A name that is longer than a text may be.
    let name = "x".repeat(100_000);
    let found = compared(&[holding("T", vec![])], &[holding("T", vec![(name, Forme::U8)])]);
    assert!(joined(&found).len() < 400, "{}", joined(&found).len());
}

#[test]
fn places_of_no_type_are_no_difference() {
    assert_eq!(compared(&[holding("T", vec![])], &[]), []);
    assert_eq!(compared(&[], &[holding("T", vec![])]), []);
}

#[test]
fn one_side_is_older_if_only_it_lacks_something() {
    let one = |ici: Option<&str>, la: Option<&str>| Ecart {
        chemin: String::new(),
        ici: ici.map(str::to_owned),
        la: la.map(str::to_owned),
    };
    assert_eq!(older(&[]), None);
    assert_eq!(older(&[one(Some("u8"), None)]), Some(Cote::La));
    assert_eq!(older(&[one(None, Some("u8")), one(None, Some("u8"))]), Some(Cote::Ici));
    assert_eq!(older(&[one(None, Some("u8")), one(Some("u8"), None)]), None);
    assert_eq!(older(&[one(None, Some("u8")), one(Some("u8"), Some("i8"))]), None);
}
