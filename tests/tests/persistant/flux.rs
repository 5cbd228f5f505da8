//! Calls with arguments that are streams, and calls that tell their progress, over a connection that
//! is lost.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use cconn::erreur::RaisonNonEnvoi;
use cconn::flux::Flux;
use cconn::persistant::ClientPersistant;
use cconn::{Client, Erreur, Etat, commande, commandes, nommee};
use cconn_tests::with_watchdog;

use crate::{LIMIT, Running, double, options};

/// What became of the runs of `avaler`.
struct Journal(mpsc::Sender<&'static str>);

/// Takes its stream; loses the connection at the first item if it is told to.
#[commande]
fn avaler(client: &Client, journal: &Etat<Journal>, nombres: Flux<u64>, perd: bool) -> u64 {
    journal.0.send("started").unwrap();
    let mut somme = 0;
    for nombre in nombres {
        let Ok(nombre) = nombre else {
            journal.0.send("broken").unwrap();
            break;
        };
        somme += nombre;
        if perd {
            client.close();
        }
    }
    somme
}

fn swallowing() -> (Running, ClientPersistant, mpsc::Receiver<&'static str>) {
    let (sender, journal) = mpsc::channel();
    let server = Running::on(0, |serveur| {
        serveur.fournir(Journal(sender.clone())).unwrap();
        serveur.enregistrer(commandes![avaler]).unwrap();
    });
    let client = options(server.port()).connecter().unwrap();
    (server, client, journal)
}

/// More than fits the first credit, so that it is never all under way.
const MANY: u64 = 100_000;

/// A stream, and how many of its items were made.
fn counted() -> (Flux<u64>, Arc<AtomicU64>) {
    let made = Arc::new(AtomicU64::new(0));
    let counter = made.clone();
    let items = (1..=MANY).inspect(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    (Flux::de(items), made)
}

#[test]
fn a_call_with_a_stream_that_is_cut_is_not_sent_again() {
    with_watchdog("cut stream", LIMIT, || {
        let (server, client, journal) = swallowing();
        let (nombres, made) = counted();
        let message = avaler { nombres, perd: true };
        let lost = client.appeler(&message).unwrap_err();
        assert!(matches!(&lost, Erreur::Fermee(_)) && lost.a_pu_etre_executee(), "{lost}");
        let stopped_at = made.load(Ordering::Relaxed);
        assert!(stopped_at < MANY, "the source was dropped on the way");
        assert_eq!([journal.recv().unwrap(), journal.recv().unwrap()], ["started", "broken"]);
        // The stream went with the call: the same message can't be sent to anybody.
        let Err(Erreur::NonEnvoyee(spent)) = client.appeler(&message) else { panic!() };
        assert_eq!(spent.raison, RaisonNonEnvoi::FluxEnvoye);
        // A new message goes by the new connection, and ran once as the other one did.
        let whole = client.appeler(avaler { nombres: Flux::de(1..=100), perd: false });
        assert_eq!(whole.unwrap(), 5050);
        assert_eq!(journal.recv().unwrap(), "started");
        assert!(journal.try_recv().is_err(), "nothing ran besides");
        assert_eq!(made.load(Ordering::Relaxed), stopped_at);
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn nor_is_one_by_name_that_is_called_idempotent() {
    with_watchdog("idempotent stream", LIMIT, || {
        let (server, client, journal) = swallowing();
        let (nombres, _) = counted();
        let message = nommee("avaler", (true,)).idempotente().avec_flux(nombres);
        let lost = client.appeler::<u64, _>(message).unwrap_err();
        assert!(matches!(&lost, Erreur::Fermee(_)) && lost.a_pu_etre_executee(), "{lost}");
        assert_eq!(double(&client, 2).unwrap(), 4);
        assert_eq!([journal.recv().unwrap(), journal.recv().unwrap()], ["started", "broken"]);
        assert!(journal.try_recv().is_err(), "it ran once");
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn an_emitter_learns_that_its_call_was_cut() {
    with_watchdog("cut channel", LIMIT, || {
        let (server, client, journal) = swallowing();
        let (emetteur, nombres) = Flux::canal(4);
        emetteur.envoyer(1).unwrap();
        let lost = client.appeler(avaler { nombres, perd: true }).unwrap_err();
        assert!(matches!(&lost, Erreur::Fermee(_)) && lost.a_pu_etre_executee(), "{lost}");
        assert!(emetteur.envoyer(2).is_err(), "nobody takes it any more");
        assert_eq!([journal.recv().unwrap(), journal.recv().unwrap()], ["started", "broken"]);
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn a_call_tells_its_progress_by_whatever_connection_it_goes() {
    with_watchdog("progress", LIMIT, || {
        let runs = Arc::new(AtomicU32::new(0));
        let prepare = |serveur: &cconn::Serveur| {
            let runs = runs.clone();
            let travailler = move |client: &Client, (perd,): (bool,)| {
                let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
                client.avancement(run.into(), None, "");
                if perd && run == 1 {
                    client.close();
                }
                run
            };
            serveur.enregistrer_commande("travailler", travailler).unwrap();
        };
        let server = Running::on(0, prepare);
        let client = options(server.port()).connecter().unwrap();
        // The first run is lost with its connection, and may have told of itself before.
        let mut told = Vec::new();
        let message = nommee("travailler", (true,)).idempotente();
        let run: u32 = client.appeler_suivi(message, |p| told.push(p.fait)).unwrap();
        assert_eq!((run, told.last()), (2, Some(&2)), "{told:?}");
        // Without that word it is not tried again.
        runs.store(0, Ordering::SeqCst);
        let message = nommee("travailler", (true,));
        let lost = client.appeler_suivi::<u32, _>(message, |_| ()).unwrap_err();
        assert!(matches!(&lost, Erreur::Fermee(_)) && lost.a_pu_etre_executee(), "{lost}");
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn a_call_that_tells_its_progress_takes_a_stream() {
    with_watchdog("progress, stream", LIMIT, || {
        let (server, client, _journal) = swallowing();
        let message = avaler { nombres: Flux::de(0..3), perd: false };
        assert_eq!(client.appeler_suivi(message, |_| ()).unwrap(), 3);
        client.eteindre().unwrap();
        server.stop();
    });
}
