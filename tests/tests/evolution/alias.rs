//! Earlier names of commands.

use cconn::erreur::Enregistrement;
use cconn::traits::{Commande as _, Liste};
use cconn::{Erreur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::local;

#[commande(alias = "ajouter", alias = "plus")]
fn somme(a: u8, b: Option<u8>) -> u8 {
    a + b.unwrap_or(1)
}

mod old {
    #[cconn::commande]
    pub(super) fn ajouter(a: u8, b: Option<u8>) -> u8;

    #[cconn::commande]
    pub(super) fn plus(a: u8) -> u8;
}

#[test]
fn a_command_answers_to_its_earlier_names() {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![somme]).unwrap();
    assert_eq!(client.appeler(somme { a: 1, b: Some(2) }).unwrap(), 3);
    assert_eq!(client.appeler(old::ajouter { a: 1, b: Some(2) }).unwrap(), 3);
    assert_eq!(client.appeler(old::plus { a: 1 }).unwrap(), 2);
    assert_eq!(client.appeler::<u8, _>(nommee("plus", (1_u8, Some(4_u8)))).unwrap(), 5);
    assert_eq!(somme::DESCRIPTION.alias, ["ajouter", "plus"]);
}

#[commande]
fn ajouter(a: u8) -> u8 {
    a
}

#[commande(alias = "plus")]
fn addition(a: u8) -> u8 {
    a
}

fn enregistrer(serveur: &Serveur, liste: impl Liste) -> Resultat<()> {
    serveur.enregistrer(liste)
}

#[track_caller]
fn clash(outcome: Resultat<()>) -> (String, String, String) {
    match outcome {
        Err(Erreur::Enregistrement(why)) => match *why {
            Enregistrement::Alias { commande, autre, alias, .. } => {
                (commande.into(), autre.into(), alias.into())
            }
            other => panic!("{other}"),
        },
        other => panic!("{other:?}"),
    }
}

fn texts(texts: [&str; 3]) -> (String, String, String) {
    let [a, b, c] = texts.map(ToOwned::to_owned);
    (a, b, c)
}

#[test]
fn names_that_clash_are_refused_with_all_of_their_list() {
    let (serveur, client) = local();
    let refused = enregistrer(&serveur, commandes![somme, ajouter]);
    assert_eq!(clash(refused), texts(["ajouter", "somme", "ajouter"]));
    let refused = enregistrer(&serveur, commandes![ajouter, somme]);
    assert_eq!(clash(refused), texts(["somme", "ajouter", "ajouter"]));
    let refused = enregistrer(&serveur, commandes![somme, addition]);
    assert_eq!(clash(refused), texts(["addition", "somme", "plus"]));
    let none = client.appeler::<u8, _>(nommee("somme", (1_u8,)));
    assert!(none.is_err(), "nothing of a refused list is there");
    serveur.enregistrer(commandes![addition]).unwrap();
    let refused = enregistrer(&serveur, commandes![somme]);
    assert_eq!(clash(refused), texts(["somme", "addition", "plus"]));
    let closure = serveur.enregistrer_commande("plus", |_, (): ()| ());
    assert_eq!(clash(closure), texts(["plus", "addition", "plus"]));
    assert_eq!(client.appeler(old::plus { a: 4 }).unwrap(), 4);
    assert!(client.appeler(somme { a: 1, b: None }).is_err());
}

#[test]
fn names_of_the_library_are_reserved() {
    // [command.reserved]
    #[commande(nom = "cconn.somme")]
    fn ours() {}

    #[commande(alias = "cconn.plus")]
    fn theirs() {}

    let (serveur, _client) = local();
    for refused in [
        enregistrer(&serveur, commandes![ours]),
        enregistrer(&serveur, commandes![theirs]),
        serveur.enregistrer_commande("cconn.ping", |_, (): ()| ()),
    ] {
        let Err(Erreur::Enregistrement(why)) = refused else { panic!("{refused:?}") };
        assert!(matches!(*why, Enregistrement::Reservee { .. }), "{why}");
        assert!(why.to_string().contains("`cconn.`"), "{why}");
    }
}
