//! Deadlines that never come: the longest duration there is means "no deadline".

use std::thread;
use std::time::Duration;

use cconn::{Client, Serveur, nommee};
use cconn_tests::with_watchdog;

use super::LIMIT;

const EVER: Duration = Duration::MAX;

#[test]
fn deadlines_beyond_the_end_of_time() {
    with_watchdog("no deadlines", LIMIT, || {
        let options = Serveur::options(0).delai_accueil(EVER).delai_arret(EVER);
        let options = options.delai_lecture(EVER).delai_ecriture(EVER).delai_reponse(EVER);
        let serveur = options.ouvrir().unwrap();
        serveur.enregistrer_commande("somme", |_, (a, b): (i64, i64)| a + b).unwrap();
        let running = serveur.clone();
        let thread = thread::spawn(move || running.lancer());

        let options = Client::options(serveur.adresse()).delai_connexion(EVER).delai_arret(EVER);
        let options = options.delai_lecture(EVER).delai_ecriture(EVER).delai_reponse(EVER);
        let client = options.connecter().unwrap();
        let total: i64 = client.appeler(nommee("somme", (12_i64, 34_i64))).unwrap();
        assert_eq!(total, 46);
        client.eteindre().unwrap();
        serveur.eteindre().unwrap();
        thread.join().unwrap().unwrap();
    });
}
