//! Commands that a shared module declares and that each side implements.

use std::sync::Mutex;

use cconn::traits::{Commande as _, Message as _};
use cconn::{Client, Etat, Serveur, commande, commandes};
use cconn_tests::with_watchdog;

use super::LIMIT;

/// What both sides share.
mod api {
    use cconn::commande;

    /// Adds.
    #[commande]
    pub(super) fn somme(a: i64, b: i64) -> i64;

    #[commande(nom = "texte.repeter")]
    pub(super) fn repeter(mot: &str, fois: u32) -> String;

    #[commande]
    pub(super) fn retirer(montant: u32) -> Result<u32, String>;

    #[commande]
    pub(super) fn rien();
}

#[commande(de = api::somme)]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

/// Another name here, that of the declaration on the wire.
#[commande(de = api::repeter, parallele)]
fn plusieurs_fois(client: &Client, mot: &str, fois: u32) -> String {
    assert!(client.est_connecte());
    mot.repeat(fois as usize)
}

#[cconn::commande]
mod caisse {
    use super::{Etat, Mutex, api};
    use cconn::commande;

    #[commande(de = api::retirer)]
    pub(super) fn retirer(solde: &Etat<Mutex<u32>>, montant: u32) -> Result<u32, String> {
        let mut solde = solde.lock().unwrap();
        *solde = solde.checked_sub(montant).ok_or_else(|| "too little".to_owned())?;
        Ok(*solde)
    }

    #[commande(de = api::rien)]
    pub(super) fn rien() {}
}

#[test]
fn what_is_declared_elsewhere_runs_here_under_its_declared_name() {
    with_watchdog("elsewhere", LIMIT, || {
        let serveur = Serveur::options(0).fournir(Mutex::new(30_u32)).ouvrir().unwrap();
        serveur.enregistrer(commandes![somme, plusieurs_fois]).unwrap();
        serveur.enregistrer(caisse::commandes()).unwrap();
        let client = serveur.client_local().unwrap();
        assert_eq!(client.appeler(api::somme { a: 12, b: 34 }).unwrap(), 46);
        assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3, "its own message does too");
        assert_eq!(client.appeler(api::repeter { mot: "ab", fois: 2 }).unwrap(), "abab");
        assert_eq!(client.appeler(api::retirer { montant: 10 }).unwrap(), 20);
        assert!(client.appeler(api::retirer { montant: 21 }).is_err());
        client.appeler(api::rien {}).unwrap();
    });
}

#[test]
fn an_implementation_says_of_itself_what_its_declaration_says() {
    let here = plusieurs_fois::DESCRIPTION;
    assert_eq!(here.nom, "texte.repeter");
    assert_eq!(here.signature, "texte.repeter(mot: &str, fois: u32) -> String");
    let (there, own) = (api::repeter { mot: "", fois: 0 }, plusieurs_fois { mot: "", fois: 0 });
    let heads = [there.entete(), own.entete()].map(|head| (head.hash(), head.empreinte()));
    assert_eq!(heads[0], heads[1]);
    assert_eq!(somme(1, 2), 3, "the function is an ordinary one");
}

#[test]
fn two_implementations_of_one_declaration_are_one_name() {
    mod autre {
        #[cconn::commande(de = crate::ailleurs::api::somme)]
        pub(super) fn addition(a: i64, b: i64) -> i64 {
            a.wrapping_add(b)
        }
    }
    let serveur = Serveur::new(0).unwrap();
    serveur.enregistrer(commandes![somme]).unwrap();
    let twice = serveur.enregistrer(commandes![autre::addition]).unwrap_err();
    assert!(twice.to_string().contains("`somme` is registered already"), "{twice}");
}
