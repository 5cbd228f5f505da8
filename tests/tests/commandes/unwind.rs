//! Handles inside a fence of the program's own.

use std::panic::catch_unwind;

use cconn::{Client, Erreur, Resultat, nommee};
use cconn_tests::local;

#[test]
fn handles_may_stand_in_a_closure_that_is_fenced() {
    let (serveur, client) = local();
    serveur.enregistrer_commande("somme", |_, (a, b): (i64, i64)| a + b).unwrap();
    let call = |client: &Client| client.appeler::<i64, _>(nommee("somme", (12_i64, 34_i64)));

    // Borrowed, shared and owned; with a panic behind the use, and none.
    let (home, borrowed) = (&serveur, &client);
    let caught = catch_unwind(|| {
        assert_eq!(call(borrowed).unwrap(), 46);
        panic!("clients: {}", home.clients().len());
    });
    assert!(caught.is_err());
    let owned = client.clone();
    assert_eq!(catch_unwind(move || call(&owned)).unwrap().unwrap(), 46);
    let handle = serveur.clone();
    catch_unwind(move || handle.enregistrer_commande("rien", |_, ()| ())).unwrap().unwrap();

    let pending = client.differer::<i64, _>(nommee("somme", (1_i64, 2_i64))).unwrap();
    let total: Resultat<i64> = catch_unwind(move || pending.attendre()).unwrap();
    assert_eq!(total.unwrap(), 3);

    let options = Client::options(serveur.adresse());
    drop(catch_unwind(move || options.taille_max(2048)).unwrap());
    let options = cconn::Serveur::options(0);
    drop(catch_unwind(move || options.max_clients(2).ouvrir()).unwrap());
    assert_eq!(call(&client).unwrap(), 46, "the handles are whole after all that");
}

/// A command that fences what it calls, on the connection that it came by.
#[test]
fn a_command_may_fence_what_it_does_with_its_client() {
    let (serveur, client) = local();
    serveur
        .enregistrer_commande("fenced", |client: &Client, ()| -> Resultat<u8> {
            let back = catch_unwind(|| client.appeler::<u8, _>(nommee("panics", ())));
            back.map_err(|_| Erreur::echec("unreachable"))?
        })
        .unwrap();
    client.enregistrer_commande("panics", |_, ()| -> u8 { panic!("there") }).unwrap();
    let error = client.appeler::<u8, _>(nommee("fenced", ())).unwrap_err();
    assert!(error.to_string().contains("it panicked at the peer"), "{error}");
}
