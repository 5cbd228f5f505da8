//! The commands that the library brings along.

use std::collections::BTreeMap;
use std::time::Duration;

use cconn::description::{self, Forme, Genre, Integree};
use cconn::erreur::NatureDistante;
use cconn::flux::Flux;
use cconn::{Client, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{local, with_watchdog};
use serde::{Deserialize, Serialize};

use super::nature;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Etat {
    Ouvert,
    Ferme { depuis: u64, par: Option<Box<Etat>> },
    Vendu(String, (u8, [i16; 2])),
}

mod other {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    pub(super) struct Etat(pub(super) u8);
}

#[derive(Debug, Serialize, Deserialize)]
enum Panne {
    Absent,
}

/// Looks a state up.
///
/// In all books.
#[commande(alias = "lire")]
fn chercher(
    /// The name.
    nom: &str,
    dans: BTreeMap<String, Vec<Etat>>,
    #[defaut(other::Etat(3))] autre: other::Etat,
) -> Result<Option<Etat>, Panne> {
    assert!(dans.is_empty() && autre == other::Etat(3));
    if nom.is_empty() { Err(Panne::Absent) } else { Ok(Some(Etat::Ouvert)) }
}

#[commande(parallele)]
fn vide() {}

fn connected() -> (Serveur, Client) {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![vide, chercher]).unwrap();
    serveur.enregistrer_commande("fermeture", |_, (_,): (u8,)| 1_u8).unwrap();
    (serveur, client)
}

#[test]
fn a_program_that_was_never_seen_before_describes_its_commands() {
    let (_serveur, client) = connected();
    let programme = description::commandes(&client).unwrap();
    assert_eq!(programme.format, 1);
    let names: Vec<_> = programme.commandes.iter().map(|one| one.nom.as_str()).collect();
    assert_eq!(names, ["chercher", "fermeture", "lire", "vide"]);
    let [chercher, fermeture, lire, vide] = programme.commandes.as_slice() else { panic!() };

    assert_eq!(chercher.doc, "Looks a state up.\n\nIn all books.");
    assert_eq!(chercher.ancien_nom_de, None);
    assert_eq!(chercher.empreintes.len(), 2);
    let text = |forme: &Forme| forme.texte(&programme.types).to_string();
    let arguments = chercher.arguments.as_deref().unwrap();
    let shown: Vec<_> = arguments
        .iter()
        .map(|one| (one.nom.as_str(), one.doc.as_str(), text(&one.forme), one.defaut.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ("nom", "The name.", "str".to_owned(), None),
            ("dans", "", "Map<str, Vec<Etat>>".to_owned(), None),
            ("autre", "", "Etat'2".to_owned(), Some("other::Etat(3)")),
        ]
    );
    assert_eq!(text(&chercher.reponse), "Option<Etat>");
    assert_eq!(chercher.refus.as_ref().map(text).as_deref(), Some("Panne"));
    let types: Vec<_> = programme
        .types
        .iter()
        .map(|one| format!("{} = {}", one.nom, one.texte(&programme.types)))
        .collect();
    assert_eq!(
        types,
        [
            "Etat = enum Ouvert | Ferme { depuis: u64, par: Option<Etat> } | Vendu { 0: str, 1: (u8, [i16; 2]) }",
            "Etat'2 = { 0: u8 }",
            "Panne = enum Absent",
        ]
    );
    assert!(matches!(&programme.types[0].genre, Genre::Enumeration(all) if all.len() == 3));

    assert_eq!(lire.ancien_nom_de.as_deref(), Some("chercher"));
    assert_eq!(lire.empreintes, chercher.empreintes);
    assert_eq!((&fermeture.arguments, fermeture.empreintes.len()), (&None, 0));
    assert_eq!(fermeture.reponse, Forme::Opaque(String::new()));
    assert_eq!(vide.arguments.as_deref(), Some(&[][..]));
    assert_eq!((text(&vide.reponse), vide.parallele), ("()".to_owned(), true));
    assert_eq!(vide.refus, None);
}

/// The states from here on.
#[commande]
fn suivre(de: u8) -> Result<impl Iterator<Item = Result<Etat, Panne>>, String> {
    if de > 9 { Err(de.to_string()) } else { Ok([Ok(Etat::Ouvert)].into_iter()) }
}

#[commande]
fn compter() -> impl Iterator<Item = (u8, Etat)> {
    std::iter::empty()
}

#[test]
fn streams_are_described_with_their_items_and_errors() {
    // [description.shapes]
    let (serveur, client) = local();
    serveur.enregistrer(commandes![suivre, compter]).unwrap();
    let programme = description::commandes(&client).unwrap();
    let text = |forme: &Forme| forme.texte(&programme.types).to_string();
    let [compter, suivre] = programme.commandes.as_slice() else { panic!("{programme:?}") };
    assert_eq!(text(&suivre.reponse), "Flux<Etat, Panne>");
    assert_eq!(suivre.refus.as_ref().map(text).as_deref(), Some("str"));
    assert_eq!((text(&compter.reponse), &compter.refus), ("Flux<(u8, Etat)>".to_owned(), &None));
    let names: Vec<_> = programme.types.iter().map(|one| one.nom.as_str()).collect();
    assert_eq!(names, ["Etat", "Panne"]);
    let Forme::Flux(item, Some(panne)) = &suivre.reponse else { panic!("{suivre:?}") };
    assert_eq!((&**item, &**panne), (&Forme::Type(0), &Forme::Type(1)));
}

/// Takes states in.
#[commande]
fn importer(
    cle: u8,
    /// The states.
    etats: Flux<Etat, Panne>,
    notes: Flux<(u8, Etat)>,
) -> impl Iterator<Item = u8> {
    drop((etats, notes));
    std::iter::once(cle)
}

#[test]
fn arguments_that_are_streams_are_described_with_their_items_and_errors() {
    // [description.shapes]
    let (serveur, client) = local();
    serveur.enregistrer(commandes![importer]).unwrap();
    let programme = description::commandes(&client).unwrap();
    let text = |forme: &Forme| forme.texte(&programme.types).to_string();
    let [importer] = programme.commandes.as_slice() else { panic!("{programme:?}") };
    let arguments = importer.arguments.as_deref().unwrap();
    let shown: Vec<_> = arguments
        .iter()
        .map(|one| (one.nom.as_str(), one.doc.as_str(), text(&one.forme)))
        .collect();
    let items = "Flux<(u8, Etat)>".to_owned();
    assert_eq!(
        shown,
        [
            ("cle", "", "u8".to_owned()),
            ("etats", "The states.", "Flux<Etat, Panne>".to_owned()),
            ("notes", "", items),
        ]
    );
    assert_eq!(text(&importer.reponse), "Flux<u8>");
    let Forme::Flux(item, Some(panne)) = &arguments[1].forme else { panic!("{importer:?}") };
    assert_eq!((&**item, &**panne), (&Forme::Type(0), &Forme::Type(1)));
    assert!(importer.signature.contains("etats: Flux<Etat, Panne>"), "{}", importer.signature);
}

/// A command whose stream has other items is another one: it does not run.
#[test]
fn an_argument_stream_of_other_items_is_another_signature() {
    mod ours {
        #[cconn::commande]
        pub(super) fn compter(nombres: cconn::flux::Flux<u32>) -> u64;
    }
    #[commande]
    fn compter(nombres: Flux<u64>) -> u64 {
        nombres.count() as u64
    }
    let (serveur, client) = local();
    serveur.enregistrer(commandes![compter]).unwrap();
    let refused = client.appeler(ours::compter { nombres: Flux::de(0..3) });
    assert_eq!(nature(refused), NatureDistante::Signature);
    assert_eq!(client.appeler(compter { nombres: Flux::de(0..3) }).unwrap(), 3);
}

/// What streams are made of counts: their items are refused like answers of another structure.
#[test]
fn a_stream_of_other_items_is_another_signature() {
    mod ours {
        #[derive(Debug, serde::Serialize, serde::Deserialize)]
        pub(super) struct Etat {
            pub(super) ouvert: bool,
            pub(super) vendu: bool,
        }

        #[cconn::commande]
        pub(super) fn compter() -> impl Iterator<Item = Etat>;
    }
    mod theirs {
        #[derive(serde::Serialize, serde::Deserialize)]
        pub(super) struct Etat {
            pub(super) vendu: bool,
            pub(super) ouvert: bool,
        }

        #[cconn::commande]
        pub(super) fn compter() -> impl Iterator<Item = Etat> {
            [Etat { vendu: true, ouvert: false }].into_iter()
        }
    }
    let (serveur, client) = local();
    serveur.enregistrer(commandes![theirs::compter]).unwrap();
    drop(super::refused(client.appeler(ours::compter {})));
    let items: Vec<_> = client.appeler(theirs::compter {}).unwrap().collect();
    assert!(matches!(items.as_slice(), [Ok(theirs::Etat { vendu: true, ouvert: false })]));
}

#[test]
fn a_program_tells_what_it_is() {
    description::presenter("essai", "1.2.3");
    description::presenter("autre", "4");
    let (_serveur, client) = connected();
    let info = description::info(&client).unwrap();
    assert_eq!((info.programme.as_str(), info.version.as_str()), ("essai", "1.2.3"));
    assert_eq!((info.protocole, info.processus), (1, std::process::id()));
    assert_eq!(info.commandes, 4, "three commands, one of which has an earlier name");
    assert!(info.debut > Duration::from_secs(1_700_000_000), "{info:?}");
    assert!(info.depuis < Duration::from_secs(3_600), "{info:?}");
    assert!(!info.bibliotheque.is_empty());
}

#[test]
fn a_client_describes_itself_to_its_server() {
    with_watchdog("description", Duration::from_secs(20), || {
        let (serveur, client) = local();
        client.enregistrer(commandes![vide]).unwrap();
        serveur
            .enregistrer_commande("demander", |client: &Client, (): ()| -> Resultat<Vec<String>> {
                description::ping(client)?;
                let programme = description::commandes(client)?;
                Ok(programme.commandes.into_iter().map(|one| one.nom).collect())
            })
            .unwrap();
        let names: Vec<String> = client.appeler(nommee("demander", ())).unwrap();
        assert_eq!(names, ["vide"]);
    });
}

#[test]
fn each_can_be_switched_off_and_takes_no_arguments() {
    // [builtin.names]
    for off in Integree::TOUTES {
        let options = Serveur::options(0).integree(off, false).echecs_affiches(false);
        let serveur = options.ouvrir().unwrap();
        let client = serveur.client_local().unwrap();
        for one in Integree::TOUTES {
            let called = client.appeler::<u64, _>(nommee(one.nom(), (1_u8,)));
            let told = called.as_ref().unwrap_err().to_string();
            let expected = if one == off {
                assert!(told.contains("is switched off"), "{told}");
                NatureDistante::Inconnue
            } else {
                assert!(told.contains("takes no arguments"), "{told}");
                NatureDistante::Arguments
            };
            assert_eq!(nature(called), expected);
            assert!(told.contains(one.nom()), "{told}");
            client.envoyer(nommee(one.nom(), ())).unwrap();
        }
        assert_eq!(description::ping(&client).is_ok(), off != Integree::Ping);
        assert_eq!(description::info(&client).is_ok(), off != Integree::Info);
        assert_eq!(description::commandes(&client).is_ok(), off != Integree::Inventaire);
        assert_eq!(description::chiffres(&client).is_ok(), off != Integree::Chiffres);
    }
}

#[test]
fn a_program_without_commands_has_an_empty_description() {
    let (_serveur, client) = local();
    let programme = description::commandes(&client).unwrap();
    assert!(programme.commandes.is_empty() && programme.types.is_empty());
}
