//! Lists of commands, their descriptions, and what can't be registered.

use cconn::erreur::Enregistrement;
use cconn::traits::{Partout, ServeurSeul};
use cconn::{Client, Commandes, Erreur, commande, commandes, nommee};
use cconn_tests::local;

/// Adds two numbers.
///
///     somme { a: 1, b: 2 }
#[commande(parallele)]
pub(crate) fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande(nom = "un autre nom")]
fn autre(mots: Vec<&str>, octets: Vec<(u8, Option<&'_ str>)>) -> Result<Vec<u8>, String> {
    let _ = octets;
    Ok(mots.concat().into_bytes())
}

#[commande]
mod calcul {
    //! A module of commands.

    use cconn::{Client, Serveur, commande};

    pub(super) type Nombre = i64;

    #[commande]
    pub(super) fn produit(a: Nombre, b: Nombre) -> Nombre {
        super::aide(a) * b
    }

    #[commande]
    pub(super) fn ailleurs(a: Nombre);

    #[cfg(any())]
    #[commande]
    pub(super) fn absente(a: PasLa) {}

    #[commande]
    #[cfg(any())]
    pub(super) fn absente_aussi(a: PasLa) {}

    #[commande(serveur = ici)]
    fn prive(client: &Client, ici: &Serveur) -> usize {
        let _ = client;
        ici.clients().len()
    }
}

#[commande]
mod simple {
    const UN: i64 = {
        let deux = 2;
        deux - 1
    };

    struct Etat {
        nombre: i64,
    }

    impl Etat {
        fn nombre(&self) -> i64 {
            self.nombre
        }
    }

    #[cconn::commande]
    pub(super) fn un() -> i64 {
        Etat { nombre: UN }.nombre()
    }
}

fn aide(a: i64) -> i64 {
    a
}

const LISTE: Commandes = commandes![somme, autre];

#[test]
fn a_list_describes_its_commands() {
    let [somme, autre] = LISTE.descriptions() else { panic!("{LISTE:?}") };
    assert_eq!(somme.nom, "somme");
    assert_eq!(somme.signature, "somme(a: i64, b: i64) -> i64");
    assert_eq!(somme.doc, "Adds two numbers.\n\n    somme { a: 1, b: 2 }\n");
    assert!(somme.parallele && !autre.parallele);
    assert_eq!(
        autre.signature,
        "un autre nom(mots: Vec<&str>, octets: Vec<(u8, Option<&str>)>) -> Result<Vec<u8>, String>"
    );
    assert_eq!(format!("{LISTE:?}"), r#"["somme", "un autre nom"]"#);
}

#[test]
fn a_module_collects_its_commands() {
    let liste: Commandes<ServeurSeul> = calcul::commandes();
    let noms: Vec<_> = liste.descriptions().iter().map(|entree| entree.nom).collect();
    assert_eq!(noms, ["produit", "prive"]);
    let partout: Commandes<Partout> = simple::commandes();
    let (serveur, client) = local();
    serveur.enregistrer(liste).unwrap();
    serveur.enregistrer(partout).unwrap();
    client.enregistrer(partout).unwrap();
    assert_eq!(client.appeler(calcul::produit { a: 6, b: 7 }).unwrap(), 42);
    assert_eq!(client.appeler::<usize, _>(nommee("prive", ())).unwrap(), 1);
    assert_eq!(client.appeler(simple::un {}).unwrap(), 1);
    let _ = calcul::ailleurs { a: 1 };
}

fn refused<T: std::fmt::Debug>(result: Result<T, Erreur>) -> Enregistrement {
    match result {
        Err(Erreur::Enregistrement(why)) => *why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_name_is_registered_once() {
    let (serveur, client) = local();
    serveur.enregistrer_commande("somme", |_, ()| 1_i64).unwrap();
    // Of the list nothing is registered, not even what comes before or after the mistake.
    let why = refused(serveur.enregistrer(commandes![autre, somme, autre_encore]));
    assert!(matches!(&why, Enregistrement::Double { commande, .. } if &**commande == "somme"));
    assert!(client.appeler(autre { mots: vec!["a"], octets: vec![] }).is_err());
    assert_eq!(client.appeler::<i64, _>(nommee("somme", ())).unwrap(), 1);
    serveur.enregistrer(commandes![autre, autre_encore]).unwrap();
    assert_eq!(client.appeler(autre { mots: vec!["a", "b"], octets: vec![] }).unwrap(), b"ab");
    assert!(matches!(
        refused(serveur.enregistrer_commande("", |_, ()| ())),
        Enregistrement::SansNom
    ));
}

#[commande]
fn autre_encore() {}

#[test]
fn two_names_with_one_hash_are_refused() {
    // [command.unique]
    let (serveur, _client) = local();
    serveur.enregistrer_commande("8yn0iYCKYHlIj4-BwPqk", |_, ()| ()).unwrap();
    let why = refused(serveur.enregistrer_commande("GReLUrM4wMqfg9yzV3KQ", |_, ()| ()));
    let Enregistrement::Collision { commande, autre, .. } = why else { panic!("{why:?}") };
    assert_eq!((&*commande, &*autre), ("GReLUrM4wMqfg9yzV3KQ", "8yn0iYCKYHlIj4-BwPqk"));
}

#[test]
fn commands_are_registered_while_others_run() {
    let (serveur, client) = local();
    let inner = serveur.clone();
    serveur
        .enregistrer_commande("apprendre", move |_: &Client, (nom,): (String,)| {
            inner.enregistrer_commande(&nom, |_, (a,): (i64,)| a + 1)
        })
        .unwrap();
    client.appeler::<(), _>(nommee("apprendre", ("suivant",))).unwrap();
    assert_eq!(client.appeler::<i64, _>(nommee("suivant", (1_i64,))).unwrap(), 2);
    assert!(client.appeler::<(), _>(nommee("apprendre", ("suivant",))).is_err());
}
