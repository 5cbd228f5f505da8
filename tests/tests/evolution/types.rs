//! Types of the program's own: equal ones are never refused, however they are written.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use cconn::{Octets, commande, commandes};
use cconn_tests::local;
use serde::{Deserialize, Serialize};

use super::refused;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    x: f64,
    y: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Arbre {
    Feuille(Point),
    Noeud { gauche: Box<Arbre>, droite: Option<Box<Arbre>>, noms: Vec<String> },
}

type Points = Vec<Point>;

#[commande]
fn points(tous: Points) -> usize {
    tous.len()
}

#[commande]
fn carte(carte: HashMap<String, Point>) -> usize {
    carte.len()
}

#[commande]
fn arbre(arbre: Arbre) -> Arbre {
    arbre
}

#[commande]
fn ensemble(nombres: BTreeSet<u16>, octets: Vec<u8>, mot: &str) -> usize {
    nombres.len() + octets.len() + mot.len()
}

#[commande]
fn paire(paire: [Point; 2]) -> Option<Point> {
    let [un, _] = paire;
    Some(un)
}

mod elsewhere {
    use super::*;

    /// The same type, as another program has it.
    pub(super) mod own {
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub(in super::super) struct Point {
            pub(in super::super) x: f64,
            pub(in super::super) y: f64,
        }
    }

    #[commande]
    pub(super) fn points(tous: &[own::Point]) -> usize;

    pub(super) mod references {
        use super::*;

        /// serde can write it and not read it.
        #[commande]
        pub(in super::super) fn points(tous: &[&Point]) -> usize;
    }

    pub(super) mod options {
        use super::*;

        #[commande]
        pub(in super::super) fn points(tous: VecDeque<Cow<'_, own::Point>>) -> usize;
    }

    #[commande]
    pub(super) fn carte(carte: BTreeMap<&str, own::Point>) -> usize;

    #[commande]
    pub(super) fn arbre(arbre: &Arbre) -> Arbre;

    #[commande]
    pub(super) fn ensemble(nombres: HashSet<u16>, octets: Octets, mot: String) -> usize;

    #[commande]
    pub(super) fn paire(paire: (own::Point, own::Point)) -> Option<own::Point>;
}

#[test]
fn a_type_is_one_however_it_is_written() {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![points, carte, arbre, ensemble, paire]).unwrap();
    let own = elsewhere::own::Point { x: 1.0, y: 2.0 };
    let point = Point { x: 1.0, y: 2.0 };
    let two = [own.clone(), own.clone()];
    assert_eq!(client.appeler(elsewhere::points { tous: &two }).unwrap(), 2);
    let tous = &[&point, &point, &point][..];
    assert_eq!(client.appeler(elsewhere::references::points { tous }).unwrap(), 3);
    let tous = VecDeque::from([Cow::Borrowed(&own)]);
    assert_eq!(client.appeler(elsewhere::options::points { tous }).unwrap(), 1);
    let carte = BTreeMap::from([("a", own.clone())]);
    assert_eq!(client.appeler(elsewhere::carte { carte }).unwrap(), 1);
    let feuille = Box::new(Arbre::Feuille(point));
    let noms = vec!["b".to_owned()];
    let arbre = Arbre::Noeud { gauche: feuille.clone(), droite: Some(feuille), noms };
    assert_eq!(client.appeler(elsewhere::arbre { arbre: &arbre }).unwrap(), arbre);
    let (nombres, octets) = (HashSet::from([1, 2]), Octets(vec![1, 2, 3]));
    let mot = "abcd".to_owned();
    assert_eq!(client.appeler(elsewhere::ensemble { nombres, octets, mot }).unwrap(), 9);
    let paire = (own.clone(), own.clone());
    assert_eq!(client.appeler(elsewhere::paire { paire }).unwrap(), Some(own));
}

/// A type that refuses every made-up value.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Severe(String);

impl<'de> Deserialize<'de> for Severe {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.starts_with("severe") {
            Ok(Severe(text))
        } else {
            Err(serde::de::Error::custom("not severe"))
        }
    }
}

/// Behind a field that refuses every made-up value nothing more is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Porteur {
    severe: Severe,
    point: Point,
}

#[commande]
fn porter(porteur: Porteur, point: Point) -> Severe {
    assert!(porteur.point == point);
    porteur.severe
}

#[commande]
fn severe(severe: Severe, point: Point) -> Severe {
    assert!(point.x < point.y);
    severe
}

mod known_by_name {
    use super::*;

    #[derive(Serialize, Deserialize)]
    pub(super) struct Point {
        pub(super) y: f64,
        pub(super) x: f64,
    }

    #[commande]
    pub(super) fn porter(porteur: Porteur, point: Point) -> Severe;

    #[commande]
    pub(super) fn severe(severe: Severe, point: Point) -> Severe;

    pub(super) mod other {
        use super::*;

        #[commande]
        pub(in super::super) fn porter(porteur: Porteur, point: Severe) -> Severe;
    }
}

#[test]
fn a_type_that_does_not_show_itself_counts_by_its_name() {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![porter, severe]).unwrap();
    let (severe, point) = (Severe("severely".to_owned()), Point { x: 1.0, y: 2.0 });
    let porteur = Porteur { severe: severe.clone(), point: point.clone() };
    let porteur = || porteur.clone();
    let answer = client.appeler(porter { porteur: porteur(), point });
    assert_eq!(answer.unwrap(), severe);
    // The price, which the guide names: beside such a type nothing is known of the others.
    let point = known_by_name::Point { y: 2.0, x: 1.0 };
    let failed = client.appeler(known_by_name::porter { porteur: porteur(), point });
    assert_eq!(super::nature(failed), cconn::erreur::NatureDistante::Panique);
    let other = known_by_name::other::porter { porteur: porteur(), point: severe.clone() };
    refused(client.appeler(other));
    // That a value is refused does not matter where everything was shown before.
    let point = known_by_name::Point { y: 2.0, x: 1.0 };
    refused(client.appeler(known_by_name::severe { severe, point }));
}

mod swapped {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Point {
        pub(super) y: f64,
        pub(super) x: f64,
    }

    #[commande]
    pub(super) fn points(tous: Vec<Point>) -> usize;

    #[commande]
    pub(super) fn carte(carte: HashMap<String, Point>) -> usize;

    /// Only the answer differs.
    #[commande]
    pub(super) fn paire(paire: [super::Point; 2]) -> Option<Point>;
}

#[test]
fn swapped_fields_are_refused_wherever_they_are() {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![points, carte, paire]).unwrap();
    let point = swapped::Point { y: 1.0, x: 2.0 };
    let why = refused(client.appeler(swapped::points { tous: vec![point.clone()] }));
    assert_ne!(why.empreinte, 0);
    assert_eq!(why.empreintes_acceptees.len(), 1, "{why}");
    let carte = HashMap::from([("a".to_owned(), point)]);
    refused(client.appeler(swapped::carte { carte }));
    let point = Point { x: 1.0, y: 2.0 };
    refused(client.appeler(swapped::paire { paire: [point.clone(), point] }));
}
