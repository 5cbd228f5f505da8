//! Programs that say which version and build they are.

use std::sync::mpsc;
use std::thread;

use cconn::erreur::{EchecConnexion, Usage};
use cconn::{Client, Erreur, OptionsServeur, Resultat, Serveur, nommee};
use cconn_tests::with_watchdog;

use super::LIMIT;

type Names = [&'static str; 3];

const OURS: Names = ["demon", "2.1", "f00d"];

/// A server for one client that says this of itself, which must run no command but for a client
/// that is let in.
fn server(names: Option<Names>) -> OptionsServeur {
    let options = Serveur::options(0);
    match names {
        Some([name, version, build]) => options.programme(name, version, build),
        None => options,
    }
}

fn client(serveur: &Serveur, names: Option<Names>) -> Resultat<Client> {
    let options = Client::options(serveur.adresse());
    match names {
        Some([name, version, build]) => options.programme(name, version, build).connecter(),
        None => options.connecter(),
    }
}

fn refused(found: Resultat<Client>) -> String {
    match found {
        Err(Erreur::Connexion(failed)) => match *failed {
            EchecConnexion::AutreProgramme { .. } => failed.to_string(),
            _ => panic!("{failed:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_stays_with_its_own_program_and_no_other() {
    // [program.server] [refusal.program]
    with_watchdog("programs", LIMIT, || {
        let others = [["demon", "2.1", "f00e"], ["demon", "2.2", "f00d"], ["autre", "2.1", "f00d"]];
        let (sender, told) = mpsc::channel();
        let options = server(Some(OURS)).quand_refuse(move |address, why| {
            assert!(address.is_some());
            sender.send(why.to_string()).unwrap();
        });
        let serveur = options.ouvrir().unwrap();
        serveur.enregistrer_commande("double", |_, (n,): (u32,)| 2 * n).unwrap();
        let running = serveur.clone();
        let lancer = thread::spawn(move || running.lancer());
        for other in others {
            // Refused before it takes the only place.
            let refused = refused(client(&serveur, Some(other)));
            let [name, version, build] = other;
            let newcomer = format!("the newcomer is `{name}` {version} (build {build})");
            assert!(refused.contains("the server is `demon` 2.1 (build f00d)"), "{refused}");
            assert!(refused.contains(&newcomer), "{refused}");
            assert!(told.recv().unwrap().contains(&newcomer));
        }
        for like in [Some(OURS), None] {
            let client = client(&serveur, like).unwrap();
            assert_eq!(client.appeler::<u32, _>(nommee("double", (21_u32,))).unwrap(), 42);
            client.eteindre().unwrap();
        }
        let local = serveur.client_local().unwrap();
        assert_eq!(local.appeler::<u32, _>(nommee("double", (21_u32,))).unwrap(), 42);
        local.eteindre().unwrap();
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
    });
}

#[test]
fn a_server_that_does_not_say_what_it_is_is_not_taken_for_it() {
    // [program.client]
    with_watchdog("silent programs", LIMIT, || {
        let serveur = server(None).ouvrir().unwrap();
        let running = serveur.clone();
        let lancer = thread::spawn(move || running.lancer());
        let refused = refused(client(&serveur, Some(OURS)));
        assert!(refused.contains("does not say which program it is"), "{refused}");
        client(&serveur, None).unwrap().eteindre().unwrap();
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
    });
}

#[test]
fn names_are_as_long_as_they_may_be_and_no_longer() {
    let most = "a".repeat(255);
    let more = "a".repeat(256);
    let names = Serveur::options(0).programme(&most, &most, &most);
    drop(names.ouvrir().unwrap());
    for [name, version, build] in
        [[&more, &most, &most], [&most, &more, &most], [&most, &most, &more]]
    {
        let refused = Serveur::options(0).programme(name, version, build).ouvrir().unwrap_err();
        let Erreur::Usage(usage) = &refused else { panic!("{refused:?}") };
        assert!(matches!(**usage, Usage::Reglage { reglage: "programme", .. }), "{refused}");
    }
}
