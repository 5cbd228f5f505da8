//! Open types: what an older program makes of what a newer one sends, and the other way round.

use std::collections::BTreeMap;

use cconn::{Client, Erreur, Octets, Resultat, Schema, Serveur, commande, commandes};

/// Two versions of one program; the names of types and commands are the same in both.
mod ancien {
    use super::{BTreeMap, Octets, Schema, commande};

    #[derive(Clone, Debug, PartialEq, Schema)]
    #[schema(ouvert)]
    pub(super) struct Fiche {
        pub(super) nom: String,
        pub(super) image: Octets,
        #[schema(defaut)]
        pub(super) note: Option<u32>,
    }

    #[derive(Clone, Debug, PartialEq, Schema)]
    pub(super) enum Etat {
        Arrete,
        Marche {
            vitesse: u32,
        },
        Paire(u8, u8),
        #[schema(autre)]
        Inconnu,
    }

    #[commande]
    pub(super) fn fiche(fiche: Fiche) -> Fiche {
        fiche
    }

    #[commande]
    pub(super) fn etat(etat: Etat) -> Etat {
        etat
    }

    #[commande]
    pub(super) fn tout(
        fiches: Vec<Option<Fiche>>,
        etats: BTreeMap<u8, (Etat, Fiche)>,
        fin: u16,
    ) -> (usize, usize, Vec<Etat>, u16) {
        let seen = etats.values().map(|(etat, _)| etat.clone()).collect();
        (fiches.len(), etats.len(), seen, fin)
    }
}

mod nouveau {
    use super::{BTreeMap, Octets, Schema, commande};

    #[derive(Clone, Debug, PartialEq, Schema)]
    #[schema(ouvert)]
    pub(super) struct Fiche {
        pub(super) nom: String,
        pub(super) image: Octets,
        #[schema(defaut)]
        pub(super) note: Option<u32>,
        #[schema(defaut = vec!["neuf".to_owned()])]
        pub(super) mots: Vec<String>,
        #[schema(defaut)]
        pub(super) rien: (),
        #[schema(defaut = 7)]
        pub(super) r#type: u64,
    }

    #[derive(Clone, Debug, PartialEq, Schema)]
    pub(super) enum Etat {
        Arrete,
        Marche {
            vitesse: u32,
        },
        Paire(u8, u8),
        #[schema(autre)]
        Inconnu,
        Pause(Vec<String>),
        Dort {
            depuis: u64,
            r#mod: Option<Box<Etat>>,
        },
        Veille,
    }

    #[commande]
    pub(super) fn fiche(fiche: Fiche) -> Fiche {
        fiche
    }

    #[commande]
    pub(super) fn etat(etat: Etat) -> Etat {
        etat
    }

    #[commande]
    pub(super) fn tout(
        fiches: Vec<Option<Fiche>>,
        etats: BTreeMap<u8, (Etat, Fiche)>,
        fin: u16,
    ) -> (usize, usize, Vec<Etat>, u16) {
        let seen = etats.values().map(|(etat, _)| etat.clone()).collect();
        (fiches.len(), etats.len(), seen, fin)
    }
}

/// Clients of an old server and of a new one.
fn serveurs() -> [(Client, Serveur); 2] {
    [
        commandes![ancien::fiche, ancien::etat, ancien::tout],
        commandes![nouveau::fiche, nouveau::etat, nouveau::tout],
    ]
    .map(|commandes| {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes).unwrap();
        (serveur.client_local().unwrap(), serveur)
    })
}

/// A byte string that is long enough to be read apart, or not.
fn image(long: bool) -> Octets {
    Octets(vec![9; if long { 100_000 } else { 3 }])
}

fn nouvelle(long: bool) -> nouveau::Fiche {
    let mots = vec!["a".to_owned(), "b".to_owned()];
    nouveau::Fiche {
        nom: "x".to_owned(),
        image: image(long),
        note: Some(3),
        mots,
        rien: (),
        r#type: 9,
    }
}

fn ancienne(long: bool) -> ancien::Fiche {
    ancien::Fiche { nom: "x".to_owned(), image: image(long), note: Some(3) }
}

// [value.open]
#[test]
fn a_struct_with_more_fields_is_understood_by_both_versions() {
    let [(old, _), (new, _)] = &serveurs();
    for long in [false, true] {
        let fiche = ancienne(long);
        assert_eq!(old.appeler(ancien::fiche { fiche: fiche.clone() }).unwrap(), fiche);
        // The newer side has the defaults, and answers with them.
        assert_eq!(new.appeler(ancien::fiche { fiche: fiche.clone() }).unwrap(), fiche);
        let fiche = nouvelle(long);
        assert_eq!(new.appeler(nouveau::fiche { fiche: fiche.clone() }).unwrap(), fiche);
        // What the older side passes over does not come back.
        let mots = vec!["neuf".to_owned()];
        let left = nouveau::Fiche { mots, r#type: 7, ..fiche.clone() };
        assert_eq!(old.appeler(nouveau::fiche { fiche }).unwrap(), left);
    }
}

#[test]
fn a_variant_that_is_not_known_is_the_one_that_stands_for_it() {
    let [(old, _), (new, _)] = &serveurs();
    let both = [
        (ancien::Etat::Arrete, nouveau::Etat::Arrete),
        (ancien::Etat::Marche { vitesse: 300 }, nouveau::Etat::Marche { vitesse: 300 }),
        (ancien::Etat::Paire(1, 2), nouveau::Etat::Paire(1, 2)),
    ];
    for (ours, theirs) in both {
        for client in [old, new] {
            assert_eq!(client.appeler(ancien::etat { etat: ours.clone() }).unwrap(), ours);
            assert_eq!(client.appeler(nouveau::etat { etat: theirs.clone() }).unwrap(), theirs);
        }
    }
    let r#mod = Some(Box::new(nouveau::Etat::Veille));
    for later in [
        nouveau::Etat::Pause(vec!["long".repeat(500)]),
        nouveau::Etat::Dort { depuis: 1 << 40, r#mod },
        nouveau::Etat::Veille,
    ] {
        assert_eq!(new.appeler(nouveau::etat { etat: later.clone() }).unwrap(), later);
        // The older side has read it as unknown, and can't send that on: its answer is lost.
        let lost = old.appeler(nouveau::etat { etat: later }).unwrap_err();
        assert!(lost.to_string().contains("stands for variants"), "{lost}");
    }
}

#[test]
fn open_types_stand_inside_of_other_types_and_behind_them() {
    let [(old, _), (new, _)] = &serveurs();
    let fiches = vec![Some(nouvelle(false)), None, Some(nouvelle(true))];
    let etats: BTreeMap<_, _> = [
        (1, (nouveau::Etat::Pause(vec!["p".to_owned(); 40]), nouvelle(true))),
        (2, (nouveau::Etat::Marche { vitesse: 5 }, nouvelle(false))),
        (3, (nouveau::Etat::Veille, nouvelle(false))),
    ]
    .into();
    let call = nouveau::tout { fiches, etats, fin: 51_966 };
    let seen: Vec<_> = call.etats.values().map(|(etat, _)| etat.clone()).collect();
    assert_eq!(new.appeler(&call).unwrap(), (3, 3, seen, 51_966));
    // Every value is found where it belongs, though the ones before it hold parts that are unknown.
    let lost = old.appeler(&call).unwrap_err();
    assert!(lost.to_string().contains("`Etat::Inconnu` stands for variants"), "{lost}");
    let known =
        nouveau::tout { etats: [(2, (nouveau::Etat::Paire(8, 9), nouvelle(true)))].into(), ..call };
    let seen = vec![nouveau::Etat::Paire(8, 9)];
    assert_eq!(old.appeler(&known).unwrap(), (3, 1, seen, 51_966));
}

#[test]
fn what_stands_for_unknown_variants_is_not_sent() {
    let [(old, _), _] = &serveurs();
    let refused = old.appeler(ancien::etat { etat: ancien::Etat::Inconnu }).unwrap_err();
    assert!(matches!(refused, Erreur::Codage(_)) && !refused.a_pu_etre_executee(), "{refused:?}");
    let text = refused.to_string();
    assert!(text.contains("`Etat::Inconnu` stands for variants that this program"), "{text}");
}

/// The same names, but the first closed part is another.
mod autre {
    use super::{Octets, Schema, commande};

    #[derive(Clone, Debug, PartialEq, Schema)]
    #[schema(ouvert)]
    pub(super) struct Fiche {
        pub(super) nom: String,
        pub(super) image: Octets,
        pub(super) note: Option<u32>,
    }

    #[derive(Clone, Debug, PartialEq, Schema)]
    pub(super) enum Etat {
        Arrete,
        Marche {
            vitesse: u32,
        },
        #[schema(autre)]
        Inconnu,
        Paire(u8, u8),
    }

    #[commande]
    pub(super) fn fiche(fiche: Fiche) -> Fiche;

    #[commande]
    pub(super) fn etat(etat: Etat) -> Etat;
}

#[test]
fn what_is_not_added_at_the_end_is_another_signature() {
    let [(old, _), (new, _)] = &serveurs();
    for client in [old, new] {
        let fiche = autre::Fiche { nom: String::new(), image: image(false), note: None };
        super::refused(client.appeler(autre::fiche { fiche }));
        super::refused(client.appeler(autre::etat { etat: autre::Etat::Arrete }));
    }
}

#[test]
fn listings_and_contracts_show_what_is_open() {
    let [(old, _), (new, _)] = &serveurs();
    let shown = |client: &Client| -> Resultat<String> {
        let all = cconn::description::commandes(client)?;
        let types = all.types.iter();
        let lines = types.map(|one| format!("{} = {}", one.nom, one.texte(&all.types)));
        Ok(lines.collect::<Vec<_>>().join("\n"))
    };
    let (old, new) = (shown(old).unwrap(), shown(new).unwrap());
    for text in [&old, &new] {
        assert!(text.contains("Fiche = open ") && text.contains("Etat = open "), "{text}");
    }
    assert!(new.contains("type?: u64") && !old.contains("type"), "{new}\n{old}");
}
