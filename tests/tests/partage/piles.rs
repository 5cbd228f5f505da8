//! The stack of the threads that run commands: however small or large it is asked for.

use std::collections::BTreeMap;

use cconn::erreur::Usage;
use cconn::{Client, Erreur, Serveur, commande, commandes};
use cconn_tests::with_watchdog;
use serde::{Deserialize, Serialize};

use super::LIMIT;

/// Two levels each: the option and the struct.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Maillon {
    suite: Option<Box<Maillon>>,
}

/// Two levels each: the content of the variant, and the list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Arbre {
    Feuille,
    Noeud(Vec<Arbre>),
    Table { nom: String, entrees: BTreeMap<u8, Arbre> },
}

#[commande]
fn maillons(mut premier: Maillon) -> u32 {
    let mut nombre = 1;
    while let Some(suite) = premier.suite {
        (premier, nombre) = (*suite, nombre + 1);
    }
    nombre
}

#[commande]
fn profondeur(arbre: Arbre) -> usize {
    match arbre {
        Arbre::Feuille => 1,
        Arbre::Noeud(parties) => 1 + parties.len(),
        Arbre::Table { entrees, nom } => 1 + entrees.len() + nom.len(),
    }
}

fn chaine(n: u32) -> Maillon {
    (1..n).fold(Maillon::default(), |suite, _| Maillon { suite: Some(Box::new(suite)) })
}

#[test]
fn the_deepest_value_fits_the_smallest_stack() {
    with_watchdog("stacks", LIMIT, || {
        for octets in [1 << 20, (1 << 20) + 1, 2 << 20] {
            let serveur = Serveur::options(0).pile(octets).ouvrir().unwrap();
            serveur.enregistrer(commandes![maillons, profondeur]).unwrap();
            let client = serveur.client_local().unwrap();
            assert_eq!(client.appeler(maillons { premier: chaine(64) }).unwrap(), 64);
            let arbre = (0..63).fold(Arbre::Feuille, |fond, _| Arbre::Noeud(vec![fond]));
            assert_eq!(client.appeler(profondeur { arbre }).unwrap(), 2);
            let arbre = (0..63).fold(Arbre::Feuille, |fond, _| Arbre::Table {
                nom: String::new(),
                entrees: BTreeMap::from([(1, fond)]),
            });
            assert_eq!(client.appeler(profondeur { arbre }).unwrap(), 2);
            let error = client.appeler(maillons { premier: chaine(65) }).unwrap_err();
            assert!(matches!(error, Erreur::Distante(_) | Erreur::Codage(_)), "{error:?}");
        }
    });
}

#[test]
fn a_stack_that_no_thread_can_have_is_refused_at_once() {
    with_watchdog("impossible stacks", LIMIT, || {
        let impossible =
            [0, 1, 16 << 10, (1 << 20) - 1, (1 << 30) + 1, 1 << 46, usize::MAX / 2, usize::MAX];
        for octets in impossible {
            let refused = [
                Serveur::options(0).pile(octets).ouvrir().map(drop).unwrap_err(),
                Client::options(1).pile(octets).connecter().map(drop).unwrap_err(),
            ];
            for error in refused {
                let Erreur::Usage(failed) = &error else { panic!("{error:?}") };
                assert!(matches!(**failed, Usage::Reglage { .. }), "{error:?}");
                assert!(error.to_string().contains("`pile`"), "{error}");
            }
        }
        let serveur = Serveur::options(0).pile(1 << 30).ouvrir().unwrap();
        serveur.client_local().unwrap();
    });
}
