//! Servers that are another version of the program than who wants to start them.

use std::path::Path;
use std::process::Command;

use cconn::erreur::EchecConnexion;
use cconn::{Client, Erreur, OptionsClient, Resultat, nommee};
use cconn_tests::with_watchdog;

use super::dossier::{Dossier, LIMIT};

/// Starts and expects the server in that version.
fn of(version: &str, path: &Path) -> (OptionsClient, Command) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_voisin"));
    command.arg("serveur").arg(format!("unix:{}", path.display())).arg("20000").arg(version);
    (Client::options(path).programme("voisin", version, ""), command)
}

fn connect((options, command): (OptionsClient, Command)) -> Resultat<Client> {
    options.ou_lancer(command)
}

fn replace((options, command): (OptionsClient, Command)) -> Resultat<Client> {
    options.remplacer_autre_version().ou_lancer(command)
}

fn pid(client: &Client) -> u32 {
    client.appeler(nommee("pid", ())).unwrap()
}

fn end(client: &Client) {
    let _ended = client.appeler::<(), _>(nommee("finit", (0,)));
}

#[track_caller]
fn other(refused: Resultat<Client>) -> String {
    match refused {
        Err(Erreur::Connexion(failed))
            if matches!(*failed, EchecConnexion::AutreProgramme { .. }) =>
        {
            failed.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_of_another_version_is_not_talked_to() {
    with_watchdog("another version", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let old = connect(of("1", &path)).unwrap();
        let server = pid(&old);
        let refused = other(connect(of("2", &path)));
        assert!(
            refused.contains("the server is `voisin` 1, the newcomer is `voisin` 2"),
            "{refused}"
        );
        // Who says nothing of its program is let in, and nobody else is disturbed.
        let tool = Client::new(&*path).unwrap();
        assert_eq!(pid(&tool), server);
        assert_eq!(pid(&old), server);
        let same = replace(of("1", &path)).unwrap();
        assert_eq!(pid(&same), server, "nothing is replaced by the same");
        end(&old);
    });
}

#[test]
fn a_server_of_another_version_stops_in_order_and_the_new_one_is_started() {
    // [program.replace]
    with_watchdog("replaced", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let old = connect(of("1", &path)).unwrap();
        let server = pid(&old);
        // What has been sent is answered before the old server ends.
        let asked = old.differer::<u64, _>(nommee("double", (21_u64,))).unwrap();
        let new = replace(of("2", &path)).unwrap();
        assert_ne!(pid(&new), server);
        assert_eq!(asked.attendre().unwrap(), 42);
        assert!(old.appeler::<u32, _>(nommee("pid", ())).is_err());
        other(connect(of("1", &path)));
        let second = connect(of("2", &path)).unwrap();
        assert_eq!(pid(&second), pid(&new));
        end(&new);
    });
}

#[test]
fn many_that_replace_at_once_end_with_one_server() {
    with_watchdog("replaced by many", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let old = connect(of("1", &path)).unwrap();
        let server = pid(&old);
        let clients: Vec<Client> = std::thread::scope(|scope| {
            let all: Vec<_> =
                (0..8).map(|_| scope.spawn(|| replace(of("2", &path)).unwrap())).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let new = pid(&clients[0]);
        assert_ne!(new, server);
        assert!(clients.iter().all(|client| pid(client) == new));
        end(&clients[0]);
    });
}
