//! Commands that take the items of a stream slowly: their callers see that they take them, and wait.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cconn::erreur::Phase;
use cconn::flux::Flux;
use cconn::{Client, Erreur, Octets, Resultat, Serveur, commande, commandes};
use cconn_tests::with_watchdog;
use testkit::undisturbed;

const LIMIT: Duration = Duration::from_secs(60);

/// The time without a sign of the peer that a caller stands, and its limit on an answer.
const SILENCE: Duration = Duration::from_millis(500);

/// Items of one thousand bytes, of which the first credit pays 258.
const ITEM: usize = 1000;

#[commande]
fn prendre(pause: u64, morceaux: Flux<Octets>) -> Resultat<usize> {
    morceaux
        .map(|morceau| {
            thread::sleep(Duration::from_millis(pause));
            Ok(morceau?.len())
        })
        .sum()
}

/// Takes the first item only, and then is busy.
#[commande]
fn negliger(mut morceaux: Flux<Octets>) -> Resultat<usize> {
    let premier = morceaux.next().transpose()?;
    thread::sleep(3 * SILENCE);
    Ok(premier.map_or(0, |octets| octets.len()))
}

fn items(count: usize) -> Flux<Octets> {
    Flux::de((0..count).map(|_| Octets::from(vec![7; ITEM])))
}

fn channel(count: usize) -> Flux<Octets> {
    let (emetteur, flux) = Flux::canal(4);
    thread::spawn(move || {
        for _ in 0..count {
            emetteur.envoyer(Octets::from(vec![7; ITEM]))?;
        }
        emetteur.finir();
        Ok::<_, Erreur>(())
    });
    flux
}

/// Sends a message with a verb, for each verb, at the same time.
fn by_each_verb(count: usize, pause: u64) {
    let serveur = Serveur::options(0).max_clients(4).ouvrir().unwrap();
    serveur.enregistrer(commandes![prendre, negliger]).unwrap();
    let running = serveur.clone();
    let running = thread::spawn(move || running.lancer());
    let client = || {
        Client::options(serveur.adresse())
            .delai_silence(SILENCE)
            .delai_reponse(SILENCE)
            .connecter()
            .unwrap()
    };
    let came = Some(count * ITEM);
    thread::scope(|scope| {
        scope.spawn(|| {
            let morceaux = items(count);
            assert_eq!(client().appeler(prendre { pause, morceaux }).ok(), came, "called");
        });
        scope.spawn(|| {
            let morceaux = channel(count);
            assert_eq!(client().appeler(prendre { pause, morceaux }).ok(), came, "a channel");
        });
        scope.spawn(|| {
            let attente = client().differer(prendre { pause, morceaux: items(count) }).unwrap();
            assert_eq!(attente.attendre().ok(), came, "deferred");
        });
        scope.spawn(|| {
            let suivi = prendre { pause, morceaux: items(count) };
            assert_eq!(client().appeler_suivi(suivi, |_| ()).ok(), came, "followed");
        });
    });
    serveur.eteindre().unwrap();
    running.join().unwrap().unwrap();
}

/// Half the first credit takes 0.65 seconds.
#[test]
fn a_command_that_takes_items_slowly_is_not_silent() {
    // [lane.silence] [credit.due]
    with_watchdog("slow takers", LIMIT, || undisturbed(SILENCE / 4, || by_each_verb(270, 5)));
}

/// All items fit the first credit, so the end of the stream is sent at once.
#[test]
fn a_command_that_takes_the_last_items_slowly_is_waited_for() {
    // [lane.silence]
    with_watchdog("slow last items", LIMIT, || undisturbed(SILENCE / 4, || by_each_verb(200, 5)));
}

#[test]
fn a_command_that_stops_taking_items_is_given_up() {
    with_watchdog("neglected items", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![negliger]).unwrap();
        let running = serveur.clone();
        let running = thread::spawn(move || running.lancer());
        let options = Client::options(serveur.adresse()).delai_silence(SILENCE);
        let client = options.delai_reponse(SILENCE).connecter().unwrap();
        for (count, phase) in [(400, Phase::Argument), (100, Phase::Reponse)] {
            let late = client.appeler(negliger { morceaux: items(count) }).unwrap_err();
            let Erreur::Delai(delai) = &late else { panic!("{late}") };
            assert_eq!(delai.phase, phase, "{late}");
        }
        drop(client);
        let _cut_if_it_is_still_busy = serveur.eteindre();
        let _the_same = running.join().unwrap();
    });
}

/// The thread that feeds reads the socket by then, and nothing comes there.
#[test]
fn an_iterator_ends_with_its_attente_while_nothing_is_taken() {
    struct Source(mpsc::Sender<()>);

    impl Drop for Source {
        fn drop(&mut self) {
            let _test_is_over = self.0.send(());
        }
    }

    with_watchdog("dropped calls", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![negliger]).unwrap();
        let running = serveur.clone();
        let running = thread::spawn(move || running.lancer());
        let client = Client::new(serveur.adresse()).unwrap();
        let (source, is_dropped) = mpsc::channel();
        let source = Source(source);
        let endless = (0_u64..).map(move |_| {
            let _owned = &source;
            Octets::from(vec![7; ITEM])
        });
        let attente = client.differer(negliger { morceaux: Flux::de(endless) }).unwrap();
        thread::sleep(SILENCE / 3);
        drop(attente);
        assert!(is_dropped.recv_timeout(2 * SILENCE).is_ok(), "before the command has ended");
        client.eteindre().unwrap();
        serveur.eteindre().unwrap();
        running.join().unwrap().unwrap();
    });
}
