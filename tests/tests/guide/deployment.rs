//! What stands between a client and its server in earnest: proxies and health checks.

use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cconn::erreur::EchecConnexion;
use cconn::{Client, Erreur, Resultat, Serveur, nommee};
use cconn_tests::raw::{Greeting, Raw};
use cconn_tests::{proxy, with_watchdog};

const LIMIT: Duration = Duration::from_secs(30);

/// A proxy that passes bytes on and says nothing of its own.
fn proxy_to(serveur: &Serveur) -> SocketAddr {
    proxy(serveur.adresse().socket().unwrap(), |_| Vec::new())
}

fn started(refused: mpsc::Sender<String>) -> (Serveur, thread::JoinHandle<Resultat<()>>) {
    let options = Serveur::options(0).quand_refuse(move |_, why| {
        if let Erreur::Connexion(why) = why {
            let sort = match **why {
                EchecConnexion::Mandataire { .. } => "proxy",
                _ => "other",
            };
            let _over = refused.send(format!("{sort}: {why}"));
        }
    });
    let serveur = options.ouvrir().unwrap();
    serveur
        .enregistrer_commande("aller", |client: &Client, (n,): (u32,)| {
            client.appeler::<u32, _>(nommee("retour", (n,)))
        })
        .unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    (serveur, lancer)
}

fn used(address: SocketAddr) {
    let client = Client::new(address).unwrap();
    client.enregistrer_commande("retour", |_, (n,): (u32,)| n + 1).unwrap();
    for n in 0..100 {
        assert_eq!(client.appeler::<u32, _>(nommee("aller", (n,))).unwrap(), n + 1);
    }
    client.eteindre().unwrap();
}

#[test]
fn a_proxy_that_passes_bytes_on_is_not_noticed() {
    with_watchdog("a proxy", LIMIT, || {
        let (sender, _refused) = mpsc::channel();
        let (serveur, lancer) = started(sender);
        used(proxy_to(&serveur));
        // The server stops while the client is behind the proxy.
        let client = Client::new(proxy_to(&serveur)).unwrap();
        let listening = thread::spawn(move || client.lancer());
        while serveur.clients().is_empty() {
            thread::yield_now();
        }
        serveur.eteindre().unwrap();
        listening.join().unwrap().unwrap();
        lancer.join().unwrap().unwrap();
    });
}

#[test]
fn a_proxy_that_puts_a_header_in_front_is_refused() {
    with_watchdog("the PROXY protocol", LIMIT, || {
        let (sender, refused) = mpsc::channel();
        let (serveur, lancer) = started(sender);
        let text = b"PROXY TCP4 192.0.2.1 192.0.2.2 4000 12800\r\n".to_vec();
        let binary =
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\x0f\xa0\x32\0";
        for header in [text, binary.to_vec()] {
            let mut raw = Raw::connect(serveur.adresse().socket().unwrap());
            raw.send(&[header, Greeting::client().bytes()].concat());
            let why = refused.recv().unwrap();
            assert!(why.starts_with("proxy: "), "{why}");
            assert!(why.contains("is not one of `mandataires`"), "{why}");
        }
        used(serveur.adresse().socket().unwrap());
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
    });
}

#[test]
fn a_health_check_costs_nobody_anything() {
    with_watchdog("health checks", LIMIT, || {
        let (sender, refused) = mpsc::channel();
        let (serveur, lancer) = started(sender);
        for _ in 0..20 {
            drop(TcpStream::connect(serveur.adresse()).unwrap());
        }
        used(serveur.adresse().socket().unwrap());
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
        // The hook is told of each, as of a newcomer whose stream ended inside the greeting.
        let told: Vec<String> = refused.try_iter().collect();
        assert_eq!(told.len(), 20, "{told:?}");
        assert!(told.iter().all(|why| why.contains("broke during the greeting")), "{told:?}");
    });
}
