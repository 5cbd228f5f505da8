//! A proxy in front of a server: who is believed, what is believed, and each way to be refused.

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::erreur::{EchecConnexion, Phase, Usage};
use cconn::{Client, Erreur, OptionsServeur, Resultat, Serveur, nommee};
use cconn_tests::raw::{Greeting, Raw, call};
use cconn_tests::{proxy, with_watchdog};

use super::LIMIT;

/// The line for a client at this address.
fn line(from: &str) -> Vec<u8> {
    let from: SocketAddr = from.parse().unwrap();
    let (family, to) = if from.is_ipv4() { ("TCP4", "192.0.2.2") } else { ("TCP6", "2001:db8::2") };
    format!("PROXY {family} {} {to} {} 443\r\n", from.ip(), from.port()).into_bytes()
}

/// The binary header for a client at this address.
fn header(from: &str) -> Vec<u8> {
    let from: SocketAddr = from.parse().unwrap();
    let (family, ip) = match from.ip() {
        IpAddr::V4(ip) => (0x11, ip.octets().to_vec()),
        IpAddr::V6(ip) => (0x21, ip.octets().to_vec()),
    };
    binary(0x21, family, &[&ip[..], &ip, &from.port().to_be_bytes(), &[1, 0xbb]].concat())
}

fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &length, rest].concat()
}

/// A server, who has come in, and who was refused and why.
struct Running {
    serveur: Serveur,
    lancer: Option<JoinHandle<Resultat<()>>>,
    connected: Receiver<String>,
    refused: Receiver<(String, Erreur)>,
}

impl Running {
    /// One that believes whoever connects from this machine.
    fn behind_proxy(options: OptionsServeur) -> Running {
        Running::new(options.mandataires(["127.0.0.0/8"]))
    }

    fn new(options: OptionsServeur) -> Running {
        let (came, connected) = mpsc::channel();
        let (went, refused) = mpsc::channel();
        let serveur = options
            .quand_connecte(move |client| {
                let _over = came.send(client.adresse().unwrap().to_string());
            })
            .quand_refuse(move |address, why| {
                let address = address.unwrap().to_string();
                let why = Erreur::echec(why.to_string());
                let _over = went.send((address, why));
            })
            .ouvrir()
            .unwrap();
        serveur.enregistrer_commande("double", |_, (n,): (u32,)| 2 * n).unwrap();
        let running = serveur.clone();
        let lancer = Some(thread::spawn(move || running.lancer()));
        Running { serveur, lancer, connected, refused }
    }

    fn socket(&self) -> SocketAddr {
        self.serveur.adresse().socket().unwrap()
    }

    /// A peer that has said that much and no more.
    fn peer(&self, bytes: &[u8]) -> Raw {
        let mut raw = Raw::connect(self.socket());
        raw.send(bytes);
        raw
    }

    /// A client behind a proxy that says this: it comes in and is served.
    #[track_caller]
    fn served(&self, header: &[u8]) -> Raw {
        let mut raw = self.peer(&[header, &Greeting::client().bytes()].concat());
        assert_eq!(raw.greeting()[14], 0, "accepted");
        raw.send(&call(1, "double", &[4]));
        assert!(raw.next().is_some(), "answered");
        raw
    }

    #[track_caller]
    fn connected(&self) -> String {
        self.connected.recv_timeout(LIMIT).unwrap()
    }

    /// Whom the server has refused, and what it says about it.
    #[track_caller]
    fn refused(&self) -> (String, String) {
        let (address, why) = self.refused.recv_timeout(LIMIT).unwrap();
        (address, why.to_string())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serveur.eteindre().unwrap();
        self.lancer.take().unwrap().join().unwrap().unwrap();
    }
}

/// A proxy: passes each connection on, with a line in front of it that names its client.
fn proxy_to(server: SocketAddr) -> SocketAddr {
    proxy(server, |client| line(&client.to_string()))
}

#[test]
fn a_client_has_the_address_that_its_proxy_tells() {
    // [proxy.first] [proxy.address]
    with_watchdog("a_client_has_the_address_that_its_proxy_tells", LIMIT, || {
        let running = Running::behind_proxy(Serveur::options(0).max_clients(20));
        let records = {
            let mut with = header("203.0.113.7:4000");
            with[15] += 7;
            [with, vec![2, 0, 4, b'h', b'o', b's', b't']].concat()
        };
        for (header, told) in [
            (line("203.0.113.7:4000"), "203.0.113.7:4000"),
            (line("[2001:db8::7]:4000"), "[2001:db8::7]:4000"),
            (header("203.0.113.7:4000"), "203.0.113.7:4000"),
            (header("[2001:db8::7]:65535"), "[2001:db8::7]:65535"),
            (records, "203.0.113.7:4000"),
        ] {
            let client = running.served(&header);
            assert_eq!(running.connected(), told);
            let clients = running.serveur.clients();
            assert!(clients.iter().any(|there| there.to_string().contains(told)), "{clients:?}");
            drop(client);
        }
        // Where it tells none, its own address stays.
        for header in [
            b"PROXY UNKNOWN\r\n".to_vec(),
            b"PROXY UNKNOWN what it says\r\n".to_vec(),
            binary(0x20, 0, &[]),
            binary(0x20, 0x11, &[1; 12]),
            binary(0x21, 0, &[]),
            binary(0x21, 0x31, &[b'/'; 216]),
        ] {
            let client = running.served(&header);
            assert_eq!(running.connected(), client.address().to_string());
        }
    });
}

#[test]
fn a_header_may_come_in_any_pieces() {
    with_watchdog("a_header_may_come_in_any_pieces", LIMIT, || {
        let running = Running::behind_proxy(Serveur::options(0).max_clients(20));
        for header in [line("203.0.113.7:4000"), header("203.0.113.7:4000")] {
            let bytes = [header, Greeting::client().bytes()].concat();
            for size in [1, 2, 5, 17] {
                let mut client = running.peer(&[]);
                for piece in bytes.chunks(size) {
                    client.send(piece);
                    thread::yield_now();
                }
                assert_eq!(client.greeting()[14], 0, "accepted");
                assert_eq!(running.connected(), "203.0.113.7:4000");
            }
        }
    });
}

#[test]
fn bounds_count_the_clients_and_not_the_proxy() {
    with_watchdog("bounds_count_the_clients_and_not_the_proxy", LIMIT, || {
        let admin: IpAddr = "203.0.113.5".parse().unwrap();
        let options = Serveur::options(0).max_clients(4).max_par_adresse(2);
        let running = Running::behind_proxy(options.places_reservees(1, [admin]));
        let _one = running.served(&line("203.0.113.7:1"));
        let _two = running.served(&header("203.0.113.7:2"));
        let refusal = |header: &[u8]| {
            let mut raw = running.peer(&[header, &Greeting::client().bytes()].concat());
            (raw.greeting()[14], running.refused())
        };
        let (code, (address, text)) = refusal(&line("203.0.113.7:3"));
        assert_eq!((code, &*address), (1, "203.0.113.7:3"));
        assert!(text.contains("`max_par_adresse`"), "{text}");
        let _three = running.served(&line("203.0.113.8:1"));
        let (code, (address, text)) = refusal(&header("203.0.113.9:1"));
        assert_eq!((code, &*address), (1, "203.0.113.9:1"));
        assert!(text.contains("certain addresses"), "{text}");
        let _admin = running.served(&line("203.0.113.5:1"));
    });
}

#[test]
fn a_header_is_taken_from_listed_addresses_only() {
    // [proxy.listed] [refusal.proxy]
    with_watchdog("a_header_is_taken_from_listed_addresses_only", LIMIT, || {
        for options in [Serveur::options(0), Serveur::options(0).mandataires(["10.0.0.0/8"])] {
            let running = Running::new(options.max_clients(9));
            for header in [line("203.0.113.7:1"), header("203.0.113.7:1"), binary(0x20, 0, &[])] {
                let mut raw = running.peer(&[header, Greeting::client().bytes()].concat());
                assert_eq!(raw.greeting()[14], 9, "refused as a proxy");
                let (address, text) = running.refused();
                assert_eq!(address, raw.address().to_string());
                assert!(text.contains(&address) && text.contains("`mandataires`"), "{text}");
            }
            // A client that comes by an unlisted proxy learns why.
            let failed = Client::new(proxy_to(running.socket())).unwrap_err();
            assert!(is_about_proxies(&failed), "{failed}");
            assert!(running.refused().1.contains("`mandataires`"));
            // Whoever sends none comes in as ever.
            let client = Client::new(running.serveur.adresse()).unwrap();
            assert_eq!(client.appeler::<u32, _>(nommee("double", (21_u32,))).unwrap(), 42);
            assert_eq!(running.connected.try_iter().count(), 1, "and nobody else");
        }
    });
}

fn is_about_proxies(error: &Erreur) -> bool {
    matches!(error, Erreur::Connexion(failed)
        if matches!(**failed, EchecConnexion::Mandataire { .. }))
}

#[test]
fn a_listed_address_must_send_a_header_and_a_good_one() {
    // [proxy.first]
    with_watchdog("a_listed_address_must_send_a_header_and_a_good_one", LIMIT, || {
        let running = Running::behind_proxy(Serveur::options(0).max_clients(2));
        let error = Client::new(running.serveur.adresse()).unwrap_err();
        assert!(is_about_proxies(&error), "{error}");
        let (_, text) = running.refused();
        assert!(text.contains("`mandataires`") && text.contains("cconn"), "{text}");
        let good = line("203.0.113.7:1");
        for (bytes, why) in [
            (b"GET / HTTP/1.1\r\n".to_vec(), "begins with \"GET"),
            (b"PROXY TCP5 1.1.1.1 1.1.1.1 1 1\r\n".to_vec(), "`TCP4`"),
            (b"PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n".to_vec(), "65535"),
            (b"PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n".to_vec(), "leading zeros"),
            (b"PROXY TCP4 1.1.1.1 ::1 1 1\r\n".to_vec(), "family"),
            (b"PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n".to_vec(), "line feed"),
            ([b"PROXY ".as_slice(), &[b'x'; 200]].concat(), "107 bytes"),
            (binary(0x31, 0x11, &[1; 12]), "version"),
            (binary(0x22, 0x11, &[1; 12]), "command"),
            (binary(0x21, 0x13, &[1; 12]), "family"),
            (binary(0x21, 0x11, &[1; 11]), "too short"),
            (binary(0x21, 0x21, &[1; 12]), "too short"),
            (binary(0x21, 0, &[0; 4081]), "4096 bytes"),
            (binary(0x21, 0, &[4, 0, 9]), "cut off"),
            (binary(0x21, 0, &[3, 0, 4, 1, 2, 3, 4]), "checksum"),
            ([&good[..], &good].concat(), "second one"),
            ([&good[..], &header("203.0.113.7:1")].concat(), "second one"),
            ([header("203.0.113.7:1"), good.clone()].concat(), "second one"),
        ] {
            let mut raw = running.peer(&bytes);
            assert_eq!(raw.greeting()[14], 9, "{}", bytes.escape_ascii());
            let (_, text) = running.refused();
            assert!(text.contains(why), "{}: {text}", bytes.escape_ascii());
        }
        assert!(running.connected.try_recv().is_err(), "nobody came in");
        drop(running.served(&good));
    });
}

#[test]
fn a_header_that_is_cut_anywhere_lets_nobody_in() {
    with_watchdog("a_header_that_is_cut_anywhere_lets_nobody_in", LIMIT, || {
        let running = Running::behind_proxy(Serveur::options(0));
        for header in [line("203.0.113.7:1"), header("203.0.113.7:1")] {
            for cut in 0..header.len() {
                let mut raw = running.peer(&header[..cut]);
                raw.end();
                let (address, _) = running.refused();
                assert_eq!(address, raw.address().to_string(), "cut at {cut}");
            }
            // Whole, it says for whom it speaks, and then the client ends.
            let mut raw = running.peer(&header);
            raw.end();
            assert_eq!(running.refused().0, "203.0.113.7:1");
        }
        assert!(running.connected.try_recv().is_err(), "nobody came in");
        drop(running.served(&line("203.0.113.7:1")));
    });
}

#[test]
fn who_falls_silent_in_a_header_or_behind_it_is_late() {
    with_watchdog("who_falls_silent_in_a_header_or_behind_it_is_late", LIMIT, || {
        let (sender, late) = mpsc::channel();
        let options = Serveur::options(0).delai_accueil(Duration::from_millis(50));
        let options =
            options.mandataires([Ipv4Addr::LOCALHOST]).quand_refuse(move |address, why| {
                let phase = match why {
                    Erreur::Delai(delai) => Some(delai.phase),
                    _ => None,
                };
                let _over = sender.send((address.unwrap().to_string(), phase));
            });
        let serveur = options.ouvrir().unwrap();
        let running = serveur.clone();
        let lancer = thread::spawn(move || running.lancer());
        let whole = line("203.0.113.7:1");
        for (said, is_told) in [(&[][..], false), (&whole[..20], false), (&whole[..], true)] {
            let mut silent = Raw::connect(serveur.adresse().socket().unwrap());
            silent.send(said);
            let (address, phase) = late.recv_timeout(LIMIT).unwrap();
            let expected = silent.address().to_string();
            assert_eq!(address, if is_told { "203.0.113.7:1" } else { &expected });
            assert_eq!(phase, Some(Phase::Accueil));
        }
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
    });
}

#[test]
fn a_proxy_that_only_looks_is_no_client_and_no_fault() {
    with_watchdog("a_proxy_that_only_looks_is_no_client_and_no_fault", LIMIT, || {
        let running = Running::behind_proxy(Serveur::options(0));
        for n in 0..20 {
            let mut look = running.peer(&[]);
            let own = line(&look.address().to_string());
            let local = binary(0x20, 0, &[]);
            look.send([&local, &b"PROXY UNKNOWN\r\n".to_vec(), &own][n % 3]);
            look.end();
            // Its end is seen before the next one comes.
            let _end = look.stream().read(&mut [0]);
        }
        drop(running.peer(b"nothing good"));
        assert!(running.refused().1.contains("nothing good"), "the first that is told");
        assert!(running.refused.try_recv().is_err());
        drop(running.served(&line("203.0.113.7:1")));
    });
}

#[test]
fn clients_are_served_through_a_proxy() {
    with_watchdog("clients_are_served_through_a_proxy", LIMIT, || {
        let running = Running::behind_proxy(Serveur::options(0).max_clients(8));
        let proxy = proxy_to(running.socket());
        let clients: Vec<_> = (0..8_u32).map(|_| Client::new(proxy).unwrap()).collect();
        for (n, client) in (0..).zip(&clients) {
            assert_eq!(client.appeler::<u32, _>(nommee("double", (n,))).unwrap(), 2 * n);
        }
        let mut addresses: Vec<_> = (0..8).map(|_| running.connected()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 8, "each has an address of its own: {addresses:?}");
        for client in clients {
            client.eteindre().unwrap();
        }
    });
}

#[test]
fn a_text_that_is_nowhere_a_proxy_comes_from_is_refused() {
    let error = Serveur::options(0).mandataires(["10.0.0.5", "haproxy"]).ouvrir().unwrap_err();
    assert!(
        matches!(&error, Erreur::Usage(usage)
        if matches!(**usage, Usage::Mandataire { .. })),
        "{error}"
    );
    assert!(error.to_string().contains("`haproxy`"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_proxy_may_come_by_a_unix_socket() {
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;

    with_watchdog("a_proxy_may_come_by_a_unix_socket", LIMIT, || {
        let folder = std::env::temp_dir().join(format!("cconn-mandataire-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("s");
        let options = Serveur::options(&*path).mandataires(["unix:"]);
        let running = Running::new(options);
        let mut proxy = UnixStream::connect(&path).unwrap();
        let said = [line("203.0.113.7:1"), Greeting::client().bytes()].concat();
        proxy.write_all(&said).unwrap();
        assert_eq!(running.connected(), "203.0.113.7:1");
        drop(proxy);
        let error = Client::new(&*path).unwrap_err();
        assert!(is_about_proxies(&error), "{error}");
        drop(running);
        std::fs::remove_dir_all(&folder).unwrap();
    });
}
