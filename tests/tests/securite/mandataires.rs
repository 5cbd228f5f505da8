//! A proxy in front of an encrypted server: its header stands before TLS.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use cconn::erreur::NatureTls;
use cconn::{Client, Octets, nommee};
use cconn_tests::certificates::Authority;
use cconn_tests::{proxy, with_watchdog};

use crate::tls::{running, trusting, with_tls};

const LIMIT: Duration = Duration::from_secs(30);

/// A proxy: passes each connection on, with a header of version 2 that names a client.
fn proxy_to(server: SocketAddr) -> SocketAddr {
    proxy(server, |_| {
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x07\xc0\0\x02\x02\x0f\xa0\x01\xbb".to_vec()
    })
}

#[test]
fn an_encrypted_client_comes_through_a_proxy_that_tells_its_address() {
    // [proxy.first]
    with_watchdog("an_encrypted_client_comes_through_a_proxy", LIMIT, || {
        let autorite = Authority::new();
        let options = with_tls(&autorite.sign(&["127.0.0.1"])).mandataires(["127.0.0.1"]);
        let server = running(options);
        let proxy = proxy_to(server.serveur.adresse().socket().unwrap());
        let client = Client::options(proxy).tls(trusting(&autorite)).connecter().unwrap();
        let sent = Octets::from(vec![7; 1 << 20]);
        let back: Octets = client.appeler(nommee("echo", (sent.clone(),))).unwrap();
        assert_eq!(back, sent);
        let there = server.serveur.clients().pop().unwrap();
        assert_eq!(there.adresse().unwrap().to_string(), "203.0.113.7:4000");
        client.eteindre().unwrap();
    });
}

#[test]
fn an_encrypted_server_takes_no_header_from_others_and_misses_none() {
    // [proxy.listed]
    with_watchdog("an_encrypted_server_takes_no_header_from_others", LIMIT, || {
        let autorite = Authority::new();
        let piece = autorite.sign(&["127.0.0.1"]);
        let header = b"PROXY TCP4 203.0.113.7 192.0.2.2 4000 443\r\n";
        let refused = |server: &crate::tls::Running, bytes: &[u8]| {
            let mut peer = TcpStream::connect(server.serveur.adresse()).unwrap();
            peer.write_all(bytes).unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            let _reset = peer.read_to_end(&mut Vec::new());
            server.refusal()
        };
        let open = running(with_tls(&piece));
        assert_eq!(refused(&open, header), Some(NatureTls::EnClair));
        let direct = Client::options(open.serveur.adresse()).tls(trusting(&autorite)).connecter();
        direct.unwrap().eteindre().unwrap();
        let behind = running(with_tls(&piece).mandataires(["127.0.0.1"]));
        // No fault of TLS: the header is missing, or wrong, or there twice.
        assert_eq!(refused(&behind, b"\x16\x03\x01\x00\x05hello"), None);
        assert_eq!(refused(&behind, b"PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n"), None);
        assert_eq!(refused(&behind, &[&header[..], header].concat()), Some(NatureTls::EnClair));
        let direct = Client::options(behind.serveur.adresse()).tls(trusting(&autorite));
        direct.connecter().unwrap_err();
        assert_eq!(behind.refusal(), None);
    });
}
