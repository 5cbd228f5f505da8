//! What the system lends goes with the connection, however long handles are kept.

use std::sync::{Arc, Mutex};
use std::thread;

use cconn::{Client, Serveur, nommee};
use cconn_tests::raw::Raw;
use cconn_tests::{until, with_watchdog};

use super::LIMIT;

/// Sockets of this process that lead to or from that port, or listen there.
fn sockets(port: u16) -> usize {
    let inodes: Vec<String> = ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .flat_map(|table| table.lines().skip(1).map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let is_it = |address: &str| address.ends_with(&format!(":{port:04X}"));
            (is_it(fields[1]) || is_it(fields[2])).then(|| format!("socket:[{}]", fields[9]))
        })
        .collect();
    let ours = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    ours.filter_map(|fd| std::fs::read_link(fd.path()).ok())
        .filter(|target| inodes.iter().any(|inode| target.to_str() == Some(inode)))
        .count()
}

#[track_caller]
fn assert_soon(port: u16, wanted: usize) {
    until(&format!("{wanted} sockets are left"), || sockets(port) == wanted);
}

fn server(kept: &Arc<Mutex<Vec<Client>>>) -> (Serveur, thread::JoinHandle<cconn::Resultat<()>>) {
    let kept = kept.clone();
    let options = Serveur::options(0).max_clients(40);
    let serveur = options.quand_connecte(move |client| kept.lock().unwrap().push(client.clone()));
    let serveur = serveur.ouvrir().unwrap();
    serveur.enregistrer_commande("echo", |_, (n,): (u32,)| n).unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    (serveur, lancer)
}

#[test]
fn kept_handles_keep_no_socket() {
    with_watchdog("kept handles", LIMIT, || {
        let kept = Arc::default();
        let (serveur, lancer) = server(&kept);
        let port = serveur.adresse().port().unwrap();
        let mut clients = Vec::new();
        let mut deferred = Vec::new();
        for n in 0..30_u32 {
            let client = Client::new(port).unwrap();
            assert_eq!(client.appeler::<u32, _>(nommee("echo", (n,))).unwrap(), n);
            deferred.push(client.differer::<u32, _>(nommee("echo", (n,))).unwrap());
            clients.push(client);
        }
        // However it ends, from either side, and whoever waits for it.
        for (n, client) in clients.iter().enumerate() {
            match n % 4 {
                0 => client.eteindre().unwrap(),
                1 => client.close(),
                2 => kept.lock().unwrap()[n].close(),
                _ => {
                    let client = client.clone();
                    let lancer = thread::spawn({
                        let client = client.clone();
                        move || client.lancer()
                    });
                    client.close();
                    let _ended_or_refused = lancer.join().unwrap();
                }
            }
        }
        assert_soon(port, 1);
        assert_eq!((kept.lock().unwrap().len(), clients.len()), (30, 30));
        for client in kept.lock().unwrap().iter().chain(&clients) {
            assert!(!client.est_connecte());
            assert!(client.appeler::<u32, _>(nommee("echo", (1_u32,))).is_err());
            assert!(client.vider().is_err());
            client.close();
        }
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
        // The server's handle is kept, and its port is free.
        assert_soon(port, 0);
        drop(Serveur::new(port).unwrap());
        drop((serveur, deferred));
    });
}

#[test]
fn peers_that_vanish_leave_no_socket_in_kept_handles() {
    with_watchdog("vanished peers", LIMIT, || {
        let kept = Arc::default();
        let (serveur, lancer) = server(&kept);
        let port = serveur.adresse().port().unwrap();
        for n in 0..20 {
            let mut raw = Raw::client(serveur.adresse().socket().unwrap());
            if n % 2 == 0 {
                raw.send(&[1, 0, 0]);
            } else {
                raw.send(&[0, 0, 0, 0]);
            }
        }
        assert_soon(port, 1);
        assert_eq!(kept.lock().unwrap().len(), 20);
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
    });
}
