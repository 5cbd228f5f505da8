//! Streams among the arguments: what a caller makes one by one, its command takes one by one.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use cconn::erreur::{Depart, NatureDistante, RaisonNonEnvoi};
use cconn::flux::Flux;
use cconn::{Client, Erreur, Octets, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::with_watchdog;
use serde::{Deserialize, Serialize};

const LIMIT: Duration = Duration::from_secs(20);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Fiche {
    nom: String,
    age: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Panne {
    Vide,
    Ligne(u32),
}

#[commande]
fn importer(fiches: Flux<Fiche>) -> Resultat<u64> {
    let ages: Resultat<Vec<u64>> = fiches.map(|fiche| Ok(u64::from(fiche?.age))).collect();
    Ok(ages?.into_iter().sum())
}

#[commande]
fn sommer(nombres: Flux<u64>) -> Resultat<Vec<u64>> {
    nombres.collect()
}

/// Takes two streams in turns, between plain arguments.
#[commande]
fn meler(avant: String, gauche: Flux<u64>, milieu: u64, droite: Flux<String>) -> Resultat<String> {
    let mut tout = avant;
    for (gauche, droite) in gauche.zip(droite) {
        write!(tout, " {}{}", gauche? + milieu, droite?).map_err(Erreur::echec)?;
    }
    Ok(tout)
}

/// Does not look at its stream.
#[commande]
fn ignorer(nombres: Flux<u64>, reponse: u64) -> u64 {
    let _unread = nombres;
    reponse
}

/// Takes some items and returns.
#[commande]
fn premiers(nombres: Flux<u64>, combien: usize) -> Resultat<Vec<u64>> {
    nombres.take(combien).collect()
}

/// Takes some items, drops the stream and goes on until it is told to return.
#[commande]
fn lacher(client: &Client, mut nombres: Flux<u64>) -> Resultat<u64> {
    let premier = nombres.next().expect("an item")?;
    drop(nombres);
    client.appeler(jusqu_au_bout {})?;
    Ok(premier)
}

/// A command of the caller: waits until the source was dropped.
#[commande]
fn jusqu_au_bout(client: &Client) {
    let _ = client;
    BOUT.wait();
}

static BOUT: Signal = Signal::new();

/// Set once, and waited for.
struct Signal(Mutex<bool>, std::sync::Condvar);

impl Signal {
    const fn new() -> Self {
        Signal(Mutex::new(false), std::sync::Condvar::new())
    }

    fn set(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    fn wait(&self) {
        let set = self.1.wait_while(self.0.lock().unwrap(), |set| !*set);
        drop(set.unwrap());
    }
}

#[commande]
fn verifier(lignes: Flux<u32, Panne>) -> Result<u32, Panne> {
    let mut derniere = 0;
    for ligne in lignes {
        match ligne {
            Ok(ligne) => derniere = ligne,
            Err(Erreur::Refus(panne)) => return Err(panne),
            Err(autre) => panic!("{autre:?}"),
        }
    }
    if derniere == 0 { Err(Panne::Vide) } else { Ok(derniere) }
}

#[commande]
fn echouer(mut nombres: Flux<u64>) -> Resultat<u64> {
    let premier = nombres.next().expect("an item")?;
    Err(Erreur::echec(format!("no more than {premier}")))
}

#[commande]
fn paniquer(mut nombres: Flux<u64>) -> Resultat<u64> {
    let premier = nombres.next().expect("an item")?;
    panic!("item {premier}");
}

/// Tells how its stream has ended.
#[commande]
fn fin(nombres: Flux<u64>) -> String {
    let mut pris = 0;
    for nombre in nombres {
        match nombre {
            Ok(_) => pris += 1,
            Err(erreur) => return format!("{pris} and {erreur}"),
        }
    }
    format!("{pris} and the end")
}

/// Both ways at once.
#[commande]
fn traduire(mots: Flux<String>) -> impl Iterator<Item = Resultat<String>> {
    mots.map(|mot| Ok(mot?.to_uppercase()))
}

/// Both ways, with a `Flux` that is handed on.
#[commande]
fn renvoyer(nombres: Flux<u64>) -> Flux<u64> {
    nombres
}

#[commande(parallele)]
fn sommer_a_cote(nombres: Flux<u64>) -> Resultat<u64> {
    nombres.sum()
}

#[commande]
fn compter_octets(octets: Flux<Octets>) -> Resultat<(u64, u64)> {
    let (mut combien, mut somme) = (0, 0_u64);
    for morceau in octets {
        let morceau = morceau?;
        combien += 1;
        somme += morceau.0.iter().map(|octet| u64::from(*octet)).sum::<u64>();
    }
    Ok((combien, somme))
}

#[commande]
fn double(n: u64) -> u64 {
    n * 2
}

/// A command of the caller that the server asks for each item.
#[commande]
fn demander(client: &Client, nombres: Flux<u64>) -> Resultat<Vec<u64>> {
    nombres.map(|n| client.appeler(double { n: n? })).collect()
}

/// Calls on, with a stream of its own making, to the client that has called.
#[commande]
fn relayer(client: &Client, jusqu_a: u64) -> Resultat<Vec<u64>> {
    let moi = client.clone();
    let nombres = (0..jusqu_a).map(move |n| moi.appeler(double { n }));
    client.appeler(sommer { nombres: Flux::essais(nombres) })
}

fn serving() -> Serveur {
    let serveur = Serveur::options(0).max_clients(8).ouvrir().unwrap();
    serveur
        .enregistrer(commandes![
            importer,
            sommer,
            meler,
            ignorer,
            premiers,
            lacher,
            verifier,
            echouer,
            paniquer,
            fin,
            traduire,
            renvoyer,
            sommer_a_cote,
            compter_octets,
            double,
            demander,
            relayer
        ])
        .unwrap();
    serveur
}

fn pair() -> (Serveur, Client) {
    let serveur = serving();
    let client = serveur.client_local().unwrap();
    client.enregistrer(commandes![double, sommer, jusqu_au_bout]).unwrap();
    (serveur, client)
}

/// An iterator that tells when it is dropped, and how many items it has made.
struct Source {
    next: u64,
    made: Arc<AtomicUsize>,
    gone: mpsc::Sender<()>,
}

impl Source {
    fn new() -> (Self, Arc<AtomicUsize>, mpsc::Receiver<()>) {
        let (made, (gone, is_gone)) = (Arc::new(AtomicUsize::new(0)), mpsc::channel());
        (Source { next: 0, made: made.clone(), gone }, made, is_gone)
    }
}

impl Iterator for Source {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.next += 1;
        Some(self.next - 1)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let _nobody_asks = self.gone.send(());
    }
}

#[test]
fn every_item_arrives_in_order() {
    with_watchdog("in order", LIMIT, || {
        let (_serveur, client) = pair();
        for count in [0, 1, 2, 1000, 100_000] {
            let all = client.appeler(sommer { nombres: Flux::de(0..count) }).unwrap();
            assert!(all.iter().copied().eq(0..count), "{count}");
        }
        let fiches = (0..100).map(|age| Fiche { nom: format!("nom {age}"), age });
        let sum = client.appeler(importer { fiches: Flux::de(fiches) }).unwrap();
        assert_eq!(sum, (0..100).sum::<u64>());
        client.eteindre().unwrap();
    });
}

#[test]
fn several_streams_stand_between_plain_arguments() {
    with_watchdog("several", LIMIT, || {
        let (_serveur, client) = pair();
        let droite = Flux::de(["a", "b", "c"].map(str::to_owned));
        let message = meler { avant: ">".into(), gauche: Flux::de(1..), milieu: 10, droite };
        assert_eq!(client.appeler(message).unwrap(), "> 11a 12b 13c");
        client.eteindre().unwrap();
    });
}

#[test]
fn a_command_that_returns_early_stops_its_sender() {
    with_watchdog("early", LIMIT, || {
        let (_serveur, client) = pair();
        let (source, made, gone) = Source::new();
        let reponse = client.appeler(ignorer { nombres: Flux::de(source), reponse: 7 });
        assert_eq!(reponse.unwrap(), 7);
        gone.try_recv().expect("the source was dropped before the call returned");
        let before = made.load(Ordering::Relaxed);
        let (source, made, gone) = Source::new();
        let first = client.appeler(premiers { nombres: Flux::de(source), combien: 3 }).unwrap();
        assert_eq!(first, [0, 1, 2]);
        gone.try_recv().expect("the source was dropped before the call returned");
        assert!(made.load(Ordering::Relaxed) >= 3 && before < 100_000, "credit bounds both");
        assert_eq!(client.appeler(double { n: 4 }).unwrap(), 8);
        client.eteindre().unwrap();
    });
}

/// The command goes on after it has dropped its stream: the source is dropped then, not when the
/// command returns.
#[test]
fn a_stream_that_is_dropped_stops_its_source_at_once() {
    with_watchdog("dropped", LIMIT, || {
        let (_serveur, client) = pair();
        let (source, _made, gone) = Source::new();
        let waiting = thread::spawn(move || {
            gone.recv().unwrap();
            BOUT.set();
        });
        assert_eq!(client.appeler(lacher { nombres: Flux::de(source) }).unwrap(), 0);
        waiting.join().unwrap();
    });
}

#[test]
fn an_error_of_the_source_is_the_last_item_of_the_command() {
    with_watchdog("errors of sources", LIMIT, || {
        let (_serveur, client) = pair();
        let lignes = Flux::essais([Ok(1), Ok(2), Err(Panne::Ligne(3)), Ok(4)]);
        let refused = client.appeler(verifier { lignes });
        assert!(matches!(refused, Err(Erreur::Refus(Panne::Ligne(3)))), "{refused:?}");
        let lignes = Flux::essais([Ok::<_, Panne>(1), Ok(2)]);
        assert_eq!(client.appeler(verifier { lignes }).unwrap(), 2);
        assert!(client.appeler(verifier { lignes: Flux::de([]) }).is_err());
        let lus = ["1", "deux", "3"].map(|lu| lu.parse().map_err(Erreur::echec));
        let said = client.appeler(fin { nombres: Flux::essais(lus) }).unwrap();
        assert!(
            said.starts_with("1 and command `fin`") && said.contains("invalid digit"),
            "{said}"
        );
        assert!(said.contains("argument `nombres`"), "{said}");
        client.eteindre().unwrap();
    });
}

#[test]
fn an_error_or_panic_of_the_command_is_its_outcome_and_drops_the_source() {
    with_watchdog("errors of commands", LIMIT, || {
        let (_serveur, client) = pair();
        let (source, _, gone) = Source::new();
        let failed = client.appeler(echouer { nombres: Flux::de(source) }).unwrap_err();
        assert!(failed.to_string().contains("no more than 0"), "{failed}");
        gone.try_recv().unwrap();
        let (source, _, gone) = Source::new();
        let failed = client.appeler(paniquer { nombres: Flux::de(source) }).unwrap_err();
        let Erreur::Distante(distante) = &failed else { panic!("{failed}") };
        assert_eq!(distante.nature, NatureDistante::Panique);
        gone.try_recv().unwrap();
        assert_eq!(client.appeler(double { n: 1 }).unwrap(), 2);
        client.eteindre().unwrap();
    });
}

/// The panic goes on in the thread that called; the command is told, and the connection lives.
#[test]
fn a_panic_of_the_source_goes_on_where_the_call_was_made() {
    with_watchdog("panic of a source", LIMIT, || {
        let (_serveur, client) = pair();
        let nombres = (0..5_u64).inspect(|n| assert!(*n < 3, "as intended"));
        let calling = client.clone();
        let panicked =
            thread::spawn(move || calling.appeler(sommer { nombres: Flux::de(nombres) })).join();
        assert!(panicked.unwrap_err().downcast_ref::<&str>().is_some_and(|t| *t == "as intended"));
        assert_eq!(client.appeler(double { n: 1 }).unwrap(), 2);
        // Both ways, the source has a thread of its own, and the command tells.
        let mots = (0..5).map(|n| if n < 3 { n.to_string() } else { panic!("as intended") });
        let mut flux = client.appeler(traduire { mots: Flux::de(mots) }).unwrap();
        for n in 0..3 {
            assert_eq!(flux.next().unwrap().unwrap(), n.to_string());
        }
        let told = flux.next().unwrap().unwrap_err().to_string();
        assert!(told.contains("panicked") && told.contains("argument `mots`"), "{told}");
        assert!(flux.next().is_none());
        assert_eq!(client.appeler(double { n: 1 }).unwrap(), 2);
        client.eteindre().unwrap();
    });
}

#[test]
fn both_ways_at_once() {
    with_watchdog("both ways", LIMIT, || {
        let (_serveur, client) = pair();
        for count in [0_u32, 1, 10, 20_000] {
            let mots = Flux::de((0..count).map(|n| format!("mot {n}")));
            let flux = client.appeler(traduire { mots }).unwrap();
            let all: Vec<_> = flux.map(Result::unwrap).collect();
            assert_eq!(all.len(), count as usize);
            assert!(all.iter().zip(0..).all(|(mot, n)| *mot == format!("MOT {n}")));
        }
        let flux = client.appeler(renvoyer { nombres: Flux::de(0..50_000) }).unwrap();
        assert!(flux.map(Result::unwrap).eq(0..50_000));
        client.eteindre().unwrap();
    });
}

/// The taker of the answer lets go: the source is stopped, wherever it is.
#[test]
fn letting_the_answer_go_drops_the_source() {
    with_watchdog("letting go", LIMIT, || {
        let (_serveur, client) = pair();
        for taken in [0, 1, 1000] {
            let (source, _, gone) = Source::new();
            let mut flux = client.appeler(renvoyer { nombres: Flux::de(source) }).unwrap();
            for n in 0..taken {
                assert_eq!(flux.next().unwrap().unwrap(), n);
            }
            drop(flux);
            gone.recv().unwrap();
        }
        assert_eq!(client.appeler(double { n: 1 }).unwrap(), 2);
        client.eteindre().unwrap();
    });
}

/// A conversation: what is said next depends on the answer before. The source waits for what the
/// thread that takes the answer does, so another thread pulls it.
#[test]
fn a_source_may_wait_for_what_its_program_does_with_the_answer() {
    with_watchdog("conversation", LIMIT, || {
        let (_serveur, client) = pair();
        let (say, said) = mpsc::channel::<String>();
        say.send("mot".into()).unwrap();
        let mut flux = client.appeler(traduire { mots: Flux::de(said) }).unwrap();
        for tour in 0..100 {
            let mot = flux.next().unwrap().unwrap();
            assert_eq!(mot, if tour == 0 { "MOT".into() } else { format!("MOT {tour}") });
            say.send(format!("mot {}", tour + 1)).unwrap();
        }
        drop(say);
        assert_eq!(flux.next().unwrap().unwrap(), "MOT 100");
        assert!(flux.next().is_none());
        client.eteindre().unwrap();
    });
}

/// The same with a channel, which needs no thread: here the thread that says is the one that hears.
#[test]
fn a_channel_feeds_an_argument_without_a_thread() {
    with_watchdog("channels", LIMIT, || {
        let (_serveur, client) = pair();
        let (emetteur, mots) = Flux::canal(1);
        emetteur.envoyer("mot".to_owned()).unwrap();
        let mut flux = client.appeler(traduire { mots }).unwrap();
        for _ in 0..100 {
            assert_eq!(flux.next().unwrap().unwrap(), "MOT");
            emetteur.envoyer("mot".to_owned()).unwrap();
        }
        emetteur.finir();
        assert_eq!(flux.next().unwrap().unwrap(), "MOT");
        assert!(flux.next().is_none());

        // Pushed by another thread while this one waits for the outcome.
        let (emetteur, nombres) = Flux::canal(4);
        let pushing = thread::spawn(move || {
            (0..10_000_u64).try_for_each(|n| emetteur.envoyer(n)).unwrap();
        });
        assert!(client.appeler(sommer { nombres }).unwrap().into_iter().eq(0..10_000));
        pushing.join().unwrap();

        // Failed by the emitter, before and behind its items.
        let (emetteur, nombres) = Flux::canal(4);
        emetteur.envoyer(1).unwrap();
        emetteur.echouer("torn");
        let said = client.appeler(fin { nombres }).unwrap();
        assert!(said.starts_with("1 and") && said.contains("torn"), "{said}");
        let (emetteur, nombres) = Flux::canal(4);
        drop(emetteur);
        assert_eq!(client.appeler(fin { nombres }).unwrap(), "0 and the end");
        client.eteindre().unwrap();
    });
}

/// A command that returns is noticed at once, whatever its channel does, and its emitters learn it.
#[test]
fn emitters_of_an_argument_learn_that_its_command_wants_no_more() {
    with_watchdog("emitters", LIMIT, || {
        let (_serveur, client) = pair();
        let (emetteur, nombres) = Flux::canal(4);
        assert_eq!(client.appeler(ignorer { nombres, reponse: 3 }).unwrap(), 3);
        let Err(Erreur::NonEnvoyee(non)) = emetteur.envoyer(1) else { panic!() };
        assert_eq!(non.raison, RaisonNonEnvoi::ConsommateurParti { depart: Depart::Arrete });
        let (emetteur, mots) = Flux::canal(4);
        let flux = client.appeler(traduire { mots }).unwrap();
        drop(flux);
        while !emetteur.est_ferme() {
            thread::yield_now();
        }
        assert!(emetteur.envoyer("mot".to_owned()).is_err());
        client.eteindre().unwrap();
    });
}

#[test]
fn a_parallel_command_takes_streams_beside_others() {
    with_watchdog("parallel", LIMIT, || {
        let (_serveur, client) = pair();
        let calls: Vec<_> = (0..4_u64)
            .map(|n| {
                let client = client.clone();
                thread::spawn(move || {
                    let nombres = Flux::de((0..10_000).map(move |i| i * n));
                    client.appeler(sommer_a_cote { nombres }).unwrap()
                })
            })
            .collect();
        for (n, call) in (0..).zip(calls) {
            assert_eq!(call.join().unwrap(), n * (0..10_000).sum::<u64>());
        }
        client.eteindre().unwrap();
    });
}

#[test]
fn calls_are_nested_in_the_command_and_in_the_source() {
    with_watchdog("nested", LIMIT, || {
        let (_serveur, client) = pair();
        let all = client.appeler(demander { nombres: Flux::de(0..500) }).unwrap();
        assert!(all.into_iter().eq((0..500).map(|n| n * 2)), "the command asks its caller");
        let asking = client.clone();
        let nombres = (0..500).map(move |n| asking.appeler(double { n }));
        let all = client.appeler(sommer { nombres: Flux::essais(nombres) }).unwrap();
        assert!(all.into_iter().eq((0..500).map(|n| n * 2)), "the source asks the command's side");
        let all = client.appeler(relayer { jusqu_a: 500 }).unwrap();
        assert!(all.into_iter().eq((0..500).map(|n| n * 2)), "inside a command");
        client.eteindre().unwrap();
    });
}

#[test]
fn a_stream_of_one_peer_is_handed_on_to_another() {
    with_watchdog("handed on", LIMIT, || {
        let (serveur, client) = pair();
        let other = serveur.client_local().unwrap();
        let nombres = client.appeler(renvoyer { nombres: Flux::de(0..5000) }).unwrap();
        assert!(other.appeler(sommer { nombres }).unwrap().into_iter().eq(0..5000));
        client.eteindre().unwrap();
        other.eteindre().unwrap();
    });
}

#[test]
fn bytes_pass_in_chunks() {
    with_watchdog("bytes", LIMIT, || {
        let (_serveur, client) = pair();
        let octets = Flux::lire(std::io::Cursor::new(vec![3; 1_000_000]));
        let (chunks, sum) = client.appeler(compter_octets { octets }).unwrap();
        assert_eq!((chunks, sum), (1_000_000_u64.div_ceil(64 << 10), 3_000_000));
        let octets = Flux::de((0..50).map(|n| Octets(vec![1; n * 10_000])));
        let (chunks, sum) = client.appeler(compter_octets { octets }).unwrap();
        assert_eq!((chunks, sum), (50, (0..50).sum::<u64>() * 10_000));
        client.eteindre().unwrap();
    });
}

#[test]
fn only_a_call_that_is_waited_for_can_feed() {
    with_watchdog("refused verbs", LIMIT, || {
        let (serveur, client) = pair();
        let message = || sommer { nombres: Flux::de(0..3) };
        for refused in [
            client.envoyer(message()).unwrap_err(),
            client.essayer(message()).unwrap_err(),
            serveur.diffuser(message()).unwrap_err(),
        ] {
            let Erreur::NonEnvoyee(non) = &refused else { panic!("{refused}") };
            assert_eq!(non.raison, RaisonNonEnvoi::FluxEnArgument);
            assert!(refused.to_string().contains("`sommer` was not sent"), "{refused}");
            assert!(!refused.a_pu_etre_executee() && !refused.est_fatale());
        }
        let message = message();
        assert_eq!(client.appeler(&message).unwrap(), [0, 1, 2]);
        let Err(Erreur::NonEnvoyee(non)) = client.appeler(&message) else { panic!() };
        assert_eq!(non.raison, RaisonNonEnvoi::FluxEnvoye);
        client.eteindre().unwrap();
    });
}

#[test]
fn streams_are_sent_by_name_too() {
    with_watchdog("by name", LIMIT, || {
        let (_serveur, client) = pair();
        let message = nommee("sommer", ()).avec_flux(Flux::<u64>::de(0..3));
        assert_eq!(client.appeler::<Vec<u64>, _>(message).unwrap(), [0, 1, 2]);
        let droite = Flux::<String>::de(["a".to_owned()]);
        let message = nommee("meler", (">", 10_u64)).avec_flux(Flux::<u64>::de(1..));
        let said: String = client.appeler(message.avec_flux(droite)).unwrap();
        assert_eq!(said, "> 11a");
        let message = nommee("verifier", ()).avec_refus::<Panne>();
        let lignes = Flux::<u32, Panne>::essais([Err(Panne::Ligne(7))]);
        let refused = client.appeler::<u32, _>(message.avec_flux(lignes));
        assert!(matches!(refused, Err(Erreur::Refus(Panne::Ligne(7)))), "{refused:?}");
        let message = nommee("renvoyer", ()).avec_flux(Flux::<u64>::de(0..9));
        let flux: Flux<u64> = client.appeler(message).unwrap();
        assert!(flux.map(Result::unwrap).eq(0..9));
        // Without the streams the command is not run.
        let refused = client.appeler::<Vec<u64>, _>(nommee("sommer", ())).unwrap_err();
        assert!(refused.to_string().contains("argument `nombres` is a stream"), "{refused}");
        assert!(!refused.a_pu_etre_executee());
        assert!(refused.to_string().contains("was not given: call with `appeler`"), "{refused}");
        // With too few of them neither, whichever is missing.
        let few = nommee("meler", (">", 10_u64)).avec_flux(Flux::<u64>::de(1..));
        let refused = client.appeler::<String, _>(few).unwrap_err();
        let Erreur::Distante(distante) = &refused else { panic!("{refused}") };
        assert_eq!(distante.nature, NatureDistante::FluxInattendu);
        assert!(!refused.a_pu_etre_executee());
        let text = refused.to_string();
        assert!(
            text.contains("`meler`") && text.contains("argument `droite` is a stream"),
            "{text}"
        );
        assert!(text.contains("the caller gives 1 only"), "{text}");
        // Of a command that answers with a stream too.
        let none: Result<Flux<u64>, _> = client.appeler(nommee("renvoyer", ()));
        assert!(none.unwrap_err().to_string().contains("argument `nombres`"));
        // Streams that no argument takes are let go.
        let message = nommee("double", (4_u64,)).avec_flux(Flux::<u64>::de(0..));
        assert_eq!(client.appeler::<u64, _>(message).unwrap(), 8);
        client.eteindre().unwrap();
    });
}
