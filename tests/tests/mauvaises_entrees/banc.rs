//! A real server under attack, with a client of it that must notice nothing.

use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::erreur::{EchecConnexion, Fermee, RaisonFin};
use cconn::{Adresse, Client, Erreur, OptionsServeur, Resultat, Serveur, nommee};
use cconn_tests::raw::{Raw, Seen};

/// Longest wait for what the server has to say.
const PATIENCE: Duration = Duration::from_secs(10);

/// A newcomer that did not become a client, and what the program is told of it.
type TurnedAway = (Option<SocketAddr>, Phase, String);

/// The server, its thread, how its clients ended, and who did not become one.
pub(crate) struct Bench {
    pub(crate) serveur: Serveur,
    thread: Option<JoinHandle<Resultat<()>>>,
    witness: Client,
    ends: Receiver<(SocketAddr, Resultat<()>)>,
    turned_away: Receiver<TurnedAway>,
}

/// What a newcomer was turned away for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its greeting is not one to answer.
    Incompatible,
    /// Its stream ended inside the greeting.
    Cut,
    /// No whole greeting came in time.
    Late,
    /// The server has as many clients as it takes.
    Full,
    /// Something that no newcomer should be told.
    Other,
}

impl Phase {
    fn of(error: &Erreur) -> Phase {
        match error {
            Erreur::Delai(late) if late.phase == cconn::erreur::Phase::Accueil => Phase::Late,
            Erreur::Connexion(failed) => match **failed {
                EchecConnexion::Incompatible { .. } => Phase::Incompatible,
                EchecConnexion::Accueil { .. } => Phase::Cut,
                EchecConnexion::Complet { .. } => Phase::Full,
                _ => Phase::Other,
            },
            _ => Phase::Other,
        }
    }
}

impl Bench {
    /// With the usual settings.
    pub(crate) fn usual() -> Bench {
        Bench::new(|options| options)
    }

    /// A server that runs, with `somme` and a client that calls it now and then.
    pub(crate) fn new(set: impl FnOnce(OptionsServeur) -> OptionsServeur) -> Bench {
        let (tell, ends) = mpsc::channel();
        let hook = move |client: &Client, end| {
            // Nobody listens any more once the test is over.
            let _over = tell
                .send((client.adresse().and_then(|a| a.socket()).expect("it came by TCP"), end));
        };
        let (turn, turned_away) = mpsc::channel();
        let refused = move |address: Option<Adresse>, error: &Erreur| {
            let address = address.and_then(|address| address.socket());
            let _over = turn.send((address, Phase::of(error), error.to_string()));
        };
        let options = Serveur::options(0).max_clients(20);
        let options = options.quand_deconnecte(hook).quand_refuse(refused);
        let serveur = set(options).ouvrir().unwrap();
        serveur.enregistrer_commande("somme", |_, (a, b): (i64, i64)| a + b).unwrap();
        let running = serveur.clone();
        let thread = Some(thread::spawn(move || running.lancer()));
        let witness = Client::new(serveur.adresse()).unwrap();
        let bench = Bench { serveur, thread, witness, ends, turned_away };
        bench.assert_serves();
        bench
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.serveur.adresse().socket().unwrap()
    }

    /// A peer that has greeted.
    pub(crate) fn raw(&self) -> Raw {
        Raw::client(self.address())
    }

    /// The other client notices nothing.
    #[track_caller]
    pub(crate) fn assert_serves(&self) {
        let total: i64 = self.witness.appeler(nommee("somme", (12_i64, 34_i64))).unwrap();
        assert_eq!(total, 46);
    }

    /// How the connection of that client ended, as the server sees it.
    #[track_caller]
    pub(crate) fn end_of(&self, client: SocketAddr) -> Resultat<()> {
        let (address, end) = self.ends.recv_timeout(PATIENCE).expect("the server sees its end");
        assert_eq!(address, client, "this one ended: {end:?}");
        end
    }

    /// That this newcomer did not become a client, and that the program was told why.
    #[track_caller]
    pub(crate) fn assert_turned_away(&self, newcomer: SocketAddr, phase: Phase, what: &str) {
        let told = self.turned_away.recv_timeout(PATIENCE).expect("the program is told");
        let (address, why, text) = told;
        assert_eq!((address, why), (Some(newcomer), phase), "{text}");
        assert!(text.contains(what) && text.contains(&newcomer.to_string()), "{text}");
        self.assert_serves();
    }

    /// That the connection ended here for that reason; the text names it, and says `what`.
    #[track_caller]
    pub(crate) fn assert_cut(&self, client: SocketAddr, reason: RaisonFin, what: &str) {
        let error = self.end_of(client).unwrap_err();
        assert!(error.est_fatale(), "{error}");
        let Erreur::Fermee(fermee) = &error else { panic!("{error:?}") };
        let Fermee { raison, commande: None, .. } = **fermee else { panic!("{fermee:?}") };
        assert_eq!(raison, reason, "{error}");
        let text = error.to_string();
        assert!(text.contains(what) && text.contains(&client.to_string()), "{text}");
        self.assert_serves();
    }
}

impl Drop for Bench {
    /// All is as it was, and the server stops in order.
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        self.assert_serves();
        self.witness.eteindre().unwrap();
        self.serveur.eteindre().unwrap();
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

/// That the last word is an `adieu` with that reason, whose text says `what`; returns what came
/// before it.
#[track_caller]
pub(crate) fn assert_last_word(raw: &mut Raw, wanted: u16, what: &str) -> Vec<Seen> {
    let mut seen = raw.rest();
    let Some(Seen::Adieu { reason, text }) = seen.pop() else { panic!("no adieu: {seen:?}") };
    assert_eq!(reason, wanted, "{text}");
    assert!(text.contains(what), "{text:?} does not say {what:?}");
    seen
}
