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

/// Open types with parameters, in the same two versions.
mod generiques {
    use std::collections::HashMap;
    use std::fmt::Debug;
    use std::marker::PhantomData;

    use super::{Client, Schema, Serveur, commande, commandes};

    /// Something of which a field holds a part.
    trait Numerote {
        type Numero;
    }

    struct Local;

    impl Numerote for Local {
        type Numero = u16;
    }

    mod ancien {
        use super::{PhantomData, Schema, commande};

        #[derive(Clone, Debug, Default, PartialEq, Schema)]
        #[schema(ouvert)]
        pub(super) struct Page<T, const N: usize = 2>
        where
            T: Clone,
        {
            pub(super) lignes: Vec<T>,
            pub(super) bords: [u8; 2],
            pub(super) genre: PhantomData<T>,
        }

        #[derive(Clone, Debug, PartialEq, Schema)]
        pub(super) enum Resultat<V, E> {
            Bien(V),
            Mal {
                cause: E,
                suite: Option<Box<Resultat<V, E>>>,
            },
            Deux(V, E),
            #[schema(autre)]
            Autre,
        }

        #[commande]
        pub(super) fn page(page: Page<String>) -> Page<String> {
            page
        }

        #[commande]
        pub(super) fn issue(issue: Resultat<u32, String>) -> Resultat<u32, String> {
            issue
        }
    }

    mod nouveau {
        use super::{Debug, HashMap, Local, Numerote, PhantomData, Schema, commande};

        #[derive(Clone, Debug, PartialEq, Schema)]
        #[schema(ouvert)]
        pub(super) struct Page<T: Clone + Debug> {
            pub(super) lignes: Vec<T>,
            pub(super) bords: [u8; 2],
            pub(super) genre: PhantomData<T>,
            #[schema(defaut)]
            pub(super) titre: T,
            #[schema(defaut)]
            pub(super) index: HashMap<u8, Option<T>>,
        }

        #[derive(Clone, Debug, PartialEq, Schema)]
        pub(super) enum Resultat<V, E>
        where
            V: PartialEq,
        {
            Bien(V),
            Mal {
                cause: E,
                suite: Option<Box<Resultat<V, E>>>,
            },
            Deux(V, E),
            #[schema(autre)]
            Autre,
            Vide,
        }

        /// A field whose type belongs to a parameter, which itself is no value.
        #[derive(Schema)]
        #[schema(ouvert)]
        pub(super) struct Fiche<P: Numerote> {
            pub(super) numero: P::Numero,
            pub(super) voisins: Vec<<P as Numerote>::Numero>,
        }

        #[commande]
        pub(super) fn page(page: Page<String>) -> Page<String> {
            page
        }

        #[commande]
        pub(super) fn issue(issue: Resultat<u32, String>) -> Resultat<u32, String> {
            issue
        }

        #[commande]
        pub(super) fn deux(a: Resultat<u8, String>, b: Vec<Resultat<String, u8>>) -> usize {
            usize::from(matches!(a, Resultat::Bien(1))) + b.len()
        }

        #[commande]
        pub(super) fn fiche(fiche: Fiche<Local>) -> usize {
            usize::from(fiche.numero) + fiche.voisins.len()
        }
    }

    fn connected(serveur: &Serveur) -> Client {
        let lancer = serveur.clone();
        std::thread::spawn(move || lancer.lancer());
        Client::new(serveur.adresse()).unwrap()
    }

    #[test]
    fn an_open_type_with_parameters_passes_both_ways() {
        let old = Serveur::new("127.0.0.1:0").unwrap();
        old.enregistrer(commandes![ancien::page, ancien::issue]).unwrap();
        let client = connected(&old);
        let page = nouveau::Page {
            lignes: vec!["a".to_owned()],
            bords: [1, 2],
            genre: PhantomData,
            titre: "t".to_owned(),
            index: HashMap::from([(1, None)]),
        };
        let expected =
            nouveau::Page { titre: String::new(), index: HashMap::new(), ..page.clone() };
        assert_eq!(client.appeler(nouveau::page { page: page.clone() }).unwrap(), expected);
        let bad = nouveau::Resultat::Mal {
            cause: "c".to_owned(),
            suite: Some(Box::new(nouveau::Resultat::Deux(7, "d".to_owned()))),
        };
        assert_eq!(client.appeler(nouveau::issue { issue: bad.clone() }).unwrap(), bad);
        let unknown = client.appeler(nouveau::issue { issue: nouveau::Resultat::Vide });
        assert!(unknown.unwrap_err().to_string().contains("stands for variants"));

        let new = Serveur::new("127.0.0.1:0").unwrap();
        new.enregistrer(commandes![nouveau::page, nouveau::issue, nouveau::deux, nouveau::fiche])
            .unwrap();
        let client = connected(&new);
        let page = ancien::Page { lignes: page.lignes, bords: [3, 4], genre: PhantomData };
        assert_eq!(client.appeler(ancien::page { page: page.clone() }).unwrap(), page);
        let good = ancien::Resultat::Bien(5);
        assert_eq!(client.appeler(ancien::issue { issue: good.clone() }).unwrap(), good);
        let (a, b) = (nouveau::Resultat::Bien(1), nouveau::Resultat::Bien("b".to_owned()));
        assert_eq!(client.appeler(nouveau::deux { a, b: vec![b] }).unwrap(), 2);
        let shown = cconn::description::commandes(&client).unwrap().types;
        let names: Vec<_> = shown.iter().map(|one| one.nom.as_str()).collect();
        assert!(names.contains(&"Resultat") && names.contains(&"Resultat'2"), "{names:?}");
        let fiche = nouveau::Fiche { numero: 40, voisins: vec![1, 2] };
        assert_eq!(client.appeler(nouveau::fiche { fiche }).unwrap(), 42);
        old.eteindre().unwrap();
        new.eteindre().unwrap();
    }
}
