//! Guards that look at a secret or a certificate.

use std::time::Duration;

use cconn::erreur::NatureDistante;
use cconn::secret::{LONGUEUR_MIN, Secret};
use cconn::{Client, Erreur, Serveur, nommee};
use cconn_tests::certificates::Authority;
use cconn_tests::with_watchdog;

use crate::tls::{connect, running, tls_of, trusting};

const LIMIT: Duration = Duration::from_secs(30);

fn forbidden(client: &Client, known_as: &str) {
    let refused = client.appeler::<String, _>(nommee("qui", ())).unwrap_err();
    let Erreur::Distante(distante) = &refused else { panic!("{refused}") };
    assert_eq!(distante.nature, NatureDistante::Interdite);
    assert!(refused.to_string().contains(known_as), "{refused}");
    assert!(!refused.to_string().contains("key"), "{refused}");
}

#[test]
fn a_guard_tells_secrets_apart() {
    with_watchdog("a_guard_tells_secrets_apart", LIMIT, || {
        let secret = |name: &str, byte| Secret::new(name, [byte; LONGUEUR_MIN]).unwrap();
        let guard = |client: &Client, _: &str| client.identite().secret() == Some("chefs");
        let known = [secret("chefs", 1), secret("autres", 2)];
        let server = running(Serveur::options(0).secrets(known).garde(guard));
        let connect = |byte| {
            let options = Client::options(server.serveur.adresse());
            options.secrets([secret("mien", byte)]).connecter().unwrap()
        };
        let chief = connect(1);
        assert_eq!(chief.appeler::<String, _>(nommee("qui", ())).unwrap(), "secret \"chefs\"");
        forbidden(&connect(2), "known there as secret \"autres\"");
    });
}

#[test]
fn a_guard_reads_the_names_of_a_certificate() {
    with_watchdog("a_guard_reads_the_names_of_a_certificate", LIMIT, || {
        let autorite = Authority::new();
        let tls = tls_of(&autorite.sign(&["127.0.0.1"]));
        let tls = tls.accepte_clients(autorite.pem()).unwrap();
        let guard = |client: &Client, _: &str| {
            let identite = client.identite();
            identite.certificat().is_some_and(|c| c.noms().iter().any(|n| n == "ada.example"))
        };
        let server = running(Serveur::options(0).tls(tls).garde(guard));
        let with_name = |name: &str| {
            let own = autorite.sign(&[name]);
            let tls = trusting(&autorite).certificat(&own.chain, &own.key).unwrap();
            connect(&server, tls).unwrap()
        };
        let ada = with_name("ada.example");
        assert!(ada.appeler::<String, _>(nommee("qui", ())).unwrap().contains("ada.example"));
        forbidden(&with_name("bob.example"), "known there as certificate of bob.example;");
        forbidden(&connect(&server, trusting(&autorite)).unwrap(), "an anonymous caller");
    });
}
