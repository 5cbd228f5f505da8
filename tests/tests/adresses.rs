//! Addresses as the program gives them, and as handles, hooks and errors give them back.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::erreur::EchecConnexion;
use cconn::traits::VersAdresse;
use cconn::{Adresse, Client, Erreur, Resultat, Serveur};
use cconn_tests::with_watchdog;

const LIMIT: Duration = Duration::from_secs(10);

fn launch(serveur: &Serveur) -> JoinHandle<Resultat<()>> {
    let serveur = serveur.clone();
    thread::spawn(move || serveur.lancer())
}

fn stop(serveur: &Serveur, lancer: JoinHandle<Resultat<()>>) {
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
}

fn reaches(serveur: &Serveur, address: impl VersAdresse) {
    let client = Client::new(address).unwrap();
    assert_eq!(client.adresse().as_ref(), Some(&serveur.adresse()), "the peer of the client");
    client.eteindre().unwrap();
}

#[test]
fn every_form_of_an_address_reaches_the_server() {
    with_watchdog("addresses", LIMIT, || {
        let serveur = Serveur::options("127.0.0.1:0").max_clients(20).ouvrir().unwrap();
        let lancer = launch(&serveur);
        let address = serveur.adresse();
        let socket = address.socket().unwrap();
        let port = address.port().unwrap();
        let text = address.to_string();
        reaches(&serveur, address.clone());
        reaches(&serveur, &address);
        reaches(&serveur, socket);
        reaches(&serveur, port);
        reaches(&serveur, text.as_str());
        reaches(&serveur, &text);
        reaches(&serveur, text.clone());
        reaches(&serveur, text.parse::<Adresse>().unwrap());
        reaches(&serveur, ("127.0.0.1", port));
        reaches(&serveur, (Ipv4Addr::LOCALHOST, port));
        reaches(&serveur, (IpAddr::from(Ipv4Addr::LOCALHOST), port));
        // The standard library's sockets take it too.
        assert_eq!(TcpStream::connect(&address).unwrap().peer_addr().unwrap(), socket);
        stop(&serveur, lancer);
    });
}

#[test]
fn both_sides_know_the_address_of_the_other() {
    with_watchdog("both sides", LIMIT, || {
        let (sender, connected) = mpsc::channel();
        let options = Serveur::options(0).quand_connecte(move |client| {
            sender.send((client.adresse(), client.to_string())).unwrap();
        });
        let serveur = options.ouvrir().unwrap();
        let lancer = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        let (theirs, shown) = connected.recv().unwrap();
        let theirs = theirs.unwrap();
        assert!(theirs.socket().is_some_and(|address| address.ip().is_loopback()), "{theirs}");
        assert!(shown.starts_with(&theirs.to_string()), "{shown}");
        client.eteindre().unwrap();
        stop(&serveur, lancer);
    });
}

#[test]
fn a_client_without_a_socket_has_no_address() {
    with_watchdog("no address", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let client = serveur.client_local().unwrap();
        assert_eq!(client.adresse(), None);
        drop(client);
        serveur.eteindre().unwrap();
    });
}

#[test]
fn a_newcomer_that_is_refused_is_told_with_its_address() {
    with_watchdog("refused", LIMIT, || {
        let (sender, refused) = mpsc::channel();
        let options = Serveur::options(0).quand_refuse(move |adresse, why| {
            sender.send((adresse, why.to_string())).unwrap();
        });
        let serveur = options.ouvrir().unwrap();
        let lancer = launch(&serveur);
        let first = Client::new(serveur.adresse()).unwrap();
        Client::new(serveur.adresse()).unwrap_err();
        let (address, why) = refused.recv().unwrap();
        let text = format!("no connection with {}: ", address.unwrap());
        assert!(why.starts_with(&text), "{why}");
        first.eteindre().unwrap();
        stop(&serveur, lancer);
    });
}

#[test]
fn schemes_that_do_not_exist_yet_are_refused_on_both_sides() {
    let texts = [
        ("exec:cat", "no `exec:` addresses yet"),
        ("exec:cat -u 4000", "no `exec:` addresses yet"),
        ("tls:localhost:4000", "no scheme `tls:`"),
        ("pipe:/x", "no scheme `pipe:`"),
        ("tcp://localhost:4000", "`tcp://` is no part of an address"),
    ];
    for (text, wanted) in texts {
        let client = Client::new(text).unwrap_err();
        let serveur = Serveur::new(text).unwrap_err();
        for error in [&client, &serveur] {
            let said = error.to_string();
            assert!(said.contains(wanted) && said.contains("127.0.0.1:4000"), "{text}: {said}");
            assert_eq!(said.matches(text).count(), 1, "the address is named once: {said}");
        }
        assert!(
            matches!(&client, Erreur::Connexion(e) if matches!(**e, EchecConnexion::Connexion { .. }))
        );
        assert!(
            matches!(&serveur, Erreur::Connexion(e) if matches!(**e, EchecConnexion::Ecoute { .. }))
        );
        let parsed = text.parse::<Adresse>().unwrap_err().to_string();
        assert!(parsed.contains(wanted), "{text}: {parsed}");
    }
}

#[test]
fn a_host_of_a_reserved_name_is_looked_up_with_its_dot() {
    let adresse: Adresse = "unix.:4000".parse().unwrap();
    assert_eq!((adresse.port(), adresse.socket()), (Some(4000), None));
    let error = Serveur::new(("unix", 4000)).unwrap_err().to_string();
    assert!(error.contains("write the host as `unix.`"), "{error}");
}

#[test]
fn addresses_compare_as_they_are_written() {
    let port = Adresse::from(4000);
    let socket = SocketAddr::from(([127, 0, 0, 1], 4000));
    assert_eq!(port, Adresse::from(socket));
    assert_eq!(port, "127.0.0.1:4000".parse().unwrap());
    assert_ne!(port, "localhost:4000".parse().unwrap());
    let mut sorted = [Adresse::from(2), Adresse::from(1)];
    sorted.sort();
    assert_eq!(sorted.map(|address| address.port()), [Some(1), Some(2)]);
}
