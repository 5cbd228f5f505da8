//! One signature, written in many ways: what is one type on the wire is one type to both sides.

#![allow(unused_qualifications, reason = "that is what is tried")]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use cconn::erreur::NatureDistante;
use cconn::{Erreur, Octets, commande, commandes};
use cconn_tests::local;
use serde::{Deserialize, Serialize};

/// The types of both sides.
mod geo {
    use super::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    pub(super) struct Point {
        pub(super) x: i32,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Page<T> {
        pub(super) content: T,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Faute(pub(super) u8);

    impl std::fmt::Display for Faute {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "fault {}", self.0)
        }
    }
}

use geo::{Faute, Page, Point};

const N: usize = 3;

type Place = Point;
type Result<T> = std::result::Result<T, Faute>;
type Places<'a> = &'a [Place];

trait Has {
    type It;
}

impl Has for u8 {
    type It = Point;
}

macro_rules! the_type {
    () => {
        Option<geo::Point>
    };
}

/// One row: a name, the types as the receiver writes them, and as the sender does.
macro_rules! commands {
    ($($name:ident: $arg:ty => $answer:ty, $sent:ty => $expected:ty;)*) => {
        mod receiver {
            use super::*;
            $(#[commande] pub(super) fn $name(a: $arg) -> $answer { answer::$name(a) })*
        }
        mod sender {
            use super::*;
            $(#[commande] pub(super) fn $name(a: $sent) -> $expected;)*
        }
        fn connected() -> (cconn::Serveur, cconn::Client) {
            let (serveur, client) = local();
            serveur.enregistrer(commandes![$(receiver::$name),*]).unwrap();
            (serveur, client)
        }
    };
}

commands! {
    alias: Point => Point, Place => Place;
    path: Point => Point, crate::commandes::written_otherwise::geo::Point => self::geo::Point;
    own_result: Point => std::result::Result<Point, Faute>, Point => Result<Place>;
    lifted: u8 => cconn::Resultat<Option<Point>, Faute>,
        u8 => std::result::Result<Option<Place>, Erreur<Faute>>;
    array: [Point; N] => [Point; N], [Place; 3] => [Place; 1 + 2];
    map: BTreeMap<String, Point> => HashMap<String, Point>,
        HashMap<&str, Place> => BTreeMap<Box<str>, Place>;
    boxed: Point => Box<Point>, Box<Place> => Box<Place>;
    borrowed: Point => Point, &Point => Point;
    slice: Vec<Point> => Vec<Point>, Places<'_> => Box<[Point]>;
    deque: Vec<Point> => VecDeque<Point>, Cow<'_, [Place]> => BTreeSet<Place>;
    option: Option<Place> => Option<Point>, Option<&Point> => the_type!();
    tuple: (Place, u8) => (Point, u8), (&Point, u8) => (<u8 as Has>::It, u8);
    generic: Page<Place> => Page<Vec<Place>>, Page<&Point> => Page<VecDeque<Point>>;
    bytes: (u8, Octets) => Option<Octets>, (u8, Vec<u8>) => Option<Vec<u8>>;
}

/// What the receiver's commands do.
mod answer {
    use super::*;

    pub(super) fn alias(a: Point) -> Point {
        a
    }
    pub(super) fn path(a: Point) -> Point {
        a
    }
    pub(super) fn own_result(a: Point) -> std::result::Result<Point, Faute> {
        if a.x < 0 { Err(Faute(1)) } else { Ok(a) }
    }
    pub(super) fn lifted(a: u8) -> cconn::Resultat<Option<Point>, Faute> {
        if a == 0 { Err(Faute(2).into()) } else { Ok(None) }
    }
    pub(super) fn array(a: [Point; N]) -> [Point; N] {
        a
    }
    pub(super) fn map(a: BTreeMap<String, Point>) -> HashMap<String, Point> {
        a.into_iter().collect()
    }
    pub(super) fn boxed(a: Point) -> Box<Point> {
        Box::new(a)
    }
    pub(super) fn borrowed(a: Point) -> Point {
        a
    }
    pub(super) fn slice(a: Vec<Point>) -> Vec<Point> {
        a
    }
    pub(super) fn deque(a: Vec<Point>) -> VecDeque<Point> {
        a.into()
    }
    pub(super) fn option(a: Option<Point>) -> Option<Point> {
        a
    }
    pub(super) fn tuple(a: (Point, u8)) -> (Point, u8) {
        a
    }
    pub(super) fn generic(a: Page<Point>) -> Page<Vec<Point>> {
        Page { content: vec![a.content] }
    }
    pub(super) fn bytes(a: (u8, Octets)) -> Option<Octets> {
        Some(a.1)
    }
}

#[test]
fn one_type_is_called_however_it_is_written() {
    let (_serveur, client) = connected();
    let point = Point { x: 7 };
    assert_eq!(client.appeler(sender::alias { a: point.clone() }).unwrap(), point);
    assert_eq!(client.appeler(sender::path { a: point.clone() }).unwrap(), point);
    assert_eq!(client.appeler(sender::own_result { a: point.clone() }).unwrap(), point);
    let refused = client.appeler(sender::own_result { a: Point { x: -1 } });
    assert!(matches!(refused, Err(Erreur::Refus(Faute(1)))), "{refused:?}");
    assert_eq!(client.appeler(sender::lifted { a: 1 }).unwrap(), None);
    assert!(matches!(client.appeler(sender::lifted { a: 0 }), Err(Erreur::Refus(Faute(2)))));
    let three = [point.clone(), point.clone(), point.clone()];
    assert_eq!(client.appeler(sender::array { a: three.clone() }).unwrap(), three);
    let map = HashMap::from([("a", point.clone())]);
    assert_eq!(client.appeler(sender::map { a: map }).unwrap()["a"], point);
    assert_eq!(*client.appeler(sender::boxed { a: Box::new(point.clone()) }).unwrap(), point);
    assert_eq!(client.appeler(sender::borrowed { a: &point }).unwrap(), point);
    assert_eq!(&*client.appeler(sender::slice { a: &three }).unwrap(), &three);
    let found = client.appeler(sender::deque { a: Cow::Borrowed(&three) }).unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), std::slice::from_ref(&point));
    assert_eq!(client.appeler(sender::option { a: Some(&point) }).unwrap(), Some(point.clone()));
    assert_eq!(client.appeler(sender::tuple { a: (&point, 1) }).unwrap(), (point.clone(), 1));
    let page = client.appeler(sender::generic { a: Page { content: &point } }).unwrap();
    assert_eq!(page.content, [point]);
    let bytes = client.appeler(sender::bytes { a: (0, vec![1, 2]) }).unwrap();
    assert_eq!(bytes.unwrap(), [1, 2]);
}

/// The same name, and other types behind the same words.
mod stranger {
    use cconn::commande;

    pub(super) type Point = (i32,);

    #[commande]
    pub(super) fn alias(a: Point) -> Point;
}

#[test]
fn look_alike_signatures_are_refused_with_advice() {
    let (_serveur, client) = connected();
    let error = client.appeler(stranger::alias { a: (7,) }).unwrap_err();
    let Erreur::Distante(distante) = &error else { panic!("{error:?}") };
    assert_eq!(distante.nature, NatureDistante::Signature);
    let text = error.to_string();
    assert!(
        text.contains("the same words stand for other types there: `alias(a: Point)"),
        "{text}"
    );
    assert!(!text.contains("same version"), "{text}");
}
