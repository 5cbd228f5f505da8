//! What two programs do that were built from different declarations.

use std::collections::HashSet;
use std::fmt::Debug;

use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur, Resultat, commande, commandes};
use cconn_tests::local;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Compte {
    solde: u32,
    devise: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Etat {
    Ferme,
    Ouvert,
    Gele,
}

#[commande]
fn noms(premier: String, suite: Vec<u8>) -> usize {
    premier.len() + suite.len()
}

#[commande]
fn solde(compte: Compte) -> u32 {
    compte.solde
}

#[commande]
fn etat(etat: Etat) -> u8 {
    etat as u8
}

#[commande]
fn dernier() -> Etat {
    Etat::Gele
}

#[commande(nom = "ancien_nom")]
fn nouveau_nom(n: u32) -> u32 {
    n
}

/// What an older program was built with.
mod old {
    use std::collections::HashSet;

    use cconn::commande;
    use serde::{Deserialize, Serialize};

    /// Without the currency.
    #[derive(Serialize, Deserialize)]
    pub(super) struct Compte {
        pub(super) solde: u32,
    }

    /// Without the last variant.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum Etat {
        Ferme,
        Ouvert,
    }

    #[commande]
    pub(super) fn noms(un: &str, deux: HashSet<u8>) -> usize;

    #[commande]
    pub(super) fn solde(compte: Compte) -> u32;

    #[commande]
    pub(super) fn etat(etat: Etat) -> u8;

    #[commande]
    pub(super) fn dernier() -> Etat;

    #[commande]
    pub(super) fn ancien_nom(n: u32) -> u32;

    #[commande]
    pub(super) fn disparue();
}

fn connected() -> (cconn::Serveur, Client) {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![noms, solde, etat, dernier, nouveau_nom]).unwrap();
    (serveur, client)
}

fn nature<T: Debug>(outcome: Resultat<T>) -> NatureDistante {
    match outcome {
        Err(Erreur::Distante(why)) => why.nature,
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_of_arguments_and_ways_to_write_a_type_do_not_count() {
    let (_serveur, client) = connected();
    let deux = HashSet::from([1, 2, 3]);
    assert_eq!(client.appeler(old::noms { un: "abc", deux }).unwrap(), 6);
    assert_eq!(client.appeler(old::ancien_nom { n: 7 }).unwrap(), 7);
}

#[test]
fn a_command_that_is_gone_is_told_by_name() {
    let (_serveur, client) = connected();
    assert_eq!(nature(client.appeler(old::disparue {})), NatureDistante::Inconnue);
}

#[test]
fn a_field_more_is_refused() {
    let (_serveur, client) = connected();
    let compte = old::Compte { solde: 12 };
    assert_eq!(nature(client.appeler(old::solde { compte })), NatureDistante::Signature);
}

#[test]
fn a_variant_at_the_end_is_refused_too() {
    let (_serveur, client) = connected();
    let closed = client.appeler(old::etat { etat: old::Etat::Ferme });
    assert_eq!(nature(closed), NatureDistante::Signature);
    let opened = client.appeler(old::etat { etat: old::Etat::Ouvert });
    assert_eq!(nature(opened), NatureDistante::Signature);
    assert_eq!(nature(client.appeler(old::dernier {})), NatureDistante::Signature);
    assert_eq!(client.appeler(etat { etat: Etat::Ouvert }).unwrap(), 1, "the connection lives");
}

/// Fields are told apart by their order on the wire, so their names count.
#[test]
fn fields_in_another_order_are_not_taken_for_each_other() {
    #[derive(Serialize, Deserialize)]
    struct Virement {
        de: u32,
        vers: u32,
    }

    mod old {
        use serde::{Deserialize, Serialize};

        #[derive(Serialize, Deserialize)]
        pub(super) struct Virement {
            pub(super) vers: u32,
            pub(super) de: u32,
        }

        #[cconn::commande]
        pub(super) fn source(virement: Virement) -> u32;
    }

    #[commande]
    fn source(virement: Virement) -> u32 {
        assert_ne!(virement.vers, virement.de);
        virement.de
    }

    let (serveur, client) = local();
    serveur.enregistrer(commandes![source]).unwrap();
    let virement = old::Virement { de: 1, vers: 2 };
    assert_eq!(nature(client.appeler(old::source { virement })), NatureDistante::Signature);
    let virement = Virement { de: 1, vers: 2 };
    assert_eq!(client.appeler(source { virement }).unwrap(), 1);
}

/// Variants are numbered in order, so their names count.
#[test]
fn a_variant_in_between_is_refused() {
    #[derive(Serialize, Deserialize)]
    enum Niveau {
        Bas,
        Moyen,
        Haut,
    }

    mod old {
        use serde::{Deserialize, Serialize};

        #[derive(Serialize, Deserialize)]
        pub(super) enum Niveau {
            Bas,
            Haut,
        }

        #[cconn::commande]
        pub(super) fn est_moyen(niveau: Niveau) -> bool;
    }

    #[commande]
    fn est_moyen(niveau: Niveau) -> bool {
        matches!(niveau, Niveau::Moyen)
    }

    let (serveur, client) = local();
    serveur.enregistrer(commandes![est_moyen]).unwrap();
    for niveau in [old::Niveau::Haut, old::Niveau::Bas] {
        let refused = client.appeler(old::est_moyen { niveau });
        assert_eq!(nature(refused), NatureDistante::Signature);
    }
    assert!(!client.appeler(est_moyen { niveau: Niveau::Haut }).unwrap());
    assert!(!client.appeler(est_moyen { niveau: Niveau::Bas }).unwrap());
}
